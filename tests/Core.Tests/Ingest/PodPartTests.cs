using System.Linq;
using System.Text;
using EdgeGateway.Core.Cuff;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Readings;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Ingest;

/// <summary>The gateway goes by what a pod announces, and knows no chip: names count for pods alone that announce nothing.</summary>
[TestClass]
public sealed class PodPartTests
{
    [TestMethod]
    public void Part_provides_and_streams_are_read()
    {
        Pod pod = new() { DeviceId = 1 };
        Assert.IsTrue(pod.TakeState(State("""{"name":"New cuff","part":"newcuff","provides":["bloodPressure","cuffSelfTest","later word"],"streams":[48,49],"state":"measuring"}""")));
        var part = pod.Parts.Single();
        Assert.AreEqual("newcuff", part.Id);
        CollectionAssert.AreEqual(new[] { 48, 49 }, part.Streams.ToArray());
        Assert.IsTrue(pod.Provides(Capabilities.BloodPressure) && pod.Provides(Capabilities.CuffSelfTest) && pod.Provides("later word"));
        Assert.IsFalse(pod.Provides(Capabilities.PediatricBloodPressure));
        Assert.IsFalse(pod.TakeState(State("""{"name":"New cuff","part":"newcuff","provides":["bloodPressure","cuffSelfTest","later word"],"streams":[48,49],"state":"backoff"}""")), "the same part");
        Assert.IsTrue(pod.TakeState(State("""{"name":"New cuff","part":"newcuff","provides":["bloodPressure"]}""")), "it provides less");
    }

    [TestMethod]
    [DataRow("MPRLS0300", "bloodPressure cuffSelfTest")]
    [DataRow("SunTech NIBP", "bloodPressure pediatricBloodPressure")]
    [DataRow("PCM1808", "stethoscope")]
    [DataRow("MAX30102", "oximeter")]
    [DataRow("TMP117", "thermometer")]
    [DataRow("unheard of", "")]
    public void An_older_pods_parts_are_known_by_name(string name, string provides)
    {
        Pod pod = new() { DeviceId = 1 };
        pod.TakeState(State("{\"name\":\"" + name + "\"}"));
        Assert.AreEqual(provides, string.Join(' ', pod.Parts.Single().What));
    }

    [TestMethod]
    [DataRow("""{"name":"MPRLS0300","provides":[]}""")]
    [DataRow("""{"name":"MPRLS0300","provides":[5,{},"x"],"streams":["a",-1,70000],"part":7}""")]
    public void What_a_pod_announces_counts_before_its_parts_name(string part)
    {
        Pod pod = new() { DeviceId = 1 };
        pod.TakeState(State(part));
        Assert.IsFalse(pod.Provides(Capabilities.BloodPressure));
        Assert.IsEmpty(pod.Parts.Single().Streams);
    }

    [TestMethod]
    public void A_cuff_of_another_name_measures_a_child_when_it_says_so_and_is_stopped()
    {
        Rig rig = new(23);
        TestClient pod = rig.Pod(Rig.PodA);
        int stops = 0;
        pod.OnReceived = (_, payload) => stops += payload[1] == PodCommand.StopCuff ? 1 : 0;
        pod.Subscribe(Topics.Command(Rig.PodA), rig.NowUs);
        rig.OpenSession("S1");
        pod.Publish(Topics.State(Rig.PodA), State("""{"name":"Cuff X","part":"x","provides":["bloodPressure","pediatricBloodPressure"]}"""));
        rig.Require(() => pod.Waiting == 0 && pod.Client.IsConnected, "told");
        Assert.IsNull(rig.Core.Cuff.SetPatient("S1", new CuffPatient(PatientCategory.Pediatric, CuffSize.Child, false)).Code);
        Assert.AreEqual("G2311", rig.Core.Cuff.Test().Code, "no cuff here can be tested");
        StopResult? stopped = null;
        rig.Core.Stop.Now(r => stopped = r);
        rig.Require(() => stopped is not null, "stopped");
        Assert.IsTrue(stopped!.Value.IsConfirmed);
        Assert.AreEqual(1, stops);
    }

    [TestMethod]
    public void A_message_that_comes_again_is_said_to_be_stored_and_a_new_one_is_not()
    {
        Rig rig = new(24);
        TestClient pod = rig.Pod(Rig.PodA);
        System.Collections.Generic.List<byte[]> stored = [];
        pod.OnReceived = (topic, payload) =>
        {
            if (topic == Topics.Command(Rig.PodA) && payload[1] == PodCommand.Stored)
            {
                stored.Add(payload[PodCommand.HeaderLength..]);
            }
        };
        pod.Subscribe(Topics.Command(Rig.PodA), rig.NowUs);
        byte[] first = Frames.Join(Frames.Event(Rig.PodA, 7, 1, 1_000_000, 0), Frames.Event(Rig.PodA, 7, 2, 1_100_000, 0));
        byte[] second = Frames.Join(Frames.Event(Rig.PodA, 7, 2, 1_100_000, 0), Frames.Event(Rig.PodA, 7, 3, 1_200_000, 0));
        pod.Publish(Topics.Up(Rig.PodA), first);
        rig.Require(() => pod.Waiting == 0 && pod.Client.IsConnected, "stored");
        pod.Publish(Topics.Up(Rig.PodA), second);
        rig.Require(() => pod.Waiting == 0, "half of it is new");
        rig.Run(1_000_000);
        Assert.IsEmpty(stored);
        pod.Publish(Topics.Up(Rig.PodA), first);
        rig.Require(() => stored.Count == 1, "it came again");
        Assert.IsTrue(MessageIdentity.Names(stored[0], 0, stored[0].Length, first));
        Assert.IsFalse(MessageIdentity.Names(stored[0], 0, stored[0].Length, second));
    }

