using Firmware.Core;

namespace Firmware.Protocol;

/// <summary>
/// Body of <see cref="FrameKind.Numeric"/>, little endian, 16 bytes or more:
/// <c>0 u32 MDC code | 4 i32 value | 8 i8 exponent | 9 u8 absence | 10 u8 quality | 11 u8 reserved 0 | 12 u32 window ms</c>, and for
/// SpO2 <c>16 u16 ratio R x 10,000 | 18 u16 status</c>, for the oximeter's pulse rate <c>16 u16 status</c>, see <see cref="OximetryStatus"/>, for blood
/// pressure <c>16 u16 status</c>, see <see cref="BloodPressureStatus"/>. Shorter bodies of older pods have no status of the oximeter. The quantity is value x 10^exponent in the unit that the MDC table gives for the code.
/// With an absence other than None the value is 0 and means nothing. The frame's time is the end of the window.
/// </summary>
public static class NumericBody
{
    /// <summary>Length without a ratio.</summary>
    public const int Length = 16;

    /// <summary>Length with a ratio.</summary>
    public const int LengthWithRatio = 18;

    /// <summary>Length with a status.</summary>
    public const int LengthWithStatus = 18;

    /// <summary>Length with a ratio and a status.</summary>
    public const int LengthWithRatioAndStatus = 20;

    /// <summary>Writes the body without a ratio.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <param name="mdcCode">ISO/IEEE 11073-10101 code with its partition (partition x 65,536 + term).</param>
    /// <param name="value">The scaled value; ignored when absent.</param>
    /// <param name="exponent">Power of ten, -128 to 127.</param>
    /// <param name="absence">Why there is no value, or None.</param>
    /// <param name="quality">0 (unusable) to 100.</param>
    /// <param name="windowMs">The time the value was made from, ms.</param>
    public static void Write(byte[] buffer, int offset, uint mdcCode, int value, int exponent, AbsenceReason absence, int quality, uint windowMs)
    {
        LittleEndian.WriteUInt32(buffer, offset, mdcCode);
        LittleEndian.WriteUInt32(buffer, offset + 4, absence == AbsenceReason.None ? (uint)value : 0);
        buffer[offset + 8] = (byte)exponent;
        buffer[offset + 9] = (byte)absence;
        buffer[offset + 10] = (byte)quality;
        buffer[offset + 11] = 0;
        LittleEndian.WriteUInt32(buffer, offset + 12, windowMs);
    }

    /// <summary>Adds the ratio R of an SpO2 value.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <param name="ratioTenThousandths">R x 10,000, 0 to 65,535.</param>
    public static void WriteRatio(byte[] buffer, int offset, int ratioTenThousandths) =>
        LittleEndian.WriteUInt16(buffer, offset + 16, ratioTenThousandths);

    /// <summary>The MDC code.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The code.</returns>
    public static uint MdcCode(byte[] buffer, int offset) => LittleEndian.ReadUInt32(buffer, offset);

    /// <summary>The scaled value.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The value; meaningless when absent.</returns>
    public static int Value(byte[] buffer, int offset) => (int)LittleEndian.ReadUInt32(buffer, offset + 4);

    /// <summary>Power of ten of the value.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The exponent.</returns>
    public static int Exponent(byte[] buffer, int offset) => (sbyte)buffer[offset + 8];

    /// <summary>Why there is no value, or None.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The reason.</returns>
    public static AbsenceReason Absence(byte[] buffer, int offset) => (AbsenceReason)buffer[offset + 9];

    /// <summary>0 (unusable) to 100.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The quality.</returns>
    public static int Quality(byte[] buffer, int offset) => buffer[offset + 10];

    /// <summary>The time the value was made from, ms.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The window in ms.</returns>
    public static uint WindowMs(byte[] buffer, int offset) => LittleEndian.ReadUInt32(buffer, offset + 12);

    /// <summary>R x 10,000; only for bodies of <see cref="LengthWithRatio"/> bytes.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The ratio.</returns>
    public static int RatioTenThousandths(byte[] buffer, int offset) => LittleEndian.ReadUInt16(buffer, offset + 16);
}

