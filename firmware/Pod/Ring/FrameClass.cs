using Firmware.Protocol;

namespace Firmware.Pod;

/// <summary>How long a frame is worth keeping against another; also the order of sending. A stream belongs to one class for ever.</summary>
public enum FrameClass : byte
{
    /// <summary>Vital signs and their absences.</summary>
    Vital = 0,

    /// <summary>Gap records.</summary>
    Gap = 1,

    /// <summary>Events, beats, clock samples, chip health.</summary>
    Event = 2,

    /// <summary>Waveforms and sound: the only class that lives in RAM alone.</summary>
    Wave = 3,
}

/// <summary>Which class a frame belongs to, and what follows from it.</summary>
public static class FrameClasses
{
    /// <summary>How many classes there are.</summary>
    public const int Count = 4;

    /// <summary>The class of a frame.</summary>
    /// <param name="kind">Its kind; an unknown one is a vital sign, the class that is kept longest.</param>
    /// <param name="stream">Its stream.</param>
    /// <returns>The class.</returns>
    public static FrameClass Of(FrameKind kind, int stream)
    {
        switch (kind)
        {
            case FrameKind.Gap:
                return FrameClass.Gap;
            case FrameKind.Event:
            case FrameKind.Beat:
            case FrameKind.Clock:
                return FrameClass.Event;
            case FrameKind.Waveform:
            case FrameKind.Sound:
                return FrameClass.Wave;
            default:
                return stream == Streams.OximeterDieTemperature || stream == Streams.CuffPhase ? FrameClass.Event : FrameClass.Vital;
        }
    }

    /// <summary>
    /// How many sequence numbers of a stream one mark in the store covers; the most that a power cut makes the pod declare beyond
    /// what was produced. Larger means fewer flushes: 128 chunks of light are 32 s.
    /// </summary>
    /// <param name="frameClass">The stream's class.</param>
    /// <returns>Numbers per mark.</returns>
    public static int MarkSpan(FrameClass frameClass) =>
        frameClass == FrameClass.Wave ? 128 : frameClass == FrameClass.Vital ? 32 : 16;
}
