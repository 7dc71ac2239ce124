using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Threading.Tasks;
using EndToEnd.Tests.Processes;
using Firmware.Core;
using Firmware.Protocol;
using Microsoft.Playwright;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace EndToEnd.Tests.Browser;

/// <summary>The blood pressure on both pages of a real gateway: the nurse in English, the doctor in French, a pod played by hand.</summary>
[TestClass]
public sealed class CuffPageTests
{
    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [RequiresProgram(Chromium.Program)]
    public async Task From_who_is_measured_to_a_result_with_stop_and_the_message_across_the_page()
    {
        await using FedPod pod = await FedPod.StartAsync();
        await using IBrowserContext nurse = await Chromium.ContextAsync();
        await using IBrowserContext doctor = await Chromium.ContextAsync("fr-FR");
        List<string> errors = [];
        IPage near = await PageFacts.OpenAsync(nurse, pod.Near + "/", errors);
        await Assertions.Expect(near.Locator("#connection")).ToHaveTextAsync("Connected to the session's broker.");
        IPage far = await PageFacts.OpenAsync(doctor, await near.Locator("#far-link").InputValueAsync(), errors);
        await Assertions.Expect(far.Locator("#connection")).ToHaveTextAsync("Relié au serveur de la séance.");

        await PatientIsAskedOnce(near, pod);
        await SelfTest(near, pod);
        await StoppedMeasurement(near, far, pod);
        await Measurement(near, far, pod);
        await Chromium.PictureAsync(near, TestContext, "cuff-near");
        await Chromium.PictureAsync(far, TestContext, "cuff-far-fr");
        await MessageAcrossThePage(near, far, pod);
        Assert.AreEqual(0, await far.Locator("#cuff button:not([disabled])").CountAsync(), "the clinician view is for reading");
        Assert.IsEmpty(errors, string.Join('\n', errors));
    }

    [TestMethod]
    [RequiresProgram(Chromium.Program)]
    public async Task A_refusal_is_said_with_its_code_and_next_step_and_a_gateway_that_is_gone_is_said_at_stop()
    {
        List<string> errors = [];
        await using IBrowserContext nurse = await Chromium.ContextAsync();
        IPage near;
        await using (FedPod pod = await FedPod.StartAsync())
        {
            near = await PageFacts.OpenAsync(nurse, pod.Near + "/", errors);
            await Assertions.Expect(near.Locator("#cuff-patient")).ToBeVisibleAsync();
            await near.Locator("#cuff-patient-keep").ClickAsync();
            await Assertions.Expect(near.Locator("#cuff-category")).ToHaveAttributeAsync("aria-invalid", "true");
            await near.Locator("#cuff-category").SelectOptionAsync("pediatric");
            await near.Locator("#cuff-size").SelectOptionAsync("child");
            await near.Locator("#cuff-patient-keep").ClickAsync();
            await Assertions.Expect(near.Locator("#cuff-fault")).ToContainTextAsync("G2314");
            await Assertions.Expect(near.Locator("#cuff-fault")).ToContainTextAsync("Next step:");
            await Assertions.Expect(near.Locator("#cuff-start")).ToBeDisabledAsync();
        }

        await near.Locator("#cuff-stop").ClickAsync();
        await Assertions.Expect(near.Locator("#cuff-stopped")).ToHaveTextAsync("STOP is not confirmed. Pull the hose off the cuff. The cart has not answered.");
    }

