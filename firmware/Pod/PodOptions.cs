using Firmware.Core;
using Firmware.Pod.Cuff;
using Firmware.Protocol;
using Firmware.Signals.Cuff;
using Firmware.Signals.Optical;

namespace Firmware.Pod;

/// <summary>One peripheral wired to the pod.</summary>
public sealed class PeripheralOptions
{
    /// <summary>Names a part and its address.</summary>
    /// <param name="part">The part.</param>
    /// <param name="address">7-bit I2C address, 0x08 to 0x77.</param>
    public PeripheralOptions(PodPart part, int address)
    {
        Part = part;
        Address = address;
    }

    /// <summary>The part.</summary>
    public PodPart Part { get; }

    /// <summary>7-bit I2C address, 0x08 to 0x77; 0 for a part that is not on the I2C bus.</summary>
    public int Address { get; }

    /// <summary>The cuff's outputs, for <see cref="PodPart.Mprls0300"/>.</summary>
    public ICuffActuators? Cuff { get; set; }

    /// <summary>The serial line, for <see cref="PodPart.SunTechNibp"/>: 9,600 baud, 8N1.</summary>
    public ISerialPort? Serial { get; set; }

    /// <summary>The sound, for <see cref="PodPart.Pcm1808"/>.</summary>
    public IAudioPort? Audio { get; set; }

    /// <summary>The cuff's limits. Only tests have others than the default.</summary>
    public CuffLimits CuffLimits { get; set; } = new CuffLimits();

    /// <summary>The cuff sensor's calibration; the default is the uncalibrated part.</summary>
    public CuffCalibration CuffCalibration { get; set; } = new CuffCalibration();

    /// <summary>The oximeter's optics: curve and thresholds of this board. The default is the bare part's.</summary>
    public OpticalCalibration Optics { get; set; } = new OpticalCalibration();

    /// <summary>A driver used in place of the part's own, which must be of the same kind of source; null for the part's own.</summary>
    public IDriver? Driver { get; set; }
}

/// <summary>All that makes one pod differ from another. Every bound has a default; a wrong one is refused by <see cref="PodHost"/>'s constructor.</summary>
public sealed class PodOptions
{
    /// <summary>Names the device and its peripherals.</summary>
    /// <param name="deviceId">The pod's EUI-64.</param>
    /// <param name="peripherals">At most <see cref="MaxPeripherals"/>.</param>
    public PodOptions(ulong deviceId, PeripheralOptions[] peripherals)
    {
        DeviceId = deviceId;
        Peripherals = peripherals;
    }

    /// <summary>Most peripherals on one pod.</summary>
    public const int MaxPeripherals = 8;

    /// <summary>The pod's EUI-64.</summary>
    public ulong DeviceId { get; }

    /// <summary>The peripherals, in the order they are stepped and reported.</summary>
    public PeripheralOptions[] Peripherals { get; }

