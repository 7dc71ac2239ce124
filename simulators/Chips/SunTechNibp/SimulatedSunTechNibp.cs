using System;
using System.Collections.Generic;
using Simulators.Kernel;

namespace Simulators.Chips;

/// <summary>Whom the module measures, and how it goes.</summary>
public sealed record SunTechNibpOptions
{
    /// <summary>Systolic pressure of the arm, mmHg.</summary>
    public int Systolic { get; init; } = 120;

    /// <summary>Diastolic pressure of the arm, mmHg.</summary>
    public int Diastolic { get; init; } = 80;

    /// <summary>Mean pressure of the arm, mmHg.</summary>
    public int Mean { get; init; } = 93;

    /// <summary>Pulse of the arm, 1/min.</summary>
    public int Pulse { get; init; } = 72;

    /// <summary>Deflation, mmHg per second. Assumption: the module deflates by steps; this is their mean.</summary>
    public double DeflateMmHgPerSecond { get; init; } = 5;

    /// <summary>From a whole command to the first byte of its answer, µs. Assumption.</summary>
    public long LatencyUs { get; init; } = 6_000;

    /// <summary>True for a module that leaves the old result ready while it measures anew.</summary>
    public bool KeepsOldResult { get; init; }
}

/// <summary>
/// A SunTech Advantage OEM module at the end of a serial line of 9,600 baud, 8N1: bytes in, bytes out at their times. It has its own pump, valves and measurement. Source: SunTech
/// Medical, Advantage OEM BP module, serial interface, as published by host programs that drive it.
/// </summary>
public sealed class SimulatedSunTechNibp
{
    /// <summary>One byte on the line: ten bits at 9,600 baud, µs.</summary>
    public const long ByteUs = 1_042;

    /// <summary>A frame of the host that pauses for longer is forgotten, µs. Assumption.</summary>
    public const long FrameGapUs = 50_000;

    private const double InflateMmHgPerSecond = 40; // Assumption
    private const double DumpMmHgPerSecond = 80; // Assumption
    private const int Retries = 2;

    private readonly ISimulationClock _clock;
    private readonly SunTechNibpOptions _options;
    private readonly Queue<(byte Value, long AtUs)> _out = new();
    private readonly List<byte> _frame = [];
    private readonly byte[] _result = new byte[24];
    private long _lastByteUs;
    private long _lineFreeUs;
    private long _advancedUs;
    private double _pressure;
    private double _target = 160;
    private int _retries;
    private Work _work;
    private bool _powered = true;

    /// <summary>Makes a module that has supply.</summary>
    /// <param name="clock">The world's time.</param>
    /// <param name="options">The arm in its cuff.</param>
    public SimulatedSunTechNibp(ISimulationClock clock, SunTechNibpOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(clock);
        _clock = clock;
        _options = options ?? new SunTechNibpOptions();
        _advancedUs = clock.NowUs;
    }

    private enum Work
    {
        Idle,
        Inflate,
        Deflate,
        Dump,
    }

    /// <summary>What the next measurements end with, one of the module's errors; 0 for a value.</summary>
    public int Error { get; set; }

    /// <summary>True for a module that hears and says nothing.</summary>
    public bool IsSilent { get; set; }

    /// <summary>True for a valve that does not open.</summary>
    public bool IsValveStuck { get; set; }

    /// <summary>True for a module that accepts a start and does not inflate.</summary>
    public bool IsPumpDead { get; set; }

    /// <summary>True for a pump that is not stopped at its target.</summary>
    public bool IsPumpStuck { get; set; }

    /// <summary>The short reply to a start and to a first inflation; 'O' by default.</summary>
    public byte Reply { get; set; } = (byte)'O';

    /// <summary>Changes an answer on its way; given the frame and how many were sent before.</summary>
    public Func<byte[], int, byte[]>? OnAnswer { get; set; }

    /// <summary>Added to the next answers' latency, µs.</summary>
    public long LateUs { get; set; }

