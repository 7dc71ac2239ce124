using Firmware.Core;
using Firmware.Protocol;

namespace Firmware.Tests.Protocol;

/// <summary>Golden frames: the hexadecimal text was made from the layout in the contract by another program (Python's struct and zlib.crc32), not by this code.</summary>
[TestClass]
public sealed class FrameTests
{
    private const ulong DeviceId = 0x0011_22FF_FE33_4455;
    private const string Numeric = "01011000554433feff22110007000000100002002a00000015cd5b070000000009000000744b0200a08e0000fd0058007d0000003778357c";
    private const string Waveform = "01021200554433feff22110007000000200002000100000040420f00000000000900000001000004204e000002001200553402ffff031f2c051b";
    private const string Gap = "01062c00554433feff22110007000000010000000300000080841e000000000000000000554433feff22110006000000200003800a0000008a0000000000000005000000000000000600000000000000c6bdfe3c";
    private const string Event = "01050800554433feff221100070000000200000004000000c0c62d000000000000000000e9031000feffffff9f56ff69";
    private const string Clock = "01073400554433feff22110007000000030000000500000000093d0000000000000000006400000000000000bc1b000000000000201c00000000000090010000000000000ce5ffffffffffff64000000e0b1ffff0b0000005b929b51";
    private const string Beat = "01030c00554433feff22110007000000260002002a00000015cd5b07000000000900000015cd5b07000000002c035a00289fa167";

    private static readonly SoftwareCrc32 Crc = new();

    private static byte[] Bytes(string hex)
    {
        byte[] bytes = new byte[hex.Length / 2];
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(("0123456789abcdef".IndexOf(hex[2 * i]) << 4) | "0123456789abcdef".IndexOf(hex[(2 * i) + 1]));
        }

