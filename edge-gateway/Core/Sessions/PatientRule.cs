using Firmware.Protocol;

namespace EdgeGateway.Core.Sessions;

/// <summary>The rule that readings flagged simulated, injected or test never enter a patient's session; it stands here alone.</summary>
internal static class PatientRule
{
    /// <summary>True when a frame must stay out of a session.</summary>
    /// <param name="flags">The frame's flags.</param>
    /// <param name="session">The session.</param>
    /// <param name="production">True when this gateway serves patients now, whatever the session was opened as.</param>
    public static bool Refuses(int flags, Session session, bool production) => (production || session.Production) && (flags & FrameFlags.NotForPatients) != 0;
}
