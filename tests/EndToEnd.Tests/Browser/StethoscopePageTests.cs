using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using EndToEnd.Tests.Processes;
using Firmware.Protocol;
using Microsoft.Playwright;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace EndToEnd.Tests.Browser;

/// <summary>The stethoscope on both pages, judged by the samples that reach the audio graph.</summary>
[TestClass]
public sealed class StethoscopePageTests
{
    private const int ClipSamples = 15 * FedPod.SoundRateHz;

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [RequiresProgram(Chromium.Program)]
    public async Task The_doctor_asks_the_nurse_confirms_both_hear_a_clip_is_kept_played_and_marked()
    {
        await using FedPod pod = await FedPod.StartAsync();
        await using IBrowserContext nurse = await Chromium.ContextAsync("fr-FR");
        await using IBrowserContext doctor = await Chromium.ContextAsync();
        List<string> errors = [];
        IPage near = await PageFacts.OpenAsync(nurse, pod.Near + "/", errors);
        await Assertions.Expect(near.Locator("#connection")).ToHaveTextAsync("Relié au serveur de la séance.");
        IPage far = await PageFacts.OpenAsync(doctor, await near.Locator("#far-link").InputValueAsync(), errors);
        await Assertions.Expect(far.Locator("#connection")).ToHaveTextAsync("Connected to the session's broker.");

        await SiteIsAskedAndConfirmed(near, far, pod);
        pod.Sound();
        await Heard(far);
        await Assertions.Expect(far.Locator("#sound-state")).ToHaveTextAsync("Live sound: whole, 8 kHz.");
        await Assertions.Expect(near.Locator("#sound-state")).ToHaveTextAsync("Son en direct : complet, 8 kHz.");
        await PageFacts.BecomesAsync(far, "() => Number(document.getElementById('sound-wave').dataset.samples) > 8000");
        await PageFacts.BecomesAsync(far, "() => cartPage.sound.reports > 1");

        // A busy machine drops live chunks; what was dropped is counted all the same: chunks that came and chunks that are missing make up the numbers that were given.
        await PageFacts.BecomesAsync(far, "() => cartPage.sound.player.jitter.counters.chunks >= 10");
        Assert.IsTrue(await far.EvaluateAsync<bool>("(() => { const j = cartPage.sound.player.jitter; return j.counters.chunks + j.counters.lost <= j.number && j.counters.chunks > j.counters.lost; })()"));
        await Heard(near);
        await ClipIsKept(near, far);
        await ClipIsMarked(near, far);
        await PageFacts.BecomesAsync(far, "() => document.getElementById('sound').dataset.verdict !== ''");
        await Assertions.Expect(far.Locator("#sound-verdict")).Not.ToHaveTextAsync("No word on the recording yet.");
        await Chromium.PictureAsync(near, TestContext, "stethoscope-near-fr");
        await Chromium.PictureAsync(far, TestContext, "stethoscope-far");
        await ClinicianViewTests.Fit(far, 1280);
        await ListenerIsChecked(far);

        pod.ForgetCommands();
        await near.Locator("#sound-end").ClickAsync();
        await pod.CommandAsync(c => c[1] == PodCommand.SetListening && c[8] == 0);
        await Assertions.Expect(far.Locator("#sound-confirmed")).ToHaveTextAsync("The stethoscope is not being heard.");
        Assert.IsEmpty(errors, string.Join('\n', errors));
    }

