namespace Firmware.Pod.Cuff;

/// <summary>
/// What the pod knows of the gateway at the other end of its link, for the rule that no cuff holds pressure without a living gateway. Heard is whatever comes from it:
/// an acknowledgement, a command, an answer to a request for its time. Proven is when the newest request or message that was answered left: whatever comes behind that
/// answer, on the same ordered connection, was sent later than this. Times are monotonic µs.
/// </summary>
public sealed class LinkWatch
{
    /// <summary>A cuff in use is emptied when nothing of the gateway was heard for this long, µs. Source: rule "a living gateway" in ARCHITECTURE.md, 5 s.</summary>
    public const int MaxSilenceUs = 5_000_000;

    /// <summary>A command that moves air is refused when it may be older than this, µs. Assumption: as long as the silence that ends a measurement.</summary>
    public const int MaxCommandAgeUs = 5_000_000;

    /// <summary>While a cuff is in use, a probe leaves this long after the last one or the last proof, µs: ten of them within <see cref="MaxSilenceUs"/>.</summary>
    public const int ProbePeriodUs = 500_000;

    /// <summary>The same while the cuff is at rest, µs, so that the age of a command is known.</summary>
    public const int RestProbePeriodUs = 2_000_000;

    private const long Never = long.MinValue / 2;

    private bool _isConnected;
    private long _connectedUs = Never;
    private long _lastReceivedUs = Never;
    private int _correlation;

    /// <summary>Connections lost so far.</summary>
    public int Losses { get; private set; }

    /// <summary>When the newest message left that was answered since the link came up; far in the past for none.</summary>
    public long ProvenUs { get; private set; } = Never;

    /// <summary>The link came up: what was proven of the connection before counts no longer.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Connect(long nowUs)
    {
        _isConnected = true;
        _connectedUs = nowUs;
        _lastReceivedUs = nowUs;
        ProvenUs = Never;
        _correlation = 0;
    }

    /// <summary>The link is gone.</summary>
    public void OnLinkLost()
    {
        _isConnected = false;
        Losses++;
    }

    /// <summary>Something came from the gateway.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Hear(long nowUs) => _lastReceivedUs = nowUs;

    /// <summary>An answer came. A time outside of this connection proves nothing.</summary>
    /// <param name="sentUs">When the message left that it answers.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Answer(long sentUs, long nowUs)
    {
        _lastReceivedUs = nowUs;
        if (sentUs >= _connectedUs && sentUs <= nowUs && sentUs > ProvenUs)
        {
            ProvenUs = sentUs;
        }
    }

    /// <summary>Whether a cuff in use must be emptied.</summary>
    /// <param name="losses">What <see cref="Losses"/> was when the use began: a link that was lost and came back does not go on with what it began.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>True when the link is lost, was lost meanwhile, or is silent.</returns>
    public bool IsLost(int losses, long nowUs) => !_isConnected || Losses != losses || nowUs - _lastReceivedUs >= MaxSilenceUs;

    /// <summary>Whether a command that comes now can be relied on to be new.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>True when it left the gateway within <see cref="MaxCommandAgeUs"/>.</returns>
    public bool IsCommandFresh(long nowUs) => _isConnected && nowUs - ProvenUs <= MaxCommandAgeUs;

    /// <summary>Whether a command that moves air came before on this connection.</summary>
    /// <param name="correlation">The command's; 0 for none.</param>
    /// <returns>True for the correlation of the one before.</returns>
    public bool IsRepeated(int correlation)
    {
        bool isRepeated = correlation != 0 && correlation == _correlation;
        _correlation = correlation;
        return isRepeated;
    }
}
