using System;
using System.Collections.Generic;
using System.Linq;
using Firmware.Core;
using Firmware.Peripherals;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Firmware.Tests.Contract;

/// <summary>A fault of the sound's path.</summary>
/// <param name="Name">As it is shown.</param>
/// <param name="Codes">What the driver may call it; empty when it is no failure but a declared loss.</param>
/// <param name="IsSilence">True when the wired slot gives one value: none of it may be given on when it lasts.</param>
/// <param name="NamedAfterUs">When it lasts so long it must have a name.</param>
internal sealed record AudioFault(string Name, FaultCode[] Codes, bool IsSilence = false, long NamedAfterUs = AudioContract.LastsUs);

/// <summary>A port with its converter, and the hand that breaks it.</summary>
internal abstract class AudioWorld
{
    /// <summary>The port.</summary>
    public abstract IAudioPort Port { get; }

    /// <summary>Samples that the port lost and does not count, since the beginning.</summary>
    public virtual long HiddenLosses => 0;

    /// <summary>Moves time on.</summary>
    public abstract void AdvanceTo(long nowUs);

    /// <summary>The fault begins now.</summary>
    public abstract void Begin(string fault);

    /// <summary>The fault ends now.</summary>
    public abstract void End(string fault);
}

/// <summary>What is examined, and with which faults.</summary>
internal abstract class AudioBinding
{
    public abstract IReadOnlyList<AudioFault> Faults { get; }

    public abstract AudioWorld Create();
}

/// <summary>
/// What the I2C contract is for a register, for sound: every fault, begun at every boundary between two chunks and within a chunk, for a short and for a long time. The
/// outcome is the samples that the port gave, bit for bit, in order and each at most once, with every sequence gap declared in its place and of its size (or of a size that is a lower
/// bound and says so); a fault that lasts has a name; and afterwards sound comes by itself.
/// </summary>
internal sealed class AudioContract(AudioBinding binding, Func<IAudioPort, IDriver> make, int boundaries = AudioContract.Boundaries)
{
    public const int MaxFindings = 10;
    public const int Boundaries = 12;
    public const long LastsUs = 600_000;
    private const long CalmUs = 14_000_000;

    private static readonly long[] DurationsUs = [10_000, 60_000, 180_000, LastsUs, 3_000_000];
    private static readonly long[] PhasesUs = [0, 9_000];

    /// <summary>Without a fault every sample is given, from the first after settling to the last but those that are held.</summary>
    public IReadOnlyList<string> CheckClean()
    {
        var run = new Run(binding.Create(), make);
        run.Until(20_000_000);
        if (run.Lost != 0 || run.Delivered < 17 * 8000 || run.Codes.Count > 0)
        {
            run.Findings.Add($"clean: {run.Delivered} samples, {run.Lost} lost, {string.Join(' ', run.Codes)}");
        }

        return run.Findings;
    }

    /// <summary>One fault at every boundary.</summary>
    public IReadOnlyList<string> Check(AudioFault fault)
    {
        List<string> findings = [];
        foreach (long duration in DurationsUs)
        {
            foreach (long phase in PhasesUs)
            {
                for (int boundary = 0; boundary < boundaries && findings.Count < MaxFindings; boundary++)
                {
                    findings.AddRange(CheckOne(fault, 2_500_000 + (boundary * 25_000) + phase, duration).Select(f => $"{fault.Name} for {duration / 1000} ms at boundary {boundary} + {phase / 1000} ms: {f}"));
                }
            }
        }

        return findings;
    }

    private List<string> CheckOne(AudioFault fault, long beginUs, long durationUs)
    {
        AudioWorld world = binding.Create();
        var run = new Run(world, make);
        run.Until(beginUs);
        int from = run.Handed;
        world.Begin(fault.Name);
        run.Until(beginUs + durationUs);
        int to = run.Handed;
        world.End(fault.Name);
        run.Until(beginUs + durationUs + CalmUs);
        long before = run.Delivered;
        run.Until(beginUs + durationUs + CalmUs + 2_000_000);
        if (run.Delivered - before < 15_000)
        {
            run.Findings.Add($"after it only {run.Delivered - before} samples came in 2 s");
        }

        foreach (FaultCode code in run.Codes.Where(c => !fault.Codes.Contains(c)))
        {
            run.Findings.Add($"it was called {code}");
        }

        if (durationUs >= fault.NamedAfterUs && fault.Codes.Length > 0 && run.Codes.Count == 0)
        {
            run.Findings.Add("it has no name");
        }

        if (fault.Codes.Length == 0 && run.Lost == 0)
        {
            run.Findings.Add("nothing was declared");
        }

        // Samples that the fault's begin and end cut through a chunk are left out: they were read before, or belong to both.
        if (fault.IsSilence && durationUs >= LastsUs && run.GivenBetween(from + Pcm1808.ChunkBound, to - Pcm1808.ChunkBound) > 0)
        {
            run.Findings.Add("samples of a dead slot were given on");
        }

        return run.Findings;
    }

    /// <summary>One life of a driver, with an account of what the port handed over.</summary>
    private sealed class Run : IAudioPort
    {
        private readonly AudioWorld _world;
        private readonly IAudioPort _port;
        private readonly IDriver _driver;
        private readonly List<short> _given = [];
        private readonly List<long> _missing = [];
        private readonly List<int> _starts = [];
        private readonly List<(int First, int Count)> _batches = [];
        private readonly System.Reflection.PropertyInfo[] _members;
        private int _next;
        private long _lostSeen;
        private long _nowUs;
        private long _retryUs = long.MaxValue;
        private bool _probing = true;

