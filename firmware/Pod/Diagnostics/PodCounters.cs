namespace Firmware.Pod.Diagnostics;

/// <summary>
/// What a pod has counted since its start. At any moment, for frames:
/// <c>Recovered + Produced = Acknowledged + Pending + Evicted</c>.
/// </summary>
public sealed class PodCounters
{
    /// <summary>Frames made since the start.</summary>
    public long Produced;

    /// <summary>Frames of earlier boots found in the store and taken up again.</summary>
    public long Recovered;

    /// <summary>Frames the gateway has taken responsibility for.</summary>
    public long Acknowledged;

    /// <summary>Frames waiting or in flight.</summary>
    public long Pending;

    /// <summary>Frames that gave way in a full ring; each is declared in a gap record.</summary>
    public long Evicted;

    /// <summary>Gap records made.</summary>
    public long Gaps;

    /// <summary>Gap records that could be neither kept nor folded into a wider one (fault P1305).</summary>
    public long GapsDropped;

    /// <summary>Sequence numbers that went to a loss before numbering (a FIFO overrun) and never carried a frame.</summary>
    public long NumbersGivenToLosses;

    /// <summary>Samples declared lost before numbering.</summary>
    public long SamplesLost;

    /// <summary>Samples and values discarded because no session was open, or because they straddled a change of epoch.</summary>
    public long OutsideSession;

    /// <summary>Sound frames whose live copy was given to the link.</summary>
    public long LiveSoundSent;

    /// <summary>Sound frames whose live copy was dropped: the link did not take it, or it was too old. The durable copy is not touched by that.</summary>
    public long LiveSoundDropped;

    /// <summary>Frames written to the store (a frame acknowledged within the flush period never is).</summary>
    public long Stored;

    /// <summary>Bytes appended to the store.</summary>
    public long StoreBytes;

    /// <summary>Flushes of the store.</summary>
    public long StoreFlushes;

    /// <summary>Calls that the store answered with anything but Ok.</summary>
    public long StoreErrors;

    /// <summary>Bytes of the store that were damaged and set aside at the start.</summary>
    public long StoreBytesDamaged;

    /// <summary>Bytes of torn tails cut at the start.</summary>
    public long StoreBytesTorn;

    /// <summary>Messages given to the link.</summary>
    public long MessagesSent;

    /// <summary>Acknowledgements for tickets that were void or unknown.</summary>
    public long AcknowledgementsIgnored;

    /// <summary>Times the link went away.</summary>
    public long LinksLost;

    /// <summary>Times an acknowledgement was overdue and everything was sent again.</summary>
    public long AcknowledgementsOverdue;

    /// <summary>Clock exchanges that ended in a clock sample.</summary>
    public long ClockSamples;

    /// <summary>Clock exchanges without an answer in time.</summary>
    public long ClockTimeouts;

    /// <summary>Clock replies refused: of an old exchange, or with impossible times.</summary>
    public long ClockRepliesRefused;

    /// <summary>Commands that this pod does not know, or of the wrong length.</summary>
    public long CommandsIgnored;

    /// <summary>Events counted into a later one because of the rate limit.</summary>
    public long EventsMerged;

    /// <summary>Transactions on the bus.</summary>
    public long BusTransactions;

    /// <summary>Transactions that did not end with Ok.</summary>
    public long BusErrors;

    /// <summary>Times the bus was found stuck.</summary>
    public long BusStuck;

    /// <summary>Times a stuck bus was freed by clocking.</summary>
    public long BusFreed;
}
