using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using EdgeGateway.Core.Cuff;
using EdgeGateway.Core.Sound;
using Firmware.Protocol;
using Simulators.Cart.Pod;
using Simulators.Chips;
using Simulators.Network;
using Simulators.Patient;

namespace Simulators.Cart.Scenario;

/// <summary>
/// Everything that can happen on a timeline, one row each: the name in scenario files, what it takes, and what it does to the world. The reader,
/// the world and the table in simulators/Scenarios/README.md read these rows.
/// </summary>
public static class ScenarioFaults
{
    /// <summary>A loud room at the microphone, mV. Assumption: speech beside the patient.</summary>
    public const double LoudRoomMilliVolt = 150;

    /// <summary>How late a chunk is at most on weak Wi-Fi, µs. Assumption: retries of the link layer.</summary>
    public const long WeakJitterUs = 100_000;

    /// <summary>The rows, in the order of the table.</summary>
    public static IReadOnlyList<ScenarioFault> All { get; } =
    [
        new("unplug-chip", "A part loses its plug; at the end it is plugged in again", static s => s.Pod.SetPlugged(s.Event.Part, false), static s => s.Pod.SetPlugged(s.Event.Part, true))
        {
            TakesPart = true,
        },
        new("cut-pod-power", "The pod loses its power; at the end it boots again", static s => s.Pod.CutPower(), static s => s.Pod.PowerOn()),
        new("cut-pod-network", "The pod's path to the gateway goes silent", static s => s.PodPath.SetState(PathState.Silent), static s => s.PodPath.SetState(PathState.Up)),
        new(
            "weak-wifi", "The pod's Wi-Fi is weak: it carries only so much, and each chunk is late by up to 100 ms", static s => s.PodPath.Quality = s.PodPath.Quality with { BytesPerSecond = s.Event.Amount, JitterUs = WeakJitterUs },
            static s => s.PodPath.Quality = s.Cart.Definition.PodNetwork)
        {
            Parameter = new FaultParameter("kilobytesPerSecond", 1000, 0.1m, 100_000),
        },
        new("late-pod-network", "What the pod and the gateway send is late by so much", static s => s.PodPath.Quality = s.PodPath.Quality with { LatencyUs = s.Event.Amount }, static s => s.PodPath.Quality = s.Cart.Definition.PodNetwork)
        {
            Parameter = new FaultParameter("latencyMs", 1000, 1, 60_000),
        },
        new("take-thermometer-off", "The thermometer is taken off the patient; at the end it is laid on again", static s => s.Pod.Skin.Release(s.NowUs), static s => s.Pod.Skin.Touch(s.NowUs)),
        new("hold-bus", "A part of the pod's I2C bus holds SDA low, whatever is clocked: each transaction stands for up to 1 s, and the pod's loop with it", static s => s.Pod.HoldBus(true), static s => s.Pod.HoldBus(false)),
        new("hang-bus", "A part of the pod's I2C bus lost count of the clock and holds SDA low until it is clocked free", static s => s.Pod.HangBus()),
        new("noisy-bus", "So many of a million transactions on the pod's I2C bus are not acknowledged, at whatever byte", static s => s.Pod.SetBusNoise((int)s.Event.Amount), static s => s.Pod.SetBusNoise(0))
        {
            Parameter = new FaultParameter("nacksPerMillion", 1, 1, 500_000),
        },
        new("late-loop", "Each step of the pod's loop comes late by up to so much", static s => s.Pod.MaxLatenessUs = s.Event.Amount, static s => s.Pod.MaxLatenessUs = 0)
        {
            Parameter = new FaultParameter("lateMs", 1000, 0.1m, 500),
        },
        new("reset-pod-connection", "The pod's connections are reset once", static s => s.PodPath.ResetConnections()),
        new("hang-pod", "The pod's program hangs and its outputs stay as they are; at the end the pod is switched off and on", static s => s.Pod.Hang(), static s =>
        {
            s.Pod.CutPower();
            s.Pod.PowerOn();
        }),
        new("kill-gateway", "The gateway's process is killed, its system lives on; at the end it starts again", static s => s.Cart.Gateway.Kill(), StartGateway)
        {
            Target = FaultTarget.Cart,
            MustEnd = true,
        },
        new("cut-gateway-power", "The gateway's machine loses its power and its disk what was not synced, or a part of it; at the end it starts again", static s => s.Cart.Gateway.CutPower(), StartGateway)
        {
            Target = FaultTarget.Cart,
            MustEnd = true,
        },
        new("restart-gateway", "The gateway is stopped cleanly; at the end it starts again", static s => s.Cart.Gateway.Stop(), StartGateway) { Target = FaultTarget.Cart, MustEnd = true },
        new("slow-disk", "A sync of the gateway's disk takes so long", static s => s.Cart.Gateway.Disk.MaxSyncUs = s.Event.Amount, static s => s.Cart.Gateway.Disk.MaxSyncUs = s.Cart.Definition.Gateway.DiskSyncUs)
        {
            Target = FaultTarget.Cart,
            Parameter = new FaultParameter("syncMs", 1000, 1, 60_000),
        },
        new("slow-flash", "An erase of the pod's flash takes so long", static s => s.Pod.Flash?.EraseUs = s.Event.Amount, static s => s.Pod.Flash?.EraseUs = SimulatedFlash.TypicalEraseUs)
        {
            Parameter = new FaultParameter("eraseMs", 1000, 1, 400),
        },
        new("synchronise-clock", "The gateway's machine learns UTC", static s => s.Cart.Gateway.Synchronise()) { Target = FaultTarget.Cart },
        new("stop-broker", "The external broker's process is stopped and keeps its sessions; at the end it starts again", static s => s.Cart.Broker!.Stop(), static s => s.Cart.Broker!.Start())
        {
            Target = FaultTarget.Cart,
            Need = FaultNeed.ExternalBroker,
        },
        new("cut-uplink", "The path to the external broker goes silent", static s => s.Cart.UplinkPath.SetState(PathState.Silent), static s => s.Cart.UplinkPath.SetState(PathState.Up))
        {
            Target = FaultTarget.Cart,
            Need = FaultNeed.ExternalBroker,
        },
        new("cut-session", "The subscribers' path goes silent", static s => s.Cart.SessionPath.SetState(PathState.Silent), static s => s.Cart.SessionPath.SetState(PathState.Up)) { Target = FaultTarget.Cart },
        new(
            "thin-session", "The subscribers' path carries only so much", static s => s.Cart.SessionPath.Quality = s.Cart.SessionPath.Quality with { BytesPerSecond = s.Event.Amount },
            static s => s.Cart.SessionPath.Quality = s.Cart.Definition.SessionNetwork)
        {
            Target = FaultTarget.Cart,
            Parameter = new FaultParameter("kilobytesPerSecond", 1000, 0.1m, 100_000),
        },
        new("stop-subscriber", "A subscriber goes away without a word; at the end it connects again", static s => s.Cart.Subscribers[s.Event.Target].Stop(), static s => s.Cart.Subscribers[s.Event.Target].Start())
        {
            Target = FaultTarget.Subscriber,
        },
        Light("finger-off", "The finger is taken off the sensor; at the end it is laid on again", Disturbance.FingerOff),
        Light("motion", "The finger moves on the sensor", Disturbance.Motion),
        Light("ambient-light", "Light from outside, too much to be cancelled", Disturbance.AmbientLight),
        Light("glare", "Something shiny lies on the sensor", Disturbance.Glare),
        new("cold-finger", "The finger is cold; a recording has no such finger and stays as it is", static s => s.Pod.Pulse.SetCold(s.NowUs, cold: true), static s => s.Pod.Pulse.SetCold(s.NowUs, cold: false)),
        new("set-patient", "The nurse says who is measured: an adult, an adult's cuff, on the arm that the scenario names", static s => s.Cart.Gateway.Command((core, session) => core.Cuff.SetPatient(
            session, new CuffPatient(PatientCategory.Adult, CuffSize.Adult, s.Pod.Definition.IsCuffOnOximeterArm))))
        {
            Need = FaultNeed.Cuff,
        },
        new("test-cuff", "The nurse takes the cuff off the arm and begins its self test", static s =>
        {
            s.Pod.SetCuffFault(CuffChainFaults.OffTheArm, true);
            s.Cart.Gateway.Command(static (core, _) => core.Cuff.Test());
        })
        {
            Need = FaultNeed.BuiltInCuff,
        },
        new("start-cuff", "The nurse lays the cuff on and begins a measurement", static s =>
        {
            s.Pod.SetCuffFault(CuffChainFaults.OffTheArm, false);
            s.Cart.Gateway.Command(static (core, session) => core.Cuff.Start(session));
        })
        {
            Need = FaultNeed.Cuff,
        },
        new("stop-cuff", "The nurse stops the cuff", static s => s.Cart.Gateway.Command(static (core, _) =>
        {
            core.Stop.Now();
            return default;
        }))
        {
            Need = FaultNeed.Cuff,
        },
        Cuff("cuff-leak", "The cuff has a large leak", CuffChainFaults.Leak),
        Cuff("cuff-kink", "The hose between cuff and sensor is kinked", CuffChainFaults.MeasuringLumenBlocked),
        Cuff("cuff-off", "The cuff's hose is pulled out", CuffChainFaults.Disconnected),
        new("listen", "The nurse lets the stethoscope be heard, at the site where it sits; at the end no more", static s => Listen(s, true), static s => Listen(s, false)) { Need = FaultNeed.Stethoscope },
        new("record-clip", "The nurse presses the button: a clip of 15 s, 5 s before it", static s => s.Cart.Gateway.RecordClip()) { Target = FaultTarget.Cart },
        new("lift-chestpiece", "The chestpiece is lifted off the skin", static s => s.Pod.Chest!.IsLifted = true, static s => s.Pod.Chest!.IsLifted = false) { Need = FaultNeed.Stethoscope },
        Converter("cable-loose", "The stethoscope's cable is loose", Pcm1808Fault.CableLoose),
        Converter("clock-lost", "The converter's clocks stand still", Pcm1808Fault.ClockHalted),
        new("room-noise", "It is loud in the room", static s => s.Pod.Chest!.AmbientMilliVolt = LoudRoomMilliVolt, static s => s.Pod.Chest!.AmbientMilliVolt = 0) { Need = FaultNeed.Stethoscope },
        new("rub", "A hand rubs on the chestpiece", static s => s.Pod.Chest!.IsRubbed = true, static s => s.Pod.Chest!.IsRubbed = false) { Need = FaultNeed.Stethoscope },
    ];

