using System.Collections.Generic;
using System.Linq;
using System.Text;
using EdgeGateway.Core;
using EdgeGateway.Core.Cuff;
using EdgeGateway.Core.Ingest;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Commands;

/// <summary>Whether a STOP was taken is told from the pods' own acknowledgements, within a second.</summary>
[TestClass]
public sealed class StopTests
{
    private const string Cuff = """{"v":1,"state":"online","boot":1,"epoch":0,"peripherals":[{"name":"MPRLS0300","state":"measuring"}]}""";
    private const string Thermometer = """{"v":1,"state":"online","boot":1,"epoch":0,"peripherals":[{"name":"TMP117","state":"measuring"}]}""";

    [TestMethod]
    public void A_stop_that_the_pod_took_is_confirmed_with_and_without_a_session()
    {
        Rig rig = new(71);
        Pod(rig, Rig.PodA, Cuff);
        Assert.AreEqual(new StopResult(1, 1, true), Stop(rig));
        rig.OpenSession("S1");
        Assert.AreEqual(new StopResult(1, 1, true), Stop(rig));
    }

    [TestMethod]
    public void A_stop_that_the_pod_does_not_acknowledge_is_not_confirmed_before_a_second_is_over()
    {
        Rig rig = new(72);
        TestClient pod = Pod(rig, Rig.PodA, Cuff);
        pod.AcknowledgesReceived = false;
        long began = rig.NowUs;
        Assert.AreEqual(new StopResult(1, 0, false), Stop(rig));
        Assert.IsTrue(rig.NowUs - began is >= CuffStop.AnswerUs and < 1_000_000, $"{rig.NowUs - began} µs");
        Assert.IsTrue(pod.Received.Any(m => m.Payload[1] == PodCommand.StopCuff), "it was sent at once all the same");
    }

    [TestMethod]
    public void Without_a_pod_nobody_took_it()
    {
        Rig rig = new(73);
        Assert.AreEqual(new StopResult(0, 0, false), Stop(rig));
        TestClient pod = Pod(rig, Rig.PodA, Cuff);
        rig.Disconnect(pod);
        rig.Run(100_000);
        Assert.AreEqual(new StopResult(0, 0, false), Stop(rig));
    }

    [TestMethod]
    public void A_pod_without_a_cuff_does_not_speak_for_the_one_with_it_and_does_not_hold_it_up()
    {
        Rig rig = new(74);
        TestClient cuff = Pod(rig, Rig.PodA, Cuff);
        TestClient other = Pod(rig, Rig.PodB, Thermometer);
        other.AcknowledgesReceived = false;
        StopResult silent = Stop(rig);
        Assert.IsTrue(silent.IsConfirmed);
        Assert.AreEqual(2, silent.Sent);
        rig.Disconnect(cuff);
        rig.Run(100_000);
        other.AcknowledgesReceived = true;
        Assert.IsFalse(Stop(rig).IsConfirmed, "the pod with the cuff is away");
    }

    [TestMethod]
    public void While_no_pod_is_known_to_have_a_cuff_a_stop_is_sent_to_all_and_not_confirmed()
    {
        Rig rig = new(91);
        TestClient thermometer = Pod(rig, Rig.PodB, Thermometer);
        Assert.AreEqual(new StopResult(1, 1, false), Stop(rig), "the pod with the cuff has not come, and a thermometer cannot speak for it");
        Assert.IsTrue(thermometer.Received.Any(m => m.Payload[1] == PodCommand.StopCuff));
        Pod(rig, Rig.PodA, Cuff);
        Assert.IsTrue(Stop(rig).IsConfirmed);
    }

    [TestMethod]
    public void Beyond_the_bound_of_waiting_stops_each_is_still_sent_and_answered()
    {
        Rig rig = new(75);
        TestClient pod = Pod(rig, Rig.PodA, Cuff);
        pod.AcknowledgesReceived = false;
        List<StopResult> answers = [];
        const int Presses = CuffStop.MaxWaiting + 10;
        for (int i = 0; i < Presses; i++)
        {
            rig.Core.Stop.Now(answers.Add);
        }

        Assert.HasCount(10, answers, "those beyond the bound are answered at once");
        rig.Require(() => answers.Count == Presses, "all are answered");
        Assert.IsTrue(answers.All(a => a is { Sent: 1, IsConfirmed: false }));
    }

    private static StopResult Stop(Rig rig)
    {
        StopResult? result = null;
        rig.Core.Stop.Now(r => result = r);
        rig.Require(() => result is not null, "an answer");
        return result!.Value;
    }

    private static TestClient Pod(Rig rig, ulong device, string state)
    {
        TestClient pod = rig.Pod(device);
        pod.Subscribe(Topics.Command(device), rig.NowUs);
        pod.Publish(Topics.State(device), Encoding.UTF8.GetBytes(state));
        rig.Require(() => pod.Waiting == 0 && pod.Received.Count > 0, "the pod takes commands");
        return pod;
    }
}
