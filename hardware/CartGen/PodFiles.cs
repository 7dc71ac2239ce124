using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace CartGen;

/// <summary>The pod's tables, in the language and library of nanoFramework: constants, enumerations, parallel arrays and switches.</summary>
internal static class PodFiles
{
    private const string Folder = "firmware/Protocol/";
    private const string Space = "Firmware.Protocol";

    public static IEnumerable<(string Path, string Text)> Write(Model model) =>
    [
        ("firmware/Core/FaultCode.g.cs", FaultCode(model)),
        ("firmware/Core/PartNames.g.cs", PartNames(model)),
        (Folder + "Streams.g.cs", Streams(model)),
        (Folder + "MdcCodes.g.cs", MdcCodes(model)),
        (Folder + "SignalTable.g.cs", SignalTable(model)),
        (Folder + "Parts.g.cs", Parts(model)),
        (Folder + "SupervisorWords.g.cs", SupervisorWords(model)),
        ("firmware/Pod/Console/FaultTexts.g.cs", FaultTexts(model)),
    ];

    /// <summary>The C# name of a capability's constant.</summary>
    public static string ConstantOf(string word) => char.ToUpperInvariant(word[0]) + word[1..];

    /// <summary>A number as it stands in source: private codes say that they are private.</summary>
    public static string MdcOf(Quantity quantity) => quantity.IsPrivate ? $"(1024u << 16) | {quantity.Mdc & 0xFFFF}" : Text(quantity.Mdc);

    private static string FaultCode(Model model)
    {
        SourceText text = SourceText.CSharp(ModelReader.FaultsFile, "Firmware.Core")
            .Summary("Every coded fault a pod can raise; the number is its code in hardware/faults.json (\"P\" and four digits), where it is explained in English and French with what to do next.")
            .Open("public enum FaultCode : ushort").Summary("No fault.").Line("None = 0,");
        IEnumerable<(int First, int Last, string About)> blocks = model.Blocks.Select(b => (b.First, b.Last, b.About)).Concat(model.Parts.Select(p => (p.FirstFault, p.LastFault, p.Chip))).OrderBy(b => b.Item1);
        foreach ((int first, int last, string about) in blocks)
        {
            Fault[] faults = model.Faults.Where(f => f.Code[0] == 'P' && f.Number >= first && f.Number <= last).OrderBy(f => f.Number).ToArray();
            if (faults.Length > 0)
            {
                text.Line().Line($"// P{first} to P{last}: {about}.");
            }

            foreach (Fault fault in faults)
            {
                text.Line().Summary(fault.Happened).Line($"{fault.Name} = {fault.Number},");
            }
        }

        return text.Close().ToString();
    }

    private static string FaultTexts(Model model)
    {
        SourceText text = SourceText.CSharp(ModelReader.FaultsFile, "Firmware.Pod.Console", "Firmware.Core")
            .Summary("The pod's faults in words, for its console; English, plain ASCII.").Open("public static class FaultTexts");
        Fault[] faults = [.. model.Faults.Where(f => f.Code[0] == 'P').OrderBy(f => f.Number)];
        Lookup("Happened", "What happened.", f => f.Happened);
        text.Line();
        Lookup("Means", "What it means.", f => f.Means);
        text.Line();
        Lookup("Next", "What to do next.", f => f.Do);
        text.Line().Summary("Whether it is more than an information.").Param("code", "The code.").Returns("True for warnings, errors and faults.").Open("public static bool IsTrouble(FaultCode code)").Open("switch (code)");
        foreach (Fault fault in faults.Where(f => f.Severity == "info"))
        {
            text.Line($"case FaultCode.{fault.Name}:");
        }

        text.Line("    return false;").Line("default:").Line("    return true;").Close().Close();
        return text.Close().ToString();

        void Lookup(string name, string about, Func<Fault, string> value)
        {
            text.Summary(about).Param("code", "The code.").Returns("A sentence; empty for a code that this program does not know.").Open($"public static string {name}(FaultCode code)").Open("switch (code)");
            foreach (Fault fault in faults)
            {
                text.Line($"case FaultCode.{fault.Name}:").Line($"    return {SourceText.Literal(value(fault).Replace(" °C", " C", StringComparison.Ordinal))};");
            }

            text.Line("default:").Line("    return string.Empty;").Close().Close();
        }
    }

