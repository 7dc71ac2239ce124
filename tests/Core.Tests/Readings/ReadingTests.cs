using System;
using System.Linq;
using System.Text;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Journal;
using Firmware.Core;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Readings;

/// <summary>The one value that a reading is, its class, its checksum and its texts.</summary>
[TestClass]
public sealed class ReadingTests
{
    private static readonly FrameStamp Stamp = new(3, BindingReason.ByEpoch, new GatewayMoment(1, 5_000, GatewayMoment.NoUtc, 0));

    [TestMethod]
    public void A_reading_read_back_is_the_reading_that_was_taken_in()
    {
        byte[] frame = Frames.Numeric(Rig.PodA, 7, 16, 9, 123, 100);
        Reading made = Reading.Make(FrameHead.Read(frame), frame, Stamp, RecordClass.Vital);
        Assert.IsTrue(Reading.TryRead(new JournalRecord(4, (byte)JournalRecordType.Frame, RecordClass.Vital, made.Record.ToArray()), out Reading read));
        Assert.AreEqual(made.Head, read.Head);
        Assert.AreEqual(Stamp, read.Stamp);
        Assert.AreEqual(3u, read.Session);
        CollectionAssert.AreEqual(frame, read.Frame.ToArray());
        CollectionAssert.AreEqual(frame[Frame.HeaderLength..^Frame.TrailerLength], read.Body.ToArray());
        Assert.AreEqual(MdcCodes.SkinTemperature, NumericBody.MdcCode(read.Bytes, read.BodyOffset));
    }

    [TestMethod]
    public void What_is_no_whole_frame_is_no_reading()
    {
        byte[] frame = Frames.Numeric(Rig.PodA, 7, 16, 9, 123, 100);
        byte[] record = Reading.Make(FrameHead.Read(frame), frame, Stamp, RecordClass.Vital).Record.ToArray();
        Assert.IsFalse(Reading.TryRead(new JournalRecord(1, (byte)JournalRecordType.Receipt, RecordClass.Control, record), out _), "another type");
        Assert.IsFalse(Reading.TryRead(new JournalRecord(1, (byte)JournalRecordType.Frame, RecordClass.Vital, record.AsMemory(..^1)), out _), "the body is cut");
        Assert.IsFalse(Reading.TryRead(new JournalRecord(1, (byte)JournalRecordType.Frame, RecordClass.Vital, new byte[10]), out _), "shorter than a stamp");
    }

    [TestMethod]
    public void The_parser_gives_the_expected_reading_for_its_own_bytes_and_index_alone()
    {
        byte[] frame = Frames.Numeric(Rig.PodA, 7, 16, 9, 123, 100);
        byte[] other = Frames.Numeric(Rig.PodA, 7, 16, 10, 456, 100);
        Reading expected = Reading.Make(FrameHead.Read(frame), frame, Stamp, RecordClass.Vital);
        Reading next = Reading.Make(FrameHead.Read(other), other, Stamp, RecordClass.Vital);
        ReadingParser parser = new();
        parser.Expect(expected, 5);
        Assert.IsTrue(parser.TryRead(Record(5, next), out Reading read));
        Assert.AreEqual(10u, read.Head.Sequence, "another record of the same index, since the expected one was refused");
        parser.Expect(expected, 6);
        Assert.IsTrue(parser.TryRead(Record(6, expected), out read));
        Assert.AreEqual(9u, read.Head.Sequence);

        // A buffer that is used again for the next record.
        byte[] buffer = expected.Record.ToArray();
        Assert.IsTrue(parser.TryRead(new JournalRecord(7, (byte)JournalRecordType.Frame, RecordClass.Vital, buffer), out _));
        next.Record.CopyTo(buffer);
        Assert.IsTrue(parser.TryRead(new JournalRecord(8, (byte)JournalRecordType.Frame, RecordClass.Vital, buffer), out read));
        Assert.AreEqual(10u, read.Head.Sequence);
    }

    [TestMethod]
    public void A_kept_reading_does_not_change_with_the_record_it_came_from()
    {
        byte[] frame = Frames.Numeric(Rig.PodA, 7, 16, 9, 123, 100);
        byte[] record = Reading.Make(FrameHead.Read(frame), frame, Stamp, RecordClass.Vital).Record.ToArray();
        Assert.IsTrue(Reading.TryRead(new JournalRecord(1, (byte)JournalRecordType.Frame, RecordClass.Vital, record), out Reading read));
        Reading kept = read.Kept();
        Array.Clear(record);
        CollectionAssert.AreEqual(frame, kept.Frame.ToArray());
    }

