using Firmware.Protocol;

namespace Firmware.Pod.Store;

/// <summary>
/// Where a frame waits on the pod: a <see cref="SignalClass"/>, but that gap records have RAM of their own, so that neither they nor the vital signs can push
/// the other out. A stream belongs to one class for ever. The number stands in the marks of the store, so it never changes; the order of sending is a
/// table of its own, <see cref="FrameClasses.InOrderOfSending"/>.
/// </summary>
public enum FrameClass : byte
{
    /// <summary>Vital signs and their absences.</summary>
    Vital = 0,

    /// <summary>Gap records: kept, stored and sent like vital signs.</summary>
    Gap = 1,

    /// <summary>Events, beats, clock samples, chip health.</summary>
    Event = 2,

    /// <summary>Waveforms. In RAM alone.</summary>
    Wave = 3,

    /// <summary>Sound. In RAM alone.</summary>
    Sound = 4,
}

/// <summary>Which class a frame belongs to, and what follows from it.</summary>
public static class FrameClasses
{
    /// <summary>How many classes there are.</summary>
    public const int Count = 5;

    /// <summary>How many classes go to the store and are sent at once: those with the lowest numbers.</summary>
    public const int DurableCount = 3;

    private static readonly byte[] Order = [(byte)FrameClass.Vital, (byte)FrameClass.Gap, (byte)FrameClass.Event, (byte)FrameClass.Sound, (byte)FrameClass.Wave];

    /// <summary>The class at one place of the order of sending: vital signs, gap records, events, sound, waveforms.</summary>
    /// <param name="place">0 (goes first) to <see cref="Count"/> - 1.</param>
    /// <returns>The class.</returns>
    public static FrameClass InOrderOfSending(int place) => (FrameClass)Order[place];

    /// <summary>Whether frames of a class go to the store.</summary>
    /// <param name="frameClass">The class.</param>
    /// <returns>False for those that live in RAM alone.</returns>
    public static bool IsDurable(FrameClass frameClass) => (int)frameClass < DurableCount;

    /// <summary>The class of a frame.</summary>
    /// <param name="kind">Its kind; an unknown one goes with the events.</param>
    /// <param name="stream">Its stream.</param>
    /// <returns>The class.</returns>
    public static FrameClass Of(FrameKind kind, int stream)
    {
        if (kind == FrameKind.Gap)
        {
            return FrameClass.Gap;
        }

        switch (SignalTable.ClassOf(kind, stream))
        {
            case SignalClass.Vital:
                return FrameClass.Vital;
            case SignalClass.Sound:
                return FrameClass.Sound;
            case SignalClass.Wave:
                return FrameClass.Wave;
            default:
                return FrameClass.Event;
        }
    }

    /// <summary>The class of a stream of this pod, before its first frame.</summary>
    /// <param name="stream">One of <see cref="Streams"/>.</param>
    /// <returns>The class that <see cref="Of"/> gives its frames.</returns>
    public static FrameClass OfStream(int stream)
    {
        switch (stream)
        {
            case Streams.Gaps:
                return FrameClass.Gap;
            case Streams.Events:
            case Streams.Clock:
            case Streams.Health:
            case Streams.PulseBeats:
                return FrameClass.Event;
            case Streams.RedLight:
            case Streams.InfraredLight:
            case Streams.CuffPressure:
                return FrameClass.Wave;
            case Streams.Sound:
                return FrameClass.Sound;
            default:
                return Of(FrameKind.Numeric, stream);
        }
    }

    /// <summary>
    /// How many sequence numbers of a stream a mark covers that is written before a time without writing: more than the stream gives in 4 minutes, which the longest self test and the longest
    /// inflation stay below. Light has 4 frames a second and a little more; beats come up to 240 a minute; of numbers there is one a second. Sound pauses meanwhile.
    /// </summary>
    /// <param name="frameClass">The stream's class.</param>
    /// <returns>Numbers per mark.</returns>
    public static int HeldSpan(FrameClass frameClass)
    {
        switch (frameClass)
        {
            case FrameClass.Vital:
                return 256;
            case FrameClass.Gap:
                return 64;
            case FrameClass.Sound:
                return MarkSpan(FrameClass.Sound);
            default:
                return 1024;
        }
    }

    /// <summary>
    /// How many sequence numbers of a stream one mark in the store covers; the most that a power cut makes the pod declare beyond
    /// what was produced. Larger means fewer flushes: 128 chunks of light are 32 s, 512 of sound 51 s.
    /// </summary>
    /// <param name="frameClass">The stream's class.</param>
    /// <returns>Numbers per mark.</returns>
    public static int MarkSpan(FrameClass frameClass)
    {
        switch (frameClass)
        {
            case FrameClass.Vital:
                return 32;
            case FrameClass.Wave:
                return 128;
            case FrameClass.Sound:
                return 512;
            default:
                return 16;
        }
    }
}
