using System.Linq;
using System.Text;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Sound;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Sound;

/// <summary>Messages about sound, requests to the bedside and answers, byte for byte as version 0.3.0 wrote them.</summary>
[TestClass]
public sealed class MessageTextTests
{
    private const string NoVerdict = ",\"verdict\":null,\"advice\":null,\"quality\":null,\"heartRate\":null,\"heartRateUncertainty\":null,\"marksFromUs\":null,\"marks\":[],\"s1Ms\":[],\"s2Ms\":[]";

    [TestMethod]
    public void What_is_told_about_sound_comes_out_byte_for_byte()
    {
        SoundRig sound = new();
        sound.Tell("request", """{"v":1,"consumer":"dr","site":"aortic","posture":"supine","filter":"diaphragm","by":"op-7"}""");
        sound.Tell("listener-check", """{"v":1,"consumer":"dr","bands":[{"hz":60,"sent":3,"heard":3},{"hz":250,"sent":2,"heard":1}]}""");
        sound.Rig.Run(200_000);
        const string Checks = ",\"checks\":[{\"consumer\":\"dr\",\"bands\":[{\"hz\":60,\"sent\":3,\"heard\":3,\"heardAll\":true},{\"hz\":250,\"sent\":2,\"heard\":1,\"heardAll\":false}]}]}";
        Assert.AreEqual(
            "{\"v\":1,\"session\":\"S1\",\"listening\":false,\"requested\":{\"site\":\"aortic\",\"posture\":\"supine\",\"filter\":\"diaphragm\",\"by\":\"op-7\"},\"confirmed\":null" + Checks,
            Newest(sound, "auscultation"));

        Assert.IsTrue(sound.Rig.Core.Sound.Set("S1", true, new SoundPlace(AuscultationSite.Aortic, PatientPosture.Supine, ListeningMode.Diaphragm), "Übung \"1\"\t\u0001\\ \u007f 😀 \ud800x").IsDone);
        sound.Play(70);
        sound.Rig.Core.Sound.BeginClip("S1", null, "né\"1", _ => { });
        Assert.AreEqual(
            "{\"v\":1,\"session\":\"S1\",\"listening\":true,\"requested\":null,\"confirmed\":{\"site\":\"aortic\",\"posture\":\"supine\",\"filter\":\"diaphragm\","
                + "\"by\":\"Übung \\\"1\\\"\\u0009\\u0001\\\\ \u007f 😀 \uFFFDx\"}" + Checks,
            Newest(sound, "auscultation"));
        Assert.AreEqual(
            "{\"v\":1,\"session\":\"S1\",\"device\":\"02aabbfffe0000a1\",\"boot\":1,\"stream\":64,\"step\":\"full\",\"number\":10,\"site\":\"aortic\",\"filter\":\"diaphragm\","
                + "\"level\":1000,\"peak\":20010,\"clipped\":0,\"dropped\":{\"late\":0,\"missing\":0,\"notTaken\":0}" + NoVerdict + "}",
            sound.Doctor.Received.First(m => m.Topic == "cart/C1/session/S1/live/02aabbfffe0000a1/64/status").Text);

        // One frame is missing on both ways, and the doctor says that the clip is of no use.
        sound.Play(30);
        sound.Send(live: false, durable: false);
        sound.Play(30);
        sound.Tell("clip/c1/mark", """{"v":1,"consumer":"dr","usable":false}""");
        sound.Play(60);
        sound.Rig.Run(3_000_000);
        Assert.AreEqual(
            "{\"v\":1,\"session\":\"S1\",\"clip\":\"c1\",\"state\":\"waiting\",\"device\":\"02aabbfffe0000a1\",\"boot\":1,\"stream\":64,\"site\":\"aortic\",\"posture\":\"supine\","
                + "\"filter\":\"diaphragm\",\"by\":\"né\\\"1\",\"rateHz\":8000,\"samples\":120000,\"firstUs\":2245904,\"endUs\":17245904,\"firstSequence\":21,\"lastSequence\":170,"
                + "\"skipSamples\":0,\"missing\":[{\"firstSample\":64000,\"count\":800}],\"missingSamples\":800" + NoVerdict
                + ",\"usable\":false,\"delivered\":false,\"lacking\":0,\"received\":false,\"time\":{\"utc\":\"2026-01-02T03:04:08.245904Z\",\"uncertaintyMs\":1.046}}",
            Newest(sound, "clip/c1"));
    }

    [TestMethod]
    public void Answers_and_requests_come_out_byte_for_byte()
    {
        SoundRig sound = new();
        sound.Play(20);
        TestClient stethoscope = sound.Rig.Doctor("desk");
        foreach (string json in new[]
        {
            """{"command":"ü\u0001\"\\ 😀","session":"S1","id":"a1"}""",
            """{"command":"stop","session":"S9\u0007é","id":"a2"}""",
        })
        {
            stethoscope.Publish("cart/C1/command/cuff", Encoding.UTF8.GetBytes(json));
            sound.Rig.Run(500_000);
        }

        stethoscope.Publish("cart/C1/session/S1/replay", Encoding.UTF8.GetBytes("""{"v":1,"consumer":"stethoscope","id":"p1"}"""));
        sound.Rig.Run(3_000_000);
        sound.Rig.Core.Requests.Add("r1", BedsideAction.Measure);
        sound.Rig.Run(500_000);
        Assert.AreEqual(
            "{\"v\":1,\"id\":\"a1\",\"command\":\"ü\\u0001\\\"\\\\ 😀\",\"session\":\"S1\",\"ok\":false,\"code\":\"G2310\",\"text\":\"command is \\\"patient\\\", \\\"start\\\", \\\"stop\\\" or \\\"test\\\"\"}",
            Answer(stethoscope, "reply/a1"));
        Assert.AreEqual("{\"v\":1,\"id\":\"a2\",\"command\":\"stop\",\"session\":\"S9\\u0007é\",\"ok\":true,\"code\":null,\"text\":null}", Answer(stethoscope, "reply/a2"));
        Assert.AreEqual("{\"v\":1,\"id\":\"p1\",\"command\":\"replay\",\"session\":\"S1\",\"ok\":true,\"code\":null,\"text\":null,\"count\":20}", Answer(stethoscope, "reply/p1"));
        Assert.AreEqual("{\"v\":1,\"id\":\"r1\",\"session\":\"S1\",\"action\":\"measure\",\"state\":\"waiting\"}", Answer(stethoscope, "session/S1/request/r1"));
    }

    private static string Newest(SoundRig sound, string below) => sound.Newest("cart/C1/session/S1/" + below)!.Text;

    private static string Answer(TestClient stethoscope, string below) => stethoscope.Received.Last(m => m.Topic == "cart/C1/" + below).Text;
}
