using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace CartGen;

/// <summary>The boards' pins, and the sample cart, for the program on the ESP32.</summary>
internal static class BoardFiles
{
    private const string Space = "Firmware.Esp32";

    public static IEnumerable<(string Path, string Text)> Write(Model model)
    {
        yield return ("firmware/Esp32/Board.g.cs", Boards(model));
        yield return ("firmware/Esp32/SampleCart.g.cs", Cart(model));
    }

    /// <summary>A function's property: i2cData is I2cDataPin.</summary>
    private static string PropertyOf(string function) => char.ToUpperInvariant(function[0]) + function[1..] + "Pin";

    private static string Boards(Model model)
    {
        IReadOnlyList<Board> boards = model.Boards;
        SourceText text = SourceText.CSharp("hardware/boards/", Space, "System")
            .Summary("The boards that the pod's program runs on. The image that runs chooses the row.").Open("public sealed class Board")
            .Line($"private static readonly string[] Names = [{string.Join(", ", boards.Select(b => SourceText.Literal(b.Name)))}];").Line()
            .Line("private readonly string[] _targets;").Line("private readonly int[] _pins;").Line("private readonly int[] _pwm;").Line()
            .Open("private Board(string name, string[] targets, string storeRoot, int storeKibibytes, int[] pins, int[] pwm)")
            .Line("Name = name;").Line("_targets = targets;").Line("StoreRoot = storeRoot;").Line("StoreKibibytes = storeKibibytes;").Line("_pins = pins;").Line("_pwm = pwm;").Close().Line()
            .Summary("How many boards there are.").Line("public static int Count => Names.Length;").Line()
            .Summary("Its name, as in hardware/boards.").Line("public string Name { get; }").Line()
            .Summary("Root of its littlefs drive.").Line("public string StoreRoot { get; }").Line()
            .Summary("Size of the drive.").Line("public int StoreKibibytes { get; }").Line();
        for (int i = 0; i < ModelChecks.PinFunctions.Count; i++)
        {
            PinFunction function = ModelChecks.PinFunctions[i];
            text.Summary($"GPIO of {function.About}{(function.IsRequired ? string.Empty : "; -1: the board has none")}.").Line(FormattableString.Invariant($"public int {PropertyOf(function.Name)} => _pins[{i}];")).Line();
        }

        for (int i = 0; i < ModelChecks.PwmFunctions.Count; i++)
        {
            string function = ModelChecks.PwmFunctions[i];
            text.Summary($"PWM channel of {ModelChecks.PinFunctions.First(f => f.Name == function).About}, 1 to 16; no other has its timer.")
                .Line(FormattableString.Invariant($"public int {char.ToUpperInvariant(function[0])}{function[1..]}Pwm => _pwm[{i}];")).Line();
        }

        text.Summary("The place of the board that an image is made for.").Param("targetName", "SystemInfo.TargetName of the image that runs.").Returns("0 to Count - 1, or -1 when no board fits it.")
            .Open("public static int IndexOfTarget(string targetName)").Open("for (int i = 0; i < Names.Length; i++)").Open("if (At(i).Fits(targetName))").Line("return i;").Close().Close().Line().Line("return -1;").Close().Line();
        text.Summary("The place of a board.").Param("name", "Its name.").Returns("0 to Count - 1, or -1 for a board that is not known.")
            .Open("public static int IndexOf(string name)").Open("for (int i = 0; i < Names.Length; i++)").Open("if (string.Equals(Names[i], name))").Line("return i;").Close().Close().Line().Line("return -1;").Close().Line()
            .Summary("One board.").Param("index", "Its place, 0 to Count - 1.").Returns("The board.").Line("/// <exception cref=\"ArgumentOutOfRangeException\">No such board.</exception>")
            .Open("public static Board At(int index)").Open("switch (index)");
        for (int i = 0; i < boards.Count; i++)
        {
            Board board = boards[i];
            string pins = string.Join(", ", ModelChecks.PinFunctions.Select(f => (board.Pins.FirstOrDefault(p => p.Function == f.Name)?.Pin ?? -1).ToString(CultureInfo.InvariantCulture)));
            string pwm = string.Join(", ", ModelChecks.PwmFunctions.Select(f => board.Pwm.First(p => p.Function == f).Pin.ToString(CultureInfo.InvariantCulture)));
            text.Line(FormattableString.Invariant($"case {i}:"))
                .Line(FormattableString.Invariant($"    return new Board(Names[{i}], [{string.Join(", ", board.Targets.Select(SourceText.Literal))}], {SourceText.Literal(board.StoreDrive + "\\")}, {board.StoreKibibytes}, [{pins}], [{pwm}]);"));
        }

        return text.Line("default:").Line("    throw new ArgumentOutOfRangeException(nameof(index));").Close().Close().Line()
            .Summary("Whether an image is made for this board.").Param("targetName", "SystemInfo.TargetName of the image that runs.").Returns("False when it is made for another.")
            .Open("public bool Fits(string targetName)").Open("for (int i = 0; i < _targets.Length; i++)").Open("if (string.Equals(_targets[i], targetName))").Line("return true;").Close().Close().Line().Line("return false;")
            .Close().Close().ToString();
    }

    private static string Cart(Model model)
    {
        CartPod pod = model.Pods[0];
        CartBus[] sound = pod.Buses.Where(b => b.Kind == "i2s").ToArray();
        SourceText text = SourceText.CSharp(ModelReader.CartFile, Space).Summary($"How the buses of the sample cart's {pod.Name} are wired to the controllers. Who a pod is and what is fitted is its configuration's.").Open("public static class SampleCart")
            .Summary("I2C controller, 1 or 2.").Line(FormattableString.Invariant($"public const int I2cBusId = {pod.Buses.First(b => b.Kind == "i2c").BusId};"));
        foreach (CartBus bus in sound)
        {
            text.Line().Summary("I2S controller that reads the converter.").Line(FormattableString.Invariant($"public const int SoundBusId = {bus.BusId};")).Line()
                .Summary("I2S controller whose bit clock is the converter's system clock.").Line(FormattableString.Invariant($"public const int SoundClockBusId = {bus.SystemClockBusId};")).Line()
                .Summary("True: the microphone is wired to VINL.").Line($"public const bool IsSoundLeft = {(bus.IsLeft ? "true" : "false")};");
        }

        foreach (CartAlternative alternative in pod.Alternatives)
        {
            CartBus line = pod.Buses.First(b => b.Name == alternative.Bus);
            text.Line().Summary($"Serial line of {alternative.Part}, which can be fitted in the place of {alternative.InsteadOf}.").Line(FormattableString.Invariant($"public const string {alternative.Part}SerialPort = \"COM{line.BusId}\";")).Line()
                .Summary("Its speed.").Line(FormattableString.Invariant($"public const int {alternative.Part}BaudRate = {line.BaudRate};"));
        }

        return text.Close().ToString();
    }
}