/// <summary>
/// What a blood pressure says beside its value, one bit each; systolic, diastolic, mean and pulse of one measurement carry the same. The bits are those
/// of the Bluetooth Blood Pressure Measurement (Source: Bluetooth SIG, Blood Pressure Service 1.1.1, 3.1.1.7), and above them ours.
/// </summary>
public static partial class BloodPressureStatus
{
    /// <summary>Writes the status of a body of <see cref="NumericBody.LengthWithStatus"/>.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <param name="status">The bits.</param>
    public static void Write(byte[] buffer, int offset, int status) => LittleEndian.WriteUInt16(buffer, offset + 16, status);

    /// <summary>The status of a body of <see cref="NumericBody.LengthWithStatus"/>.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The bits.</returns>
    public static int Read(byte[] buffer, int offset) => LittleEndian.ReadUInt16(buffer, offset + 16);
}

/// <summary>
/// What an oximeter says beside its value, one bit each. The two bits that a blood pressure has too (<see cref="BloodPressureStatus"/>) stand at the same
/// place.
/// </summary>
public static partial class OximetryStatus
{
    private const int BesideRatio = NumericBody.LengthWithRatio;

    /// <summary>Writes the status of a body of <see cref="NumericBody.LengthWithStatus"/>.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <param name="status">The bits.</param>
    public static void Write(byte[] buffer, int offset, int status) => LittleEndian.WriteUInt16(buffer, offset + 16, status);

    /// <summary>Writes the status of a body of <see cref="NumericBody.LengthWithRatioAndStatus"/>.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <param name="status">The bits.</param>
    public static void WriteBesideRatio(byte[] buffer, int offset, int status) => LittleEndian.WriteUInt16(buffer, offset + BesideRatio, status);

    /// <summary>The status of a body of <see cref="NumericBody.LengthWithStatus"/>.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The bits.</returns>
    public static int Read(byte[] buffer, int offset) => LittleEndian.ReadUInt16(buffer, offset + 16);

    /// <summary>The status of a body of <see cref="NumericBody.LengthWithRatioAndStatus"/>.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The bits.</returns>
    public static int ReadBesideRatio(byte[] buffer, int offset) => LittleEndian.ReadUInt16(buffer, offset + BesideRatio);
}

/// <summary>
/// Body of <see cref="FrameKind.Waveform"/>, little endian: <c>0 u32 MDC code | 4 u32 period µs | 8 u16 count | 10 u8 bits |
/// 11 u8 reserved 0 | 12 samples</c>. Samples are unsigned counts of <c>bits</c> significant bits, each in the fewest whole bytes
/// (18 bits: 3 bytes). Sample i was taken at the frame's time + i x period.
/// </summary>
public static class WaveformBody
{
    /// <summary>Bytes before the first sample.</summary>
    public const int SamplesOffset = 12;

    /// <summary>Length of a body of <paramref name="count"/> samples.</summary>
    /// <param name="count">How many samples.</param>
    /// <param name="bits">Significant bits, 1 to 24.</param>
    /// <returns>Bytes.</returns>
    public static int Length(int count, int bits) => SamplesOffset + (count * BytesPerSample(bits));

    /// <summary>Bytes of one sample.</summary>
    /// <param name="bits">Significant bits, 1 to 24.</param>
    /// <returns>1 to 3.</returns>
    public static int BytesPerSample(int bits) => (bits + 7) / 8;

    /// <summary>Writes all but the samples.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <param name="mdcCode">ISO/IEEE 11073-10101 code.</param>
    /// <param name="periodUs">Time between samples, µs.</param>
    /// <param name="count">How many samples.</param>
    /// <param name="bits">Significant bits, 1 to 24.</param>
    public static void WriteHead(byte[] buffer, int offset, uint mdcCode, uint periodUs, int count, int bits)
    {
        LittleEndian.WriteUInt32(buffer, offset, mdcCode);
        LittleEndian.WriteUInt32(buffer, offset + 4, periodUs);
        LittleEndian.WriteUInt16(buffer, offset + 8, count);
        buffer[offset + 10] = (byte)bits;
        buffer[offset + 11] = 0;
    }

