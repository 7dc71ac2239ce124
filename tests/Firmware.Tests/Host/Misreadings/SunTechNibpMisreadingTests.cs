using System;
using System.Collections.Generic;
using System.Linq;
using Firmware.Core;
using Firmware.Peripherals;
using Simulators.Cart.Pod;
using Simulators.Chips;
using Simulators.Kernel;

namespace Firmware.Tests.Host.Misreadings;

/// <summary>
/// The SunTech driver against its simulated chip: what a serial line and a module can do wrong, every single flipped bit, and the same with planted misreadings. What may never happen: a value that is
/// not the arm's or not this measurement's, a start that nobody asked for or that is repeated, a newborn's start, an abort that is late.
/// </summary>
[TestClass]
public sealed class SunTechNibpMisreadingTests
{
    private const long Second = 1_000_000;

    private static readonly (string Name, Action<Func<ISerialPort, IDriver>> Run)[] Checks =
    [
        ("an adult", make => Measured(make, NibpPatient.Adult, 0x20)),
        ("a child", make => Measured(make, NibpPatient.Pediatric, 0x87)),
        ("a high pressure", HighPressure),
        ("each error of the module", Errors),
        ("values that cannot be", ImpossibleValues),
        ("a pulse that cannot be", ImpossiblePulse),
        ("the first inflation", Inflation),
        ("each bit of the frames that matter", EachBit),
        ("a lost or a doubled byte", LostBytes),
        ("answers that come late", LateAnswers),
        ("an old result", OldResult),
        ("a stop", Stop),
        ("an abort that is not heard", AbortNotReceived),
        ("a pump that does not stop", PumpStuck),
        ("a pump that does not run", PumpDead),
        ("a measurement without end", WithoutEnd),
        ("a module that falls silent", FallsSilent),
        ("a valve that does not open", ValveStuck),
        ("a module that refuses", Refuses),
        ("a start whose answer is lost", StartAnswerLost),
        ("a module started by other hands", OtherHands),
        ("a pod that is restarted", PodRestarted),
        ("a line that is closed", LineClosed),
        ("a module that comes and goes", ComesAndGoes),
    ];

