using Firmware.Protocol;

namespace Firmware.Pod.Store;

/// <summary>What the pod knows of the numbers of one stream in one boot.</summary>
public sealed class StreamLedger
{
    /// <summary>The boot.</summary>
    public uint BootId;

    /// <summary>The stream.</summary>
    public int Stream;

    /// <summary>The stream's class.</summary>
    public FrameClass Class;

    /// <summary>Highest number given out; of an earlier boot: highest seen.</summary>
    public uint Last;

    /// <summary>No number above this may be given out before a new mark is in the store.</summary>
    public uint Ceiling;

    /// <summary>All numbers up to this have left the ring: acknowledged, or declared lost.</summary>
    public uint Released;

    /// <summary>What the store says of <see cref="Released"/>.</summary>
    public uint ReleasedStored;

    /// <summary>True for a stream of an earlier boot whose losses are declared.</summary>
    public bool Closed;

    /// <summary>What the store says of <see cref="Closed"/>.</summary>
    public bool ClosedStored;

    /// <summary>Frames in the ring.</summary>
    public int Live;

    /// <summary>True when a frame that is in the store was released since the last mark.</summary>
    public bool ReleaseDue;

    /// <summary>First number lost and not yet declared; 0 for none.</summary>
    public uint LostFirst;

    /// <summary>Last number lost and not yet declared.</summary>
    public uint LostLast;

    /// <summary>How many readings were lost and not yet declared.</summary>
    public uint LostCount;

    /// <summary>Time of the first lost, µs; 0 when not known.</summary>
    public long LostFirstUs;

    /// <summary>Time of the last lost, µs; 0 when not known.</summary>
    public long LostLastUs;

    /// <summary>Why they were lost.</summary>
    public GapCause LostCause;

    /// <summary>True when the count is a lower bound.</summary>
    public bool LostAtLeast;

    /// <summary>Takes a loss into the range that waits to be declared. Ranges that do not touch are joined into one that holds both.</summary>
    /// <param name="first">First number lost.</param>
    /// <param name="last">Last number lost.</param>
    /// <param name="count">How many readings.</param>
    /// <param name="firstUs">Time of the first, 0 when unknown.</param>
    /// <param name="lastUs">Time of the last, 0 when unknown.</param>
    /// <param name="cause">Why.</param>
    /// <param name="atLeast">True when the count is a lower bound.</param>
    public void AddLoss(uint first, uint last, uint count, long firstUs, long lastUs, GapCause cause, bool atLeast)
    {
        if (LostFirst == 0)
        {
            LostFirst = first;
            LostLast = last;
            LostCount = count;
            LostFirstUs = firstUs;
            LostLastUs = lastUs;
            LostCause = cause;
            LostAtLeast = atLeast;
            return;
        }

        if (first < LostFirst)
        {
            LostFirst = first;
            LostFirstUs = firstUs;
        }

        if (last > LostLast)
        {
            LostLast = last;
            LostLastUs = lastUs;
        }

        LostCount += count;
        LostAtLeast |= atLeast;
        if (LostCause != cause)
        {
            LostCause = GapCause.RingFull;
        }
    }

    /// <summary>How far numbers may be called released now.</summary>
    /// <returns>The number.</returns>
    public uint ReleasedNow()
    {
        uint released = Live == 0 ? Last : Released;
        return LostFirst != 0 && LostFirst <= released ? LostFirst - 1 : released;
    }
}
