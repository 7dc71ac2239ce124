using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Threading.Tasks;
using Core.Tests.Sound;
using EdgeGateway.Core.Sound;
using EdgeGateway.Gateway.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Hosting;

/// <summary>Clips as files: whole, or an answer that says why not and what to do.</summary>
[TestClass]
public sealed class ClipFileTests
{
    [TestMethod]
    public void A_file_has_all_clips_and_while_the_loop_is_busy_there_is_none()
    {
        SoundRig sound = new(5);
        sound.Play(10);
        foreach (string clip in new[] { "c1", "c2" })
        {
            ClipResult? kept = null;
            sound.Rig.Core.Sound.BeginClip("S1", null, string.Empty, r => kept = r);
            sound.Rig.Require(() => kept is not null, "kept");
            Assert.AreEqual(clip, kept!.Value.ClipId, kept.Value.Text);
        }

        DefaultHttpContext whole = BareRequest.Of("GET", string.Empty, ("session", "S1"));
        HeldLoop loop = new(sound.Rig);
        loop.Finish(BareRequest.AnswerAsync(whole, SoundApi.ZipAsync(whole, new GatewayHandle(loop, () => sound.Rig.Core))));
        Assert.AreEqual(200, whole.Response.StatusCode, BareRequest.Text(whole));
        using (ZipArchive zip = new(new MemoryStream(BareRequest.Bytes(whole))))
        {
            CollectionAssert.AreEqual(new[] { "c1.wav", "c2.wav" }, zip.Entries.Select(e => e.FullName).ToArray());
        }

        // The list, and one clip of the two, still find a place.
        for (int places = 0; places < 3; places++)
        {
            DefaultHttpContext context = BareRequest.Of("GET", string.Empty, ("session", "S1"));
            HeldLoop busy = new(sound.Rig, places);
            busy.Finish(BareRequest.AnswerAsync(context, SoundApi.ZipAsync(context, new GatewayHandle(busy, () => sound.Rig.Core))));
            Refused(context, "G2084");
        }

        DefaultHttpContext one = BareRequest.Of("GET", string.Empty, ("session", "S1"), ("clip", "c1"));
        HeldLoop full = new(sound.Rig, places: 0);
        full.Finish(BareRequest.AnswerAsync(one, SoundApi.WavAsync(one, new GatewayHandle(full, () => sound.Rig.Core))));
        Refused(one, "G2084");

        // A gateway that stops has the clips still.
        sound.Rig.Core.BeginStop(static () => { });
        DefaultHttpContext stopping = BareRequest.Of("GET", string.Empty, ("session", "S1"), ("clip", "c1"));
        Task asked = BareRequest.AnswerAsync(stopping, SoundApi.WavAsync(stopping, new GatewayHandle(loop, () => sound.Rig.Core)));
        loop.Finish(asked);
        Refused(stopping, "G2305");
    }

    private static void Refused(HttpContext context, string code)
    {
        string text = BareRequest.Text(context);
        Assert.AreEqual(503, context.Response.StatusCode, text);
        StringAssert.Contains(text, "\"code\":\"" + code + "\"");
        StringAssert.Contains(text, "\"do\":\"");
    }
}