    /// <summary>Writes one sample.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <param name="index">Which sample, from 0.</param>
    /// <param name="bits">Significant bits, 1 to 24.</param>
    /// <param name="count">The count to write.</param>
    public static void WriteSample(byte[] buffer, int offset, int index, int bits, int count)
    {
        int bytes = BytesPerSample(bits);
        int place = offset + SamplesOffset + (index * bytes);
        for (int i = 0; i < bytes; i++)
        {
            buffer[place + i] = (byte)(count >> (8 * i));
        }
    }

    /// <summary>The MDC code.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The code.</returns>
    public static uint MdcCode(byte[] buffer, int offset) => LittleEndian.ReadUInt32(buffer, offset);

    /// <summary>Time between samples, µs.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The period.</returns>
    public static uint PeriodUs(byte[] buffer, int offset) => LittleEndian.ReadUInt32(buffer, offset + 4);

    /// <summary>How many samples.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The number of samples.</returns>
    public static int Count(byte[] buffer, int offset) => LittleEndian.ReadUInt16(buffer, offset + 8);

    /// <summary>Significant bits of a sample.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>1 to 24.</returns>
    public static int Bits(byte[] buffer, int offset) => buffer[offset + 10];

    /// <summary>One sample.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <param name="index">Which, from 0.</param>
    /// <returns>The count.</returns>
    public static int Sample(byte[] buffer, int offset, int index)
    {
        int bytes = BytesPerSample(Bits(buffer, offset));
        int place = offset + SamplesOffset + (index * bytes);
        int value = 0;
        for (int i = 0; i < bytes; i++)
        {
            value |= buffer[place + i] << (8 * i);
        }

        return value;
    }
}

/// <summary>
/// Body of <see cref="FrameKind.Beat"/>, little endian, 12 bytes or more: <c>0 u64 time of the beat, µs since boot | 8 u16 interval ms | 10 u8 quality |
/// 11 u8 reserved 0</c>. The time is that of the systolic peak of the pulsation and is also the frame's. The interval is the time since the beat before
/// it, 0 when none is known to be its neighbour. The quality is the pulse's at that time: 0 (not yet judged, or unusable) to 100.
/// </summary>
public static class BeatBody
{
    /// <summary>Length in bytes.</summary>
    public const int Length = 12;

    /// <summary>Longest interval that is written, ms; a longer one is written as 0.</summary>
    public const int MaxIntervalMs = 65535;

    /// <summary>Writes the body.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <param name="timeUs">Time of the beat, µs since boot.</param>
    /// <param name="intervalMs">Time since the beat before, ms; 0 for unknown.</param>
    /// <param name="quality">0 to 100.</param>
    public static void Write(byte[] buffer, int offset, long timeUs, int intervalMs, int quality)
    {
        LittleEndian.WriteUInt64(buffer, offset, (ulong)timeUs);
        LittleEndian.WriteUInt16(buffer, offset + 8, intervalMs < 0 || intervalMs > MaxIntervalMs ? 0 : intervalMs);
        buffer[offset + 10] = (byte)quality;
        buffer[offset + 11] = 0;
    }

    /// <summary>Time of the beat, µs since boot.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The time.</returns>
    public static long TimeUs(byte[] buffer, int offset) => (long)LittleEndian.ReadUInt64(buffer, offset);

    /// <summary>Time since the beat before, ms; 0 for unknown.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The interval.</returns>
    public static int IntervalMs(byte[] buffer, int offset) => LittleEndian.ReadUInt16(buffer, offset + 8);

    /// <summary>Quality of the pulse, 0 to 100.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The quality.</returns>
    public static int Quality(byte[] buffer, int offset) => buffer[offset + 10];
}

/// <summary>
/// Body of <see cref="FrameKind.Sound"/>, little endian: <c>0 u16 sample rate Hz | 2 u8 codec | 3 u8 reserved 0 | 4 u16 count of samples | 6 u16 RMS level |
/// 8 u16 peak | 10 u16 clipped samples | 12 samples</c>. Level and peak are in counts of 16 bits (0 to 32,768) of the raw samples; clipped are samples in runs of 3 or
/// more at 0.99 of full scale or above. The frame's time is that of the first sample.
/// </summary>
public static class SoundBody
{
    /// <summary>Bytes before the first sample.</summary>
    public const int SamplesOffset = 12;

