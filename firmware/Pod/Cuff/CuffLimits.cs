using Firmware.Pod.Supervision;

namespace Firmware.Pod.Cuff;

/// <summary>
/// Every limit of the built-in cuff. Pressures in hundredths of mmHg, times in µs. IEC 80601-2-30 asks: 300 mmHg at most, 330 under a single fault, not above 15 mmHg
/// for longer than 180 s, 30 s below 15 mmHg between two inflations.
/// </summary>
public sealed class CuffLimits
{
    /// <summary>The pump is never asked for more, hundredths of mmHg. Source: IEC 80601-2-30, 201.12.4.105 (300 mmHg), less 20 for overshoot.</summary>
    public int HighestTargetCentiMmHg { get; set; } = 28_000;

    /// <summary>First target without anything known of the patient. Assumption: 40 mmHg above most systolic pressures.</summary>
    public int FirstTargetCentiMmHg { get; set; } = 16_000;

    /// <summary>Added to the last systolic pressure of the session for the target. Source: AHA 2019 (Muntner et al.), palpated pressure + 20 to 30 mmHg.</summary>
    public int AboveSystolicCentiMmHg { get; set; } = 3_000;

    /// <summary>Added to the target when the systolic side was not covered.</summary>
    public int RepeatStepCentiMmHg { get; set; } = 4_000;

    /// <summary>Repetitions at most.</summary>
    public int MaxRepeats { get; set; } = 2;

    /// <summary>The open cuff reads zero within this much of its calibrated zero. Source: facts of IEC 80601-2-30, pressure indication ±3 mmHg.</summary>
    public int ZeroCentiMmHg { get; set; } = 300;

    /// <summary>An uncalibrated part may read this much off when open. Source: Honeywell 32332628, total error band 2.5 % of 300 mmHg.</summary>
    public int UncalibratedZeroCentiMmHg { get; set; } = 750;

    /// <summary>The open cuff's readings may spread this much. Assumption.</summary>
    public int ZeroSpreadCentiMmHg { get; set; } = 150;

    /// <summary>How long the open cuff is read. Assumption.</summary>
    public int ZeroUs { get; set; } = 500_000;

    /// <summary>Without a zero for this long the check has failed.</summary>
    public int ZeroTimeoutUs { get; set; } = 3_000_000;

    /// <summary>The target must be reached within this time.</summary>
    public int InflateTimeoutUs { get; set; } = 30_000_000;

    /// <summary>After this time of pumping there must be <see cref="EarlyCentiMmHg"/>, or the cuff leaks, is off, or is not plugged in.</summary>
    public int EarlyUs { get; set; } = 5_000_000;

    /// <summary>See <see cref="EarlyUs"/>.</summary>
    public int EarlyCentiMmHg { get; set; } = 2_000;

    /// <summary>A faster rise, hundredths of mmHg per second over <see cref="RiseWindow"/> samples, is a kinked hose.</summary>
    public int RiseCentiMmHgPerSecond { get; set; } = 6_000;

    /// <summary>Samples (10 ms each) over which a rise is judged.</summary>
    public int RiseWindow { get; set; } = 10;

    /// <summary>The pump is driven for this rise. Assumption: fast enough for 10 s to 200 mmHg, slow enough to stop within 3 mmHg.</summary>
    public int PumpCentiMmHgPerSecond { get; set; } = 2_500;

    /// <summary>A faster fall over <see cref="FallWindow"/> samples while the valves are not open is a cuff that comes off or a torn hose. Ten times the wanted deflation.</summary>
    public int FallCentiMmHgPerSecond { get; set; } = 3_000;

    /// <summary>Samples over which a fall is judged: longer than the fall of one pulsation.</summary>
    public int FallWindow { get; set; } = 30;

    /// <summary>The cuff is held this long before it bleeds.</summary>
    public int HoldUs { get; set; } = 1_000_000;

    /// <summary>A faster fall while it is held is a leak. Assumption: a tenth of what the bleed needs.</summary>
    public int LeakCentiMmHgPerSecond { get; set; } = 150;

    /// <summary>Deflation wanted. Source: ISO 81060-2, 2 to 3 mmHg/s.</summary>
    public int BleedCentiMmHgPerSecond { get; set; } = 300;

    /// <summary>The bleed ends here at the latest. Assumption: below the lowest diastolic pressure of an adult.</summary>
    public int BleedEndCentiMmHg { get; set; } = 3_000;

    /// <summary>In each such time the bleed must let the pressure fall by <see cref="BleedFallCentiMmHg"/>.</summary>
    public int BleedStuckUs { get; set; } = 8_000_000;

    /// <summary>See <see cref="BleedStuckUs"/>.</summary>
    public int BleedFallCentiMmHg { get; set; } = 500;

    /// <summary>
    /// A bleed that falls more slowly over the last 2 s, when it fell by less than <see cref="BleedFallCentiMmHg"/>, stands: its valve is stuck. Above it is slow. Assumption: half of
    /// what <see cref="BleedFallCentiMmHg"/> in <see cref="BleedStuckUs"/> is, and more than what a pulse leaves in the means of two seconds.
    /// </summary>
    public int BleedStandsCentiMmHgPerSecond { get; set; } = 30;

    /// <summary>When a bleed that became slow had fallen this much, what was measured is looked at; below it nothing can have been measured. Source: the least pulse pressure that is believed, 15 mmHg.</summary>
    public int BleedSomeCentiMmHg { get; set; } = 1_500;

    /// <summary>Two samples further apart than this cannot be a cuff. Source: 40 mmHg in 10 ms is beyond any pump and any valve.</summary>
    public int JumpCentiMmHg { get; set; } = 4_000;

    /// <summary>Without a sample for this long the sensor is lost. 100 ms are allowed, less what one step of the loop takes.</summary>
    public int SensorLostUs { get; set; } = 80_000;

    /// <summary>Above <see cref="PodSituation.InflatedCentiMmHg"/> at most this long, counted from the pump's start, never restarted before the cuff was empty. Source: IEC 80601-2-30, 201.12.1.107 (180 s), less 10 s to empty.</summary>
    public int InflatedUs { get; set; } = 170_000_000;

    /// <summary>The cuff must be empty this long after the valves opened. Source: IEC 80601-2-30, 201.12.1.107.</summary>
    public int DumpUs { get; set; } = 10_000_000;

    /// <summary>Rest with an empty cuff between two inflations. Source: IEC 80601-2-30, 201.12.1.107.</summary>
    public int RestUs { get; set; } = 30_000_000;

    /// <summary>How long a passed self test counts, in the same boot. Assumption: a working day.</summary>
    public long SelfTestUs { get; set; } = 12L * 3600 * 1_000_000;
}