    /// <summary>Bytes of the result from now on instead of the measured ones: systolic, diastolic, mean, pulse; null for those.</summary>
    public (int Systolic, int Diastolic, int Mean, int Pulse)? Says { get; set; }

    /// <summary>Starts so far, by command byte.</summary>
    public SortedDictionary<byte, int> Starts { get; } = [];

    /// <summary>Aborts so far.</summary>
    public int Aborts { get; private set; }

    /// <summary>When the last abort was heard, µs; -1 for never.</summary>
    public long AbortedUs { get; private set; } = -1;

    /// <summary>Answers so far.</summary>
    public int Answers { get; private set; }

    /// <summary>Frames whose checksum was wrong, so far.</summary>
    public int Refused { get; private set; }

    /// <summary>The first inflation as it was set last, mmHg.</summary>
    public int InflationMmHg => (int)_target;

    /// <summary>The cuff's true pressure, mmHg.</summary>
    public double TruePressureMmHg
    {
        get
        {
            Advance();
            return _pressure;
        }
    }

    /// <summary>Highest true pressure so far, mmHg.</summary>
    public double HighestMmHg { get; private set; }

    /// <summary>The supply goes: the valve opens, and nothing is remembered.</summary>
    public void PowerOff()
    {
        Advance();
        _powered = false;
        _out.Clear();
        _frame.Clear();
        _work = Work.Dump;
    }

    /// <summary>The supply comes.</summary>
    public void PowerOn()
    {
        Advance();
        _powered = true;
        Array.Clear(_result);
    }

    /// <summary>Other hands start an adult's measurement.</summary>
    public void StartByHand()
    {
        Advance();
        Begin();
    }

    /// <summary>The host's bytes; the first one begins now or when the line is free.</summary>
    /// <param name="bytes">The bytes.</param>
    public void Hear(ReadOnlySpan<byte> bytes)
    {
        Advance();
        foreach (byte value in bytes)
        {
            long at = Math.Max(_clock.NowUs, _lastByteUs) + ByteUs;
            if (at - _lastByteUs > FrameGapUs + ByteUs)
            {
                _frame.Clear();
            }

            _lastByteUs = at;
            Hear(value, at);
        }
    }

    /// <summary>A byte of the module, when it has come by now.</summary>
    /// <param name="value">The byte.</param>
    /// <returns>False for none.</returns>
    public bool TrySay(out byte value)
    {
        value = 0;
        if (_out.Count == 0 || _out.Peek().AtUs > _clock.NowUs)
        {
            return false;
        }

        value = _out.Dequeue().Value;
        return true;
    }

    private static int LengthOf(byte command) => command switch
    {
        0x17 => 5, // two bytes of pressure
        0x79 => 5, // selector and 0
        0x20 or 0x87 or 0x28 or 0x00 => 3,
        _ => 0,
    };

    private void Hear(byte value, long at)
    {
        if (_frame.Count == 0 && value != 0x3A)
        {
            return;
        }

        _frame.Add(value);
        int length = _frame.Count < 2 ? 5 : LengthOf(_frame[1]);
        if (length == 0)
        {
            _frame.Clear();
            return;
        }

        if (_frame.Count < 2 || _frame.Count < length)
        {
            return;
        }

        int sum = 0;
        foreach (byte b in _frame)
        {
            sum += b;
        }

        byte[] frame = [.. _frame];
        _frame.Clear();
        if ((sum & 0xFF) != 0 || !_powered || IsSilent)
        {
            Refused += (sum & 0xFF) != 0 ? 1 : 0;
            return;
        }

        Obey(frame, at);
    }