    [TestMethod]
    public void A_pod_in_safe_mode_is_an_issue_until_it_measures_and_provides_nothing()
    {
        Rig rig = new(25);
        TestClient pod = rig.Pod(Rig.PodA);
        pod.Subscribe(Topics.Command(Rig.PodA), rig.NowUs);
        pod.Publish(Topics.State(Rig.PodA), State("""{"name":"Cuff X","part":"x","provides":["bloodPressure"]}"""));
        rig.Require(() => pod.Waiting == 0 && pod.Client.IsConnected, "told");
        rig.Run(1_000_000);
        Assert.IsFalse(Health(rig).Contains(EdgeGateway.Faults.FaultCodes.PodInSafeMode, System.StringComparison.Ordinal));
        pod.Publish(Topics.State(Rig.PodA), Firmware.Pod.Link.StateMessage.SafeMode());
        rig.Require(() => Health(rig).Contains(EdgeGateway.Faults.FaultCodes.PodInSafeMode, System.StringComparison.Ordinal), "in safe mode");
        StringAssert.Contains(Health(rig), "P1051", "its own code");
        StringAssert.Contains(Health(rig), "record on its console", "what to do");
        rig.OpenSession("S1");
        Assert.AreEqual("G2311", rig.Core.Cuff.Test().Code, "what it provided before is not there");
        pod.Publish(Topics.State(Rig.PodA), State("""{"name":"Cuff X","part":"x","provides":["bloodPressure"]}"""));
        rig.Require(() => !Health(rig).Contains(EdgeGateway.Faults.FaultCodes.PodInSafeMode, System.StringComparison.Ordinal), "it measures");
    }

    [TestMethod]
    public void A_pod_on_a_bench_is_given_no_epoch_and_turns_health_red_until_it_says_otherwise()
    {
        Rig rig = new(26);
        TestClient pod = rig.Pod(Rig.PodA);
        System.Collections.Generic.List<uint> epochs = [];
        pod.OnReceived = (topic, payload) =>
        {
            if (topic == Topics.Command(Rig.PodA) && payload[1] == PodCommand.SetEpoch)
            {
                epochs.Add(LittleEndian.ReadUInt32(payload, PodCommand.HeaderLength));
            }
        };
        pod.Subscribe(Topics.Command(Rig.PodA), rig.NowUs);
        pod.Publish(Topics.State(Rig.PodA), Bench(true));
        rig.Require(() => Status(rig) == "failing", "red");
        StringAssert.Contains(Health(rig), EdgeGateway.Faults.FaultCodes.PodOnBench);
        StringAssert.Contains(Health(rig), "sim off", "what to do");
        uint epoch = rig.OpenSession("S1");
        rig.Run(5_000_000);
        Assert.IsTrue(epochs.Count > 0 && epochs.TrueForAll(e => e == 0), "no epoch for what comes of a bench");
        pod.Publish(Topics.State(Rig.PodA), Bench(false));
        rig.Require(() => epochs[^1] == epoch, "it belongs to the session now");
        Assert.IsFalse(Health(rig).Contains(EdgeGateway.Faults.FaultCodes.PodOnBench, System.StringComparison.Ordinal));
        pod.Publish(Topics.State(Rig.PodA), Bench(true));
        rig.Require(() => epochs[^1] == 0, "withdrawn in the midst of a session");

        // The gateway knows nothing of it after a start, the pod says it again when it connects.
        rig.Kill();
        epochs.Clear();
        rig.Connect(pod);
        pod.Publish(Topics.State(Rig.PodA), Bench(true));
        rig.Require(() => Health(rig).Contains(EdgeGateway.Faults.FaultCodes.PodOnBench, System.StringComparison.Ordinal), "after a start of the gateway");
        rig.Run(1_000_000);
        Assert.AreEqual(0u, epochs[^1]);

        // A pod that is gone is no issue of a bench, and one that restarts is none any more.
        rig.Disconnect(pod);
        rig.Require(() => !Health(rig).Contains(EdgeGateway.Faults.FaultCodes.PodOnBench, System.StringComparison.Ordinal), "gone");
        rig.Connect(pod);
        pod.Publish(Topics.State(Rig.PodA), Bench(false));
        rig.Require(() => epochs[^1] == epoch, "after a restart of the pod");
    }