    /// <summary>Magnitude from which a sample is at full scale, counts. Source: 0.99 x 32,768.</summary>
    public const int FullScaleCounts = 32440;

    /// <summary>Samples in a row at full scale that count as clipped.</summary>
    public const int ClippedRun = 3;

    /// <summary>Writes all but the samples.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <param name="sampleRateHz">Samples per second.</param>
    /// <param name="codec">How they are written.</param>
    /// <param name="count">How many samples.</param>
    /// <param name="level">RMS, counts.</param>
    /// <param name="peak">Largest magnitude, counts.</param>
    /// <param name="clipped">Clipped samples.</param>
    public static void WriteHead(byte[] buffer, int offset, int sampleRateHz, SoundCodec codec, int count, int level, int peak, int clipped)
    {
        LittleEndian.WriteUInt16(buffer, offset, sampleRateHz);
        buffer[offset + 2] = (byte)codec;
        buffer[offset + 3] = 0;
        LittleEndian.WriteUInt16(buffer, offset + 4, count);
        LittleEndian.WriteUInt16(buffer, offset + 6, level);
        LittleEndian.WriteUInt16(buffer, offset + 8, peak);
        LittleEndian.WriteUInt16(buffer, offset + 10, clipped);
    }

    /// <summary>Samples per second.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>Hz.</returns>
    public static int SampleRateHz(byte[] buffer, int offset) => LittleEndian.ReadUInt16(buffer, offset);

    /// <summary>How the samples are written.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The codec; one that is not known may come.</returns>
    public static SoundCodec Codec(byte[] buffer, int offset) => (SoundCodec)buffer[offset + 2];

    /// <summary>How many samples.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The number of samples.</returns>
    public static int Count(byte[] buffer, int offset) => LittleEndian.ReadUInt16(buffer, offset + 4);

    /// <summary>RMS of the raw samples.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>Counts.</returns>
    public static int Level(byte[] buffer, int offset) => LittleEndian.ReadUInt16(buffer, offset + 6);

    /// <summary>Largest magnitude of the raw samples.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>Counts.</returns>
    public static int Peak(byte[] buffer, int offset) => LittleEndian.ReadUInt16(buffer, offset + 8);

    /// <summary>Clipped samples.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>How many.</returns>
    public static int Clipped(byte[] buffer, int offset) => LittleEndian.ReadUInt16(buffer, offset + 10);
}

/// <summary>Body of <see cref="FrameKind.Event"/>, little endian, 8 bytes: <c>0 u16 fault code | 2 u16 about stream (0 = none) | 4 i32 argument</c>.</summary>
public static class EventBody
{
    /// <summary>Length in bytes.</summary>
    public const int Length = 8;

    /// <summary>Writes the body.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <param name="code">Code in hardware/faults.json.</param>
    /// <param name="stream">The stream it is about, 0 for none.</param>
    /// <param name="argument">A number whose meaning the catalogue gives for the code.</param>
    public static void Write(byte[] buffer, int offset, FaultCode code, int stream, int argument)
    {
        LittleEndian.WriteUInt16(buffer, offset, (int)code);
        LittleEndian.WriteUInt16(buffer, offset + 2, stream);
        LittleEndian.WriteUInt32(buffer, offset + 4, (uint)argument);
    }

    /// <summary>Code in hardware/faults.json; may be unknown to this code.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The code.</returns>
    public static FaultCode Code(byte[] buffer, int offset) => (FaultCode)LittleEndian.ReadUInt16(buffer, offset);

    /// <summary>The stream it is about, 0 for none.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The stream.</returns>
    public static int Stream(byte[] buffer, int offset) => LittleEndian.ReadUInt16(buffer, offset + 2);

    /// <summary>A number whose meaning the catalogue gives for the code.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The argument.</returns>
    public static int Argument(byte[] buffer, int offset) => (int)LittleEndian.ReadUInt32(buffer, offset + 4);
}