    private static async Task PatientIsAskedOnce(IPage near, FedPod pod)
    {
        await Assertions.Expect(near.Locator("#cuff-start")).ToBeDisabledAsync();
        await near.Locator("#cuff-category").SelectOptionAsync("adult");
        await near.Locator("#cuff-size").SelectOptionAsync("largeAdult");
        await near.Locator("#cuff-arm").CheckAsync();
        await near.Locator("#cuff-patient-keep").ClickAsync();
        byte[] told = await pod.CommandAsync(c => c[1] == PodCommand.SetPatient);
        CollectionAssert.AreEqual(new byte[] { (byte)PatientCategory.Adult, (byte)CuffSize.LargeAdult, 1 }, told[8..]);
        await Assertions.Expect(near.Locator("#cuff-who")).ToHaveTextAsync("Adult, large adult, 35 to 44 cm, oximeter on the same arm");

        // A page that is opened again knows.
        await near.ReloadAsync();
        await Assertions.Expect(near.Locator("#cuff-who")).ToHaveTextAsync("Adult, large adult, 35 to 44 cm, oximeter on the same arm");
        await Assertions.Expect(near.Locator("#cuff-patient")).ToBeHiddenAsync();
        await Assertions.Expect(near.Locator("#connection")).ToHaveTextAsync("Connected to the session's broker.");
    }

    private static async Task SelfTest(IPage near, FedPod pod)
    {
        await Assertions.Expect(near.Locator("#cuff-test")).ToBeDisabledAsync();
        await near.Locator("#cuff-off").CheckAsync();
        await near.Locator("#cuff-test").ClickAsync();
        byte[] test = await pod.CommandAsync(c => c[1] == PodCommand.TestCuff);
        Assert.AreEqual(0xA5, test[4]);
        pod.Phase(CuffPhase.SelfTest);
        await Assertions.Expect(near.Locator("#cuff-phase")).ToHaveTextAsync("Self test under way: the cuff must be off the arm.");
        await Assertions.Expect(near.Locator("#cuff-start")).ToBeDisabledAsync();
        pod.Event(FaultCode.CuffSelfTestPassed, Streams.CuffPressure);
        await Assertions.Expect(near.Locator("#cuff-test-state")).ToHaveTextAsync("Self test passed.");
        pod.Phase(CuffPhase.Idle);
        await Assertions.Expect(near.Locator("#cuff-start")).ToBeEnabledAsync();
    }

    private static async Task StoppedMeasurement(IPage near, IPage far, FedPod pod)
    {
        await near.Locator("#cuff-start").ClickAsync();
        await pod.CommandAsync(c => c[1] == PodCommand.StartCuff && BinaryPrimitives.ReadUInt32LittleEndian(c.AsSpan(4)) != 0);
        pod.Phase(CuffPhase.Inflate);
        await Assertions.Expect(near.Locator("#cuff-phase")).ToHaveTextAsync("Inflating.");
        await Assertions.Expect(far.Locator("#cuff-phase")).ToHaveTextAsync("Gonflage.");
        await Assertions.Expect(near.Locator("#cuff-start")).ToBeDisabledAsync();

        // The last of 25 samples is shown.
        foreach (IPage page in new[] { near, far })
        {
            await PageFacts.BecomesAsync(page, "() => document.getElementById('cuff').dataset.pressure === '74'", meanwhile: () => pod.Pressure(5000, 100));
            await PageFacts.BecomesAsync(page, "() => Number(document.getElementById('cuff-pressure').dataset.samples) >= 25");
        }

        await PageFacts.BecomesAsync(near, "() => document.getElementById('cuff-live').textContent === 'Cuff now: 74 mmHg'", meanwhile: () => pod.Pressure(5000, 100));
        pod.ForgetCommands();
        await near.Locator("#cuff-stop").ClickAsync();
        await pod.CommandAsync(c => c[1] == PodCommand.StopCuff);

        // The pod has acknowledged it and says nothing of its valves.
        await Assertions.Expect(near.Locator("#cuff-stopped")).ToHaveTextAsync("STOP is not confirmed. Pull the hose off the cuff. The pod has taken it, and still reports a measurement.");
        pod.Phase(CuffPhase.Dump);
        await Assertions.Expect(near.Locator("#stop-bar")).ToHaveAttributeAsync("data-state", "confirmed");
        await Assertions.Expect(near.Locator("#cuff-stopped")).ToContainTextAsync("STOP is confirmed");
        pod.Phase(CuffPhase.Done);
        pod.Result(0, 0, 0, 0, 0, AbsenceReason.Stopped);
        await Assertions.Expect(near.Locator("#cuff-reason")).ToHaveTextAsync("ended by a person");
        await Assertions.Expect(near.Locator("#cuff-next")).ToContainTextAsync("Next step: Measure again");
        await Assertions.Expect(far.Locator("#cuff-reason")).ToHaveTextAsync("arrêté par une personne");
        await Assertions.Expect(near.Locator("#cuff-pressures")).ToHaveTextAsync("–");
    }

