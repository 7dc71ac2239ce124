using System;
using System.Collections.Generic;
using Firmware.Core;
using Simulators.Buses;
using Simulators.Kernel;

namespace Firmware.Tests.Host.Misreadings;

/// <summary>A driver, its simulated chip's bus and a hand-moved clock, with a place to disturb what passes between them.</summary>
internal sealed class World : II2cPort
{
    private const int StepBound = 200_000;
    private readonly Dictionary<int, int> _reads = [];
    private readonly Dictionary<int, int> _writes = [];

    public World() => Bus = new SimulatedI2cBus(Clock);

    /// <summary>Changes the bytes read from a register; is told how often it was read before.</summary>
    public delegate void ReadHook(int register, int occurrence, Span<byte> bytes);

    /// <summary>Changes a byte written to a register, or answers false to lose the write; is told how often it was written before.</summary>
    public delegate bool WriteHook(int register, int occurrence, Span<byte> bytes);

    public ManualClock Clock { get; } = new();

    public SimulatedI2cBus Bus { get; }

    public ReadHook? OnRead { get; set; }

    public WriteHook? OnWrite { get; set; }

    public List<(long AtUs, AbsenceReason Reason, FaultCode Code)> Failures { get; } = [];

    public long LongestCallNs { get; private set; }

    public IDriver Driver { get; private set; } = null!;

    private bool _isProbed;

    public I2cStatus WriteRead(int address, byte[] write, int writeOffset, int writeCount, byte[] read, int readOffset, int readCount)
    {
        int register = write[writeOffset];
        byte[] sent = write.AsSpan(writeOffset, writeCount).ToArray();
        Span<byte> answer = readCount == 0 ? [] : read.AsSpan(readOffset, readCount);
        if (readCount == 0 && OnWrite is not null && !OnWrite(register, Count(_writes, register), sent.AsSpan(1)))
        {
            return I2cStatus.Ok;
        }

        BusOutcome outcome = Bus.Transfer(address, sent, answer);
        if (outcome != BusOutcome.Ok)
        {
            answer.Fill(0x5A);
        }
        else if (readCount > 0)
        {
            OnRead?.Invoke(register, Count(_reads, register), answer);
        }

        return (I2cStatus)(byte)outcome; // both count UM10204's outcomes alike; the scripted tests hold each apart
    }

    public void Make(Func<II2cPort, IDriver> make) => Driver = make(this);

    /// <summary>Forgets how often registers were read and written.</summary>
    public void ForgetCounts()
    {
        _reads.Clear();
        _writes.Clear();
    }

    /// <summary>Writes to the part behind the driver's back.</summary>
    public void Poke(int address, params byte[] bytes) => Bus.Transfer(address, bytes, []);

    /// <summary>Calls the driver whenever it wants, as a supervisor would, until a time. A part that is lost is started again when that is asked for.</summary>
    public void RunUntil(long endUs, Action onReady, bool restarts = true)
    {
        for (int step = 0; step < StepBound; step++)
        {
            long at = Math.Max(Clock.NowUs, Driver.NextStepUs);
            if (at > endUs)
            {
                Clock.AdvanceTo(Math.Max(endUs, Clock.NowUs));
                return;
            }

            Clock.AdvanceTo(at);
            long busy = Bus.BusyNs;
            DriverResult result = _isProbed ? Driver.Measure(at) : Driver.Probe(at);
            LongestCallNs = Math.Max(LongestCallNs, Bus.BusyNs - busy);
            if (result == DriverResult.Ready && _isProbed)
            {
                onReady();
            }

            _isProbed |= result == DriverResult.Ready;
            if (result == DriverResult.Failed)
            {
                Check.That(Driver.Reason != AbsenceReason.None && Driver.FaultCode != FaultCode.None, "a failure without reason or code");
                Failures.Add((at, Driver.Reason, Driver.FaultCode));
                if (Driver.Reason is AbsenceReason.SensorFault or AbsenceReason.NotPresent or AbsenceReason.BusFault or AbsenceReason.WrongPart)
                {
                    if (!restarts)
                    {
                        return;
                    }

                    Driver.Restart();
                    _isProbed = false;
                    Clock.Advance(1_000);
                }
            }
        }

        throw new MisreadException("the driver never lets time go on");
    }

    /// <summary>Runs until a failure of this code; fails the check when none comes in time.</summary>
    public void Expect(FaultCode code, long withinUs, Action? onReady = null)
    {
        int seen = Failures.Count;
        RunUntil(Clock.NowUs + withinUs, onReady ?? (() => { }), restarts: false);
        bool found = false;
        string all = "";
        for (int i = seen; i < Failures.Count; i++)
        {
            found |= Failures[i].Code == code;
            all += $" {Failures[i].Code}";
        }

        Check.That(found, $"{code} was expected and did not come; came:{all}");
    }

    /// <summary>A part that was pulled: its driver, restarted as a supervisor would, comes to say that nothing answers, and gives nothing.</summary>
    public void ExpectAbsent(FaultCode code, long withinUs)
    {
        int seen = Failures.Count;
        RunUntil(Clock.NowUs + withinUs, () => throw new MisreadException("a value came from nowhere"));
        Check.That(Failures.FindIndex(seen, f => f.Code == code) >= 0, $"{code} was expected and did not come");
    }

    private static int Count(Dictionary<int, int> counts, int register)
    {
        counts.TryGetValue(register, out int count);
        counts[register] = count + 1;
        return count;
    }
}
