namespace Firmware.Protocol;

/// <summary>What a frame's body holds. An unknown kind is stored, deduplicated and forwarded like any other.</summary>
public enum FrameKind : byte
{
    /// <summary>One measured number or one stated absence, see <see cref="NumericBody"/>.</summary>
    Numeric = 1,

    /// <summary>A piece of a waveform, see <see cref="WaveformBody"/>.</summary>
    Waveform = 2,

    /// <summary>One heart beat, see <see cref="BeatBody"/>.</summary>
    Beat = 3,

    /// <summary>A piece of sound.</summary>
    Sound = 4,

    /// <summary>A coded event, see <see cref="EventBody"/>.</summary>
    Event = 5,

    /// <summary>Which readings were lost, and why, see <see cref="GapBody"/>.</summary>
    Gap = 6,

    /// <summary>One exchange of clocks with the gateway, see <see cref="ClockBody"/>.</summary>
    Clock = 7,
}