/// <summary>
/// Body of <see cref="FrameKind.Gap"/>, little endian, 44 bytes: <c>0 u64 deviceId | 8 u32 bootId | 12 u16 stream | 14 u8 cause |
/// 15 u8 unit (0 readings, 1 samples; +0x80 at least) | 16 u32 first | 20 u32 last | 24 u32 count | 28 u64 firstUs | 36 u64 lastUs</c>.
/// The lost sequence numbers are first to last, both included. A loss that happened before numbering (a FIFO overrun) takes one
/// sequence number of its stream for itself, so that first = last and the place in the order is known.
/// </summary>
public static class GapBody
{
    /// <summary>Length in bytes.</summary>
    public const int Length = 44;

    /// <summary>Unit: whole readings (frames).</summary>
    public const int Readings = 0;

    /// <summary>Unit: samples of a waveform.</summary>
    public const int Samples = 1;

    /// <summary>Added to the unit when the count is a lower bound.</summary>
    public const int AtLeast = 0x80;

    /// <summary>Writes the body.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <param name="deviceId">Device that lost them.</param>
    /// <param name="bootId">Its boot.</param>
    /// <param name="stream">Its stream.</param>
    /// <param name="cause">Why.</param>
    /// <param name="unit"><see cref="Readings"/> or <see cref="Samples"/>, plus <see cref="AtLeast"/> when the count is a lower bound.</param>
    /// <param name="first">First lost sequence number.</param>
    /// <param name="last">Last lost sequence number.</param>
    /// <param name="count">How many were lost, in the unit.</param>
    /// <param name="firstUs">Time of the first lost, µs since boot; 0 when unknown.</param>
    /// <param name="lastUs">Time of the last lost, µs since boot; 0 when unknown.</param>
    public static void Write(
        byte[] buffer,
        int offset,
        ulong deviceId,
        uint bootId,
        int stream,
        GapCause cause,
        int unit,
        uint first,
        uint last,
        uint count,
        long firstUs,
        long lastUs)
    {
        LittleEndian.WriteUInt64(buffer, offset, deviceId);
        LittleEndian.WriteUInt32(buffer, offset + 8, bootId);
        LittleEndian.WriteUInt16(buffer, offset + 12, stream);
        buffer[offset + 14] = (byte)cause;
        buffer[offset + 15] = (byte)unit;
        LittleEndian.WriteUInt32(buffer, offset + 16, first);
        LittleEndian.WriteUInt32(buffer, offset + 20, last);
        LittleEndian.WriteUInt32(buffer, offset + 24, count);
        LittleEndian.WriteUInt64(buffer, offset + 28, (ulong)firstUs);
        LittleEndian.WriteUInt64(buffer, offset + 36, (ulong)lastUs);
    }

    /// <summary>Device that lost them.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The device id.</returns>
    public static ulong DeviceId(byte[] buffer, int offset) => LittleEndian.ReadUInt64(buffer, offset);

    /// <summary>Its boot.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The boot id.</returns>
    public static uint BootId(byte[] buffer, int offset) => LittleEndian.ReadUInt32(buffer, offset + 8);

    /// <summary>Its stream.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The stream.</returns>
    public static int Stream(byte[] buffer, int offset) => LittleEndian.ReadUInt16(buffer, offset + 12);

    /// <summary>Why.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The cause.</returns>
    public static GapCause Cause(byte[] buffer, int offset) => (GapCause)buffer[offset + 14];

    /// <summary>What <see cref="Count"/> counts.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The unit byte.</returns>
    public static int Unit(byte[] buffer, int offset) => buffer[offset + 15];

    /// <summary>First lost sequence number.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The sequence.</returns>
    public static uint First(byte[] buffer, int offset) => LittleEndian.ReadUInt32(buffer, offset + 16);

    /// <summary>Last lost sequence number.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The sequence.</returns>
    public static uint Last(byte[] buffer, int offset) => LittleEndian.ReadUInt32(buffer, offset + 20);

    /// <summary>How many were lost.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The count.</returns>
    public static uint Count(byte[] buffer, int offset) => LittleEndian.ReadUInt32(buffer, offset + 24);

    /// <summary>Time of the first lost, µs since boot; 0 when unknown.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The time.</returns>
    public static long FirstUs(byte[] buffer, int offset) => (long)LittleEndian.ReadUInt64(buffer, offset + 28);

