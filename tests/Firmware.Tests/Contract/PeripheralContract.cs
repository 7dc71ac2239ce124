using System;
using System.Collections.Generic;
using System.Linq;
using Firmware.Core;
using Simulators.Buses;

namespace Firmware.Tests.Contract;

/// <summary>What flipping every bit once came to.</summary>
/// <param name="Tried">Bits flipped, one per run.</param>
/// <param name="Declared">Runs in which the driver declared an absence, and every value was right.</param>
/// <param name="Harmless">Runs with nothing declared and every value right.</param>
/// <param name="Wrong">Runs in which a value beyond the tolerance was published.</param>
/// <param name="Irregular">Runs in which a right value was published twice, or under a setting other than the believed one.</param>
/// <param name="LargestError">The largest error of a published value, in <paramref name="Unit"/>.</param>
/// <param name="Unit">The unit.</param>
internal readonly record struct FlipReport(int Tried, int Declared, int Harmless, int Wrong, int Irregular, long LargestError, string Unit)
{
    /// <summary>The sentence that the peripheral's README quotes.</summary>
    public string Sentence
    {
        get
        {
            long perTenThousand = Tried == 0 ? 0 : Wrong * 10_000L / Tried;
            return $"Bit flips: {Tried} tried, {Declared} declared, {Harmless} harmless, {Wrong} passed as a wrong value ({perTenThousand / 100}.{perTenThousand % 100:00} %), {Irregular} as a repeated value or under a wrong setting, largest error {LargestError} {Unit}.";
        }
    }
}

/// <summary>
/// The promises that every peripheral keeps: the outcome is the right value within the simulated chip's tolerance, or a named reason; never a wrong
/// value, never silence. Each check answers with what is broken; an empty list is a pass.
/// </summary>
internal sealed class PeripheralContract(PeripheralBinding binding)
{
    /// <summary>Findings kept per check; one broken promise shows in hundreds of runs.</summary>
    public const int MaxFindings = 12;

    private const int SweepSteps = 64;
    private const int VariantReadings = 300;
    private const long HoldUs = 300_000;
    private const int HoldClocks = 20;
    private const int MaxReadingsOfFrozen = 1; // what was converted before the part hung

    private readonly List<string> _findings = [];
    private int _foundAltogether;

    /// <summary>Probe and readings without a fault; what the other checks disturb.</summary>
    /// <returns>What is broken.</returns>
    public IReadOnlyList<string> CheckCleanRun()
    {
        Begin();
        var run = new ContractRun(binding);
        if (run.World.Bus.TransactionCount != 0)
        {
            Find("the constructor talked to the bus");
        }

        Validate(run, run.RunForReadings(binding.Readings, binding.RecoveryUs), "clean run");
        if (run.Declared.Count > 0)
        {
            Find($"clean run: declared {run.Declared[0]} though nothing was wrong");
        }

        if (run.Values.Count < binding.Readings)
        {
            Find($"clean run: {run.ReadyCount} readings held only {run.Values.Count} values");
        }

        if (run.LongestCallUs > ContractRun.MaxCallUs)
        {
            Find($"clean run: one call kept the bus for {run.LongestCallUs} us, {ContractRun.MaxCallUs} are allowed");
        }

        return End();
    }

    /// <summary>Over the whole range each value is right; beyond it none is published.</summary>
    /// <returns>What is broken.</returns>
    public IReadOnlyList<string> CheckSweep()
    {
        Begin();
        for (int i = 0; i <= SweepSteps; i++)
        {
            long truth = binding.Range.Low + ((binding.Range.High - binding.Range.Low) * i / SweepSteps);
            var run = new ContractRun(binding);
            run.World.SetTruth(truth);
            Validate(run, run.RunForReadings(1, binding.RecoveryUs), $"truth {truth}");
        }

        foreach (long truth in binding.OutsideTruths)
        {
            var run = new ContractRun(binding);
            run.World.SetTruth(truth);
            run.RunUntil(() => run.Declared.Count >= binding.Readings || run.ReadyCount > 0, binding.RecoveryUs);
            if (run.ReadyCount > 0 || run.Declared.Count == 0 || run.Violation is not null)
            {
                Find($"truth {truth} is outside the range: {Describe(run)}");
            }
        }

        return End();
    }