    [TestMethod]
    public void How_a_pod_does_is_shown_with_what_it_does_not_tell_and_reaches_no_session()
    {
        Rig rig = new(27);
        rig.OpenSession("S1");
        TestClient doctor = rig.Doctor();
        TestClient pod = rig.Pod(Rig.PodA);
        byte[] body = new byte[HealthBody.Length];
        LittleEndian.WriteUInt32(body, 0, 4_000_000_000);
        LittleEndian.WriteUInt32(body, 4, 12);
        LittleEndian.WriteUInt32(body, 8, 600_000);
        LittleEndian.WriteUInt16(body, 16, 1054);
        LittleEndian.WriteUInt16(body, 20, 340);
        body[24] = unchecked((byte)-71);
        body[25] = 1;
        body[26] = 4;
        pod.Publish(Topics.Up(Rig.PodA), Frames.Join(rig.ClockFrame(Rig.PodA, 7, 1), Frames.Make(FrameKind.Health, body, Rig.PodA, 7, Streams.Health, 1, rig.PodUs, 0)));
        rig.Require(() => pod.Waiting == 0 && pod.Client.IsConnected && Beat(rig).ValueKind == System.Text.Json.JsonValueKind.Object, "taken");
        System.Text.Json.JsonElement beat = Beat(rig);
        Assert.AreEqual(4_000_000_000, beat.GetProperty("uptimeS").GetInt64());
        Assert.AreEqual(12, beat.GetProperty("starts").GetInt32());
        Assert.AreEqual("P1054", beat.GetProperty("lastEnd").GetString());
        Assert.AreEqual(600_000, beat.GetProperty("freeBytes").GetInt32());
        Assert.AreEqual(340, beat.GetProperty("loopLateMs").GetInt32());
        Assert.AreEqual((-71, (string?)null), (beat.GetProperty("signalDbm").GetInt32(), beat.GetProperty("signalAbsent").GetString()));
        Assert.AreEqual((1, 4), (beat.GetProperty("partsFailing").GetInt32(), beat.GetProperty("parts").GetInt32()));
        Assert.IsTrue(beat.GetProperty("storeOk").GetBoolean());

        LittleEndian.WriteUInt32(body, 8, HealthBody.MemoryUnknown);
        body[27] = HealthBody.SignalNotOffered | HealthBody.StoreFails | HealthBody.StartsUnknown | 0x80;
        byte[] older = Frames.Make(FrameKind.Health, body, Rig.PodA, 7, Streams.Health, 2, rig.PodUs - 60_000_000, 0);
        byte[] shorter = Frames.Make(FrameKind.Health, new byte[8], Rig.PodA, 7, Streams.Health, 3, rig.PodUs + 1, 0);
        pod.Publish(Topics.Up(Rig.PodA), Frames.Join(older, shorter));
        rig.Require(() => rig.Stream(Rig.PodA, 7, Streams.Health).Stored == 3, "stored all the same");
        Assert.AreEqual(12, Beat(rig).GetProperty("starts").GetInt32(), "neither an older nor a shorter one counts");
        pod.Publish(Topics.Up(Rig.PodA), Frames.Make(FrameKind.Health, body, Rig.PodA, 8, Streams.Health, 1, 10_000_000, 0));
        rig.Require(() => Beat(rig).GetProperty("boot").GetInt32() == 8, "of another boot");
        beat = Beat(rig);
        foreach (string absent in new[] { "starts", "lastEnd", "freeBytes", "signalDbm" })
        {
            Assert.AreEqual(System.Text.Json.JsonValueKind.Null, beat.GetProperty(absent).ValueKind, absent);
        }

        Assert.AreEqual("notOffered", beat.GetProperty("signalAbsent").GetString());
        Assert.IsFalse(beat.GetProperty("storeOk").GetBoolean());
        rig.Run(5_000_000);
        Assert.IsFalse(doctor.Received.Any(m => m.Topic.EndsWith("/" + Streams.Health, System.StringComparison.Ordinal)), "it is for the gateway, in the midst of a session");
        Assert.AreEqual(3, rig.Stream(Rig.PodA, 7, Streams.Health).Unbound);
    }

    private static System.Text.Json.JsonElement Beat(Rig rig) =>
        System.Text.Json.JsonDocument.Parse(Health(rig)).RootElement.GetProperty("pods").EnumerateArray().Single().GetProperty("heartbeat");

    private static string Status(Rig rig) => System.Text.Json.JsonDocument.Parse(Health(rig)).RootElement.GetProperty("status").GetString()!;

    private static byte[] Bench(bool isOn) =>
        Encoding.UTF8.GetBytes("{\"v\":1,\"state\":\"online\",\"boot\":7,\"epoch\":0," + (isOn ? "\"bench\":true," : string.Empty) + "\"peripherals\":[{\"name\":\"TMP117\",\"part\":\"Tmp117\",\"provides\":[\"thermometer\"]}]}");

    private static string Health(Rig rig) => System.Text.Json.JsonDocument.Parse(EdgeGateway.Core.Health.HealthJson.Write(rig.Core.Snapshot(), "en")).RootElement.GetRawText();

    private static byte[] State(string part) => Encoding.UTF8.GetBytes("{\"v\":1,\"state\":\"online\",\"peripherals\":[" + part + "]}");
}
