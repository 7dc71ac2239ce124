using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Core.Tests;
using EdgeGateway.Core;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Cuff;
using EdgeGateway.Gateway.Http;
using EdgeGateway.Mqtt;
using Firmware.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Hosting;

/// <summary>The rules "no air without a press" and "STOP always": a STOP is never overtaken, and nothing inflates for somebody who is gone.</summary>
[TestClass]
public sealed class CuffApiTests
{
    private const string Own = """{"v":1,"state":"online","boot":1,"epoch":0,"peripherals":[{"name":"MPRLS0300","state":"measuring"}]}""";

    [TestMethod]
    [DataRow(false, false)]
    [DataRow(false, true)]
    [DataRow(true, false)]
    [DataRow(true, true)]
    public async Task A_start_or_test_in_the_queue_is_not_sent_after_a_stop(bool isTest, bool isAnswered)
    {
        Bed bed = new();
        (DefaultHttpContext context, Task asked) = bed.Ask(isTest, CancellationToken.None);
        bed.Rig.Run(1000);
        if (isAnswered)
        {
            bed.Rig.Core.Stop.Now(static _ => { });
        }
        else
        {
            bed.Rig.Core.Stop.Now();
        }

        bed.Loop.Run();
        await asked;
        StringAssert.Contains(Text(context), "\"G2324\"");
        bed.Rig.Require(() => bed.Sent(PodCommand.StopCuff) == 1, "the stop is here");
        bed.Rig.Run(100_000);
        Assert.AreEqual(0, bed.Sent(isTest ? PodCommand.TestCuff : PodCommand.StartCuff));

        // Asked for again after the STOP, it is done.
        (context, asked) = bed.Ask(isTest, CancellationToken.None);
        bed.Loop.Run();
        await asked;
        Assert.AreEqual(200, context.Response.StatusCode, Text(context));
        bed.Rig.Require(() => bed.Sent(isTest ? PodCommand.TestCuff : PodCommand.StartCuff) == 1, "sent");
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task A_start_or_test_whose_caller_gave_up_is_not_sent(bool isTest)
    {
        Bed bed = new();
        using CancellationTokenSource gone = new();
        (_, Task asked) = bed.Ask(isTest, gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => asked);
        bed.Loop.Run();
        bed.Rig.Core.Stop.Now();
        bed.Rig.Require(() => bed.Sent(PodCommand.StopCuff) == 1, "what was sent before a stop is here with the stop");
        Assert.AreEqual(0, bed.Sent(isTest ? PodCommand.TestCuff : PodCommand.StartCuff));
    }

    private static string Text(HttpContext context) => Encoding.UTF8.GetString(((MemoryStream)context.Response.Body).ToArray());

    /// <summary>A cart with a cuff, an open session and a patient.</summary>
    private sealed class Bed
    {
        private readonly List<byte[]> _commands = [];

        public Bed()
        {
            Rig = new Rig(91);
            Loop = new HeldLoop(Rig);
            TestClient pod = Rig.Pod(Rig.PodA);
            pod.OnReceived = (_, payload) => _commands.Add(payload);
            pod.Subscribe(Topics.Command(Rig.PodA), Rig.NowUs);
            pod.Publish(Topics.State(Rig.PodA), Encoding.UTF8.GetBytes(Own));
            Rig.OpenSession("S1");
            Rig.Require(() => pod.Client.IsConnected && pod.Waiting == 0 && _commands.Count > 0, "the pod is connected");
            Assert.IsNull(Rig.Core.Cuff.SetPatient("S1", new CuffPatient(PatientCategory.Adult, CuffSize.Adult, false)).Code);
            Rig.Require(() => Sent(PodCommand.SetPatient) == 1, "the pod knows who is measured");
        }

        public Rig Rig { get; }

        public HeldLoop Loop { get; }

        public int Sent(byte command) => _commands.Count(c => c.Length >= PodCommand.HeaderLength && c[1] == command);

        public (DefaultHttpContext Context, Task Asked) Ask(bool isTest, CancellationToken gone)
        {
            Rig.Run(1000);
            Loop.Run(); // what an answer before left for the trail
            DefaultHttpContext context = new() { RequestAborted = gone, RequestServices = BareRequest.Services };
            context.Request.Method = "POST";
            context.Request.Body = new MemoryStream(isTest ? """{"cuffOffTheArm":true}"""u8.ToArray() : "{}"u8.ToArray());
            context.Request.RouteValues["session"] = "S1";
            context.Response.Body = new MemoryStream();
            GatewayCommand command = GatewayCommands.Find(CommandTopic.Cuff, isTest ? "test" : "start")!;
            Task asked = BareRequest.AnswerAsync(context, CommandApi.RunAsync(context, command, new GatewayHandle(Loop, () => Rig.Core)));
            Assert.AreEqual(1, Loop.Waiting, "it is in the queue");
            return (context, asked);
        }
    }
}
