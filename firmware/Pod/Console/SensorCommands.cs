using Firmware.Core;
using Firmware.Pod.Supervision;
using Firmware.Protocol;

namespace Firmware.Pod.Console;

/// <summary>The commands of the bus and of the parts on it. They read what drivers hold between two steps, and never step one.</summary>
public sealed class SensorCommands
{
    /// <summary>Addresses of the scan. Source: NXP UM10204 rev. 7, 3.1.12: the others are reserved.</summary>
    public const int FirstAddress = 0x08;

    /// <summary>The last of them.</summary>
    public const int LastAddress = 0x77;

    /// <summary>A stream ends when nothing came for so long, µs.</summary>
    public const long SilenceUs = 5_000_000;

    private const int MaxRows = 1000;
    private const int MaxRawSamples = 32;

    private readonly ConsoleServices _services;
    private readonly byte[] _byte = new byte[1];
    private long _lastUs;
    private int _peak;
    private long _sum;
    private int _samples;

    /// <summary>Stores.</summary>
    /// <param name="services">The pod.</param>
    public SensorCommands(ConsoleServices services) => _services = services;

    /// <summary>A part by what a person calls it: its name, or what it provides.</summary>
    /// <param name="name">The word.</param>
    /// <returns>Its place; -1 for none that is fitted.</returns>
    public int Find(string name)
    {
        IPodService? pod = _services.Pod;
        for (int i = 0; pod != null && i < pod.Options.Peripherals.Length; i++)
        {
            PodPart part = pod.Options.Peripherals[i].Part;
            if (string.Equals(Parts.Id(part), name) || (string.Equals(name, "cuff") && Provides(part, Capabilities.BloodPressure)) || Provides(part, name))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary><c>i2c scan</c>: one address a turn, none while the cuff is in use, and no further one when the bus is held.</summary>
    /// <param name="call">The call.</param>
    /// <returns>One address a turn.</returns>
    public CommandTurn Scan(ConsoleCall call)
    {
        IPodService? pod = _services.Pod;
        if (pod == null)
        {
            return call.Refuse(FaultCode.PodNotRunning, string.Empty);
        }

        if (pod.Situation.IsCuffInflated)
        {
            return call.Refuse(FaultCode.ConsoleBusy, "the cuff is in use, and its sensor needs the bus");
        }

        int address = FirstAddress + (int)call.Kept;
        if (address > LastAddress)
        {
            call.Answer.Number("answered", call.KeptToo);
            return CommandTurn.Done;
        }

        call.Kept++;
        call.DueUs = call.NowUs + 1_000;
        if (_services.IsInSession && IsMeasuring(pod, address))
        {
            // It answers, or it would not measure; a read beside its driver would take a sample of the patient from it.
            call.KeptToo++;
            call.Answer.Text("address", Hex(address), 8);
            call.Answer.Text("part", PartAt(address), 24);
            call.Answer.Flag("ok", true, 4);
            call.Answer.EndRow();
            return CommandTurn.More;
        }

        I2cStatus status = pod.Bus.WriteRead(address, _byte, 0, 0, _byte, 0, 1);
        if (status == I2cStatus.Timeout || status == I2cStatus.BusStuck || status == I2cStatus.NotOpen)
        {
            return call.Refuse(status == I2cStatus.NotOpen ? FaultCode.BusNotOpen : FaultCode.BusStuck, "at address " + Hex(address));
        }

        if (status == I2cStatus.AddressNack)
        {
            return CommandTurn.More;
        }

        call.KeptToo++;
        call.Answer.Text("address", Hex(address), 8);
        call.Answer.Text("part", PartAt(address), 24);
        call.Answer.Flag("ok", status == I2cStatus.Ok, 4);
        call.Answer.EndRow();
        return CommandTurn.More;
    }

    /// <summary><c>sensor list</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>One row a turn.</returns>
    public CommandTurn List(ConsoleCall call)
    {
        IPodService? pod = _services.Pod;
        if (pod == null || call.Turn >= pod.Options.Peripherals.Length)
        {
            return pod == null && !call.Answer.IsProtocol ? call.Refuse(FaultCode.PodNotRunning, string.Empty) : CommandTurn.Done;
        }

        Row(call, pod, call.Turn);
        call.Answer.EndRow();
        return CommandTurn.More;
    }

    /// <summary><c>sensor info</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done or refused.</returns>
    public CommandTurn Info(ConsoleCall call)
    {
        int index = Place(call, out CommandTurn refused);
        if (index < 0)
        {
            return refused;
        }

        IPodService pod = _services.Pod!;
        Supervisor supervisor = pod.Peripheral(index);
        PodPart part = pod.Options.Peripherals[index].Part;
        ConsoleAnswer answer = call.Answer;
        answer.Text("part", Parts.Id(part));
        answer.Text("chip", supervisor.PartName);
        answer.Text("provides", Joined(Parts.Provides(part)));
        answer.Text("address", pod.Options.Peripherals[index].Address == 0 ? "none" : Hex(pod.Options.Peripherals[index].Address));
        answer.Text("state", SupervisorWords.Of(supervisor.State));
        answer.Text("reason", Reason(supervisor.Reason));
        answer.Number("failures", supervisor.Failures);
        answer.Text("activity", supervisor.Activity);
        answer.Text("lastFault", pod.Driver(index).FaultCode == FaultCode.None ? string.Empty : "P" + ((int)pod.Driver(index).FaultCode).ToString());
        answer.Text("next", pod.Driver(index).FaultCode == FaultCode.None ? string.Empty : FaultTexts.Next(pod.Driver(index).FaultCode));
        return CommandTurn.Done;
    }

    /// <summary><c>sensor read</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done or refused.</returns>
    public CommandTurn Read(ConsoleCall call)
    {
        int index = Place(call, out CommandTurn refused);
        if (index < 0)
        {
            return refused;
        }

        Supervisor supervisor = _services.Pod!.Peripheral(index);
        call.Answer.Text("state", SupervisorWords.Of(supervisor.State));
        if (supervisor.State != SupervisorState.Measuring)
        {
            call.Answer.Text("reason", Reason(supervisor.Reason));
            return CommandTurn.Done;
        }

        IDriver driver = _services.Pod.Driver(index);
        call.Answer.Number("us", SampleUs(driver));
        Values(call.Answer, driver, 0);
        return CommandTurn.Done;
    }

    /// <summary><c>sensor stream</c>: one row for each new batch.</summary>
    /// <param name="call">The call.</param>
    /// <returns>One row a turn.</returns>
    public CommandTurn Stream(ConsoleCall call)
    {
        int index = Place(call, out CommandTurn refused);
        if (index < 0)
        {
            return refused;
        }

        if (!call.TryNumber(1, 1, MaxRows, out int wanted))
        {
            return call.Refuse(FaultCode.ConsoleArgumentWrong, "a stream has 1 to 1000 rows");
        }

        IDriver driver = _services.Pod!.Driver(index);
        if (!IsNew(call, index, driver))
        {
            return call.NowUs - call.KeptToo > SilenceUs ? call.Refuse(DriverFault(driver), "nothing new came for 5 s") : CommandTurn.More;
        }

        call.Kept++;
        call.Answer.Number("n", call.Kept, 5);
        call.Answer.Number("us", _lastUs, 14);
        Values(call.Answer, driver, 12);
        call.Answer.EndRow();
        return call.Kept == wanted ? CommandTurn.Done : CommandTurn.More;
    }

    /// <summary><c>sensor raw</c>: the counts of the last batch, one a turn.</summary>
    /// <param name="call">The call.</param>
    /// <returns>One row a turn.</returns>
    public CommandTurn Raw(ConsoleCall call)
    {
        int index = Place(call, out CommandTurn refused);
        if (index < 0)
        {
            return refused;
        }

        IDriver driver = _services.Pod!.Driver(index);
        if (driver is ILightSource)
        {
            ILightSource light = (ILightSource)driver;
            if (call.Turn >= light.SampleCount || call.Turn >= MaxRawSamples)
            {
                call.Answer.Number("redCurrentCode", light.RedCurrentCode);
                call.Answer.Number("infraredCurrentCode", light.InfraredCurrentCode);
                call.Answer.Number("lost", light.LostSamples);
                return CommandTurn.Done;
            }

            call.Answer.Number("n", call.Turn, 4);
            call.Answer.Number("red", light.Red[call.Turn], 9);
            call.Answer.Number("infrared", light.Infrared[call.Turn], 9);
            call.Answer.EndRow();
            return CommandTurn.More;
        }

        if (driver is ISoundSource)
        {
            ISoundSource sound = (ISoundSource)driver;
            if (call.Turn >= sound.SampleCount || call.Turn >= MaxRawSamples)
            {
                call.Answer.Number("samples", sound.SampleCount);
                call.Answer.Number("lost", sound.LostSamples);
                return CommandTurn.Done;
            }

            call.Answer.Number("n", call.Turn, 4);
            call.Answer.Number("sample", sound.Samples[call.Turn], 8);
            call.Answer.EndRow();
            return CommandTurn.More;
        }

        call.Answer.Number("us", SampleUs(driver));
        Values(call.Answer, driver, 0);
        return CommandTurn.Done;
    }

    /// <summary><c>sensor retry</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done or refused.</returns>
    public CommandTurn Retry(ConsoleCall call)
    {
        if (_services.Pod == null)
        {
            return call.Refuse(FaultCode.PodNotRunning, string.Empty);
        }

        _services.Pod.RetryPeripherals(call.NowUs);
        return CommandTurn.Done;
    }

    /// <summary><c>stethoscope</c>: level and peak over some batches of 25 ms.</summary>
    /// <param name="call">The call.</param>
    /// <returns>One batch a turn.</returns>
    public CommandTurn Stethoscope(ConsoleCall call)
    {
        int index = Find(Capabilities.Stethoscope);
        if (index < 0)
        {
            return call.Refuse(_services.Pod == null ? FaultCode.PodNotRunning : FaultCode.ConsoleArgumentWrong, "no stethoscope is fitted");
        }

        int wanted = 20;
        if (call.Arguments.Length > 0 && !call.TryNumber(0, 1, 400, out wanted))
        {
            return call.Refuse(FaultCode.ConsoleArgumentWrong, "1 to 400 batches");
        }

        IDriver driver = _services.Pod!.Driver(index);
        if (call.Turn == 0)
        {
            _peak = 0;
            _sum = 0;
            _samples = 0;
        }

        if (!IsNew(call, index, driver))
        {
            return call.NowUs - call.KeptToo > SilenceUs ? call.Refuse(DriverFault(driver), "no sound came for 5 s") : CommandTurn.More;
        }

        ISoundSource sound = (ISoundSource)driver;
        for (int i = 0; i < sound.SampleCount; i++)
        {
            int size = sound.Samples[i] < 0 ? -sound.Samples[i] : sound.Samples[i];
            _peak = size > _peak ? size : _peak;
            _sum += size;
        }

        _samples += sound.SampleCount;
        call.Kept++;
        if (call.Kept < wanted)
        {
            return CommandTurn.More;
        }

        call.Answer.Number("samples", _samples);
        call.Answer.Number("meanMagnitude", _samples == 0 ? 0 : _sum / _samples);
        call.Answer.Number("peak", _peak);
        call.Answer.Number("fullScale", SoundBody.FullScaleCounts);
        return CommandTurn.Done;
    }

    /// <summary>A reason's word.</summary>
    /// <param name="reason">The reason.</param>
    /// <returns>The number in the vocabulary; none for no reason.</returns>
    public static string Reason(AbsenceReason reason)
    {
        switch (reason)
        {
            case AbsenceReason.None:
                return "none";
            case AbsenceReason.NotPresent:
                return "notPresent";
            case AbsenceReason.BusFault:
                return "busFault";
            case AbsenceReason.ChecksumMismatch:
                return "checksumMismatch";
            case AbsenceReason.SensorFault:
                return "sensorFault";
            case AbsenceReason.OutOfRange:
                return "outOfRange";
            case AbsenceReason.NotSettled:
                return "notSettled";
            case AbsenceReason.WrongPart:
                return "wrongPart";
            case AbsenceReason.Quarantined:
                return "quarantined";
            default:
                return "reason " + ((int)reason).ToString();
        }
    }

    private static void Row(ConsoleCall call, IPodService pod, int index)
    {
        Supervisor supervisor = pod.Peripheral(index);
        PodPart part = pod.Options.Peripherals[index].Part;
        int address = pod.Options.Peripherals[index].Address;
        call.Answer.Text("part", Parts.Id(part), 12);
        call.Answer.Text("address", address == 0 ? "none" : Hex(address), 8);
        call.Answer.Text("state", SupervisorWords.Of(supervisor.State), 12);
        call.Answer.Text("reason", Reason(supervisor.Reason), 17);
        call.Answer.Number("failures", supervisor.Failures, 8);
        call.Answer.Text("provides", Joined(Parts.Provides(part)), 30);
    }

    private static void Values(ConsoleAnswer answer, IDriver driver, int width)
    {
        if (driver is ITemperatureSource)
        {
            answer.Number("value", ((ITemperatureSource)driver).TemperatureMilliCelsius, width);
            answer.Text("unit", "mCel", width);
        }
        else if (driver is ICuffPressureSource)
        {
            answer.Number("value", ((ICuffPressureSource)driver).PressureMilliMmHg, width);
            answer.Text("unit", "mmHg/1000", width);
        }
        else if (driver is ILightSource)
        {
            ILightSource light = (ILightSource)driver;
            int last = light.SampleCount - 1;
            answer.Number("red", last < 0 ? 0 : light.Red[last], width);
            answer.Number("infrared", last < 0 ? 0 : light.Infrared[last], width);
            answer.Text("unit", "counts", width);
        }
        else if (driver is ISoundSource)
        {
            ISoundSource sound = (ISoundSource)driver;
            int peak = 0;
            for (int i = 0; i < sound.SampleCount; i++)
            {
                int size = sound.Samples[i] < 0 ? -sound.Samples[i] : sound.Samples[i];
                peak = size > peak ? size : peak;
            }

            answer.Number("peak", peak, width);
            answer.Text("unit", "counts", width);
        }
        else
        {
            answer.Text("value", "this part gives results only", width == 0 ? 0 : 30);
        }
    }

    private static long SampleUs(IDriver driver) =>
        driver is ITemperatureSource ? ((ITemperatureSource)driver).SampledAtUs
        : driver is ICuffPressureSource ? ((ICuffPressureSource)driver).SampledAtUs
        : driver is ILightSource ? ((ILightSource)driver).FirstSampleUs
        : driver is ISoundSource ? ((ISoundSource)driver).FirstSampleUs
        : 0;

    private static FaultCode DriverFault(IDriver driver) => driver.FaultCode == FaultCode.None ? FaultCode.PartAbsent : driver.FaultCode;

    private static string Hex(int address)
    {
        const string Digits = "0123456789abcdef";
        return "0x" + new string(new char[] { Digits[(address >> 4) & 0xF], Digits[address & 0xF] });
    }

    private static string Joined(string[] words)
    {
        string text = string.Empty;
        for (int i = 0; i < words.Length; i++)
        {
            text = i == 0 ? words[i] : text + " " + words[i];
        }

        return text;
    }

    private static bool Provides(PodPart part, string capability)
    {
        string[] provides = Parts.Provides(part);
        for (int i = 0; i < provides.Length; i++)
        {
            if (string.Equals(provides[i], capability))
            {
                return true;
            }
        }

        return false;
    }

    // A batch that was not there at the turn before. KeptToo: when the last one came.
    private bool IsNew(ConsoleCall call, int index, IDriver driver)
    {
        long atUs = SampleUs(driver);
        bool isMeasuring = _services.Pod!.Peripheral(index).State == SupervisorState.Measuring;
        call.DueUs = call.NowUs + 2_000;
        if (call.Turn == 0)
        {
            call.KeptToo = call.NowUs;
            _lastUs = atUs;
            return false;
        }

        if (!isMeasuring || atUs == _lastUs)
        {
            return false;
        }

        _lastUs = atUs;
        call.KeptToo = call.NowUs;
        return true;
    }

    private int Place(ConsoleCall call, out CommandTurn refused)
    {
        int index = Find(call.Argument(0));
        refused = index >= 0 ? CommandTurn.More
            : _services.Pod == null ? call.Refuse(FaultCode.PodNotRunning, string.Empty)
            : call.Refuse(FaultCode.ConsoleArgumentWrong, "no such part is fitted; sensor list names them");
        return index;
    }

    private static bool IsMeasuring(IPodService pod, int address)
    {
        PeripheralOptions[] parts = pod.Options.Peripherals;
        for (int i = 0; i < parts.Length; i++)
        {
            if (parts[i].Address == address && pod.Peripheral(i).State == SupervisorState.Measuring)
            {
                return true;
            }
        }

        return false;
    }

    private string PartAt(int address)
    {
        PeripheralOptions[] parts = _services.Pod!.Options.Peripherals;
        for (int i = 0; i < parts.Length; i++)
        {
            if (parts[i].Address == address)
            {
                return Parts.Id(parts[i].Part);
            }
        }

        for (int i = 0; i < Parts.All.Length; i++)
        {
            if (Parts.DefaultAddress(Parts.All[i]) == address)
            {
                return Parts.Id(Parts.All[i]) + "? not fitted";
            }
        }

        return "unknown";
    }
}