    /// <summary>True when a fitted part gives sound.</summary>
    public bool HasSound
    {
        get
        {
            for (int i = 0; i < Peripherals.Length; i++)
            {
                if (Peripherals[i].Audio != null || Peripherals[i].Driver is ISoundSource)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Flags set in every frame, see <see cref="FrameFlags"/>; a simulated cart sets <see cref="FrameFlags.Simulated"/>. Default 0.</summary>
    public int FrameFlags { get; set; }

    /// <summary>Reads the clock in the middle of a step, for exact times of the clock exchange; null: the step's own time is used.</summary>
    public IMonotonicClock? Clock { get; set; }

    /// <summary>Tells free memory and the link's signal, for the pod's own health; null: neither is known.</summary>
    public IBoardService? Board { get; set; }

    /// <summary>False: the pod sends nothing of its own health. For recordings that are compared sample by sample: each frame more moves the writes to the store, and with them the moments of samples.</summary>
    public bool SendsHealth { get; set; } = true;

    /// <summary>Starts of this board so far, this one included, for the pod's own health; 0 when nobody counts them.</summary>
    public uint Starts { get; set; }

    /// <summary>Why the boot before ended, for the pod's own health; None for a cut of power or a reset from outside.</summary>
    public FaultCode LastEnd { get; set; }

    /// <summary>RAM for vital signs and absences, bytes. Default 88 KiB: more than 6 minutes of four numbers a second.</summary>
    public int VitalRingBytes { get; set; } = 88 * 1024;

    /// <summary>RAM for gap records, bytes. Default 14 KiB: about 165 of them.</summary>
    public int GapRingBytes { get; set; } = 14 * 1024;

    /// <summary>RAM for events, beats, clock samples and chip health, bytes. Default 22 KiB.</summary>
    public int EventRingBytes { get; set; } = 22 * 1024;

    /// <summary>RAM for waveforms, bytes. Default 96 KiB: about 140 s of both lights.</summary>
    public int WaveRingBytes { get; set; } = 96 * 1024;

    /// <summary>RAM for sound, bytes; allocated on a pod with a stethoscope only. Default 512 KiB: about 31 s.</summary>
    public int SoundRingBytes { get; set; } = 512 * 1024;

    /// <summary>Length at which a segment file is followed by the next, bytes. Default 16,368: what four blocks of the drive hold; 16 more bytes would take a fifth.</summary>
    public int SegmentBytes { get; set; } = 16_368;

    /// <summary>Most segment files. Default 11: with both configurations, records and notes they stay below the 256 KiB of the drive.</summary>
    public int MaxSegments { get; set; } = 11;

    /// <summary>A vital sign, event or gap that is not acknowledged is in the store at the latest after this time, ms. Default 1,000.</summary>
    public int FlushPeriodMs { get; set; } = 1000;

    /// <summary>Messages sent and not acknowledged. Default 4.</summary>
    public int WindowMessages { get; set; } = 4;

    /// <summary>Bytes of waveform and sound that make a message go, at most <see cref="Frame.MaxMessageLength"/>. Default 3,072.</summary>
    public int SendBytes { get; set; } = 3072;

    /// <summary>Time after which a waveform or sound goes in any case, ms. Default 250.</summary>
    public int SendAfterMs { get; set; } = 250;

    /// <summary>Time after which an acknowledgement is overdue and everything not acknowledged is sent again, ms; doubled at each repetition up to 8 times. Default 20,000.</summary>
    public int AcknowledgeTimeoutMs { get; set; } = 20000;

    /// <summary>Period of the clock exchange, ms. Default 10,000; the first five go every second.</summary>
    public int TimePeriodMs { get; set; } = 10000;

    /// <summary>Without a link and with no sensor on a patient for this long, the pod takes its epoch back and binds nothing, ms, at least 1,000. Default 120,000; in a pharmacy 30,000.</summary>
    public int SamePatientAfterMs { get; set; } = 120000;

    /// <summary>Age at which a temperature is stale and its absence is published, ms. Default 3,000.</summary>
    public int TemperatureStaleMs { get; set; } = 3000;

    /// <summary>The time that one temperature is made from, ms. Default 125. Source: TI SNOSD82D, Table 7-7 (8 averaged conversions).</summary>
    public int TemperatureWindowMs { get; set; } = 125;

    /// <summary>
    /// Least quality of SpO2, pulse rate and perfusion index that is published; below it their absence is, with its reason. 0 to 100, default 50;
    /// 0 is for evaluation only.
    /// </summary>
    public int MinPulseQuality { get; set; } = 50;

    /// <summary>Age at which the oximeter's results are stale and their absence is published, ms. Default 3,000.</summary>
    public int PulseStaleMs { get; set; } = 3000;

    /// <summary>Maker, for the state message. Empty: not said.</summary>
    public string Maker { get; set; } = string.Empty;

    /// <summary>Model, for the state message. Empty: not said.</summary>
    public string Model { get; set; } = string.Empty;

    /// <summary>Serial number, for the state message. Empty: not said.</summary>
    public string Serial { get; set; } = string.Empty;

    /// <summary>Firmware version, for the state message. Empty: not said.</summary>
    public string Firmware { get; set; } = string.Empty;
}
