using System;
using System.Collections.Generic;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Core.Time;
using EdgeGateway.Journal;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Kernel;

namespace Core.Tests.Records;

/// <summary>Records, projections, time and binding: pure parts, with random histories.</summary>
[TestClass]
public sealed class ProjectionTests
{
    [TestMethod]
    public void Record_layouts_are_fixed()
    {
        GatewayMoment at = new(3, 0x1122334455667788, 0x0102030405060708, 0xA1B2C3D4);
        const string Moment = "03000000" + "8877665544332211" + "0807060504030201" + "D4C3B2A1";
        StreamKey key = new(0x02AABBFFFE0000A1, 7, 16);
        const string Key = "A10000FEFFBBAA02" + "07000000" + "1000";
        Golden("01000000" + "B179379E", new EpochIssuedRecord(1, 0x9E3779B1).Encode());
        Golden("05000000" + "B179379E" + Moment + "01" + "02" + "5331", new SessionOpenedRecord(5, 0x9E3779B1, at, true, "S1").Encode());
        Golden("05000000" + Moment, new SessionClosedRecord(5, at).Encode());
        Golden(
            "01000100" + "05000000" + Key + "01" + "00" + "09000000" + "2A00000000000000" + "0807060504030201" + "68100000",
            SentMarkRecord.Encode([new SentEntry(5, key, 9, 42, 0x0102030405060708, 4200, true)]));
        Golden(
            "05000000" + "02" + "6431" + "0100" + Key + "09000000" + "08000000" + "01" + "02000000" + "03000000",
            new ReceiptRecord(5, "d1", [new ReceiptStream(key, 9, 8, [new SequenceRange(2, 3)])]).Encode());
        Golden(Moment, new TimeMappingRecord(at).Encode());
        Golden(Moment, new GatewayBootRecord(at).Encode());
        Golden("2A00000000000000" + "0700000000000000", new CorrectionMarkRecord(42, 7).Encode());
        Golden(
            "05000000" + Key + "01000000" + "02000000" + "02000000" + "2A00000000000000" + "05",
            new StoreLossRecord(5, key, 1, 2, 2, 42, GapCause.JournalFull).Encode());
        byte[] frame = Frames.Numeric(Rig.PodA, 7, 16, 9, 5, 6);
        byte[] record = new byte[FrameStamp.Length + frame.Length];
        new FrameStamp(5, BindingReason.ByTime, at).Write(record, frame);
        Golden("01" + "01" + "0000" + "05000000" + Moment + Convert.ToHexString(frame), record);
    }

    [TestMethod]
    [DataRow(1UL)]
    [DataRow(2UL)]
    [DataRow(3UL)]
    [DataRow(4UL)]
    public void Every_projection_restored_at_any_point_ends_where_the_whole_history_does(ulong seed)
    {
        List<JournalRecord> history = History(seed, 600);
        SeededRandom random = new(seed + 100);
        foreach (Func<IJournalProjection> make in Makers)
        {
            IJournalProjection whole = make();
            foreach (JournalRecord record in history)
            {
                whole.Apply(record);
            }

            for (int trial = 0; trial < 8; trial++)
            {
                int cut = random.NextInt32(history.Count);
                IJournalProjection before = make();
                foreach (JournalRecord record in history[..cut])
                {
                    before.Apply(record);
                }

                byte[] saved = before.Save();
                IJournalProjection after = make();
                Assert.IsTrue(after.TryLoad(saved), whole.Name);
                CollectionAssert.AreEqual(saved, after.Save(), whole.Name);
                foreach (JournalRecord record in history[cut..])
                {
                    after.Apply(record);
                }

                CollectionAssert.AreEqual(whole.Save(), after.Save(), "seed " + seed + ", " + whole.Name + " restored at " + cut);
            }

            Assert.IsFalse(make().TryLoad([9, 9, 9]), whole.Name);
            Assert.IsFalse(make().TryLoad(whole.Save().AsSpan(0, whole.Save().Length - 1)), whole.Name + ": a torn state is refused");
        }
    }