    /// <summary>Parts that differ as the datasheet allows are read as well as the typical one, for longer.</summary>
    /// <returns>What is broken.</returns>
    public IReadOnlyList<string> CheckVariants()
    {
        Begin();
        foreach (string variant in binding.Variants)
        {
            var run = new ContractRun(binding, variant);
            Validate(run, run.RunForReadings(VariantReadings, VariantReadings * binding.PatienceUs), variant);
            if (run.Declared.Count > 0)
            {
                Find($"{variant}: declared {run.Declared[0]} though nothing was wrong");
            }
        }

        return End();
    }

    /// <summary>Each transaction of the clean run is refused in turn with each status, at its beginning and at its end.</summary>
    /// <returns>What is broken.</returns>
    public IReadOnlyList<string> CheckRefusals()
    {
        Begin();
        List<I2cTransaction> clean = CleanTransactions();
        for (int n = 0; n < clean.Count; n++)
        {
            foreach (BusOutcome outcome in Enum.GetValues<BusOutcome>())
            {
                if (outcome == BusOutcome.Ok)
                {
                    continue;
                }

                int bytes = clean[n].TransferredBytes;
                foreach (int afterBytes in Positions(outcome, bytes))
                {
                    Disturb(new I2cFaultPlan().Refuse(n, outcome, afterBytes), $"transaction {n} refused with {outcome} after {afterBytes} of {bytes} bytes");
                }
            }
        }

        return End();
    }

    /// <summary>Each bit of each byte of the clean run is turned over in turn.</summary>
    /// <param name="report">The count.</param>
    /// <returns>What is broken: silence, and for a chip with checksum each undetected flip of a byte read.</returns>
    public IReadOnlyList<string> CheckFlips(out FlipReport report)
    {
        Begin();
        int tried = 0;
        int declared = 0;
        int harmless = 0;
        int wrong = 0;
        int irregular = 0;
        long largest = 0;
        List<I2cTransaction> clean = CleanTransactions();
        for (int n = 0; n < clean.Count; n++)
        {
            foreach (BusDirection direction in Enum.GetValues<BusDirection>())
            {
                int bytes = direction == BusDirection.Write ? clean[n].Written.Length : clean[n].Read.Length;
                for (int bit = 0; bit < bytes * 8; bit++)
                {
                    string what = $"transaction {n}, {direction} byte {bit / 8}, bit {bit % 8} flipped";
                    var run = new ContractRun(binding);
                    run.World.Bus.Faults = new I2cFaultPlan().FlipBit(n, direction, bit / 8, bit % 8);
                    bool came = run.RunForReadings(binding.Readings + 1, binding.RecoveryUs);
                    tried++;
                    if (!came || run.Violation is not null)
                    {
                        Find($"{what}: {Describe(run)}");
                    }

                    bool isIrregular = !run.HasWrongValue && run.Misconfiguration is not null;
                    bool isRight = !run.HasWrongValue && !isIrregular;
                    largest = Math.Max(largest, run.LargestError);
                    wrong += run.HasWrongValue ? 1 : 0;
                    irregular += isIrregular ? 1 : 0;
                    declared += isRight && run.Declared.Count > 0 ? 1 : 0;
                    harmless += isRight && run.Declared.Count == 0 ? 1 : 0;
                    bool isBeyondDeclared = wrong > binding.DeclaredWrongFlips || irregular > binding.DeclaredIrregularFlips
                        || run.LargestError > Math.Max(binding.DeclaredLargestError, binding.Range.Tolerance);
                    if (!isRight && (binding.HasChecksum || isBeyondDeclared))
                    {
                        Find($"{what}: {Describe(run)}");
                    }
                    else if (binding.HasChecksum && direction == BusDirection.Read && run.Declared.Count == 0)
                    {
                        Find($"{what}: not detected");
                    }
                }
            }
        }

        report = new FlipReport(tried, declared, harmless, wrong, irregular, largest, binding.Range.Unit);
        return End();
    }