    /// <summary>Time of the last lost, µs since boot; 0 when unknown.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The time.</returns>
    public static long LastUs(byte[] buffer, int offset) => (long)LittleEndian.ReadUInt64(buffer, offset + 36);
}

/// <summary>
/// Body of <see cref="FrameKind.Clock"/>, little endian, 52 bytes: one exchange in the manner of RFC 5905.
/// <c>0 u64 t1 | 8 u64 t2 | 16 u64 t3 | 24 u64 t4 | 32 i64 offset µs | 40 u32 uncertainty µs | 44 i32 drift ppb | 48 u32 gatewayBootId</c>.
/// t1 and t4 are the pod's monotonic µs (request sent, reply received), t2 and t3 the gateway's (request received, reply sent);
/// offset = gateway minus pod = ((t2 - t1) + (t3 - t4)) / 2; uncertainty = ((t4 - t1) - (t3 - t2)) / 2, rounded up.
/// </summary>
public static class ClockBody
{
    /// <summary>Length in bytes.</summary>
    public const int Length = 52;

    /// <summary>Writes the body.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <param name="t1">Request sent, pod µs.</param>
    /// <param name="t2">Request received, gateway µs.</param>
    /// <param name="t3">Reply sent, gateway µs.</param>
    /// <param name="t4">Reply received, pod µs.</param>
    /// <param name="offsetUs">Gateway minus pod, µs.</param>
    /// <param name="uncertaintyUs">Half the round trip, µs.</param>
    /// <param name="driftPpb">How much faster the gateway's clock runs, parts per billion.</param>
    /// <param name="gatewayBootId">Which start of the gateway the exchange belongs to.</param>
    public static void Write(
        byte[] buffer,
        int offset,
        long t1,
        long t2,
        long t3,
        long t4,
        long offsetUs,
        uint uncertaintyUs,
        int driftPpb,
        uint gatewayBootId)
    {
        LittleEndian.WriteUInt64(buffer, offset, (ulong)t1);
        LittleEndian.WriteUInt64(buffer, offset + 8, (ulong)t2);
        LittleEndian.WriteUInt64(buffer, offset + 16, (ulong)t3);
        LittleEndian.WriteUInt64(buffer, offset + 24, (ulong)t4);
        LittleEndian.WriteUInt64(buffer, offset + 32, (ulong)offsetUs);
        LittleEndian.WriteUInt32(buffer, offset + 40, uncertaintyUs);
        LittleEndian.WriteUInt32(buffer, offset + 44, (uint)driftPpb);
        LittleEndian.WriteUInt32(buffer, offset + 48, gatewayBootId);
    }

    /// <summary>Request sent, pod µs.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>t1.</returns>
    public static long T1(byte[] buffer, int offset) => (long)LittleEndian.ReadUInt64(buffer, offset);

    /// <summary>Request received, gateway µs.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>t2.</returns>
    public static long T2(byte[] buffer, int offset) => (long)LittleEndian.ReadUInt64(buffer, offset + 8);

    /// <summary>Reply sent, gateway µs.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>t3.</returns>
    public static long T3(byte[] buffer, int offset) => (long)LittleEndian.ReadUInt64(buffer, offset + 16);

    /// <summary>Reply received, pod µs.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>t4.</returns>
    public static long T4(byte[] buffer, int offset) => (long)LittleEndian.ReadUInt64(buffer, offset + 24);

    /// <summary>Gateway minus pod, µs.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The offset.</returns>
    public static long OffsetUs(byte[] buffer, int offset) => (long)LittleEndian.ReadUInt64(buffer, offset + 32);

    /// <summary>Half the round trip, µs.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The uncertainty.</returns>
    public static uint UncertaintyUs(byte[] buffer, int offset) => LittleEndian.ReadUInt32(buffer, offset + 40);

    /// <summary>How much faster the gateway's clock runs, parts per billion.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The drift.</returns>
    public static int DriftPpb(byte[] buffer, int offset) => (int)LittleEndian.ReadUInt32(buffer, offset + 44);

    /// <summary>Which start of the gateway the exchange belongs to.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where the body begins.</param>
    /// <returns>The gateway's boot id.</returns>
    public static uint GatewayBootId(byte[] buffer, int offset) => LittleEndian.ReadUInt32(buffer, offset + 48);
}
