using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using EdgeGateway.Core.Auscultation;
using EdgeGateway.Core.Readings;
using Firmware.Protocol;

namespace EdgeGateway.Core.Sound;

/// <summary>One stethoscope that is listened to: samples that wait for the rest of their chunk, the step in force, who reports, and what the analysis says.</summary>
internal sealed class LiveStream
{
    /// <summary>Numbers whose time of publication is remembered: half a minute of the shortest chunks.</summary>
    private const int RememberedNumbers = 300;

    /// <summary>Longest wait of samples for the rest of their chunk, ms.</summary>
    private const int LongestChunkMs = 300;

    private readonly SortedDictionary<string, Reporter> _reporters = new(StringComparer.Ordinal);
    private readonly long[] _publishedUs = new long[RememberedNumbers];
    private short[] _samples = [];
    private short[] _decimated = [];
    private Decimator _decimator = new();
    private LiveAuscultation? _analysis;
    private int _count;
    private long _firstUs;
    private double _squares;
    private int _peakOfChunk;
    private int _clippedOfChunk;

    public LiveStream(StreamKey key) => Key = key;

    public StreamKey Key { get; }

    public ListeningSteps Steps { get; } = new();

    public uint LastSequence { get; private set; }

    public int RateHz { get; private set; }

    /// <summary>Where the newest frame ends, device µs.</summary>
    public long EndUs { get; private set; }

    /// <summary>When the newest frame came, monotonic µs.</summary>
    public long LastReceivedUs { get; private set; }

    /// <summary>Number of the newest chunk, 0 for none.</summary>
    public uint Number { get; private set; }

    public int Level { get; private set; }

    public int Peak { get; private set; }

    public int Clipped { get; private set; }

    /// <summary>What the analysis says of the last seconds; null until it has heard enough.</summary>
    public AuscultationResult? Verdict { get; private set; }

    public bool HasChunk => _count > 0 && _count >= (long)RateHz * ChunkMs(Steps.Step) / 1000;

    /// <summary>How long a piece of a step lasts, ms.</summary>
    public static int ChunkMs(ListeningStep step) => step switch
    {
        ListeningStep.Full => 100,
        ListeningStep.LongChunks => LongestChunkMs,
        _ => 200,
    };

    public void Add(byte[] frame, int body, FrameHead head, int rateHz, int count, long nowUs, AuscultationTarget target = AuscultationTarget.Heart)
    {
        if (_samples.Length < _count + count)
        {
            Array.Resize(ref _samples, _count + Math.Max(count, rateHz * LongestChunkMs / 1000));
        }

        if (_count == 0)
        {
            _firstUs = head.MonotonicUs;
        }

        ReadOnlySpan<byte> bytes = frame.AsSpan(body + SoundBody.SamplesOffset, 2 * count);
        Span<short> added = _samples.AsSpan(_count, count);
        for (int i = 0; i < count; i++)
        {
            added[i] = BinaryPrimitives.ReadInt16LittleEndian(bytes[(2 * i)..]);
        }

        _count += count;
        Level = SoundBody.Level(frame, body);
        Peak = SoundBody.Peak(frame, body);
        Clipped = SoundBody.Clipped(frame, body);
        _squares += (double)Level * Level * count;
        _peakOfChunk = Math.Max(_peakOfChunk, Peak);
        _clippedOfChunk += Clipped;
        if (_analysis is null || RateHz != rateHz)
        {
            _analysis = new LiveAuscultation(rateHz);
        }

        _analysis.Target = target;
        if (_analysis.Add(added, head.MonotonicUs))
        {
            Verdict = _analysis.Result;
        }

        RateHz = rateHz;
        LastSequence = head.Sequence;
        EndUs = head.MonotonicUs + ((long)count * 1_000_000 / rateHz);
        LastReceivedUs = nowUs;
    }