    /// <summary>A row by its name.</summary>
    /// <param name="name">The name in scenario files.</param>
    /// <returns>The row.</returns>
    /// <exception cref="ArgumentException">There is none: a defect of the caller.</exception>
    public static ScenarioFault Named(string name) =>
        All.FirstOrDefault(f => string.Equals(f.Name, name, StringComparison.Ordinal)) ?? throw new ArgumentException($"There is no scenario fault '{name}'.", nameof(name));

    /// <summary>The rows as a table for simulators/Scenarios/README.md.</summary>
    /// <returns>Markdown, with '\n' at each line's end.</returns>
    public static string Table()
    {
        StringBuilder text = new("| `do` | acts on | needs | takes | what happens |\n| --- | --- | --- | --- | --- |\n");
        foreach (ScenarioFault fault in All)
        {
            string need = fault.Need switch
            {
                FaultNeed.ExternalBroker => "`broker: external`",
                FaultNeed.Cuff => "a cuff",
                FaultNeed.BuiltInCuff => "the built-in cuff",
                FaultNeed.Stethoscope => "a stethoscope",
                _ => string.Empty,
            };
            string target = fault.Target switch
            {
                FaultTarget.Pod => "pod",
                FaultTarget.Subscriber => "subscriber",
                _ => "cart",
            };
            text.Append("| ").AppendJoin(" | ", $"`{fault.Name}`", target, need, fault.Keys, fault.About).Append(" |\n");
        }

        return text.Replace("|  |", "| |").Replace("|  |", "| |").ToString();
    }