    private static string PartNames(Model model)
    {
        // Beside the ports, since drivers know nobody else.
        SourceText text = SourceText.CSharp(ModelReader.VocabularyFile, "Firmware.Core").Summary("The parts' names, as a pod says them in its state.").Open("public static class PartNames");
        Separated(text, model.Parts, p => text.Summary($"{p.Chip}.").Line($"public const string {p.Id} = {SourceText.Literal(p.Name)};"));
        return text.Close().ToString();
    }

    private static string Streams(Model model)
    {
        SourceText text = SourceText.CSharp(ModelReader.VocabularyFile, Space).Summary("The numbered streams of a pod. hardware/cart.json says which peripherals the sample cart has.").Open("public static class Streams");
        Separated(text, model.Signals, s => text.Summary($"{s.About.TrimEnd('.')} ({s.Kind}{Scale(s)}).").Line($"public const int {s.Name} = {Text(s.Stream)};"));
        return text.Close().ToString();

        string Scale(Signal signal) => signal.Quantity is null ? string.Empty
            : model.Quantity(signal.Quantity) is { Unit: not "1" } quantity ? $", {quantity.Unit}{(signal.Exponent is { } e and not 0 ? $" x 10^{Text(e)}" : string.Empty)}" : string.Empty;
    }

    private static string MdcCodes(Model model)
    {
        SourceText text = SourceText.CSharp(ModelReader.VocabularyFile, Space)
            .Summary("ISO/IEEE 11073-10101 codes in use (partition x 65,536 + term), and private ones (partition 1024) where the nomenclature has none.").Open("public static class MdcCodes");
        Separated(text, model.Quantities, q => text.Summary($"{(q.IsPrivate ? "Private: " + q.Texts.English : q.ReferenceId)}, {q.Unit}.").Line($"public const uint {q.Name} = {MdcOf(q)};"));
        return text.Close().ToString();
    }

    private static string SignalTable(Model model)
    {
        SourceText text = SourceText.CSharp(ModelReader.VocabularyFile, Space)
            .Summary("What is known of each signal.").Open("public static class SignalTable")
            .Summary("How long a frame is worth keeping. The kind stands at the same place in every version of a frame; what is not known goes with the events: it may matter, and it is rare.")
            .Param("kind", "Its kind; may be unknown.").Param("stream", "Its stream; a numeric one that is not known is a vital sign.").Returns("The class.")
            .Open("public static SignalClass ClassOf(FrameKind kind, int stream)").Open("switch (kind)");
        foreach (EnumValue kind in model.Enum("FrameKind").Values.Where(k => k.Class != "event"))
        {
            text.Line($"case FrameKind.{kind.Name}:").Line(kind.Word == "numeric" ? "    return NumericClassOf(stream);" : $"    return SignalClass.{PascalOf(kind.Class!)};");
        }

        text.Line("default:").Line("    return SignalClass.Event;").Close().Close().Line().Open("private static SignalClass NumericClassOf(int stream)").Open("switch (stream)");
        foreach (IGrouping<string, Signal> group in model.Signals.Where(s => s.Kind == "numeric" && s.Class != "vital").GroupBy(s => s.Class))
        {
            foreach (Signal signal in group)
            {
                text.Line($"case Streams.{signal.Name}:");
            }

            text.Line($"    return SignalClass.{PascalOf(group.Key)};");
        }

        return text.Line("default:").Line("    return SignalClass.Vital;").Close().Close().Close().ToString();
    }

