namespace Firmware.Pod.Link;

/// <summary>What a pod's link asks of MQTT. The board's link and the simulated one both take it from here, so that the simulated pod is the peer that the board is.</summary>
public static class LinkParameters
{
    /// <summary>
    /// Keep-alive, s. The gateway closes a connection that was silent for one and a half of it, 15 s. Source: MQTT 3.1.1, 3.1.2.10. Assumption: 10 s, so that a pod that has vanished is known
    /// within 15 s; it costs nearly nothing, since the clock exchange (<see cref="PodOptions.TimePeriodMs"/>) sends as often.
    /// </summary>
    public const int KeepAliveSeconds = 10;

    /// <summary>
    /// Messages of QoS 1 in flight; beyond it the link takes none and the pod's uplink waits. Assumption: twice the default of <see cref="PodOptions.WindowMessages"/>, so that the pod's own
    /// window is what bounds it.
    /// </summary>
    public const int Window = 8;
}