        return bytes;
    }

    private static void AssertFrame(string golden, byte[] buffer, int length)
    {
        byte[] expected = Bytes(golden);
        Assert.AreEqual(expected.Length, length);
        for (int i = 0; i < length; i++)
        {
            Assert.AreEqual(expected[i], buffer[i]);
        }
    }

    [TestMethod]
    public void The_crc_has_the_check_value_of_its_standard()
    {
        byte[] digits = System.Text.Encoding.UTF8.GetBytes("x123456789");
        Assert.AreEqual(0xCBF43926u, Crc.Compute(digits, 1, 9));
        Assert.AreEqual(0u, Crc.Compute(digits, 0, 0));
    }

    [TestMethod]
    public void A_numeric_frame_is_as_golden()
    {
        byte[] buffer = new byte[128];
        NumericBody.Write(buffer, Frame.HeaderLength, MdcCodes.SkinTemperature, 36_512, -3, AbsenceReason.None, 88, 125);
        Frame.WriteHeader(buffer, 0, FrameKind.Numeric, NumericBody.Length, DeviceId, 7, Streams.Temperature, FrameFlags.Simulated, 42, 123_456_789, 9);
        AssertFrame(Numeric, buffer, Frame.Seal(buffer, 0, Crc));
    }

    [TestMethod]
    public void A_beat_frame_is_as_golden_and_reads_back()
    {
        byte[] buffer = new byte[128];
        BeatBody.Write(buffer, Frame.HeaderLength, 123_456_789, 812, 90);
        Frame.WriteHeader(buffer, 0, FrameKind.Beat, BeatBody.Length, DeviceId, 7, Streams.PulseBeats, FrameFlags.Simulated, 42, 123_456_789, 9);
        AssertFrame(Beat, buffer, Frame.Seal(buffer, 0, Crc));
        Assert.AreEqual(123_456_789L, BeatBody.TimeUs(buffer, Frame.HeaderLength));
        Assert.AreEqual(812, BeatBody.IntervalMs(buffer, Frame.HeaderLength));
        Assert.AreEqual(90, BeatBody.Quality(buffer, Frame.HeaderLength));
        BeatBody.Write(buffer, 0, 1, BeatBody.MaxIntervalMs + 1, 0);
        Assert.AreEqual(0, BeatBody.IntervalMs(buffer, 0));
    }

    [TestMethod]
    public void A_waveform_frame_is_as_golden_and_reads_back()
    {
        byte[] buffer = new byte[128];
        int body = Frame.HeaderLength;
        WaveformBody.WriteHead(buffer, body, MdcCodes.RedLightCounts, 20_000, 2, 18);
        WaveformBody.WriteSample(buffer, body, 0, 18, 0x23455);
        WaveformBody.WriteSample(buffer, body, 1, 18, 0x3FFFF);
        Frame.WriteHeader(buffer, 0, FrameKind.Waveform, WaveformBody.Length(2, 18), DeviceId, 7, Streams.RedLight, FrameFlags.Simulated, 1, 1_000_000, 9);
        AssertFrame(Waveform, buffer, Frame.Seal(buffer, 0, Crc));
        Assert.AreEqual(0x23455, WaveformBody.Sample(buffer, body, 0));
        Assert.AreEqual(0x3FFFF, WaveformBody.Sample(buffer, body, 1));
        Assert.AreEqual(2, WaveformBody.Count(buffer, body));
        Assert.AreEqual(20_000u, WaveformBody.PeriodUs(buffer, body));
    }

    [TestMethod]
    public void A_gap_frame_is_as_golden_and_reads_back()
    {
        byte[] buffer = new byte[128];
        int body = Frame.HeaderLength;
        GapBody.Write(buffer, body, DeviceId, 6, Streams.RedLight, GapCause.PowerLost, GapBody.Readings | GapBody.AtLeast, 10, 138, 0, 5, 6);
        Frame.WriteHeader(buffer, 0, FrameKind.Gap, GapBody.Length, DeviceId, 7, Streams.Gaps, 0, 3, 2_000_000, 0);
        AssertFrame(Gap, buffer, Frame.Seal(buffer, 0, Crc));
        Assert.AreEqual(6u, GapBody.BootId(buffer, body));
        Assert.AreEqual(10u, GapBody.First(buffer, body));
        Assert.AreEqual(138u, GapBody.Last(buffer, body));
        Assert.AreEqual(GapBody.AtLeast, GapBody.Unit(buffer, body));
        Assert.AreEqual(6L, GapBody.LastUs(buffer, body));
    }

    [TestMethod]
    public void An_event_and_a_clock_frame_are_as_golden()
    {
        byte[] buffer = new byte[128];
        EventBody.Write(buffer, Frame.HeaderLength, FaultCode.PartAbsent, Streams.Temperature, -2);
        Frame.WriteHeader(buffer, 0, FrameKind.Event, EventBody.Length, DeviceId, 7, Streams.Events, 0, 4, 3_000_000, 0);
        AssertFrame(Event, buffer, Frame.Seal(buffer, 0, Crc));
        Assert.AreEqual(-2, EventBody.Argument(buffer, Frame.HeaderLength));
        ClockBody.Write(buffer, Frame.HeaderLength, 100, 7100, 7200, 400, -6900, 100, -20_000, 11);
        Frame.WriteHeader(buffer, 0, FrameKind.Clock, ClockBody.Length, DeviceId, 7, Streams.Clock, 0, 5, 4_000_000, 0);
        AssertFrame(Clock, buffer, Frame.Seal(buffer, 0, Crc));
        Assert.AreEqual(-6900L, ClockBody.OffsetUs(buffer, Frame.HeaderLength));
        Assert.AreEqual(-20_000, ClockBody.DriftPpb(buffer, Frame.HeaderLength));
    }

    [TestMethod]
    [DataRow(Numeric)]
    [DataRow(Waveform)]
    [DataRow(Gap)]
    [DataRow(Event)]
    [DataRow(Clock)]
    public void Every_flipped_bit_and_every_missing_byte_is_found(string golden)
    {
        byte[] frame = Bytes(golden);
        Assert.AreEqual((int)FrameFault.None, (int)Frame.Check(frame, 0, frame.Length, Crc, out int length));
        Assert.AreEqual(frame.Length, length);
        for (int bit = 0; bit < frame.Length * 8; bit++)
        {
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.IsTrue(Frame.Check(frame, 0, frame.Length, Crc, out length) != FrameFault.None);
            Assert.AreEqual(0, length);
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        for (int count = 0; count < frame.Length; count++)
        {
            Assert.AreEqual((int)FrameFault.TooShort, (int)Frame.Check(frame, 0, count, Crc, out length));
        }
    }

    [TestMethod]
    public void Each_fault_of_a_frame_has_its_name()
    {
        byte[] frame = Bytes(Event);
        frame[0] = 0;
        Assert.AreEqual((int)FrameFault.NoVersion, (int)Frame.Check(frame, 0, frame.Length, Crc, out int _));
        frame = Bytes(Event);
        LittleEndian.WriteUInt16(frame, 2, Frame.MaxBodyLength + 1);
        Assert.AreEqual((int)FrameFault.TooLong, (int)Frame.Check(frame, 0, frame.Length, Crc, out int _));
        frame = Bytes(Event);
        frame[40] ^= 1;
        Assert.AreEqual((int)FrameFault.BadChecksum, (int)Frame.Check(frame, 0, frame.Length, Crc, out int _));
        frame = Bytes(Event);
        LittleEndian.WriteUInt32(frame, 20, 0);
        Frame.Seal(frame, 0, Crc);
        Assert.AreEqual((int)FrameFault.NoSequence, (int)Frame.Check(frame, 0, frame.Length, Crc, out int _));
        frame = Bytes(Event);
        frame[0] = 2;
        frame[1] = 200;
        Frame.Seal(frame, 0, Crc);
        Assert.AreEqual((int)FrameFault.None, (int)Frame.Check(frame, 0, frame.Length, Crc, out int _));
    }
}
