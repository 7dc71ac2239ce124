using System;
using System.Collections.Generic;
using System.Linq;
using Firmware.Core;

namespace Firmware.Tests.Contract;

/// <summary>
/// Runs one driver in virtual time, as a supervisor does: probes until Ready, measures, and probes anew after a failure that needs it.
/// Everything the driver published or declared is kept.
/// </summary>
internal sealed class ContractRun
{
    /// <summary>Upper bound of the driver's share of the bus in one call, µs. Source: rule "steps, not waits" in ARCHITECTURE.md, 2 ms.</summary>
    public const long MaxCallUs = 2_000;

    /// <summary>Failures in a row after which the run probes anew even when the reason alone does not ask for it.</summary>
    private const int MaxFailuresInARow = 3;

    /// <summary>What one pass of the loop costs at least, µs; also keeps a driver that asks for "now" from standing still in time.</summary>
    private const long LoopUs = 10;

    private readonly PeripheralBinding _binding;
    private bool _measuring;
    private bool _afterGap = true;
    private int _failuresInARow;
    private long _lastOutcomeUs;

    public ContractRun(PeripheralBinding binding, string? variant = null)
    {
        _binding = binding;
        World = binding.Create(variant);
    }

    public PeripheralWorld World { get; }

    public List<Published> Values { get; } = [];

    public List<(long Us, AbsenceReason Reason, FaultCode Code)> Declared { get; } = [];

    /// <summary>Ready of Measure so far.</summary>
    public int ReadyCount { get; private set; }

    /// <summary>Transactions so far when the first Ready of Probe came.</summary>
    public long ProbedAtTransaction { get; private set; } = -1;

    /// <summary>Transactions so far when the first Ready of Measure came.</summary>
    public long FirstReadyAtTransaction { get; private set; } = -1;

    public long LongestCallUs { get; private set; }

    /// <summary>What the driver did against its contract; the first one only.</summary>
    public string? Violation { get; private set; }

    /// <summary>The first setting found wrong after a Ready.</summary>
    public string? Misconfiguration { get; private set; }

    public long LargestError => Values.Count == 0 ? 0 : Values.Max(v => v.Error);

    public bool HasWrongValue => LargestError > _binding.Range.Tolerance;

    /// <summary>Goes on until enough readings are there.</summary>
    /// <param name="readings">How many more.</param>
    /// <param name="limitUs">For how long at most.</param>
    /// <returns>True when they came.</returns>
    public bool RunForReadings(int readings, long limitUs)
    {
        int wanted = ReadyCount + readings;
        return RunUntil(() => ReadyCount >= wanted, limitUs);
    }

    /// <summary>Goes on until something is so.</summary>
    /// <param name="done">What.</param>
    /// <param name="limitUs">For how long at most.</param>
    /// <returns>True when it came to be.</returns>
    public bool RunUntil(Func<bool> done, long limitUs)
    {
        long endUs = World.Clock.NowUs + limitUs;
        _lastOutcomeUs = World.Clock.NowUs;
        while (!done())
        {
            if (Violation is not null || World.Clock.NowUs >= endUs)
            {
                return false;
            }

            Step(endUs);
            if (World.Clock.NowUs - _lastOutcomeUs > _binding.PatienceUs)
            {
                Violate($"neither published nor declared anything for {_binding.PatienceUs} us");
            }
        }

        return true;
    }

    private void Step(long endUs)
    {
        long now = World.Clock.NowUs;
        long busyNs = World.Bus.BusyNs;
        DriverResult result = _measuring ? World.Driver.Measure(now) : World.Driver.Probe(now);
        long callUs = (World.Bus.BusyNs - busyNs) / 1000;
        LongestCallUs = Math.Max(LongestCallUs, callUs);
        switch (result)
        {
            case DriverResult.Ready when _measuring:
                Take();
                break;
            case DriverResult.Ready:
                _measuring = true;
                ProbedAtTransaction = ProbedAtTransaction < 0 ? World.Bus.TransactionCount : ProbedAtTransaction;
                break;
            case DriverResult.Failed:
                Declare();
                break;
            case DriverResult.Working:
                break;
            default:
                Violate($"answered {(int)result}, which is no DriverResult");
                break;
        }

        World.Clock.Advance(LoopUs + callUs);
        long next = Math.Min(World.Driver.NextStepUs, endUs);
        if (next > World.Clock.NowUs)
        {
            World.Clock.AdvanceTo(next);
        }
    }

    private void Take()
    {
        ReadyCount++;
        FirstReadyAtTransaction = FirstReadyAtTransaction < 0 ? World.Bus.TransactionCount : FirstReadyAtTransaction;
        _failuresInARow = 0;
        _lastOutcomeUs = World.Clock.NowUs;
        if (World.Driver.Reason != AbsenceReason.None || World.Driver.FaultCode != FaultCode.None)
        {
            Violate($"Ready with the reason {World.Driver.Reason} left standing");
        }

        World.Collect(Values, _afterGap);
        _afterGap = false;
        Misconfiguration ??= World.Misconfiguration();
    }

    private void Declare()
    {
        AbsenceReason reason = World.Driver.Reason;
        FaultCode code = World.Driver.FaultCode;
        _lastOutcomeUs = World.Clock.NowUs;
        if (reason == AbsenceReason.None || code == FaultCode.None)
        {
            Violate($"Failed with reason {reason} and code {code}: both must be named");
        }

        Declared.Add((World.Clock.NowUs, reason, code));
        _afterGap = true;
        bool partIsLost = reason is AbsenceReason.NotPresent or AbsenceReason.WrongPart or AbsenceReason.SensorFault;
        if (!_measuring || partIsLost || ++_failuresInARow >= MaxFailuresInARow)
        {
            long transactions = World.Bus.TransactionCount;
            long nextUs = World.Driver.NextStepUs;
            World.Driver.Restart();
            if (World.Bus.TransactionCount != transactions)
            {
                Violate("Restart talked to the bus");
            }

            _measuring = false;
            _failuresInARow = 0;
            World.Clock.AdvanceTo(Math.Max(World.Clock.NowUs, Math.Min(nextUs, World.Clock.NowUs + _binding.PatienceUs)));
        }
    }

    private void Violate(string what) => Violation ??= $"at {World.Clock.NowUs} us the driver {what}";
}