        public Run(AudioWorld world, Func<IAudioPort, IDriver> make)
        {
            _world = world;
            _port = world.Port;
            _driver = make(this);
            _members = new[] { "SampleCount", "Samples", "LostSamples", "LostIsLowerBound" }.Select(n => _driver.GetType().GetProperty(n)!).ToArray();
        }

        public List<string> Findings { get; } = [];

        public HashSet<FaultCode> Codes { get; } = [];

        public long Delivered { get; private set; }

        public long Lost { get; private set; }

        public int Handed => _given.Count;

        public int SampleRateHz => _port.SampleRateHz;

        public long LostSamples => _port.LostSamples;

        public int GivenBetween(int from, int to) => _batches.Sum(b => Math.Max(0, Math.Min(to, b.First + b.Count) - Math.Max(from, b.First)));

        public AudioStatus Start()
        {
            _starts.Add(_given.Count);
            AudioStatus status = _port.Start();
            _lostSeen = _port.LostSamples + _world.HiddenLosses;
            return status;
        }

        public void Stop() => _port.Stop();

        public AudioStatus Read(short[] wired, short[] other, int offset, int count, out int read)
        {
            AudioStatus status = _port.Read(wired, other, offset, count, out read);
            long total = _port.LostSamples + _world.HiddenLosses;
            long lost = total - _lostSeen;
            _lostSeen = total;
            for (int i = 0; i < read; i++)
            {
                _given.Add(wired[offset + i]);
                _missing.Add(i == 0 ? lost : 0);
            }

            if (read == 0 && lost > 0)
            {
                _given.Add(short.MinValue); // a place for what was lost with nothing behind it yet
                _missing.Add(lost - 1);
            }

            return status;
        }

        public void Until(long endUs)
        {
            while (true)
            {
                long next = _retryUs != long.MaxValue ? _retryUs : _driver.NextStepUs;
                if (next > endUs)
                {
                    break;
                }

                _nowUs = Math.Max(next, _nowUs);
                _world.AdvanceTo(_nowUs);
                if (_retryUs != long.MaxValue)
                {
                    _retryUs = long.MaxValue;
                    _driver.Restart();
                    _probing = true;
                }

                Take(_probing ? _driver.Probe(_nowUs) : _driver.Measure(_nowUs));
            }

            _nowUs = Math.Max(endUs, _nowUs);
            _world.AdvanceTo(_nowUs);
        }

        private void Take(DriverResult result)
        {
            if (result == DriverResult.Failed)
            {
                if (_driver.Reason == AbsenceReason.None || _driver.FaultCode == FaultCode.None)
                {
                    Findings.Add("a failure without reason or code");
                }

                Codes.Add(_driver.FaultCode);
                if (_driver.Reason == AbsenceReason.SensorFault || _probing)
                {
                    _retryUs = _nowUs + 250_000;
                }

                return;
            }

            if (result != DriverResult.Ready)
            {
                return;
            }

            if (_probing)
            {
                _probing = false;
                return;
            }

            int count = (int)_members[0].GetValue(_driver)!;
            var samples = (short[])_members[1].GetValue(_driver)!;
            long lost = (int)_members[2].GetValue(_driver)!;
            bool isLowerBound = (bool)_members[3].GetValue(_driver)!;
            int first = Find(samples, count, lost, isLowerBound);
            if (first < 0 && Findings.Count > MaxFindings)
            {
                return;
            }

            if (first < 0)
            {
                Findings.Add($"{count} samples at {_nowUs} µs, {lost} declared lost{(isLowerBound ? " at least" : string.Empty)}, are not what the port gave, or a hole is not declared");
                return;
            }

            Delivered += count;
            Lost += lost;
            _next = first + count;
            _batches.Add((first, count));
        }

        // The batch lies behind the last one. What lies between, read and dropped or lost by the port, is what was declared.
        private int Find(short[] samples, int count, long lost, bool isLowerBound)
        {
            long between = 0;
            for (int at = _next; at + count <= _given.Count; at++)
            {
                between += _missing[at];
                bool isFirst = _batches.Count == 0;
                bool isAnew = _starts.Any(s => s > _next && s <= at);
                bool fits = isFirst || isAnew ? isFirst ? lost == 0 : isLowerBound && lost > 0 : isLowerBound ? lost <= between + 3 : lost == between;
                if (fits && Same(samples, count, at))
                {
                    return at;
                }

                between++;
            }

            return -1;
        }

        private bool Same(short[] samples, int count, int at)
        {
            for (int i = 0; i < count; i++)
            {
                if (_given[at + i] != samples[i] || (i > 0 && _missing[at + i] != 0))
                {
                    return false;
                }
            }

            return true;
        }
    }
}

/// <summary>The audio contract as tests.</summary>
public abstract class AudioContractTests
{
    private protected abstract AudioBinding Binding { get; }

    [TestMethod]
    public void Without_faults_every_sample_is_given() => Expect(Contract.CheckClean());

    [TestMethod]
    public void Each_fault_at_each_boundary_leaves_right_samples_or_a_name()
    {
        foreach (AudioFault fault in Binding.Faults)
        {
            Expect(Contract.Check(fault));
        }
    }

    private AudioContract Contract => new(Binding, port => new Pcm1808(port));

    private static void Expect(IReadOnlyList<string> findings) => Assert.IsEmpty(findings, string.Join(Environment.NewLine, findings));
}
