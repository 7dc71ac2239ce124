namespace Firmware.Pod.Supervision;

/// <summary>
/// How long a pod without a link may go on to bind what it measures. While one of its sensors stays on the patient it is at the same patient; when none was for <see cref="PodOptions.SamePatientAfterMs"/>,
/// it may lie in another room, and the next finger may be another patient's. The time counts from when a sensor was last on the patient, whether the link was up then or not.
/// </summary>
public sealed class CarriedAway
{
    /// <summary>A link may be gone for this long before anything is decided, µs. Assumption: nobody carries a pod to another patient and lays it on there in less.</summary>
    public const long GraceUs = 10_000_000;

    private readonly long _afterUs;
    private long _appliedUs = -1;
    private long _goneUs = -1;

    /// <summary>Stores.</summary>
    /// <param name="samePatientAfterMs">The time, ms.</param>
    public CarriedAway(int samePatientAfterMs) => _afterUs = samePatientAfterMs * 1000L;

    /// <summary>An epoch was given, or a measurement was begun from the bedside: somebody says now whose values these are.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void OnPatientNamed(long nowUs) => _appliedUs = nowUs;

    /// <summary>Looks.</summary>
    /// <param name="isConnected">Whether the link is up: then the gateway decides.</param>
    /// <param name="isApplied">Whether a sensor is on the patient.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>True when the pod may bind nothing more.</returns>
    public bool IsOver(bool isConnected, bool isApplied, long nowUs)
    {
        _goneUs = isConnected ? -1 : _goneUs < 0 ? nowUs : _goneUs;

        // One that is on again after the time was over is on another patient perhaps: it does not begin the time anew.
        bool isOver = _appliedUs >= 0 && nowUs - _appliedUs >= _afterUs;
        if (isApplied && (isConnected || !isOver))
        {
            _appliedUs = nowUs;
        }

        return isOver && !isConnected && nowUs - _goneUs >= GraceUs;
    }

    /// <summary>When it is over, if no sensor is on the patient; for a pod without a link.</summary>
    public long OverUs => _appliedUs < 0 || _goneUs < 0 ? long.MaxValue : _appliedUs + _afterUs > _goneUs + GraceUs ? _appliedUs + _afterUs : _goneUs + GraceUs;
}