    [TestMethod]
    [DataRow(1UL)]
    [DataRow(2UL)]
    [DataRow(3UL)]
    public void High_water_and_holes_agree_with_a_plain_set(ulong seed)
    {
        SeededRandom random = new(seed);
        DeduplicationProjection projection = new(Rig.Gateway);
        HashSet<uint> stored = [];
        HashSet<uint> declared = [];
        uint high = 0;
        uint gaps = 0;
        for (int i = 1; i <= 2000; i++)
        {
            uint sequence = (uint)(1 + random.NextInt32(120));
            StreamKey key = new(Rig.PodA, 1, 16);
            if (random.NextInt32(20) == 0)
            {
                uint last = sequence + (uint)random.NextInt32(4);
                projection.Apply(Record(i, Frames.Gap(Rig.PodA, 1, ++gaps, 0, 0, 16, sequence, last, GapCause.RingFull), 0));
                high = Math.Max(high, last);
                for (uint lost = sequence; lost <= last; lost++)
                {
                    if (!stored.Contains(lost))
                    {
                        declared.Add(lost);
                    }
                }
            }
            else
            {
                Assert.AreEqual(stored.Contains(sequence), projection.IsDuplicate(key, sequence), "seed " + seed + " at " + i);
                if (stored.Add(sequence))
                {
                    projection.Apply(Record(i, Frames.Numeric(Rig.PodA, 1, 16, sequence, 0, 0), 0));
                }

                declared.Remove(sequence);
                high = Math.Max(high, sequence);
            }

            if (projection.Find(key) is { } marks)
            {
                Assert.AreEqual(stored.Count, marks.Stored);
                Assert.AreEqual(declared.Count, marks.DeclaredLost);
                Assert.AreEqual(high, marks.High);
                Assert.AreEqual(marks.High, marks.Stored + marks.DeclaredLost + marks.Missing.Total);
            }
        }
    }

    [TestMethod]
    [DataRow(1UL)]
    [DataRow(2UL)]
    [DataRow(3UL)]
    [DataRow(4UL)]
    public void The_true_time_always_lies_inside_the_stated_uncertainty(ulong seed)
    {
        SeededRandom random = new(seed);
        int known = 0;
        for (int world = 0; world < 200; world++)
        {
            // The truth: gateway = device x (1 + drift) + offset, drift within the bound; UTC = gateway + a constant, told with an error within its uncertainty.
            TimeProjection projection = new(100, 2_000_000);
            long driftPpb = random.NextInt32(180_001) - 90_000;
            long offset = random.NextInt32(1_000_000_000);
            long ToGateway(long device) => device + (device * driftPpb / 1_000_000_000) + offset;
            const long Utc = Rig.UtcStartUs;
            uint told = (uint)random.NextInt32(5_000) + 1;
            long error = random.NextInt32((int)(2 * told) + 1) - told;
            long index = 1;
            long basisUs = ToGateway(random.NextInt32(1_000_000_000));
            projection.Apply(Control(index++, JournalRecordType.TimeMapping, new TimeMappingRecord(new GatewayMoment(1, basisUs, Utc + basisUs + error, told)).Encode()));
            for (uint e = 1; e <= 1 + (uint)random.NextInt32(30); e++)
            {
                long t1 = random.NextInt32(1_000_000_000);
                long there = random.NextInt32(20_000);
                long held = random.NextInt32(500);
                long back = random.NextInt32(20_000);
                projection.Apply(Record(index++, Frames.Clock(Rig.PodA, 1, e, t1, ToGateway(t1 + there), ToGateway(t1 + there + held), t1 + there + held + back, 1), 0));
            }

            for (int sample = 0; sample < 20; sample++)
            {
                long device = random.NextInt32(1_200_000_000);
                ReadingTime time = projection.Map(Rig.PodA, 1, device);
                if (time.IsKnown)
                {
                    known++;
                    long truth = Utc + ToGateway(device);
                    Assert.IsTrue(Math.Abs(time.UtcUs - truth) <= time.UncertaintyUs + 2, "seed " + seed + ": off by " + (time.UtcUs - truth) + " beside " + time.UncertaintyUs);
                }
            }
        }

        Assert.IsTrue(known > 3000, "the property was tested: " + known);
    }