    [TestMethod]
    [DataRow(FrameKind.Numeric, Streams.Temperature, RecordClass.Vital, "vital")]
    [DataRow(FrameKind.Numeric, Streams.OximeterDieTemperature, RecordClass.Event, "event")]
    [DataRow(FrameKind.Numeric, Streams.CuffPhase, RecordClass.Event, "event")]
    [DataRow(FrameKind.Gap, Streams.Gaps, RecordClass.Vital, "gap")]
    [DataRow(FrameKind.Event, Streams.Events, RecordClass.Event, "event")]
    [DataRow(FrameKind.Beat, Streams.PulseBeats, RecordClass.Event, "event")]
    [DataRow(FrameKind.Clock, Streams.Clock, RecordClass.Event, "event")]
    [DataRow(FrameKind.Waveform, Streams.RedLight, RecordClass.Wave, "wave")]
    [DataRow(FrameKind.Sound, Streams.Sound, RecordClass.Sound, "sound")]
    [DataRow((FrameKind)77, Streams.Temperature, RecordClass.Event, "event")]
    public void Class_and_topic_follow_from_kind_and_stream(FrameKind kind, int stream, RecordClass recordClass, string segment)
    {
        Assert.AreEqual(recordClass, FrameHead.ClassOf(kind, stream));
        Assert.AreEqual(segment, WireWords.TopicOf(kind, stream));
    }

    [TestMethod]
    [DataRow(Streams.OximeterDieTemperature, MdcCodes.DieTemperature)]
    [DataRow(Streams.CuffPhase, MdcCodes.CuffPhase)]
    public void A_status_is_an_event_and_stands_neither_in_state_nor_in_set(int stream, uint mdc)
    {
        Rig rig = new(33);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        rig.Run(5_000_000);
        pod.Publish(Topics.Up(Rig.PodA), rig.ClockFrame(Rig.PodA, 1, 1));
        pod.Publish(Topics.Up(Rig.PodA), Frames.Join(
            Frames.Numeric(Rig.PodA, 1, stream, 1, rig.PodUs, epoch, value: 2, exponent: 0, mdc: mdc), Frames.Numeric(Rig.PodA, 1, 16, 1, rig.PodUs, epoch)));
        rig.Require(() => doctor.Received.Any(m => m.Topic == "cart/C1/session/S1/state" && m.Text.Contains("150388", StringComparison.Ordinal)), "the state with the temperature");
        rig.Run(2_000_000);
        string code = "\"mdc\":" + mdc.ToString(System.Globalization.CultureInfo.InvariantCulture) + ",";
        Arrived[] with = [.. doctor.Received.Where(m => m.Text.Contains(code, StringComparison.Ordinal))];
        Assert.HasCount(1, with, string.Join('\n', with.Select(m => m.Topic)));
        Assert.AreEqual("cart/C1/session/S1/event/" + Topics.DeviceText(Rig.PodA) + "/" + stream.ToString(System.Globalization.CultureInfo.InvariantCulture), with[0].Topic);
        StringAssert.Contains(with[0].Text, "\"kind\":\"status\",\"code\":{");
        Assert.IsTrue(doctor.Received.Any(m => m.Topic == "cart/C1/session/S1/set" && m.Text.Contains("150388", StringComparison.Ordinal)), "the set is out");
    }

    [TestMethod]
    public void The_runtimes_checksum_is_the_pods()
    {
        byte[] bytes = new byte[5_000];
        new Random(5).NextBytes(bytes);
        HashingCrc32 fast = new();
        SoftwareCrc32 pods = new();
        Assert.AreEqual(0xCBF43926u, fast.Compute(Encoding.ASCII.GetBytes("123456789"), 0, 9), "the check value of CRC-32/ISO-HDLC");
        for (int length = 0; length < 200; length++)
        {
            Assert.AreEqual(pods.Compute(bytes, length * 7, length), fast.Compute(bytes, length * 7, length), length.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        Assert.AreEqual(pods.Compute(bytes, 3, 4_096), fast.Compute(bytes, 3, 4_096));
    }

    private static JournalRecord Record(long index, Reading reading) => new(index, (byte)JournalRecordType.Frame, reading.Class, reading.Record);
}