    [TestMethod]
    [RequiresProgram(Chromium.Program)]
    public async Task Missing_and_late_chunks_are_counted_and_a_low_bandwidth_network_is_said()
    {
        await using FedSession fed = await FedSession.StartAsync();
        await using IBrowserContext context = await Chromium.ContextAsync();
        List<string> errors = [];
        IPage page = await PageFacts.OpenAsync(context, fed.Link, errors);
        await Assertions.Expect(page.Locator("#connection")).ToHaveTextAsync("Connected to the session's broker.");
        fed.State();
        foreach (uint number in new uint[] { 1, 2, 5, 4, 6 })
        {
            fed.Publish($"live/{FedSession.Device}/64", Chunk(0, number, SoundCodec.Pcm16, 8000, new byte[1600]));
        }

        await Assertions.Expect(page.Locator("#sound-dropped")).ToHaveTextAsync("4 pieces received, 2 missing, 1 too late.");
        await Assertions.Expect(page.Locator("#sound-state")).ToHaveTextAsync("Live sound: whole, 8 kHz.");
        foreach ((byte step, string words) in new[] { ((byte)1, "longer pieces"), ((byte)2, "4 kHz: heart sounds whole"), ((byte)3, "Reduced, rhythm only") })
        {
            byte[] samples = step == 3 ? [100, 0, 0, 0, 0x44, 0x44] : new byte[400];
            fed.Publish($"live/{FedSession.Device}/64", Chunk(step, 6u + step, step == 3 ? SoundCodec.ImaAdpcm : SoundCodec.Pcm16, 4000, samples));
            await Assertions.Expect(page.Locator("#sound-state")).ToContainTextAsync(words);
        }

        // Predictor 100, step index 0, four times the nibble 4: 7, 1 + 9, 1 + 11, 1 + 13 are added.
        float[] decoded = await page.EvaluateAsync<float[]>(
            "async (bytes) => { const { liveChunk } = await import(new URL('js/core/sound-codec.js', location.href)); return Array.from(liveChunk(new Uint8Array(bytes)).samples); }",
            Chunk(3, 1, SoundCodec.ImaAdpcm, 4000, [100, 0, 0, 0, 0x44, 0x44]).Select(b => (int)b).ToArray());
        CollectionAssert.AreEqual(new[] { 107, 117, 129, 143 }, decoded.Select(s => (int)Math.Round(s * 32768)).ToArray());

        await PageFacts.BecomesAsync(
            page,
            "() => document.getElementById('sound').dataset.step === 'clipsOnly'",
            meanwhile: () => fed.Publish(
                $"live/{FedSession.Device}/64/status",
                """{"v":1,"session":"S1","step":"clipsOnly","number":9,"site":"mitral","filter":"bell","dropped":{"late":0,"missing":3,"notTaken":2},"verdict":"rub","quality":40,"heartRate":null,"marks":[]}"""));
        await Assertions.Expect(page.Locator("#sound-state")).ToContainTextAsync("too thin for live sound");
        Assert.IsEmpty(errors, string.Join('\n', errors));
    }

    [TestMethod]
    [RequiresProgram(Chromium.Program)]
    public async Task Chunks_are_played_evenly_the_rate_is_doubled_and_the_gain_follows_its_rule()
    {
        await using FedSession fed = await FedSession.StartAsync();
        await using IBrowserContext context = await Chromium.ContextAsync();
        List<string> errors = [];
        IPage page = await PageFacts.OpenAsync(context, fed.Page, errors);

        // Chunks of 0.1 s: one after the other although they come unevenly; number 4 is missing; 6 comes when its moment has passed.
        double[] at = await page.EvaluateAsync<double[]>(
            """
            async () => {
              const { Jitter } = await import(new URL("js/core/jitter.js", location.href));
              const jitter = new Jitter();
              const chunk = (number) => ({ number, boot: 1, deviceUs: number * 100000, rateHz: 8000, samples: { length: 800 } });
              return [[1, 10], [2, 10.15], [3, 10.16], [5, 10.4], [5, 10.41], [6, 12]].map(([number, nowS]) => jitter.place(chunk(number), nowS) ?? -1)
                .concat([jitter.counters.lost, jitter.counters.late, jitter.counters.dry]);
            }
            """);
        double[] expected = [10.1, 10.2, 10.3, 10.5, -1, 12.15, 1, 1, 1];
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.AreEqual(expected[i], at[i], 1e-6, $"piece {i}");
        }

        // A sine of 150 Hz at 4 kHz in pieces of 200 ms, at twice the rate: the same sine, borders included, within a hundredth.
        double worst = await page.EvaluateAsync<double>(
            """
            async () => {
              const { Doubler } = await import(new URL("js/core/sound-codec.js", location.href));
              const doubler = new Doubler();
              const all = [];
              for (let n = 0; n < 5; n++) all.push(...doubler.process(Float32Array.from({ length: 800 }, (_, i) => Math.sin(2 * Math.PI * 150 * (n * 800 + i) / 4000))));
              let worst = 0;
              for (let i = 100; i < all.length; i++) worst = Math.max(worst, Math.abs(all[i] - Math.sin(2 * Math.PI * 150 * (i - 15) / 8000)));
              return worst;
            }
            """);
        Assert.IsLessThan(0.01, worst);