    /// <summary>The part is pulled before each byte of each transaction, and put back.</summary>
    /// <returns>What is broken.</returns>
    public IReadOnlyList<string> CheckUnplugged()
    {
        Begin();
        List<I2cTransaction> clean = CleanTransactions();
        for (int n = 0; n < clean.Count; n++)
        {
            for (int afterBytes = -1; afterBytes <= clean[n].TransferredBytes; afterBytes++)
            {
                string what = $"pulled in transaction {n} after {afterBytes} bytes";
                var run = new ContractRun(binding);
                run.World.Bus.Faults = new I2cFaultPlan().Unplug(n, afterBytes);
                if (!run.RunUntil(() => run.Declared.Any(d => d.Reason == AbsenceReason.NotPresent), binding.RecoveryUs))
                {
                    Find($"{what}: NotPresent was never declared; {Describe(run)}");
                    continue;
                }

                int before = run.ReadyCount;
                run.RunUntil(() => false, binding.PatienceUs / 4);
                if (run.ReadyCount > before)
                {
                    Find($"{what}: a reading came from a part that is not there");
                }

                run.World.Bus.Replug(run.World.Address);
                Validate(run, run.RunForReadings(binding.Readings, binding.RecoveryUs), $"{what} and put back");
            }
        }

        return End();
    }

    /// <summary>SDA is held low from each transaction on, for a time and until clocked free.</summary>
    /// <returns>What is broken.</returns>
    public IReadOnlyList<string> CheckStuckBus()
    {
        Begin();
        List<I2cTransaction> clean = CleanTransactions();
        for (int n = 0; n < clean.Count; n++)
        {
            foreach (bool byClocks in new[] { false, true })
            {
                string what = $"bus stuck from transaction {n} {(byClocks ? $"for {HoldClocks} clocks" : $"for {HoldUs} us")}";
                I2cFaultPlan plan = byClocks ? new I2cFaultPlan().HoldSdaLowUntilClocks(n, HoldClocks) : new I2cFaultPlan().HoldSdaLow(n, HoldUs);
                ContractRun run = Disturb(plan, what);
                if (run.Declared.Count == 0)
                {
                    Find($"{what}: nothing was declared");
                }
            }
        }

        return End();
    }

    /// <summary>The supply dips before each transaction: registers are at their power-on values.</summary>
    /// <returns>What is broken.</returns>
    public IReadOnlyList<string> CheckBrownOut()
    {
        Begin();
        ContractRun cleanRun = CleanRun();
        int count = cleanRun.World.Bus.Log.Count;
        for (int n = 0; n < count; n++)
        {
            string what = $"brown-out before transaction {n}";
            ContractRun run = Disturb(new I2cFaultPlan().BrownOut(n), what);
            if (n >= cleanRun.ProbedAtTransaction && run.Declared.Count == 0)
            {
                Find($"{what}: not noticed");
            }

            if (run.Misconfiguration is not null)
            {
                Find($"{what}: {run.Misconfiguration}");
            }
        }

        return End();
    }

    /// <summary>The part's insides hang from each transaction on, and what it measures changes: no old value may pass for a new one.</summary>
    /// <returns>What is broken.</returns>
    public IReadOnlyList<string> CheckFrozen()
    {
        Begin();
        ContractRun cleanRun = CleanRun();
        for (long n = cleanRun.FirstReadyAtTransaction; n < cleanRun.World.Bus.Log.Count; n++)
        {
            string what = $"frozen before transaction {n}";
            var run = new ContractRun(binding);
            run.World.Bus.Faults = new I2cFaultPlan().Freeze((int)n);
            run.RunUntil(() => run.World.Bus.TransactionCount > n, binding.RecoveryUs);
            run.World.SetTruth(binding.OtherTruth);
            int before = run.ReadyCount;
            bool declared = run.RunUntil(() => run.Declared.Count > 0, binding.RecoveryUs);
            int passed = run.ReadyCount - before;
            if (!binding.NoticesFrozen)
            {
                continue;
            }

            if (!declared || run.Violation is not null)
            {
                Find($"{what}: not noticed; {passed} readings came; {Describe(run)}");
                continue;
            }

            if (passed > MaxReadingsOfFrozen)
            {
                Find($"{what}: {passed} readings came from a frozen part before it was noticed, {MaxReadingsOfFrozen} can be true");
            }

            run.World.Bus.SetFrozen(run.World.Address, false);
            if (!run.RunForReadings(1, binding.RecoveryUs))
            {
                Find($"{what} and freed: {Describe(run)}");
            }
        }

        return End();
    }

