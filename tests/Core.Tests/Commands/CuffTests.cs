using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Json;
using EdgeGateway.Core;
using EdgeGateway.Core.Cuff;
using EdgeGateway.Core.Ingest;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Commands;

/// <summary>The cuff's commands: who may be measured, when a start goes out, and that a stop always does.</summary>
[TestClass]
public sealed class CuffTests
{
    private const string Own = """{"v":1,"state":"online","boot":1,"epoch":0,"peripherals":[{"name":"MPRLS0300","state":"measuring"}]}""";
    private const string Oem = """{"v":1,"state":"online","boot":1,"epoch":0,"peripherals":[{"name":"SunTech NIBP","state":"measuring"}]}""";
    private const string None = """{"v":1,"state":"online","boot":1,"epoch":0,"peripherals":[{"name":"TMP117","state":"measuring"}]}""";
    private static readonly CuffPatient Adult = new(PatientCategory.Adult, CuffSize.LargeAdult, true);

    [TestMethod]
    public void Without_a_category_nothing_starts_and_with_one_the_start_goes_out_under_the_sessions_epoch()
    {
        (Rig rig, _, List<byte[]> commands, uint epoch) = Make(Own);
        Assert.AreEqual("G2313", rig.Core.Cuff.Start("S1").Code);
        Assert.AreEqual(0, Sent(commands, PodCommand.StartCuff).Count);
        Assert.IsNull(rig.Core.Cuff.SetPatient("S1", Adult).Code);
        rig.Require(() => Sent(commands, PodCommand.SetPatient).Count == 1, "the pod is told who is measured");
        byte[] told = Sent(commands, PodCommand.SetPatient)[0];
        Assert.AreEqual(epoch, BinaryPrimitives.ReadUInt32LittleEndian(told.AsSpan(PodCommand.HeaderLength)));
        CollectionAssert.AreEqual(new byte[] { (byte)PatientCategory.Adult, (byte)CuffSize.LargeAdult, 1 }, told[(PodCommand.HeaderLength + 4)..]);
        Assert.IsNull(rig.Core.Cuff.Start("S1").Code);
        rig.Require(() => Sent(commands, PodCommand.StartCuff).Count == 1, "the start goes out once");
        Assert.AreEqual(epoch, BinaryPrimitives.ReadUInt32LittleEndian(Sent(commands, PodCommand.StartCuff)[0].AsSpan(PodCommand.HeaderLength)));
    }

    [TestMethod]
    public void Who_is_measured_is_forgotten_with_the_session()
    {
        (Rig rig, _, List<byte[]> commands, _) = Make(Own);
        Assert.IsNull(rig.Core.Cuff.SetPatient("S1", Adult).Code);
        rig.CloseSession("S1");
        rig.OpenSession("S2");
        Assert.IsNull(rig.Core.Cuff.Patient);
        Assert.AreEqual("G2313", rig.Core.Cuff.Start("S2").Code);
        Assert.AreEqual("G2331", rig.Core.Cuff.Start("S1").Code, "the session of before");
        Assert.AreEqual(0, Sent(commands, PodCommand.StartCuff).Count);
    }

    [TestMethod]
    public void The_own_cuff_measures_adults_only_and_the_module_children_too()
    {
        (Rig rig, _, List<byte[]> commands, _) = Make(Own);
        Assert.AreEqual("G2314", rig.Core.Cuff.SetPatient("S1", new CuffPatient(PatientCategory.Pediatric, CuffSize.Child, false)).Code);
        Assert.AreEqual("G2314", rig.Core.Cuff.SetPatient("S1", new CuffPatient(PatientCategory.Adult, CuffSize.Child, false)).Code);
        Assert.AreEqual("G2313", rig.Core.Cuff.SetPatient("S1", new CuffPatient(PatientCategory.Unknown, CuffSize.Adult, false)).Code);
        Assert.AreEqual("G2313", rig.Core.Cuff.SetPatient("S1", new CuffPatient(PatientCategory.Adult, CuffSize.Unknown, false)).Code);
        Assert.IsNull(rig.Core.Cuff.Patient);
        Assert.AreEqual(0, Sent(commands, PodCommand.SetPatient).Count);
        (rig, _, commands, _) = Make(Oem);
        Assert.IsNull(rig.Core.Cuff.SetPatient("S1", new CuffPatient(PatientCategory.Pediatric, CuffSize.Child, false)).Code);
        rig.Require(() => Sent(commands, PodCommand.SetPatient).Count == 1, "told");
        Assert.AreEqual("G2311", rig.Core.Cuff.Test().Code, "a module tests itself");
    }

    [TestMethod]
    public void Without_a_cuff_or_its_pod_a_start_is_refused_with_which()
    {
        (Rig rig, _, _, _) = Make(None);
        Assert.AreEqual("G2311", rig.Core.Cuff.SetPatient("S1", Adult).Code);
        Assert.AreEqual("G2311", rig.Core.Cuff.Start("S1").Code);
        Assert.AreEqual("G2311", rig.Core.Cuff.Test().Code);
        TestClient pod;
        (rig, pod, _, _) = Make(Own);
        Assert.IsNull(rig.Core.Cuff.SetPatient("S1", Adult).Code);
        rig.Disconnect(pod);
        rig.Require(() => rig.Core.Cuff.Start("S1").Code == "G2312", "the pod is gone");
        Assert.AreEqual("G2312", rig.Core.Cuff.Test().Code);
    }

