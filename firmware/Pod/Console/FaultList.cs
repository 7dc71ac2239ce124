using Firmware.Core;
using Firmware.Pod.Configuration;

namespace Firmware.Pod.Console;

/// <summary>What is wrong, as far as this boot knows: standing conditions first, then every code that was reported and is more than an information, each once with its count, the newest first.</summary>
public sealed class FaultList
{
    /// <summary>Most different codes.</summary>
    public const int Capacity = 24;

    /// <summary>Faults that the banner names.</summary>
    public const int ShownInBanner = 4;

    private readonly ConsoleServices _services;
    private readonly FaultCode[] _code = new FaultCode[Capacity];
    private readonly long[] _sinceUs = new long[Capacity];
    private readonly int[] _times = new int[Capacity];
    private int _count;

    /// <summary>Stores.</summary>
    /// <param name="services">The pod.</param>
    public FaultList(ConsoleServices services) => _services = services;

    /// <summary>A code.</summary>
    /// <param name="index">Its place.</param>
    /// <returns>The code.</returns>
    public FaultCode Code(int index) => _code[index];

    /// <summary>When it was first seen in this boot.</summary>
    /// <param name="index">Its place.</param>
    /// <returns>Monotonic µs; 0 for a standing condition.</returns>
    public long SinceUs(int index) => _sinceUs[index];

    /// <summary>How often the newest 128 reports name it.</summary>
    /// <param name="index">Its place.</param>
    /// <returns>The count, at least 1.</returns>
    public int Times(int index) => _times[index];

    /// <summary>Looks.</summary>
    /// <returns>How many.</returns>
    public int Collect()
    {
        _count = 0;
        ConfigurationStore configuration = _services.Configuration;
        Add(_services.IsSafeMode ? FaultCode.SafeMode : FaultCode.None, 0);
        Add(configuration.IsDamaged ? FaultCode.ConfigurationDamaged : FaultCode.None, 0);
        Add(!configuration.IsProvisioned ? FaultCode.PodUnprovisioned : FaultCode.None, 0);
        Add(configuration.WasUndone ? FaultCode.ConfigurationUndone : FaultCode.None, 0);
        Add(configuration.IsOnTrial ? FaultCode.ConfigurationOnTrial : FaultCode.None, 0);
        Add(_services.StartFault, 0);
        Add(_services.Pod != null && _services.Pod.IsReady && !_services.Pod.IsStoreOk ? FaultCode.StoreFailed : FaultCode.None, 0);
        TraceRing? trace = _services.Pod?.Trace;
        for (int i = trace == null ? -1 : trace.Count - 1; i >= 0; i--)
        {
            FaultCode code = (FaultCode)trace!.Code(i);
            if (FaultTexts.IsTrouble(code))
            {
                Add(code, trace.TimeUs(i));
            }
        }

        return _count;
    }

    /// <summary>The one thing to do next.</summary>
    /// <returns>A sentence.</returns>
    public string NextStep()
    {
        if (Collect() > 0)
        {
            return FaultTexts.Next(_code[0]);
        }

        if (_services.Pod == null)
        {
            return "Wait: the pod starts.";
        }

        return !_services.Pod.IsConnected ? "Wait for the gateway; type net and mqtt if it stays away." : "Nothing. Type help for the commands.";
    }

    private void Add(FaultCode code, long atUs)
    {
        if (code == FaultCode.None)
        {
            return;
        }

        for (int i = 0; i < _count; i++)
        {
            if (_code[i] == code)
            {
                _times[i]++;
                _sinceUs[i] = atUs < _sinceUs[i] ? atUs : _sinceUs[i];
                return;
            }
        }

        if (_count < Capacity)
        {
            _code[_count] = code;
            _sinceUs[_count] = atUs;
            _times[_count] = 1;
            _count++;
        }
    }
}