    [TestMethod]
    public void An_impossible_exchange_is_ignored_and_no_exchange_is_unknown()
    {
        TimeProjection projection = new(100, 2_000_000);
        projection.Apply(Control(1, JournalRecordType.TimeMapping, new TimeMappingRecord(new GatewayMoment(1, 0, Rig.UtcStartUs, 1)).Encode()));
        projection.Apply(Record(2, Frames.Clock(Rig.PodA, 1, 1, 100, 1_000, 5_000, 200, 1), 0));
        projection.Apply(Record(3, Frames.Clock(Rig.PodA, 1, 2, 300, 1_000, 900, 400, 1), 0));
        Assert.IsFalse(projection.Map(Rig.PodA, 1, 200).IsKnown);
        projection.Apply(Record(4, Frames.Clock(Rig.PodA, 1, 3, 100, 1_000, 1_010, 200, 1), 0));
        Assert.IsTrue(projection.Map(Rig.PodA, 1, 200).IsKnown);
        Assert.IsFalse(projection.Map(Rig.PodA, 2, 200).IsKnown, "another boot has another clock");
        Assert.IsFalse(projection.Map(Rig.PodB, 1, 200).IsKnown, "another device has another clock");
        Assert.IsFalse(projection.Map(Rig.PodA, 1, 60_000_000_000).IsKnown, "after a day without an exchange the drift is more than a time may be uncertain");
    }

    // Session 1 is open from 10 s to 20 s, session 2 from 30 s on; the clocks of pod and gateway are the same within 1 ms (and drift).
    [TestMethod]
    [DataRow(1, 15.0, 0.0, true, 1u, BindingReason.ByEpoch)]
    [DataRow(1, 21.0, 0.0, true, 0u, BindingReason.AfterClose)]
    [DataRow(1, 20.0, 0.0, true, 0u, BindingReason.AcrossClose)]
    [DataRow(1, 19.5, 1.0, true, 0u, BindingReason.AcrossClose)]
    [DataRow(1, 15.0, 0.0, false, 0u, BindingReason.TimeUnknown)]
    [DataRow(1, 5.0, 0.0, true, 0u, BindingReason.BeforeOpen)]
    [DataRow(2, 35.0, 0.0, true, 2u, BindingReason.ByEpoch)]
    [DataRow(2, 35.0, 0.0, false, 2u, BindingReason.ByEpoch)]
    [DataRow(0, 15.0, 0.0, true, 1u, BindingReason.ByTime)]
    [DataRow(0, 35.0, 0.0, true, 2u, BindingReason.ByTime)]
    [DataRow(0, 25.0, 0.0, true, 0u, BindingReason.NoSession)]
    [DataRow(0, 10.0, 0.0, true, 0u, BindingReason.NoSession)]
    [DataRow(0, 19.5, 1.0, true, 0u, BindingReason.NoSession)]
    [DataRow(0, 15.0, 20.0, true, 0u, BindingReason.NoSession)]
    [DataRow(0, 15.0, 0.0, false, 0u, BindingReason.TimeUnknown)]
    [DataRow(9, 15.0, 0.0, true, 1u, BindingReason.ByTime)]
    [DataRow(9, 25.0, 0.0, true, 0u, BindingReason.NoSession)]
    public void Binding_follows_the_table(int epoch, double atS, double windowS, bool synchronised, uint session, BindingReason reason)
    {
        SessionBinder binder = TwoSessions(synchronised);
        byte[] frame = Frames.Numeric(Rig.PodA, 1, 16, 1, (long)(atS * 1e6), (uint)epoch * 100, windowMs: (uint)(windowS * 1000));
        Assert.AreEqual((session, reason), binder.Decide(FrameHead.Read(frame), frame, false));
    }

    [TestMethod]
    [DataRow(FrameFlags.Simulated)]
    [DataRow(FrameFlags.Injected)]
    [DataRow(FrameFlags.Test)]
    public void What_was_not_measured_never_enters_a_session_for_patients(int flag)
    {
        byte[] frame = Frames.Numeric(Rig.PodA, 1, 16, 1, 35_000_000, 200, flags: flag | FrameFlags.Predicted);
        Assert.AreEqual((0u, BindingReason.NotForPatients), TwoSessions(true).Decide(FrameHead.Read(frame), frame, true));
        Assert.AreEqual((0u, BindingReason.NotForPatients), TwoSessions(true, production: true).Decide(FrameHead.Read(frame), frame, false));
        Assert.AreEqual((2u, BindingReason.ByEpoch), TwoSessions(true).Decide(FrameHead.Read(frame), frame, false));
        byte[] measured = Frames.Numeric(Rig.PodA, 1, 16, 1, 35_000_000, 200);
        Assert.AreEqual((2u, BindingReason.ByEpoch), TwoSessions(true).Decide(FrameHead.Read(measured), measured, true));
    }