    private static string Parts(Model model)
    {
        SourceText text = SourceText.CSharp(ModelReader.VocabularyFile, Space, "System", "Firmware.Core").Summary("The parts that a pod can drive. The number is never reused.").Open("public enum PodPart : byte");
        Separated(text, model.Parts, p => text.Summary($"{p.Chip}. {p.About}").Line($"{p.Id} = {Text(p.Number)},"));
        text.Close().Line().Summary("What a part can provide; a pod announces these words in its state.").Open("public static class Capabilities");
        Separated(text, model.Capabilities, c => text.Summary(c.About).Line($"public const string {ConstantOf(c.Name)} = {SourceText.Literal(c.Name)};"));
        text.Close().Line().Summary("What is known of each part.").Open("public static class Parts");
        foreach (Part part in model.Parts)
        {
            text.Line($"private static readonly string[] {part.Id}Provides = [{Join(part.Provides, c => "Capabilities." + ConstantOf(c))}];")
                .Line($"private static readonly int[] {part.Id}Streams = [{Join(part.Signals, s => "Streams." + s)}];");
        }

        text.Line().Summary("All parts; not to be changed.").Line($"public static readonly PodPart[] All = [{Join(model.Parts, p => "PodPart." + p.Id)}];");
        text.Line();
        Lookup("Id", "string", "The part's word in the vocabulary and in a pod's state.", p => SourceText.Literal(p.Id));
        Lookup("DefaultAddress", "int", "Its standard 7-bit I2C address; 0 when it is not on an I2C bus.", p => p.Addresses.Count == 0 ? "0" : $"0x{p.Addresses[0]:X2}");
        Lookup("Provides", "string[]", "What it provides, words of Capabilities; not to be changed.", p => p.Id + "Provides");
        Lookup("StreamsOf", "int[]", "The streams it gives; not to be changed.", p => p.Id + "Streams");
        Search("TryFindName", "name", "A part by what a pod calls it in its state as name: older pods say nothing else.", p => "PartNames." + p.Id);
        return text.Close().ToString();

        void Lookup(string name, string type, string about, Func<Part, string> value)
        {
            text.Summary(about).Param("part", "The part.").Returns("Of that part.").Line("/// <exception cref=\"ArgumentOutOfRangeException\">No such part.</exception>")
                .Open($"public static {type} {name}(PodPart part)").Open("switch (part)");
            foreach (Part part in model.Parts)
            {
                text.Line($"case PodPart.{part.Id}:").Line($"    return {value(part)};");
            }

            text.Line("default:").Line("    throw new ArgumentOutOfRangeException(nameof(part));").Close().Close().Line();
        }

        void Search(string name, string parameter, string about, Func<Part, string> value)
        {
            text.Summary(about).Param(parameter, "The word.").Param("part", "The part; meaningless when there is none.").Returns("False when no part is called so.")
                .Open($"public static bool {name}(string {parameter}, out PodPart part)");
            foreach (Part part in model.Parts)
            {
                // Not a switch: the device's library has no operator for strings.
                text.Open($"if (string.Equals({parameter}, {value(part)}))").Line($"part = PodPart.{part.Id};").Line("return true;").Close().Line();
            }

            text.Line($"part = PodPart.{model.Parts[0].Id};").Line("return false;").Close();
        }
    }

    private static string SupervisorWords(Model model)
    {
        SourceText text = SourceText.CSharp(ModelReader.VocabularyFile, Space, "System").Summary("The words of a pod's state for where a peripheral stands.").Open("public static class SupervisorWords")
            .Summary("The word.").Param("state", "Where it stands.").Returns("For example \"measuring\".").Line("/// <exception cref=\"ArgumentOutOfRangeException\">No such state.</exception>")
            .Open("public static string Of(SupervisorState state)").Open("switch (state)");
        foreach (EnumValue value in model.Enum("SupervisorState").Values)
        {
            text.Line($"case SupervisorState.{value.Name}:").Line($"    return {SourceText.Literal(value.Word)};");
        }

        return text.Line("default:").Line("    throw new ArgumentOutOfRangeException(nameof(state));").Close().Close().Close().ToString();
    }

    private static void Separated<T>(SourceText text, IReadOnlyList<T> rows, Action<T> write)
    {
        for (int i = 0; i < rows.Count; i++)
        {
            if (i > 0)
            {
                text.Line();
            }

            write(rows[i]);
        }
    }

    private static string Join<T>(IEnumerable<T> rows, Func<T, string> text) => string.Join(", ", rows.Select(text));

    private static string PascalOf(string word) => char.ToUpperInvariant(word[0]) + word[1..];

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