    [TestMethod]
    public void A_stop_goes_to_every_pod_without_session_and_without_asking_what_it_has()
    {
        foreach (string state in new[] { Own, Oem, None })
        {
            (Rig rig, _, List<byte[]> commands, _) = Make(state);
            Assert.AreEqual(1, rig.Core.Stop.Now());
            rig.Require(() => Sent(commands, PodCommand.StopCuff).Count == 1, state);
        }
    }

    [TestMethod]
    public void A_pod_that_comes_back_is_told_again_who_is_measured_and_no_start_of_before_reaches_it()
    {
        (Rig rig, TestClient pod, List<byte[]> commands, _) = Make(Own);
        Assert.IsNull(rig.Core.Cuff.SetPatient("S1", Adult).Code);
        Assert.IsNull(rig.Core.Cuff.Start("S1").Code);
        rig.Require(() => Sent(commands, PodCommand.StartCuff).Count == 1, "started");
        rig.Disconnect(pod);
        rig.Require(() => rig.Core.Cuff.Start("S1").Code == "G2312", "the pod is gone");
        commands.Clear();
        rig.Connect(pod);
        pod.Publish(Topics.State(Rig.PodA), Encoding.UTF8.GetBytes(Own));
        rig.Require(() => Sent(commands, PodCommand.SetPatient).Count >= 1, "told again");
        Assert.AreEqual(0, Sent(commands, PodCommand.StartCuff).Count);
    }

    [TestMethod]
    [DataRow("""{"id":"a1","session":"S1","command":"patient","category":"adult","cuffSize":"adult"}""", null)]
    [DataRow("""{"id":"a1","session":"S1","command":"patient","category":"newborn","cuffSize":"adult"}""", "G2310")]
    [DataRow("""{"id":"a1","session":"S1","command":"patient","category":"adult"}""", "G2310")]
    [DataRow("""{"id":"a1","session":"S1","command":"patient","category":"adult","cuffSize":"adult","cuffOnOximeterArm":"true"}""", "G2310")]
    [DataRow("""{"id":"a1","session":"S1","command":"patient","category":"adult","cuffSize":"adult","cuffOnOximeterArm":1}""", "G2310")]
    [DataRow("""{"id":"a1","session":"S1","command":"patient","category":"adult","cuffSize":"adult","cuffOnOximeterArm":null}""", "G2310")]
    [DataRow("""{"id":"a1","session":"S1","command":"patient","category":"adult","cuffSize":"adult","cuffOnOximetreArm":true}""", "G2310")]
    [DataRow("""{"id":"a1","session":"S1","command":"patient","category":"adult","cuffSize":"adult","cuffSize":"largeAdult"}""", "G2310")]
    [DataRow("""{"id":"a1","session":"S1","command":"start"}""", "G2317")]
    [DataRow("""{"id":"a1","command":"stop"}""", null)]
    [DataRow("""{"id":"a1","command":"test"}""", "G2317")]
    [DataRow("""{"id":"a1","command":"test","cuffOffTheArm":false}""", "G2319")]
    [DataRow("""{"id":"a1","command":"test","cuffOffTheArm":true}""", "G2319")]
    [DataRow("""{"id":"a1","command":"neonate"}""", "G2310")]
    public void A_command_is_answered_with_its_code(string command, string? code)
    {
        (Rig rig, _, _, _) = Make(Own);
        TestClient doctor = rig.Doctor("desk");
        doctor.Publish("cart/C1/command/cuff", Encoding.UTF8.GetBytes(command));
        rig.Require(() => doctor.Received.Any(a => a.Topic == "cart/C1/reply/a1"), "an answer");
        using JsonDocument answer = JsonDocument.Parse(doctor.Received.Last(a => a.Topic == "cart/C1/reply/a1").Payload);
        Assert.AreEqual(code, answer.RootElement.GetProperty("code").GetString(), answer.RootElement.GetRawText());
        Assert.AreEqual(code is null, answer.RootElement.GetProperty("ok").GetBoolean());
    }

    [TestMethod]
    public void A_command_without_an_id_is_named_and_does_nothing_unless_it_is_a_stop()
    {
        (Rig rig, _, List<byte[]> commands, _) = Make(Own);
        TestClient doctor = rig.Doctor("desk");
        doctor.Publish("cart/C1/command/cuff", Encoding.UTF8.GetBytes("""{"command":"patient","session":"S1","category":"adult","cuffSize":"adult"}"""));
        rig.Require(() => rig.Log.Any(l => l.Code == "G2310"), "named");
        Assert.IsNull(rig.Core.Cuff.Patient);
        doctor.Publish("cart/C1/command/cuff", Encoding.UTF8.GetBytes("""{"command":"stop"}"""));
        rig.Require(() => rig.Log.Any(l => l.Code == "G2323"), "named");
        rig.Require(() => Sent(commands, PodCommand.StopCuff).Count == 1, "and obeyed");
    }

    private static List<byte[]> Sent(List<byte[]> commands, byte command) => [.. commands.Where(c => c.Length >= PodCommand.HeaderLength && c[1] == command)];

    private static (Rig Rig, TestClient Pod, List<byte[]> Commands, uint Epoch) Make(string state)
    {
        Rig rig = new(61);
        TestClient pod = rig.Pod(Rig.PodA);
        List<byte[]> commands = [];
        pod.OnReceived = (_, payload) => commands.Add(payload);
        pod.Subscribe(Topics.Command(Rig.PodA), rig.NowUs);
        pod.Publish(Topics.State(Rig.PodA), Encoding.UTF8.GetBytes(state));
        uint epoch = rig.OpenSession("S1");
        rig.Require(() => pod.Client.IsConnected && pod.Waiting == 0 && commands.Count > 0, "the pod is connected");
        rig.Run(100_000);
        return (rig, pod, commands, epoch);
    }
}