    private void Obey(byte[] frame, long at)
    {
        switch (frame[1])
        {
            case 0x00:
                Say(Information(), at);
                break;
            case 0x17:
                _target = frame[2] | (frame[3] << 8);
                Say([Reply], at);
                break;
            case 0x20 or 0x87 or 0x28:
                Starts.TryGetValue(frame[1], out int starts);
                Starts[frame[1]] = starts + 1;
                if (Reply == (byte)'O' && _work == Work.Idle)
                {
                    Begin();
                    Say([(byte)'O'], at);
                }
                else
                {
                    Say([_work == Work.Idle ? Reply : (byte)'B'], at);
                }

                break;
            case 0x79 when frame[2] == 0x01:
                Aborts++;
                AbortedUs = at;
                bool wasBusy = _work is Work.Inflate or Work.Deflate;
                _work = Work.Dump;
                Say([wasBusy ? (byte)'A' : (byte)'K'], at);
                break;
            case 0x79 when frame[2] == 0x05:
                int pressure = (int)Math.Floor(_pressure + 0.5);
                Say([(byte)pressure, (byte)(pressure >> 8)], at);
                break;
            case 0x79 when frame[2] == 0x03:
                Say(_result.AsSpan(2, 21).ToArray(), at);
                break;
            default:
                break;
        }
    }

    private static byte[] Information()
    {
        byte[] data = new byte[0x43 - 3];
        for (int i = 0; i < data.Length - 2; i++)
        {
            data[i] = (byte)('0' + (i % 10));
        }

        return data;
    }

    private void Say(byte[] data, long at)
    {
        byte[] frame = new byte[data.Length + 3];
        frame[0] = 0x3E;
        frame[1] = (byte)frame.Length;
        data.CopyTo(frame, 2);
        int sum = 0;
        for (int i = 0; i < frame.Length - 1; i++)
        {
            sum += frame[i];
        }

        frame[^1] = (byte)(0x100 - (sum & 0xFF));
        byte[] sent = OnAnswer?.Invoke(frame, Answers) ?? frame;
        Answers++;
        long time = Math.Max(at + _options.LatencyUs + LateUs, _lineFreeUs);
        foreach (byte b in sent)
        {
            time += ByteUs;
            _out.Enqueue((b, time));
        }

        _lineFreeUs = time;
    }

    private void Begin()
    {
        _retries = 0;
        _work = Work.Inflate;
        if (!_options.KeepsOldResult)
        {
            Array.Clear(_result);
        }
    }

    private void Advance()
    {
        double seconds = (_clock.NowUs - _advancedUs) / 1e6;
        _advancedUs = _clock.NowUs;
        while (seconds > 0)
        {
            double step = Math.Min(seconds, 0.01);
            seconds -= step;
            Step(step);
        }
    }

    private void Step(double seconds)
    {
        switch (_work)
        {
            case Work.Inflate:
                _pressure += IsPumpDead ? 0 : InflateMmHgPerSecond * seconds;
                if (_pressure >= _target && !IsPumpStuck)
                {
                    _work = Work.Deflate;
                }

                break;
            case Work.Deflate:
                _pressure -= _options.DeflateMmHgPerSecond * seconds;
                if (_target < _options.Systolic + 15)
                {
                    // The systolic side is not covered: higher, as often as it may.
                    _target += 40;
                    _work = _retries++ < Retries ? Work.Inflate : End(3);
                }
                else if (_pressure < _options.Diastolic - 15)
                {
                    _work = End(Error);
                }

                break;
            default:
                _pressure = IsValveStuck ? _pressure : Math.Max(0, _pressure - (DumpMmHgPerSecond * seconds));
                if (_work == Work.Dump && _pressure < 5)
                {
                    _work = Work.Idle;
                }

                break;
        }

        HighestMmHg = Math.Max(HighestMmHg, _pressure);
    }

    private Work End(int error)
    {
        Array.Clear(_result);
        (int systolic, int diastolic, int mean, int pulse) = Says ?? (error == 0 ? (_options.Systolic, _options.Diastolic, _options.Mean, _options.Pulse) : (0, 0, 0, 0));
        Put(2, systolic);
        Put(4, diastolic);
        _result[7] = 1;
        Put(16, pulse);
        Put(18, mean);
        _result[20] = (byte)error;
        return Work.Dump;
    }

    private void Put(int offset, int value)
    {
        _result[offset] = (byte)value;
        _result[offset + 1] = (byte)(value >> 8);
    }
}