    /// <summary>The samples that wait, as a chunk; empty when none wait or the step sends none.</summary>
    public ReadOnlyMemory<byte> Take(ListeningStep step, long nowUs)
    {
        int count = _count;
        if (count == 0)
        {
            return default;
        }

        _count = 0;
        int level = Math.Min((int)Math.Sqrt(_squares / count), 32_768);
        int peak = _peakOfChunk;
        int clipped = Math.Min(_clippedOfChunk, ushort.MaxValue);
        _squares = 0;
        _peakOfChunk = 0;
        _clippedOfChunk = 0;
        if (step == ListeningStep.ClipsOnly)
        {
            return default;
        }

        ReadOnlySpan<short> samples = _samples.AsSpan(0, count);
        long firstUs = _firstUs;
        int rateHz = RateHz;
        if (step >= ListeningStep.HeartMode && rateHz == Decimator.InputRateHz)
        {
            if (_decimated.Length < (count / 2) + 1)
            {
                _decimated = new short[(count / 2) + 1];
            }

            int made = _decimator.Process(samples, _decimated);
            samples = _decimated.AsSpan(0, made);
            firstUs -= (long)Decimator.DelaySamples * 1_000_000 / rateHz;
            rateHz /= 2;
        }

        bool packed = step == ListeningStep.RhythmOnly;
        int bytes = packed ? ImaAdpcm.ChunkLength(samples.Length) : 2 * samples.Length;
        byte[] chunk = new byte[LiveChunk.HeadLength + SoundBody.SamplesOffset + bytes];
        Number++;
        _publishedUs[Number % RememberedNumbers] = nowUs;
        LiveChunk.WriteHead(chunk, step, Number, firstUs, Key.BootId);
        SoundBody.WriteHead(
            chunk, LiveChunk.HeadLength, rateHz, packed ? SoundCodec.ImaAdpcm : SoundCodec.Pcm16, samples.Length, level, peak, clipped);
        Span<byte> data = chunk.AsSpan(LiveChunk.HeadLength + SoundBody.SamplesOffset);
        if (packed)
        {
            ImaAdpcm.EncodeChunk(samples, data);
        }
        else
        {
            for (int i = 0; i < samples.Length; i++)
            {
                BinaryPrimitives.WriteInt16LittleEndian(data[(2 * i)..], samples[i]);
            }
        }

        return chunk;
    }

    /// <summary>What comes next does not follow on what went before.</summary>
    public void Break()
    {
        _decimator = new Decimator();
        _analysis = null;
        Verdict = null;
    }

    /// <summary>Takes a listener's report.</summary>
    /// <returns>False when it says nothing new, or there are too many listeners.</returns>
    public bool TryReport(string consumer, uint number, long lost, long nowUs, out ListeningReport worst)
    {
        worst = default;
        if (number > Number || lost < 0)
        {
            return false;
        }

        List<string>? gone = null;
        foreach ((string name, Reporter reporter) in _reporters)
        {
            if (nowUs - reporter.LastReceivedUs > LiveSound.ReportForgottenUs)
            {
                (gone ??= []).Add(name);
            }
        }

        foreach (string name in gone ?? [])
        {
            _reporters.Remove(name);
        }

        bool known = _reporters.TryGetValue(consumer, out Reporter last);
        if (!known && _reporters.Count >= LiveSound.MaxReporters)
        {
            return false;
        }

        // Of a first report the loss is not counted: the listener may have come late.
        long made = known ? (long)number - last.Number : 0;
        long newlyLost = known ? Math.Max(0, lost - last.Lost) : 0;
        int lossPermille = made > 0 ? (int)Math.Min(1000, newlyLost * 1000 / made) : 0;
        _reporters[consumer] = new Reporter(number, lost, nowUs, new ListeningReport(LagMs(number, nowUs), lossPermille));
        foreach (Reporter reporter in _reporters.Values)
        {
            worst = new ListeningReport(Math.Max(worst.LagMs, reporter.Report.LagMs), Math.Max(worst.LossPermille, reporter.Report.LossPermille));
        }

        return true;
    }

    /// <summary>How long ago the first chunk was made that a listener does not have.</summary>
    private int LagMs(uint number, long nowUs)
    {
        if (number >= Number)
        {
            return 0;
        }

        return Number - number >= RememberedNumbers ? int.MaxValue : (int)Math.Min(int.MaxValue, (nowUs - _publishedUs[(number + 1) % RememberedNumbers]) / 1000);
    }

    private readonly record struct Reporter(uint Number, long Lost, long LastReceivedUs, ListeningReport Report);
}