    private static async Task Measurement(IPage near, IPage far, FedPod pod)
    {
        pod.ForgetCommands();
        await near.Locator("#cuff-start").ClickAsync();
        await pod.CommandAsync(c => c[1] == PodCommand.StartCuff);
        pod.Phase(CuffPhase.Bleed);
        await Assertions.Expect(far.Locator("#cuff-phase")).ToContainTextAsync("dégonflage lent");
        pod.Phase(CuffPhase.Done);
        pod.Result(128, 82, 97, 71, BloodPressureStatus.IrregularPulse | BloodPressureStatus.Uncalibrated);
        foreach (IPage page in new[] { near, far })
        {
            await Assertions.Expect(page.Locator("#cuff-pressures")).ToHaveTextAsync("128 / 82 (97)");
            await Assertions.Expect(page.Locator("#cuff-reason")).ToHaveTextAsync(string.Empty);
            await Assertions.Expect(page.Locator("#cuff-marks [data-mark=irregularPulse]")).ToHaveCountAsync(1);
            await Assertions.Expect(page.Locator("#cuff-marks [data-mark=uncalibrated]")).ToHaveCountAsync(1);
            await Assertions.Expect(page.Locator("#cuff-quality")).ToContainTextAsync("84");
            foreach (uint mdc in new[] { MdcCodes.CuffPhase, MdcCodes.NoninvasiveSystolic })
            {
                await Assertions.Expect(ClinicianViewTests.Tile(page, mdc)).ToHaveCountAsync(0);
            }
        }

        await Assertions.Expect(near.Locator("#cuff-pulse")).ToHaveTextAsync("Pulse 71 /min");
        await Assertions.Expect(near.Locator("#cuff-marks")).ToContainTextAsync("irregular pulse");
        await Assertions.Expect(far.Locator("#cuff-pulse")).ToHaveTextAsync("Pouls 71 /min");
        await Assertions.Expect(far.Locator("#cuff-marks")).ToContainTextAsync("pouls irrégulier");
    }

    private static async Task MessageAcrossThePage(IPage near, IPage far, FedPod pod)
    {
        await Assertions.Expect(near.Locator("#cuff-banner")).ToBeHiddenAsync();
        pod.Event(FaultCode.CuffDeflationNotConfirmed, Streams.CuffPressure);
        await Assertions.Expect(near.Locator("#cuff-banner")).ToContainTextAsync("Take the cuff off by hand, now.");
        await Assertions.Expect(far.Locator("#cuff-banner")).ToContainTextAsync("Retirez le brassard à la main, maintenant.");
        await Assertions.Expect(near.Locator("#cuff-message")).ToContainTextAsync("P1522");
        double share = await near.EvaluateAsync<double>("() => document.getElementById('cuff-banner').getBoundingClientRect().width / document.documentElement.clientWidth");
        Assert.IsGreaterThan(0.95, share, "across the page");
        await ClinicianViewTests.Fit(near, 1280);
        await near.ReloadAsync();
        await Assertions.Expect(near.Locator("#cuff-banner")).ToBeVisibleAsync();
        await near.Locator("#cuff-banner-confirm").ClickAsync();
        await Assertions.Expect(near.Locator("#cuff-banner")).ToBeHiddenAsync();
        await Assertions.Expect(far.Locator("#cuff-banner")).ToBeVisibleAsync();
        await far.Locator("#cuff-banner-confirm").ClickAsync();
        await Assertions.Expect(far.Locator("#cuff-banner")).ToBeHiddenAsync();
        await near.ReloadAsync();
        await Assertions.Expect(near.Locator("#connection")).ToHaveTextAsync("Connected to the session's broker.");
        await Assertions.Expect(near.Locator("#cuff-banner")).ToBeHiddenAsync();
    }
}
