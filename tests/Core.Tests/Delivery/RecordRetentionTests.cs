using System;
using System.Linq;
using System.Text;
using Core.Tests.Sound;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Records;
using EdgeGateway.Faults;
using EdgeGateway.Journal;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Gateway;

namespace Core.Tests.Delivery;

/// <summary>Stored readings go when their time is over, never before, and what nobody fetched is declared first. The times pass by UTC; the gateway is switched on for a minute or two a day.</summary>
[TestClass]
public sealed class RecordRetentionTests
{
    private const long HourUs = 3_600_000_000;
    private const long DayUs = 24 * HourUs;
    private const int Readings = 20;

    private static readonly JournalKeyOwner Session = new(RecordKeys.Session, 1);
    private static readonly JournalKeyOwner Sound = new(RecordKeys.SessionSound, 1);
    private static readonly string Up = Topics.Up(Rig.PodA);

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public void Delivered_readings_go_after_seven_days_and_nothing_of_them_is_on_the_disk()
    {
        Rig rig = new(91, isProtected: true);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        Assert.IsTrue(rig.Journal.Keys!.IsEncrypting);
        Publish(rig, pod, epoch, 1);
        pod.Publish(Up, Frames.Numeric(Rig.PodA, 9, 16, 1, rig.PodUs, 0)); // of no session
        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent == Readings, "sent");
        rig.Require(() => doctor.Received.Count(m => m.Payload.AsSpan().IndexOf("36.62"u8) >= 0) >= Readings, "they came in clear to whom they are for");
        Assert.AreEqual(0, Raw(rig), "no plaintext even before");
        rig.Run(5 * HourUs / 100);
        Day(rig, 9);
        Assert.IsTrue(Has(rig, Session), "an open session keeps its key");
        rig.Connect(doctor);
        rig.CloseSession("S1");
        rig.Require(() => rig.Session("S1").Pending == 0, "its events are delivered too");
        rig.Run(2_000_000); // and the marks that say so are on the disk
        Day(rig, 6);
        Assert.IsTrue(Has(rig, Session), "six days after its close");
        Assert.AreEqual(1, rig.Log.Count(e => e.Code == FaultCodes.RecordsErased), "the unbound readings of the first day are gone: " + rig.LogText());
        Day(rig, 1.1);
        Assert.IsFalse(Has(rig, Session), "seven days after its close\n" + rig.LogText());
        StringAssert.Contains(rig.Log.Last(e => e.Code == FaultCodes.RecordsErased).What, "session S1");
        Assert.IsFalse(rig.KeyDisk!.Files.Any(f => f.StartsWith("key-01-", StringComparison.Ordinal)), string.Join(' ', rig.KeyDisk.Files));
        Assert.AreEqual(0, Raw(rig));
        Assert.AreEqual(Readings, rig.Stream(Rig.PodA, 1, 16).Sent, "what is known of them stays");

        // Started once more, everything goes on: nothing is missed, nothing is damage.
        rig.Kill(CutKeeps.AnyPart);
        rig.Connect(pod);
        Assert.IsFalse(rig.Log.Any(e => e.Code is FaultCodes.JournalDamageSetAside or FaultCodes.StoredReadingsLost), rig.LogText());
        epoch = rig.OpenSession("S2");
        for (uint i = 1; i <= 3; i++)
        {
            pod.Publish(Up, Frames.Numeric(Rig.PodA, 2, 16, i, rig.PodUs, epoch));
        }

