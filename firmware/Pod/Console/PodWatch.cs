using Firmware.Core;
using Firmware.Protocol;

namespace Firmware.Pod.Console;

/// <summary>What the console notes of the frames that the pod makes: the last exchange of clocks, and the results of the cuff's self test. No value of a patient.</summary>
public sealed class PodWatch
{
    /// <summary>Most results that wait.</summary>
    public const int MaxResults = 16;

    private readonly FaultCode[] _code = new FaultCode[MaxResults];
    private readonly int[] _argument = new int[MaxResults];

    /// <summary>True when clocks were exchanged in this boot.</summary>
    public bool HasClock { get; private set; }

    /// <summary>The gateway's time less the pod's, µs.</summary>
    public long OffsetUs { get; private set; }

    /// <summary>How far it may be wrong, µs.</summary>
    public uint UncertaintyUs { get; private set; }

    /// <summary>When it was found, monotonic µs.</summary>
    public long ClockUs { get; private set; }

    /// <summary>Drift of the pod's clock, parts per billion.</summary>
    public int DriftPpb { get; private set; }

    /// <summary>When the cuff's chain passed its self test last, monotonic µs; below 0 for never.</summary>
    public long CuffPassedUs { get; private set; } = -1;

    /// <summary>Results of the cuff's links that were not taken.</summary>
    public int Results { get; private set; }

    /// <summary>True when a STOP of this boot did not end.</summary>
    public bool StopStands { get; private set; }

    /// <summary>Frames of patients' values that were made in this boot; how many, and nothing of what they say.</summary>
    public long Frames { get; private set; }

    /// <summary>Begins to watch.</summary>
    /// <param name="pod">The pod.</param>
    public void Attach(IPodService pod) => pod.FrameProduced += OnFrame;

    /// <summary>Forgets the results.</summary>
    public void ClearResults() => Results = 0;

    /// <summary>Takes the oldest result.</summary>
    /// <param name="argument">Link and measured value, see BuiltInCuff.LinkFactor.</param>
    /// <returns>Its code.</returns>
    public FaultCode TakeResult(out int argument)
    {
        FaultCode code = _code[0];
        argument = _argument[0];
        Results--;
        for (int i = 0; i < Results; i++)
        {
            _code[i] = _code[i + 1];
            _argument[i] = _argument[i + 1];
        }

        return code;
    }

    private void OnFrame(byte[] buffer, int offset, int length)
    {
        int body = offset + Frame.HeaderLength;
        switch (Frame.Kind(buffer, offset))
        {
            case FrameKind.Clock:
                HasClock = true;
                OffsetUs = ClockBody.OffsetUs(buffer, body);
                UncertaintyUs = ClockBody.UncertaintyUs(buffer, body);
                DriftPpb = ClockBody.DriftPpb(buffer, body);
                ClockUs = Frame.MonotonicUs(buffer, offset);
                break;
            case FrameKind.Event:
                OnEvent(EventBody.Code(buffer, body), EventBody.Argument(buffer, body), Frame.MonotonicUs(buffer, offset));
                break;
            case FrameKind.Health:
                break;
            default:
                Frames++;
                break;
        }
    }

    private void OnEvent(FaultCode code, int argument, long atUs)
    {
        if (code == FaultCode.CuffSelfTestPassed)
        {
            CuffPassedUs = atUs;
            return;
        }

        StopStands |= code == FaultCode.StopDoesNotEnd;
        bool isResult = code == FaultCode.CuffLinkPassed || code == FaultCode.CuffSelfTestFailed;
        if (isResult && Results < MaxResults)
        {
            _code[Results] = code;
            _argument[Results] = argument;
            Results++;
        }
    }
}