    private static ScenarioFault Light(string name, string about, Disturbance disturbance) =>
        new(name, about, s => s.Pod.Light.Set(disturbance, true), s => s.Pod.Light.Set(disturbance, false));

    private static ScenarioFault Cuff(string name, string about, CuffChainFaults fault) =>
        new(name, about, s => s.Pod.SetCuffFault(fault, true), s => s.Pod.SetCuffFault(fault, false)) { Need = FaultNeed.BuiltInCuff };

    private static ScenarioFault Converter(string name, string about, Pcm1808Fault fault) =>
        new(name, about, s => s.Pod.Converter!.Fault = fault, static s => s.Pod.Converter!.Fault = Pcm1808Fault.None) { Need = FaultNeed.Stethoscope };

    private static void StartGateway(FaultScene scene) => scene.Cart.Gateway.Start();

    // The patient's places and the gateway's words for them are told apart on purpose: a simulated patient knows no gateway.
    private static AuscultationSite SiteOf(ChestSite site) => site switch
    {
        ChestSite.Aortic => AuscultationSite.Aortic,
        ChestSite.Pulmonic => AuscultationSite.Pulmonic,
        ChestSite.Tricuspid => AuscultationSite.Tricuspid,
        ChestSite.Mitral => AuscultationSite.Mitral,
        ChestSite.RightUpperLung => AuscultationSite.RightUpperLung,
        ChestSite.LeftUpperLung => AuscultationSite.LeftUpperLung,
        ChestSite.RightLowerLung => AuscultationSite.RightLowerLung,
        ChestSite.LeftLowerLung => AuscultationSite.LeftLowerLung,
        _ => throw new ArgumentOutOfRangeException(nameof(site), site, "The gateway has no word for this place of the chest; add it here."),
    };

    private static void Listen(FaultScene scene, bool listening) => scene.Cart.Gateway.Command((core, session) =>
    {
        SoundPlace place = new(SiteOf(scene.Pod.Chest!.Site), PatientPosture.Sitting, ListeningMode.Bell);
        return core.Sound.Set(session, listening, place, string.Empty);
    });
}