        double[] gains = await page.EvaluateAsync<double[]>(
            """
            async () => {
              const { GainRule } = await import(new URL("js/core/gain.js", location.href));
              const rule = new GainRule();
              return [rule.heard(0.25, 0, false), rule.heard(0.05, 0.5, false), rule.heard(0.05, 3.5, false), rule.heard(0.05, 4.5, false), rule.heard(0.001, 9, true), rule.heard(0.9, 9.5, true)];
            }
            """);
        double[] rule = [1, 1.414214, 10, 10, 10, 1];
        for (int i = 0; i < rule.Length; i++)
        {
            Assert.AreEqual(rule[i], gains[i], 1e-3, $"gain {i}");
        }
    }

    private static async Task SiteIsAskedAndConfirmed(IPage near, IPage far, FedPod pod)
    {
        await Assertions.Expect(far.Locator("#body-map .site")).ToHaveCountAsync(8);
        await far.Locator(".site[data-site=mitral]").ClickAsync();
        await far.Locator("#sound-posture").SelectOptionAsync("leftLateral");
        await far.Locator("#sound-filter").SelectOptionAsync("bell");
        await far.Locator("#sound-send").ClickAsync();
        await Assertions.Expect(far.Locator("#sound-said")).ToHaveTextAsync("Asked. The person at the cart confirms.");
        await Assertions.Expect(near.Locator("#sound-requested")).ToHaveTextAsync("Le médecin demande : Foyer mitral, apex (5e espace, à gauche), couché sur le côté gauche, cloche, 20 à 200 Hz.");
        await Assertions.Expect(near.Locator(".site[data-site=mitral]")).ToHaveAttributeAsync("data-requested", "true");
        await Assertions.Expect(near.Locator("#sound-posture")).ToHaveValueAsync("leftLateral");

        // The place is reached by keyboard too.
        await near.Locator(".site[data-site=mitral]").FocusAsync();
        await near.Keyboard.PressAsync("Enter");
        await near.Locator("#sound-send").ClickAsync();
        await pod.CommandAsync(c => c[1] == PodCommand.SetListening && c[8] == 1);
        foreach (IPage page in new[] { near, far })
        {
            await Assertions.Expect(page.Locator("#sound")).ToHaveAttributeAsync("data-listening", "true");
            await Assertions.Expect(page.Locator(".site[data-site=mitral]")).ToHaveAttributeAsync("data-confirmed", "true");
            await Assertions.Expect(page.Locator("#sound")).ToHaveAttributeAsync("data-requested", string.Empty);
        }

        await Assertions.Expect(far.Locator("#sound-confirmed")).ToContainTextAsync("lying on the left side, bell, 20 to 200 Hz");
    }

    /// <summary>The tone has a quarter of full scale; the rule's gain makes it a half, the volume a quarter again: 0.177 RMS, through the bell's filter.</summary>
    private static async Task Heard(IPage page)
    {
        await page.Locator("#sound-listen").ClickAsync();
        await PageFacts.BecomesAsync(page, "() => cartPage.sound.player.counters.rendered >= 16000");
        await PageFacts.BecomesAsync(page, "() => cartPage.sound.player.mode === 'bell' && Math.abs(cartPage.sound.player.counters.rms - 0.177) < 0.02");
    }

    private static async Task ClipIsKept(IPage near, IPage far)
    {
        await near.Locator("#sound-record").ClickAsync();
        await Assertions.Expect(near.Locator("#sound-said")).ToHaveTextAsync("Enregistrement c1 en cours.");
        foreach (IPage page in new[] { near, far })
        {
            await Assertions.Expect(page.Locator("#clips [data-clip=c1]")).ToHaveAttributeAsync("data-state", "complete");
        }

        // The manifest says what the cart has. The clinician view's own frames come behind it, the last of them last.
        await PageFacts.BecomesAsync(far, "() => cartPage.sound.store.make(cartPage.model.clips.get('c1'))?.lacking === 0");

        // What the clinician view makes of the frames that came the stored path is what the gateway's file holds, sample for sample.
        int same = await far.EvaluateAsync<int>(
            """
            async () => {
              const { fetchClip } = await import(new URL("js/core/clips.js", location.href));
              const { store, model } = cartPage.sound;
              const [own, file] = [store.make(model.clips.get("c1")), await fetchClip("S1", "c1")];
              if (own.lacking !== 0 || own.rateHz !== file.rateHz || own.samples.length !== file.samples.length) return -1;
              return own.samples.reduce((same, value, i) => same + (value === file.samples[i] ? 1 : 0), 0);
            }
            """);
        Assert.AreEqual(ClipSamples, same);
        foreach (IPage page in new[] { near, far })
        {
            await page.Locator("#clip-c1-play").ClickAsync();
        }

        foreach (IPage page in new[] { near, far })
        {
            await PageFacts.BecomesAsync(page, "() => Math.abs(cartPage.sound.player.counters.clipLoudest - 0.177) < 0.02");
            await PageFacts.BecomesAsync(page, "(length) => cartPage.sound.player.counters.clipRendered === length", ClipSamples);
        }

        IAPIResponse zip = await near.APIRequest.GetAsync(new Uri(new Uri(near.Url), await near.Locator("#clips-zip").GetAttributeAsync("href")).AbsoluteUri);
        Assert.IsTrue(zip.Ok);
        CollectionAssert.AreEqual("PK"u8.ToArray(), (await zip.BodyAsync())[..2]);
    }

    private static async Task ClipIsMarked(IPage near, IPage far)
    {
        await Assertions.Expect(near.Locator("#clip-c1-usable")).ToHaveCountAsync(0);
        await far.Locator("#clip-c1-usable").ClickAsync();
        await Assertions.Expect(near.Locator("#clips [data-clip=c1]")).ToHaveAttributeAsync("data-usable", "true");
        await Assertions.Expect(near.Locator("#clips [data-clip=c1]")).ToContainTextAsync("marqué utilisable");
        await far.Locator("#clip-c1-not").ClickAsync();
        await Assertions.Expect(far.Locator("#clips [data-clip=c1]")).ToHaveAttributeAsync("data-usable", "false");
        await Assertions.Expect(far.Locator("#clips [data-clip=c1]")).ToContainTextAsync("marked not usable");
    }

    private static async Task ListenerIsChecked(IPage far)
    {
        await Assertions.Expect(far.Locator("#check-heard-60")).ToBeDisabledAsync();
        foreach (int hz in new[] { 60, 250 })
        {
            await far.Locator($"#check-play-{hz}").ClickAsync();
            await Assertions.Expect(far.Locator($"#check-heard-{hz}")).ToBeEnabledAsync();
        }

        int sent = await far.EvaluateAsync<int>("cartPage.sound.check.sent.get(60)");
        Assert.IsTrue(sent is >= 1 and <= 4);
        await far.Locator("#check-heard-60").FillAsync(sent.ToString(System.Globalization.CultureInfo.InvariantCulture));
        await far.Locator("#check-heard-250").FillAsync("9");
        await far.Locator("#check-send").ClickAsync();
        await Assertions.Expect(far.Locator("#check-result")).ToContainTextAsync("60 Hz: heard.");
        await Assertions.Expect(far.Locator("#check-result")).ToContainTextAsync("250 Hz: 9 counted of");
    }

    /// <summary>A live chunk, as the gateway makes it.</summary>
    private static byte[] Chunk(byte step, uint number, SoundCodec codec, int rateHz, byte[] samples)
    {
        byte[] chunk = new byte[20 + SoundBody.SamplesOffset + samples.Length];
        chunk[0] = 1;
        chunk[1] = step;
        BinaryPrimitives.WriteUInt32LittleEndian(chunk.AsSpan(4), number);
        BinaryPrimitives.WriteInt64LittleEndian(chunk.AsSpan(8), number * 100_000L);
        BinaryPrimitives.WriteUInt32LittleEndian(chunk.AsSpan(16), 1);
        int count = codec == SoundCodec.Pcm16 ? samples.Length / 2 : (samples.Length - 4) * 2;
        SoundBody.WriteHead(chunk, 20, rateHz, codec, count, 0, 0, 0);
        samples.CopyTo(chunk, 20 + SoundBody.SamplesOffset);
        return chunk;
    }
}
