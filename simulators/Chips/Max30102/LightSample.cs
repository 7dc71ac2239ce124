namespace Simulators.Chips;

/// <summary>
/// Photocurrent at one moment, in thousandths of the counts that the part would give at its start-up setting: LED current 6.4 mA (0x20),
/// range 4,096 nA, 18 bit. One count is 15.625 pA.
/// </summary>
/// <param name="RedMilliCounts">Through the finger with the red LED lit at 6.4 mA, ambient light apart; not below 0.</param>
/// <param name="InfraredMilliCounts">The same for the infrared LED.</param>
/// <param name="AmbientMilliCounts">Light from outside; not below 0.</param>
public readonly record struct LightSample(long RedMilliCounts, long InfraredMilliCounts, long AmbientMilliCounts)
{
    /// <summary>From whole counts.</summary>
    /// <param name="red">Red.</param>
    /// <param name="infrared">Infrared.</param>
    /// <param name="ambient">Ambient.</param>
    /// <returns>The sample.</returns>
    public static LightSample FromCounts(long red, long infrared, long ambient = 0) => new(red * 1000, infrared * 1000, ambient * 1000);
}

/// <summary>What shines on the oximeter's photodiode.</summary>
public interface ILightStimulus
{
    /// <summary>The light at a time.</summary>
    /// <param name="us">µs of the simulated world. Asked once per conversion, in order of time.</param>
    /// <returns>The light.</returns>
    LightSample At(long us);
}

/// <summary>What became of one sample of the FIFO.</summary>
public enum FifoFate : byte
{
    /// <summary>Put into the FIFO.</summary>
    Stored = 0,

    /// <summary>The FIFO was full and does not roll over: the sample is lost.</summary>
    Refused = 1,

    /// <summary>The FIFO was full and rolls over: this older sample is lost.</summary>
    Overwritten = 2,

    /// <summary>A reset, a loss of power or a write to the pointers threw it away unread.</summary>
    Discarded = 3,

    /// <summary>Its first byte was read over the bus.</summary>
    Read = 4,
}

/// <summary>One step in the life of one sample.</summary>
/// <param name="Ordinal">The sample's number, from 0, over the simulated chip's whole life.</param>
/// <param name="TimeUs">When its (last) conversion ended, µs of the simulated world.</param>
/// <param name="First">The count of the first channel (red in modes 2 and 3), 0 to 262,143.</param>
/// <param name="Second">The count of the second channel (infrared in mode 3), 0 when there is none.</param>
/// <param name="Third">The count of the third slot in multi-LED mode, 0 when there is none.</param>
/// <param name="Fourth">The count of the fourth slot in multi-LED mode, 0 when there is none.</param>
/// <param name="Fate">What became of it.</param>
public readonly record struct FifoEvent(long Ordinal, long TimeUs, int First, int Second, int Third, int Fourth, FifoFate Fate)
{
    /// <summary>True when the sample can no longer be read.</summary>
    public bool IsLost => Fate is FifoFate.Refused or FifoFate.Overwritten or FifoFate.Discarded;
}