    private static readonly Mutation[] Mutations =
    [
        new("the checksum not looked at", "SunTechNibpDecoder.cs", "&& SunTechNibpProtocol.Sum(frame, 0, count) == 0", string.Empty),
        new("systolic and diastolic exchanged", "SunTechNibpDecoder.cs", "Systolic(byte[] frame) => Word(frame, 2)", "Systolic(byte[] frame) => Word(frame, 4)"),
        new("diastolic at the wrong place", "SunTechNibpDecoder.cs", "Diastolic(byte[] frame) => Word(frame, 4)", "Diastolic(byte[] frame) => Word(frame, 6)"),
        new("big endian", "SunTechNibpDecoder.cs", "frame[offset] | (frame[offset + 1] << 8)", "(frame[offset] << 8) | frame[offset + 1]"),
        new("one byte per pressure", "SunTechNibpDecoder.cs", "frame[offset] | (frame[offset + 1] << 8)", "frame[offset]"),
        new("the status at the wrong place", "SunTechNibpDecoder.cs", "frame[7] != 0", "frame[6] != 0"),
        new("the status the other way round", "SunTechNibpDecoder.cs", "frame[7] != 0", "frame[7] == 0"),
        new("pulse at the wrong place", "SunTechNibpDecoder.cs", "Word(frame, 16)", "Word(frame, 14)"),
        new("mean at the wrong place", "SunTechNibpDecoder.cs", "Mean(byte[] frame) => Word(frame, 18)", "Mean(byte[] frame) => Word(frame, 16)"),
        new("the error at the wrong place", "SunTechNibpDecoder.cs", "=> frame[20];", "=> frame[21];"),
        new("an error ignored", "SunTechNibp.Run.cs", "if (error != 0)", "if (error > 255)"),
        new("impossible pressures believed", "SunTechNibp.Run.cs", "!SunTechNibpDecoder.IsPlausible(_in) || !_hasRisen", "!_hasRisen"),
        new("an impossible pulse believed", "SunTechNibp.Run.cs", "pulse < SunTechNibpDecoder.MinPulse || pulse > SunTechNibpDecoder.MaxPulse ? 0 : pulse", "pulse"),
        new("the newborn's command for a child", "SunTechNibpProtocol.cs", "StartPediatric = 0x87", "StartPediatric = 0x28"),
        new("an adult's command for a child", "SunTechNibpProtocol.cs", "StartPediatric = 0x87", "StartPediatric = 0x20"),
        new("the checksum not of the start byte", "SunTechNibpProtocol.cs", "0x100 - Sum(frame, 0, count)", "0x100 - Sum(frame, 1, count - 1)"),
        new("any inflation", "SunTechNibp.Run.cs", "inflationMmHg > HighestInflationMmHg ? HighestInflationMmHg : inflationMmHg", "inflationMmHg"),
        new("the inflation not set", "SunTechNibp.cs", "!_isInflationSet ? Question.Inflation : Question.Start", "Question.Start"),
        new("a start that is repeated", "SunTechNibp.cs", "            Begin(nowUs);\n", "            if (_startedUs > 0 && nowUs - _startedUs < 3000000) { Begin(nowUs); } else { _startedUs = nowUs; }\n"),
        new("an old result believed", "SunTechNibp.Run.cs", "else if (_sawNotReady)", "else if (_sawNotReady || _hasRisen)"),
        new("no abort at the beginning", "SunTechNibp.cs", "_isAborted ? Question.Information : Question.Abort", "Question.Information"),
        new("no bound of the pressure", "SunTechNibp.Run.cs", "if (PressureMmHg > HighestMmHg)", "if (PressureMmHg > 30000)"),
        new("no bound of the time", "SunTechNibp.Run.cs", "if (nowUs - _startedUs > LongestRunUs)", "if (nowUs < 0)"),
        new("a lost pressure not noticed", "SunTechNibp.Run.cs", "nowUs - _pressureUs > PressureLostUs", "nowUs < 0"),
        new("a pump that does not run not noticed", "SunTechNibp.Run.cs", "!_hasRisen && nowUs - _startedUs > NoPressureUs", "nowUs < 0"),
        new("empty without looking", "SunTechNibp.Run.cs", "PressureMmHg < EmptyMmHg && Phase == NibpPhase.Empty", "Phase == NibpPhase.Empty"),
        new("one abort only", "SunTechNibp.Run.cs", "nowUs - _abortedUs >= AbortPeriodUs", "nowUs < 0"),
        new("never unconfirmed", "SunTechNibp.Run.cs", "Phase == NibpPhase.Empty && nowUs - _endedUs > EmptyUs", "Phase == NibpPhase.Empty && nowUs < 0"),
        new("other hands not noticed", "SunTechNibp.Run.cs", "PressureMmHg >= BegunMmHg && Phase == NibpPhase.Idle", "PressureMmHg >= 5000 && Phase == NibpPhase.Idle"),
        new("a late answer taken for the next", "SunTechNibp.cs", "QuietUs = 600_000", "QuietUs = 1_000"),
        new("a refusal not noticed", "SunTechNibp.Run.cs", "if (!isTaken && (", "if (_inflationMmHg < 0 && ("),
    ];

    public static IEnumerable<object[]> MutationNames => Mutations.Select(m => new object[] { m.Name });

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public void TheDriverPassesEveryCheck()
    {
        Assert.AreEqual("none", FirstFailure(port => new SunTechNibp(port)) ?? "none");
        Assert.AreEqual("none", FirstFailure(MutantCompiler.CompileSerial("SunTechNibp", null)) ?? "none", "compiled from the copied sources");
    }