    [TestMethod]
    [DataRow(1UL)]
    [DataRow(2UL)]
    [DataRow(3UL)]
    [DataRow(4UL)]
    [DataRow(5UL)]
    public void A_reading_never_reaches_another_session(ulong seed)
    {
        SeededRandom random = new(seed);
        long bound = 0;
        for (int world = 0; world < 60; world++)
        {
            SessionProjection sessions = new(64);
            TimeProjection time = new(100, 2_000_000);
            BootProjection boots = new();
            SessionBinder binder = new(sessions, time, boots, new DeliveryProjection());
            long driftPpb = random.NextInt32(180_001) - 90_000;
            long ToGateway(long device) => device + (device * driftPpb / 1_000_000_000) + 5_000_000;
            long index = 1;
            boots.Apply(Control(index++, JournalRecordType.GatewayBoot, new GatewayBootRecord(new GatewayMoment(1, 0, GatewayMoment.NoUtc, 0)).Encode()));
            List<(uint Number, uint Epoch, long FromUs, long ToUs)> truth = [];
            long now = 10_000_000;
            for (uint n = 1; n <= 6; n++)
            {
                now += random.NextInt32(5_000_000);
                long from = now;
                Apply(sessions, Control(index++, JournalRecordType.SessionOpened, new SessionOpenedRecord(n, n * 7, new GatewayMoment(1, from, GatewayMoment.NoUtc, 0), false, "S" + n).Encode()));
                now += random.NextInt32(5_000_000) + 1;
                truth.Add((n, n * 7, from, n == 6 ? long.MaxValue / 2 : now));
                if (n < 6)
                {
                    Apply(sessions, Control(index++, JournalRecordType.SessionClosed, new SessionClosedRecord(n, new GatewayMoment(1, now, GatewayMoment.NoUtc, 0)).Encode()));
                }
            }

            for (uint e = 1; e <= (uint)random.NextInt32(6); e++)
            {
                long t1 = random.NextInt32(60_000_000);
                long there = random.NextInt32(50_000);
                long back = random.NextInt32(50_000);
                time.Apply(Record(index++, Frames.Clock(Rig.PodA, 1, e, t1, ToGateway(t1 + there), ToGateway(t1 + there), t1 + there + back, 1), 0));
            }

            for (int f = 0; f < 100; f++)
            {
                // A pod holds the epoch of any session, or none, or one that nobody gave, and measures at any time since that session's opening.
                uint epoch = (uint)random.NextInt32(8) * 7;
                long device = random.NextInt32(60_000_000);
                uint windowMs = (uint)random.NextInt32(2_000);
                long start = ToGateway(device);
                long end = ToGateway(device + (windowMs * 1_000L));
                if (truth.Exists(s => s.Epoch == epoch && s.FromUs > start) || end > now + 60_000_000)
                {
                    continue;
                }

                byte[] frame = Frames.Numeric(Rig.PodA, 1, 16, 1, device, epoch, windowMs: windowMs);
                (uint session, _) = binder.Decide(FrameHead.Read(frame), frame, false);
                if (session != 0)
                {
                    bound++;
                    (uint _, uint _, long from, long to) = truth.Find(s => s.Number == session);
                    Assert.IsTrue(start >= from - 1 && end <= to + 1, "seed " + seed + ": a reading of " + start + " to " + end + " was bound to the session of " + from + " to " + to);
                }
            }
        }

        Assert.IsTrue(bound > 300, "the property was tested: " + bound);
    }

    private static readonly Func<IJournalProjection>[] Makers =
    [
        () => new DeduplicationProjection(Rig.Gateway),
        () => new SessionProjection(16),
        () => new DeliveryProjection(),
        () => new TimeProjection(100, 2_000_000),
        () => new BootProjection(),
    ];

    private static SessionBinder TwoSessions(bool synchronised, bool production = false)
    {
        SessionProjection sessions = new(64);
        TimeProjection time = new(100, 2_000_000);
        BootProjection boots = new();
        boots.Apply(Control(1, JournalRecordType.GatewayBoot, new GatewayBootRecord(At(0)).Encode()));
        Apply(sessions, Control(2, JournalRecordType.SessionOpened, new SessionOpenedRecord(1, 100, At(10), production, "S1").Encode()));
        Apply(sessions, Control(3, JournalRecordType.SessionClosed, new SessionClosedRecord(1, At(20)).Encode()));
        Apply(sessions, Control(4, JournalRecordType.SessionOpened, new SessionOpenedRecord(2, 200, At(30), production, "S2").Encode()));
        if (synchronised)
        {
            time.Apply(Record(5, Frames.Clock(Rig.PodA, 1, 1, 14_999_000, 15_000_000, 15_000_000, 15_001_000, 1), 0));
        }

        return new SessionBinder(sessions, time, boots, new DeliveryProjection());

        static GatewayMoment At(long seconds) => new(1, seconds * 1_000_000, GatewayMoment.NoUtc, 0);
    }