    /// <summary>Other parts answer at the address: one whose bytes never change, and plain memory that keeps what is written to it.</summary>
    /// <returns>What is broken.</returns>
    public IReadOnlyList<string> CheckStranger()
    {
        Begin();
        foreach (Stranger stranger in new[] { new Stranger(0x00, false), new Stranger(0xFF, false), new Stranger(0x00, true), new Stranger(0x55, true) })
        {
            var run = new ContractRun(binding);
            run.World.Bus.Unplug(run.World.Address);
            run.World.Bus.Attach(run.World.Address, stranger.For(run.World.Address));
            run.RunUntil(() => run.ReadyCount > 0 || run.Declared.Count >= binding.Readings, binding.RecoveryUs);
            if (run.ReadyCount > 0 || run.Declared.Count == 0 || run.Violation is not null)
            {
                Find($"{stranger} answered at the address: {run.Values.Count} values were published; {Describe(run)}");
            }
            else if (binding.HasIdentity && run.Declared[0].Reason != AbsenceReason.WrongPart)
            {
                Find($"{stranger} answered at the address and was called {run.Declared[0].Reason}");
            }
        }

        return End();
    }

    private static IEnumerable<int> Positions(BusOutcome outcome, int bytes) =>
        outcome is BusOutcome.AddressNack or BusOutcome.BusStuck or BusOutcome.NotOpen ? [0] : bytes > 1 ? [0, bytes / 2, bytes] : [0, bytes];

    private ContractRun Disturb(I2cFaultPlan plan, string what)
    {
        var run = new ContractRun(binding);
        run.World.Bus.Faults = plan;
        Validate(run, run.RunForReadings(binding.Readings + 1, binding.RecoveryUs), what);
        if (plan.ActedRules == 0)
        {
            Find($"{what}: the fault never came about");
        }

        return run;
    }

    private ContractRun CleanRun()
    {
        var run = new ContractRun(binding);
        if (!run.RunForReadings(binding.Readings, binding.RecoveryUs))
        {
            Find($"clean run: {Describe(run)}");
        }

        return run;
    }

    private List<I2cTransaction> CleanTransactions() => [.. CleanRun().World.Bus.Log];

    private void Validate(ContractRun run, bool came, string what)
    {
        if (!came || run.Violation is not null || run.HasWrongValue || run.Misconfiguration is not null)
        {
            Find($"{what}: {Describe(run)}");
        }
    }

    private string Describe(ContractRun run)
    {
        if (run.Violation is not null)
        {
            return run.Violation;
        }

        if (run.HasWrongValue)
        {
            Published worst = run.Values.MaxBy(v => v.Error);
            return $"published {worst.Value} {binding.Range.Unit} where {worst.Expected} was true";
        }

        if (run.Misconfiguration is not null)
        {
            return $"published under a wrong setting: {run.Misconfiguration}";
        }

        string last = run.Declared.Count == 0 ? "nothing declared" : $"last declared {run.Declared[^1].Reason} ({run.Declared[^1].Code})";
        return $"{run.ReadyCount} readings by {run.World.Clock.NowUs} us, {last}";
    }

    private void Begin()
    {
        _findings.Clear();
        _foundAltogether = 0;
    }

    private void Find(string finding)
    {
        if (_foundAltogether++ < MaxFindings)
        {
            _findings.Add($"{binding.Name}: {finding}");
        }
    }

    private string[] End()
    {
        if (_foundAltogether > MaxFindings)
        {
            _findings.Add($"{binding.Name}: and {_foundAltogether - MaxFindings} more");
        }

        return [.. _findings];
    }
}