    [TestMethod]
    [DynamicData(nameof(MutationNames))]
    public void APlantedMisreadingIsCaught(string name)
    {
        Mutation mutation = Mutations.Single(m => m.Name == name);
        string? failure = FirstFailure(MutantCompiler.CompileSerial("SunTechNibp", mutation));
        Assert.IsNotNull(failure, $"'{name}' passes every check");
        TestContext.WriteLine($"{name}: caught by {failure}");
    }

    [TestMethod]
    public void The_readme_says_what_a_flipped_bit_does()
    {
        (int tried, int declared, int harmless) = Flips(port => new SunTechNibp(port));
        string line = $"Bit flips: {tried} tried, {declared} declared, {harmless} harmless, 0 passed as a wrong value (0.00 %), 0 starts too many.";
        TestContext.WriteLine(line);
        StringAssert.Contains(System.IO.File.ReadAllText(System.IO.Path.Combine(Root(), "firmware/Peripherals/SunTechNibp/README.md")), line);
    }

    private static string Root()
    {
        System.IO.DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !System.IO.File.Exists(System.IO.Path.Combine(folder.FullName, "Firmware.sln")))
        {
            folder = folder.Parent;
        }

        return folder!.FullName;
    }

    private static string? FirstFailure(Func<ISerialPort, IDriver> make)
    {
        foreach ((string name, Action<Func<ISerialPort, IDriver>> run) in Checks)
        {
            try
            {
                run(make);
            }
            catch (MisreadException e)
            {
                return $"{name}: {e.Message}";
            }
        }

        return null;
    }

    private static void Measured(Func<ISerialPort, IDriver> make, NibpPatient patient, byte command)
    {
        Line line = new(make);
        line.Start(patient, 160);
        line.UntilOutcome(90);
        line.ExpectValue(120, 80, 93, 72);
        Check.That(line.Simulated.Starts.Count == 1 && line.Simulated.Starts.TryGetValue(command, out int starts) && starts == 1, "another start than the one asked for");
        Check.That(line.Failures.Count == 0, "a sound module failed");
        Check.That(line.Simulated.TruePressureMmHg < 15, "the outcome came before the cuff was empty");
        Check.That(line.Pressures > 40, $"{line.Pressures} pressures");
    }

    private static void HighPressure(Func<ISerialPort, IDriver> make)
    {
        Line line = new(make, new SunTechNibpOptions { Systolic = 210, Diastolic = 125, Mean = 153, Pulse = 91 });
        line.Start(NibpPatient.Adult, 240);
        line.UntilOutcome(90);
        line.ExpectValue(210, 125, 153, 91);
        line = new Line(make, new SunTechNibpOptions { Systolic = 258, Diastolic = 131, Mean = 175, Pulse = 60 });
        line.Start(NibpPatient.Adult, 280);
        line.UntilOutcome(120);
        line.ExpectValue(258, 131, 175, 60);
    }

    private static void Errors(Func<ISerialPort, IDriver> make)
    {
        foreach ((int error, FaultCode code) in new[] { (1, FaultCode.SunTechWeakSignal), (2, FaultCode.SunTechArtifact), (3, FaultCode.SunTechRetriesExceeded), (4, FaultCode.SunTechTimeLimit), (85, FaultCode.SunTechBlocked), (87, FaultCode.SunTechInflationTimeout), (89, FaultCode.SunTechSafetyTripped), (90, FaultCode.SunTechSupply), (200, FaultCode.SunTechUnknownError) })
        {
            Line line = new(make);
            line.Simulated.Error = error;
            line.Simulated.Says = (118, 79, 90, 70); // what an error leaves in the registers is no value
            line.Start(NibpPatient.Adult, 160);
            line.UntilOutcome(90);
            line.ExpectNone(code);
        }
    }

    private static void ImpossibleValues(Func<ISerialPort, IDriver> make)
    {
        foreach ((int, int, int, int) says in new[] { (80, 120, 93, 72), (0, 0, 0, 72), (300, 80, 150, 72), (120, 80, 70, 72), (120, 80, 130, 72) })
        {
            Line line = new(make);
            line.Simulated.Says = says;
            line.Start(NibpPatient.Adult, 160);
            line.UntilOutcome(90);
            line.ExpectNone(FaultCode.SunTechImplausible);
        }
    }

    private static void ImpossiblePulse(Func<ISerialPort, IDriver> make)
    {
        foreach (int pulse in new[] { 0, 29, 241, 999 })
        {
            Line line = new(make);
            line.Simulated.Says = (120, 80, 93, pulse);
            line.Start(NibpPatient.Adult, 160);
            line.UntilOutcome(90);
            line.ExpectValue(120, 80, 93, 0);
        }
    }

    private static void Inflation(Func<ISerialPort, IDriver> make)
    {
        foreach ((int asked, int set) in new[] { (140, 140), (280, 280), (281, 280), (4000, 280) })
        {
            Line line = new(make);
            line.Start(NibpPatient.Adult, asked);
            line.Run(2);
            Check.That(line.Simulated.InflationMmHg == set, $"{line.Simulated.InflationMmHg} mmHg were set for {asked}");
        }
    }

    private static void EachBit(Func<ISerialPort, IDriver> make) => Flips(make);

    // Every bit of the answers of a measurement: to start and inflation, a pressure and a result under way, the result at the end.
    private static (int Tried, int Declared, int Harmless) Flips(Func<ISerialPort, IDriver> make)
    {
        int tried = 0;
        int declared = 0;
        int harmless = 0;
        foreach ((string kind, Func<byte[], Line, bool> isIt) in new (string, Func<byte[], Line, bool>)[]
        {
            ("the answer to the start", (f, l) => f.Length == 4 && l.Simulated.Starts.Count > 0),
            ("the answer to the inflation", (f, l) => f.Length == 4 && l.Simulated.Starts.Count == 0 && l.HasBegun),
            ("a pressure", (f, l) => f.Length == 5 && l.Simulated.TruePressureMmHg > 100),
            ("a result under way", (f, l) => f.Length == 24 && f[7] == 0 && l.Simulated.TruePressureMmHg > 100),
            ("the result", (f, _) => f.Length == 24 && f[7] != 0),
        })
        {
            int bits = kind.Contains("result", StringComparison.Ordinal) ? 24 * 8 : kind == "a pressure" ? 5 * 8 : 4 * 8;
            for (int bit = 0; bit < bits; bit++)
            {
                Line line = new(make);
                bool isDone = false;
                int flipped = bit;
                line.Simulated.OnAnswer = (frame, _) =>
                {
                    if (!isDone && isIt(frame, line))
                    {
                        isDone = true;
                        frame = [.. frame];
                        frame[flipped / 8] ^= (byte)(1 << (flipped & 7));
                    }

                    return frame;
                };
                line.Start(NibpPatient.Adult, 160);
                line.UntilOutcome(120);
                tried++;
                Check.That(isDone, kind + " never came");
                Check.That(line.Simulated.Starts.Values.Sum() == 1, $"bit {bit} of {kind}: {line.Simulated.Starts.Values.Sum()} starts");
                if (line.Reason == AbsenceReason.None)
                {
                    line.ExpectValue(120, 80, 93, 72);
                }

                bool isDeclared = line.Failures.Count > 0 || line.Reason != AbsenceReason.None;
                declared += isDeclared ? 1 : 0;
                harmless += isDeclared ? 0 : 1;
            }
        }

        return (tried, declared, harmless);
    }

    private static void LostBytes(Func<ISerialPort, IDriver> make)
    {
        for (int at = 0; at < 24; at++)
        {
            foreach (bool isDoubled in new[] { false, true })
            {
                for (int first = 0; first < 3; first++)
                {
                    Line line = new(make);
                    int place = at;
                    bool doubled = isDoubled;
                    int offset = first;
                    line.Simulated.OnAnswer = (frame, number) => number % 3 != offset || place >= frame.Length || line.Failures.Count > 20 ? frame
                        : doubled ? [.. frame[..place], frame[place], .. frame[place..]] : [.. frame[..place], .. frame[(place + 1)..]];
                    line.Run(1);
                    if (!line.TryStart(NibpPatient.Adult, 160))
                    {
                        continue;
                    }

                    line.UntilOutcome(190, mustCome: false);
                    Check.That(line.Simulated.Starts.Values.Sum() <= 1, "a start was repeated");
                    if (line.Outcomes > 0 && line.Reason == AbsenceReason.None)
                    {
                        line.ExpectValue(120, 80, 93, 72);
                    }
                }
            }
        }
    }

    private static void LateAnswers(Func<ISerialPort, IDriver> make)
    {
        for (long late = 100_000; late <= 950_000; late += 50_000)
        {
            for (int phase = 0; phase < 5; phase++)
            {
                Line line = new(make);
                line.Start(NibpPatient.Adult, 240);
                line.Run(2 + (phase * 0.11));
                line.Simulated.LateUs = late;
                line.Run(0.52);
                line.Simulated.LateUs = 0;
                line.Simulated.OnAnswer = phase % 2 == 0 ? (_, _) => [] : null; // what is asked next may have no answer of its own
                line.Run(0.45);
                line.Simulated.OnAnswer = null;
                line.UntilOutcome(120);
                Check.That(line.Simulated.Starts.Values.Sum() == 1, "a start was repeated");
                if (line.Reason == AbsenceReason.None)
                {
                    line.ExpectValue(120, 80, 93, 72);
                }
            }
        }
    }

    private static void OldResult(Func<ISerialPort, IDriver> make)
    {
        Line line = new(make, new SunTechNibpOptions { KeepsOldResult = true });
        line.Simulated.Says = (150, 95, 113, 80);
        line.Start(NibpPatient.Adult, 180);
        line.UntilOutcome(120);
        line.ExpectValue(150, 95, 113, 80);
        line.Simulated.Says = (110, 70, 83, 60);
        line.Start(NibpPatient.Adult, 160);
        line.UntilOutcome(120);
        line.ExpectNone(FaultCode.SunTechStaleResult);

        // And one whose arm has changed meanwhile, and whose module says so as it should.
        line = new Line(make);
        line.Simulated.Says = (150, 95, 113, 80);
        line.Start(NibpPatient.Adult, 180);
        line.UntilOutcome(120);
        line.Simulated.Says = (110, 70, 83, 60);
        line.Start(NibpPatient.Adult, 160);
        line.UntilOutcome(120);
        line.ExpectValue(110, 70, 83, 60);
    }

    private static void Stop(Func<ISerialPort, IDriver> make)
    {
        foreach (double after in new[] { 0.05, 0.4, 1.0, 3.0, 6.013, 15.0, 21.5 })
        {
            Line line = new(make);
            line.Start(NibpPatient.Adult, 160);
            line.Run(after);
            int aborts = line.Simulated.Aborts;
            long stoppedUs = line.Clock.NowUs;
            line.Stop();
            line.Run(0.1);
            Check.That(line.Simulated.Aborts > aborts && line.Simulated.AbortedUs - stoppedUs <= 100_000, $"a stop {after} s after the start was not heard within 100 ms");
            line.UntilOutcome(30);
            Check.That(line.Reason == AbsenceReason.Stopped && line.Code == FaultCode.None, $"a stop ended as {line.Reason}, {line.Code}");
            Check.That(line.Simulated.TruePressureMmHg < 15, "a stop left air in the cuff");
        }

        Line idle = new(make);
        idle.Run(2);
        int before = idle.Simulated.Aborts;
        idle.Stop();
        idle.Run(0.1);
        Check.That(idle.Simulated.Aborts > before && idle.Outcomes == 0, "a stop without a measurement was not obeyed");
    }

    private static void AbortNotReceived(Func<ISerialPort, IDriver> make)
    {
        Line line = new(make);
        line.Start(NibpPatient.Adult, 160);
        line.Run(4);
        line.Simulated.IsSilent = true;
        line.Stop();
        line.Run(0.2);
        line.Simulated.IsSilent = false;
        line.UntilOutcome(30);
        Check.That(line.Simulated.Aborts > 1 && line.Simulated.TruePressureMmHg < 15, "an abort that was not heard was not repeated");
        Check.That(line.Reason == AbsenceReason.Stopped, $"a stop ended as {line.Reason}");
    }

    private static void PumpStuck(Func<ISerialPort, IDriver> make)
    {
        Line line = new(make);
        line.Simulated.IsPumpStuck = true;
        line.Start(NibpPatient.Adult, 160);
        line.UntilOutcome(60);
        line.ExpectNone(FaultCode.SunTechOverPressure);
        Check.That(line.Simulated.HighestMmHg <= 330, $"the cuff had {line.Simulated.HighestMmHg} mmHg");
    }

    private static void PumpDead(Func<ISerialPort, IDriver> make)
    {
        Line line = new(make);
        line.Simulated.IsPumpDead = true;
        line.Start(NibpPatient.Adult, 160);
        line.UntilOutcome(40);
        line.ExpectNone(FaultCode.SunTechNotStarted);
    }

    private static void WithoutEnd(Func<ISerialPort, IDriver> make)
    {
        Line line = new(make, new SunTechNibpOptions { DeflateMmHgPerSecond = 0.2 });
        line.Start(NibpPatient.Adult, 160);
        line.Run(181);
        Check.That(line.Simulated.TruePressureMmHg < 15, "above 15 mmHg for more than 180 s");
        line.ExpectNone(FaultCode.SunTechTimeLimit);
    }

    private static void FallsSilent(Func<ISerialPort, IDriver> make)
    {
        Line line = new(make);
        line.Start(NibpPatient.Adult, 160);
        line.Run(5);
        line.Simulated.OnAnswer = (_, _) => []; // it hears, and its own wire is cut
        line.Run(6);
        Check.That(line.Simulated.Aborts > 1, "a module that falls silent was not aborted");
        Check.That(line.Failures.Any(f => f.Code is FaultCode.SunTechNotPresent), "a module that falls silent was not missed");
        Check.That(line.Outcomes == 0 || line.Reason != AbsenceReason.None, "a silent module gave a value");

        // One that answers everything but the question for its pressure.
        line = new Line(make);
        line.Start(NibpPatient.Adult, 160);
        line.Run(5);
        line.Simulated.OnAnswer = (frame, _) => frame.Length == 5 && line.Outcomes == 0 && line.Phase == NibpPhase.Run ? [] : frame;
        line.UntilOutcome(20);
        line.ExpectNone(FaultCode.SunTechPressureLost);
    }

    private static void ValveStuck(Func<ISerialPort, IDriver> make)
    {
        Line line = new(make);
        line.Start(NibpPatient.Adult, 160);
        line.Run(8);
        line.Simulated.IsValveStuck = true;
        line.Run(30);
        Check.That(line.Phase == NibpPhase.Unconfirmed, $"a cuff that does not empty is in phase {line.Phase}");
        Check.That(line.Outcomes == 1, "the measurement of a cuff that does not empty did not end");
        Check.That(!line.TryStart(NibpPatient.Adult, 160), "another measurement began on a cuff that is not empty");
        line.Simulated.IsValveStuck = false;
        line.Run(5);
        Check.That(line.Phase == NibpPhase.Idle, "an empty cuff was not seen");
    }

    private static void Refuses(Func<ISerialPort, IDriver> make)
    {
        foreach (char reply in "BSA")
        {
            Line line = new(make);
            line.Run(2);
            line.Simulated.Reply = (byte)reply;
            line.Start(NibpPatient.Adult, 160);
            line.UntilOutcome(30);
            line.ExpectNone(FaultCode.SunTechNotAccepted);
            Check.That(line.Simulated.Starts.Values.Sum() <= 1, "a refused start was repeated");
        }
    }

    private static void StartAnswerLost(Func<ISerialPort, IDriver> make)
    {
        Line line = new(make);
        bool isLost = false;
        line.Simulated.OnAnswer = (frame, _) =>
        {
            bool isIt = !isLost && frame.Length == 4 && line.Simulated.Starts.Count > 0;
            isLost |= isIt;
            return isIt ? [] : frame;
        };
        line.Start(NibpPatient.Adult, 160);
        line.UntilOutcome(120);
        Check.That(isLost && line.Simulated.Starts.Values.Sum() == 1, "a start whose answer was lost was repeated");
        line.ExpectValue(120, 80, 93, 72);
    }

    private static void OtherHands(Func<ISerialPort, IDriver> make)
    {
        Line line = new(make);
        line.Run(13);
        int aborts = line.Simulated.Aborts;
        line.Simulated.StartByHand();
        line.UntilOutcome(20);
        line.ExpectNone(FaultCode.SunTechUnasked);
        Check.That(line.Simulated.Aborts > aborts && line.Simulated.TruePressureMmHg < 15, "a cuff that nobody asked to inflate was not deflated");
    }

    private static void PodRestarted(Func<ISerialPort, IDriver> make)
    {
        Line line = new(make);
        line.Start(NibpPatient.Adult, 160);
        line.Run(5);
        int aborts = line.Simulated.Aborts;
        line.Restart();
        line.Run(0.2);
        Check.That(line.Simulated.Aborts > aborts, "a pod that was restarted in mid-measurement did not deflate first of all");
        line.Run(5);
        Check.That(line.Simulated.TruePressureMmHg < 15 && line.Outcomes == 0, "a measurement of before the restart went on");
    }

    private static void LineClosed(Func<ISerialPort, IDriver> make)
    {
        Line line = new(make);
        line.Run(2);
        line.Port.IsOpen = false;
        line.Run(1);
        Check.That(line.Failures.Any(f => f.Code == FaultCode.SunTechLineFailed && f.Reason == AbsenceReason.BusFault), "a closed line was not said");
    }

    private static void ComesAndGoes(Func<ISerialPort, IDriver> make)
    {
        Line line = new(make);
        line.Run(2);
        line.Simulated.PowerOff();
        line.Run(5);
        Check.That(line.Failures.Any(f => f.Code == FaultCode.SunTechNotPresent && f.Reason == AbsenceReason.NotPresent), "a module without supply was not missed");
        line.Simulated.PowerOn();
        line.Run(4);
        line.Start(NibpPatient.Adult, 160);
        line.UntilOutcome(90);
        line.ExpectValue(120, 80, 93, 72);
    }

    /// <summary>A driver, its line and its module, stepped as a supervisor would.</summary>
    private sealed class Line
    {
        private readonly IDriver _driver;
        private bool _isProbed;
        private long _againUs;
        private int _seen;

        public Line(Func<ISerialPort, IDriver> make, SunTechNibpOptions? options = null)
        {
            Simulated = new SimulatedSunTechNibp(Clock, options);
            Port = new SimulatedSerialPort(Simulated);
            _driver = make(Port);
        }

        public ManualClock Clock { get; } = new();

        public SimulatedSunTechNibp Simulated { get; }

        public SimulatedSerialPort Port { get; }

        public List<(AbsenceReason Reason, FaultCode Code)> Failures { get; } = [];

        public int Pressures { get; private set; }

        public bool HasBegun { get; private set; }

        public int Outcomes => (int)Member("Outcomes");

        public AbsenceReason Reason => (AbsenceReason)Member("OutcomeReason");

        public FaultCode Code => (FaultCode)Member("OutcomeFault");

        public NibpPhase Phase => (NibpPhase)(byte)(object)Convert.ToByte(Member("Phase"), System.Globalization.CultureInfo.InvariantCulture);

        public bool TryStart(NibpPatient patient, int inflation)
        {
            System.Reflection.MethodInfo start = _driver.GetType().GetMethod("TryStart")!;
            object who = Enum.ToObject(start.GetParameters()[0].ParameterType, (byte)patient);
            HasBegun = (bool)start.Invoke(_driver, [who, inflation])!;
            _seen = Outcomes;
            return HasBegun;
        }

        public void Start(NibpPatient patient, int inflation)
        {
            if (!_isProbed)
            {
                Run(1);
            }

            Check.That(TryStart(patient, inflation), "a measurement could not be begun");
        }

        public void Stop() => _driver.GetType().GetMethod("Stop")!.Invoke(_driver, [Clock.NowUs]);

        public void Restart()
        {
            _driver.Restart();
            _isProbed = false;
        }

        public void Run(double seconds) => Until(() => false, seconds);

        public void UntilOutcome(double seconds, bool mustCome = true)
        {
            int before = _seen;
            Until(() => Outcomes > before, seconds);
            Check.That(Outcomes > before || !mustCome, $"no outcome within {seconds} s; phase {Phase}");
        }

        public void ExpectValue(int systolic, int diastolic, int mean, int pulse)
        {
            Check.That(Reason == AbsenceReason.None && Code == FaultCode.None, $"in place of a value: {Reason}, {Code}");
            Check.That(
                (int)Member("SystolicMmHg") == systolic && (int)Member("DiastolicMmHg") == diastolic && (int)Member("MeanMmHg") == mean && (int)Member("PulsePerMinute") == pulse,
                $"{Member("SystolicMmHg")}/{Member("DiastolicMmHg")} ({Member("MeanMmHg")}) {Member("PulsePerMinute")} was given for {systolic}/{diastolic} ({mean}) {pulse}");
        }

        public void ExpectNone(FaultCode code) => Check.That(Outcomes > 0 && Reason != AbsenceReason.None && Code == code, $"{Reason}, {Code} in place of {code}");

        private object Member(string name) => _driver.GetType().GetProperty(name)!.GetValue(_driver)!;

        private void Until(Func<bool> fact, double seconds)
        {
            long end = Clock.NowUs + (long)(seconds * Second);
            while (!fact())
            {
                long at = Math.Max(Clock.NowUs, Math.Max(_driver.NextStepUs, _againUs));
                if (at > end)
                {
                    Clock.AdvanceTo(end);
                    return;
                }

                Clock.AdvanceTo(at);
                DriverResult result = _isProbed ? _driver.Measure(at) : _driver.Probe(at);
                if (result == DriverResult.Ready && _isProbed)
                {
                    Pressures++;
                    double truth = Simulated.TruePressureMmHg;
                    Check.That(Math.Abs((int)Member("PressureMmHg") - truth) <= 18, $"{Member("PressureMmHg")} mmHg was published at {truth:F0}");
                }

                _isProbed |= result == DriverResult.Ready;
                if (result == DriverResult.Failed)
                {
                    Check.That(_driver.Reason != AbsenceReason.None && _driver.FaultCode != FaultCode.None, "a failure without reason or code");
                    Failures.Add((_driver.Reason, _driver.FaultCode));
                    if (_driver.Reason is AbsenceReason.NotPresent)
                    {
                        _againUs = Clock.NowUs + Second;
                        _driver.Restart();
                        _isProbed = false;
                    }
                }

                if (Clock.NowUs == at && _driver.NextStepUs <= at)
                {
                    Clock.Advance(1_000);
                }
            }
        }
    }
}