    private static void Apply(IJournalProjection projection, JournalRecord record) => projection.Apply(record);

    private static void Golden(string hex, byte[] payload) => Assert.AreEqual(hex, Convert.ToHexString(payload));

    private static JournalRecord Record(long index, byte[] frame, uint session)
    {
        byte[] record = new byte[FrameStamp.Length + frame.Length];
        new FrameStamp(session, BindingReason.ByEpoch, new GatewayMoment(1, index * 1000, GatewayMoment.NoUtc, 0)).Write(record, frame);
        return new JournalRecord(index, (byte)JournalRecordType.Frame, FrameHead.ClassOf((FrameKind)frame[1], FrameHead.Read(frame).Stream), record);
    }

    private static JournalRecord Control(long index, JournalRecordType type, byte[] payload) => new(index, (byte)type, RecordClass.Control, payload);

    private static List<JournalRecord> History(ulong seed, int count)
    {
        SeededRandom random = new(seed);
        List<JournalRecord> history = [];
        uint session = 0;
        bool open = false;
        for (long i = 1; i <= count; i++)
        {
            GatewayMoment at = new((uint)(1 + (i / 150)), i * 1_000_000, random.NextInt32(2) == 0 ? GatewayMoment.NoUtc : Rig.UtcStartUs + (i * 1_000_000) + random.NextInt32(900_000), 50);
            ulong device = Rig.PodA + (ulong)random.NextInt32(3);
            uint boot = (uint)random.NextInt32(3) + 1;
            uint sequence = (uint)random.NextInt32(60) + 1;
            StreamKey key = new(device, boot, 16);
            switch (random.NextInt32(12))
            {
                case 0 when !open:
                    open = true;
                    history.Add(Control(i++, JournalRecordType.EpochIssued, new EpochIssuedRecord(++session, session * 77).Encode()));
                    history.Add(Control(i, JournalRecordType.SessionOpened, new SessionOpenedRecord(session, session * 77, at, session % 2 == 0, "S" + session).Encode()));
                    break;
                case 1 when open:
                    open = false;
                    history.Add(Control(i, JournalRecordType.SessionClosed, new SessionClosedRecord(session, at).Encode()));
                    break;
                case 2:
                    history.Add(Control(i, JournalRecordType.SentMark, SentMarkRecord.Encode(
                        [new SentEntry(session, key, sequence, i - 1 - random.NextInt32(5), random.NextInt32(2) == 0 ? GatewayMoment.NoUtc : 5, 6, true)])));
                    break;
                case 3:
                    history.Add(Control(i, JournalRecordType.Receipt, new ReceiptRecord(session, "c" + random.NextInt32(3),
                        [new ReceiptStream(key, sequence + 10, sequence, [new SequenceRange(1, 2)])]).Encode()));
                    break;
                case 4:
                    history.Add(Control(i, JournalRecordType.TimeMapping, new TimeMappingRecord(at).Encode()));
                    break;
                case 5 when i % 150 < 20:
                    history.Add(Control(i, JournalRecordType.GatewayBoot, new GatewayBootRecord(at).Encode()));
                    break;
                case 6:
                    history.Add(Control(i, JournalRecordType.CorrectionMark, new CorrectionMarkRecord(i - 3, random.NextInt32(2) * (i - 5)).Encode()));
                    break;
                case 7:
                    history.Add(Control(i, JournalRecordType.StoreLoss, new StoreLossRecord(session, key, 1, 2, 2, i - 2, GapCause.JournalFull).Encode()));
                    break;
                case 8:
                    history.Add(Record(i, Frames.Clock(device, boot, sequence, i * 1000, i * 900_000, i * 900_000, (i * 1000) + 50, at.BootId), 0));
                    break;
                case 9:
                    history.Add(Record(i, Frames.Gap(device, boot, sequence, 0, 0, 16, sequence, sequence + 3, GapCause.RingFull), session));
                    break;
                default:
                    history.Add(Record(i, Frames.Numeric(device, boot, 16, sequence, 0, 0), session));
                    break;
            }
        }

        return history;
    }
}