        rig.Connect(doctor);
        rig.Require(() => rig.Stream(Rig.PodA, 2, 16).Sent == 3, "sent");
    }

    [TestMethod]
    public void What_nobody_fetched_for_thirty_days_is_declared_and_then_erased()
    {
        Rig rig = new(92, isProtected: true);
        TestClient pod = rig.Pod(Rig.PodA);
        uint epoch = rig.OpenSession("S1");
        Publish(rig, pod, epoch, 1);
        rig.Require(() => pod.Waiting == 0, "stored");
        rig.CloseSession("S1");
        Day(rig, 29);
        Assert.IsTrue(Has(rig, Session));
        Day(rig, 1.1);
        Assert.AreEqual(Readings, rig.Session("S1").Pending, "the first look only notes it");
        Day(rig, 1.1);
        Assert.IsTrue(rig.Log.Any(e => e.Code == FaultCodes.StoredReadingsLost), rig.LogText());
        Day(rig, 0.1);
        Assert.IsFalse(Has(rig, Session), rig.LogText());

        TestClient doctor = rig.Doctor();
        rig.Require(() => doctor.Received.Any(m => m.Topic.Contains("/session/S1/", StringComparison.Ordinal) && m.Text.Contains("\"gap\"", StringComparison.Ordinal)), "who comes later is told what is missing");
        rig.Run(5_000_000);
        Assert.IsFalse(doctor.Received.Any(m => m.Payload.AsSpan().IndexOf("36.62"u8) >= 0), "and gets none of it");
    }

    [TestMethod]
    public void A_clock_that_was_wrong_for_an_hour_takes_nothing_away()
    {
        Rig rig = new(93, isProtected: true);
        TestClient pod = rig.Pod(Rig.PodA);
        uint epoch = rig.OpenSession("S1");
        Publish(rig, pod, epoch, 1);
        rig.Require(() => pod.Waiting == 0, "stored");
        rig.CloseSession("S1");
        for (int i = 0; i < 3; i++)
        {
            Day(rig, 40);
            Day(rig, -39.9); // corrected within the day
        }

        // Not known, or not believed, no age can be told.
        rig.Synchronised = false;
        Day(rig, 60);
        rig.Synchronised = true;
        rig.Implausible = "it jumped";
        Day(rig, 1.5);
        Day(rig, 1.5);
        rig.Implausible = null;
        rig.UtcErrorUs -= 63 * DayUs;
        TestClient doctor = rig.Doctor();
        rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent == Readings, "all of it is still there");
        Assert.IsTrue(doctor.Received.Count(m => m.Payload.AsSpan().IndexOf("36.62"u8) >= 0) >= Readings);
    }

    [TestMethod]
    public void Sound_goes_a_day_after_its_receipt_and_the_other_readings_stay()
    {
        Rig rig = new(94, isProtected: true);
        TestClient pod = rig.Pod(Rig.PodA);
        TestClient doctor = rig.Doctor();
        uint epoch = rig.OpenSession("S1");
        Publish(rig, pod, epoch, 1);
        for (uint i = 1; i <= 3; i++)
        {
            pod.Publish(Up, SoundRig.Frame(i, rig.PodUs, epoch, i * 1000));
        }

        rig.Require(() => pod.Waiting == 0, "stored");
        rig.Require(() => rig.Stream(Rig.PodA, 1, Streams.Sound).Sent == 3 && rig.Stream(Rig.PodA, 1, 16).Sent == Readings, "sent");
        rig.CloseSession("S1");
        rig.Require(() => rig.Session("S1").Pending == 0, "its events too");
        rig.Run(2_000_000);
        Day(rig, 2);
        Assert.IsTrue(Has(rig, Sound), "sent, and not received");
        rig.Connect(doctor);
        rig.Require(() => doctor.Client.IsConnected, "connected");
        string streams = "\"streams\":[{\"device\":\"" + Topics.DeviceText(Rig.PodA) + "\",\"boot\":1,\"stream\":" + Streams.Sound + ",\"through\":3}]";
        doctor.Publish("cart/C1/session/S1/receipt", Encoding.UTF8.GetBytes("{\"v\":1,\"consumer\":\"dr-1\"," + streams + "}"));
        rig.Require(() => rig.Stream(Rig.PodA, 1, Streams.Sound).ReceivedThrough == 3, "the receipt is taken");
        rig.Run(5_000_000); // and the mark that says so is on the disk
        Day(rig, 0.1);
        Day(rig, 0.8);
        Assert.IsTrue(Has(rig, Sound), "less than a day after its receipt was seen");
        Day(rig, 0.3);
        Assert.IsFalse(Has(rig, Sound), rig.LogText());
        Assert.IsTrue(Has(rig, Session));
        StringAssert.Contains(rig.Log.Last(e => e.Code == FaultCodes.RecordsErased).What, "sound of session S1");
        Assert.AreEqual(0, Raw(rig));
    }

    [TestMethod]
    public void The_power_goes_anywhere_while_sessions_are_erased_and_what_is_not_delivered_stays()
    {
        int cut = 0;
        for (int operation = 0; operation < 40; operation += 3)
        {
            Rig rig = new(95, isProtected: true);
            TestClient pod = rig.Pod(Rig.PodA);
            TestClient doctor = rig.Doctor();
            uint epoch = rig.OpenSession("S1");
            Publish(rig, pod, epoch, 1);
            rig.Require(() => rig.Stream(Rig.PodA, 1, 16).Sent == Readings, "sent");
            rig.CloseSession("S1");
            rig.Require(() => rig.Session("S1").Pending == 0, "its events too");
            rig.Run(2_000_000);
            rig.Disconnect(doctor);
            epoch = rig.OpenSession("S2");
            Publish(rig, pod, epoch, 2);
            rig.Require(() => pod.Waiting == 0, "stored");
            rig.CloseSession("S2");
            rig.UtcErrorUs += 8 * DayUs;
            rig.Kill();
            rig.RunUntil(() => rig.Log.Any(e => e.Code == FaultCodes.RecordsErased), RecordRetention.FirstLookUs + 2_000_000);
            SimulatedDisk disk = operation % 2 == 0 ? rig.Disk : rig.KeyDisk!;
            disk.CutAfterOperations = disk.OperationsEnded + (operation % 2 == 0 ? operation : operation / 8);
            rig.RunUntil(() => disk.IsOff, 3_000_000);
            cut += disk.IsOff ? 1 : 0;
            rig.Kill((CutKeeps)(operation % 3));
            rig.Run(RecordRetention.FirstLookUs + 5_000_000);
            Assert.IsFalse(Has(rig, Session), "operation " + operation + "\n" + rig.LogText());
            Assert.IsTrue(Has(rig, Session with { Number = 2 }), "operation " + operation);
            doctor.Received.Clear();
            rig.Connect(doctor);
            rig.Require(() => rig.Stream(Rig.PodA, 2, 16).Sent == Readings, "operation " + operation + ": the other session is delivered");
            Assert.IsFalse(rig.Log.Any(e => e.Code is FaultCodes.JournalDamageSetAside or FaultCodes.StoredReadingsLost), "operation " + operation + "\n" + rig.LogText());
        }

        TestContext.WriteLine(cut + " cuts");
        Assert.IsTrue(cut > 4, "the cuts must come while something is under way: " + cut);
    }

    [TestMethod]
    public void Options_outside_their_range_are_refused()
    {
        foreach (Func<EdgeGateway.Core.GatewayOptions, EdgeGateway.Core.GatewayOptions> wrong in new Func<EdgeGateway.Core.GatewayOptions, EdgeGateway.Core.GatewayOptions>[]
        {
            static o => o with { DeliveredDays = 0 }, static o => o with { SoundHours = 0 }, static o => o with { UndeliveredDays = 366 }, static o => o with { UndeliveredDays = 6 },
        })
        {
            Assert.ThrowsExactly<ArgumentException>(() => new Rig(1, wrong));
        }
    }

    private static void Publish(Rig rig, TestClient pod, uint epoch, uint boot)
    {
        for (uint i = 1; i <= Readings; i++)
        {
            pod.Publish(Up, Frames.Numeric(Rig.PodA, boot, 16, i, rig.PodUs, epoch));
        }
    }

    // Switched off, some days later on again, for a look.
    private static void Day(Rig rig, double days)
    {
        rig.UtcErrorUs += (long)(days * DayUs);
        rig.Kill();
        rig.Run(RecordRetention.FirstLookUs + 5_000_000);
    }

    private static bool Has(Rig rig, JournalKeyOwner owner) => rig.Journal.Keys!.Owners.Contains(owner);

    // Files of the disk with a reading in the clear: the value as a frame holds it (3662, exponent -2).
    private static int Raw(Rig rig)
    {
        byte[] value = Frames.Numeric(Rig.PodA, 1, 16, 1, 0, 0).AsSpan(Frame.HeaderLength, NumericBody.Length).ToArray();
        return rig.Disk.Files.Select(rig.Disk.Contents).Concat(rig.KeyDisk!.Files.Select(rig.KeyDisk.Contents)).Count(b => b.AsSpan().IndexOf(value) >= 0);
    }
}
