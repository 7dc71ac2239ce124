using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using EdgeGateway.Core;
using Firmware.Protocol;
using Simulators.Cart.Gateway;
using Simulators.Cart.Ledger;
using Simulators.Cart.Pod;
using Simulators.Cart.Report;
using Simulators.Cart.Scenario;
using Simulators.Cart.Subscribers;
using Simulators.Kernel;
using Simulators.Network;
using Simulators.Patient;

namespace Simulators.Cart.World;

/// <summary>What every simulated part stands on: time, randomness, network, trace, and the ledger.</summary>
public class WorldServices : IDisposable
{
    /// <summary>Makes an empty world at its time 0.</summary>
    /// <param name="seed">Everything random comes from it.</param>
    /// <param name="traced">True to write a trace.</param>
    /// <param name="traceOutput">Where the trace's bytes go, or null for its hash alone.</param>
    public WorldServices(ulong seed, bool traced, Stream? traceOutput = null)
    {
        Seed = seed;
        Kernel = new SimulationKernel();
        Random = new SeededRandom(seed);
        Trace = traced ? new TraceWriter(Kernel, traceOutput) : null;
        Ledger = new DeliveryLedger();
        Network = new SimulatedNetwork(Kernel, Random.Fork("network"), Trace);
    }

    /// <summary>The seed.</summary>
    public ulong Seed { get; }

    /// <summary>Time and events.</summary>
    public SimulationKernel Kernel { get; }

    /// <summary>Forked by name for every part.</summary>
    public SeededRandom Random { get; }

    /// <summary>The trace, or null.</summary>
    public TraceWriter? Trace { get; }

    /// <summary>The network.</summary>
    public SimulatedNetwork Network { get; }

    /// <summary>Who knows everything.</summary>
    public DeliveryLedger Ledger { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what is held.</summary>
    /// <param name="disposing">True from <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            Trace?.Dispose();
        }
    }
}

/// <summary>One cart: a gateway, its pods, and whoever listens to its sessions.</summary>
public sealed class SimulatedCart
{
    internal SimulatedCart(SimulatedWorld world, CartDefinition definition, IReadOnlyList<IPatientLight?> recordings)
    {
        Definition = definition;
        string gatewayAddress = definition.Id + ".gateway";
        string brokerAddress = definition.Id + ".broker";
        UplinkPath = world.Network.AddPath(definition.Id + "/uplink", definition.UplinkNetwork);
        SessionPath = world.Network.AddPath(definition.Id + "/session", definition.SessionNetwork);
        Broker = definition.ExternalBroker ? new SimulatedBroker(world, definition.Id + "/broker", brokerAddress, definition.Broker) : null;
        Gateway = new SimulatedGateway(world, definition, gatewayAddress, UplinkPath, brokerAddress);
        List<SimulatedPod> pods = [];
        List<NetworkPath> paths = [];
        for (int i = 0; i < definition.Pods.Count; i++)
        {
            NetworkPath path = world.Network.AddPath(definition.Id + "/" + definition.Pods[i].Id + "/link", definition.PodNetwork);
            PodConnectorFactory connectors = (now, wake) => new SimulatedConnector(world.Network, path, gatewayAddress, now, wake);
            pods.Add(new SimulatedPod(world, definition.Id, definition.Pods[i], connectors, recording: recordings[i]));
            paths.Add(path);
        }

        Pods = pods;
        PodPaths = paths;
        List<SimulatedSubscriber> subscribers = [];
        foreach (SubscriberDefinition subscriber in definition.Subscribers)
        {
            subscribers.Add(new SimulatedSubscriber(world, definition.Id, subscriber, SessionPath, Broker?.Address ?? gatewayAddress));
        }

        Subscribers = subscribers;
    }

    /// <summary>Its scenario.</summary>
    public CartDefinition Definition { get; }

    /// <summary>Its gateway.</summary>
    public SimulatedGateway Gateway { get; }

    /// <summary>The external broker, or null.</summary>
    public SimulatedBroker? Broker { get; }

    /// <summary>Its pods.</summary>
    public IReadOnlyList<SimulatedPod> Pods { get; }

    /// <summary>The pods' ways to the gateway, in the same order.</summary>
    public IReadOnlyList<NetworkPath> PodPaths { get; }

    /// <summary>Who listens.</summary>
    public IReadOnlyList<SimulatedSubscriber> Subscribers { get; }

    /// <summary>From the gateway to the external broker.</summary>
    public NetworkPath UplinkPath { get; }

    /// <summary>From subscribers to where the session is published.</summary>
    public NetworkPath SessionPath { get; }
}

/// <summary>
/// A scenario come to life: all carts, on one kernel. The same scenario and seed give the same trace, byte for byte.
/// </summary>
public sealed class SimulatedWorld : WorldServices
{
    /// <summary>Makes a world at its time 0; everything is put on the kernel, nothing has run.</summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="seed">Everything random comes from it.</param>
    /// <param name="traced">True to write a trace.</param>
    /// <param name="traceOutput">Where the trace's bytes go, or null for its hash alone.</param>
    /// <param name="scenarioFolder">Where recordings with relative names are looked for.</param>
    /// <exception cref="RecordingException">A recording cannot be played.</exception>
    public SimulatedWorld(ScenarioDefinition scenario, ulong seed, bool traced, Stream? traceOutput = null, string? scenarioFolder = null)
        : base(seed, traced, traceOutput)
    {
        Scenario = scenario;
        Trace?.Begin("world", "begin").Add("scenario", scenario.Name).Add("seed", seed.ToString(CultureInfo.InvariantCulture)).End();
        List<SimulatedCart> carts = [];
        foreach (CartDefinition cart in scenario.Carts)
        {
            List<IPatientLight?> recordings = [];
            foreach (PodDefinition pod in cart.Pods)
            {
                recordings.Add(pod.Light ?? (pod.Recording is null ? null : Record(pod, scenarioFolder)));
            }

            carts.Add(new SimulatedCart(this, cart, recordings));
        }

        Carts = carts;
        Layers = Trace is null ? null : new TraceLayers(carts);
        Schedule();
    }

    /// <summary>No cuff ever has more, mmHg. Source: IEC 80601-2-30, 201.12.1.107, under a single fault.</summary>
    public const int MaxBladderMmHg = 330;

    /// <summary>No cuff is above 15 mmHg for longer, µs. Source: IEC 80601-2-30, 201.12.1.107.</summary>
    public const long MaxInflatedUs = 180_000_000;

    /// <summary>From one look at a cuff that must be empty to the next, µs.</summary>
    public const long CuffLookUs = 100_000;

    /// <summary>The scenario.</summary>
    public ScenarioDefinition Scenario { get; }

    /// <summary>The carts.</summary>
    public IReadOnlyList<SimulatedCart> Carts { get; }

    /// <summary>The trace by layer, or null without one.</summary>
    internal TraceLayers? Layers { get; }

    /// <summary>Runs to the end under virtual time.</summary>
    public void Run() => Kernel.Run(Scenario.DurationUs);

    /// <summary>Draws the balance of what has happened so far.</summary>
    /// <returns>The report.</returns>
    public RunReport Report()
    {
        SortedDictionary<ReadingId, (long Pending, long Unbound)> held = [];
        foreach (SimulatedCart cart in Carts)
        {
            foreach (SimulatedPod pod in cart.Pods)
            {
                // Whatever the scenario: what an arm may feel (IEC 80601-2-30). A self test is done with the cuff off the arm.
                if (pod.Cuff is { } cuff && cuff.HighestMmHg > MaxBladderMmHg)
                {
                    Ledger.Find(string.Create(CultureInfo.InvariantCulture, $"{cart.Definition.Id}/{pod.Definition.Id}: the cuff had {cuff.HighestMmHg:F0} mmHg, more than {MaxBladderMmHg}"));
                }

                if (pod.Module is { } module && (module.HighestMmHg > MaxBladderMmHg || module.TruePressureMmHg > 15))
                {
                    Ledger.Find(string.Create(CultureInfo.InvariantCulture, $"{cart.Definition.Id}/{pod.Definition.Id}: the module's cuff had {module.HighestMmHg:F0} mmHg at most, and has {module.TruePressureMmHg:F0} at the end"));
                }

                if (pod.Cuff is { } inflated && inflated.LongestInflatedUs > MaxInflatedUs)
                {
                    Ledger.Find(string.Create(CultureInfo.InvariantCulture, $"{cart.Definition.Id}/{pod.Definition.Id}: the cuff was above 15 mmHg for {inflated.LongestInflatedUs / 1e6:F1} s, longer than {MaxInflatedUs / 1e6:F0}"));
                }

                if (pod.Cuff is { } left && left.BladderMmHg > 15)
                {
                    Ledger.Find(string.Create(CultureInfo.InvariantCulture, $"{cart.Definition.Id}/{pod.Definition.Id}: at the end the cuff still has {left.BladderMmHg:F0} mmHg"));
                }
            }
        }

        foreach (SimulatedCart cart in Carts)
        {
            foreach (SimulatedPod pod in cart.Pods)
            {
                long known = Ledger.HeldByPod(pod.Definition.DeviceId);
                if (pod.Host is not null && pod.Host.Counters.Pending != known)
                {
                    Ledger.Find(string.Create(
                        CultureInfo.InvariantCulture,
                        $"{cart.Definition.Id}/{pod.Definition.Id} says that it holds {pod.Host.Counters.Pending} readings, and by its own events it must hold {known}"));
                }
            }

            if (cart.Gateway.Core is GatewayCore core)
            {
                foreach (StreamHealth stream in core.Snapshot().Streams)
                {
                    held[new ReadingId(stream.DeviceId, stream.BootId, stream.Stream, 0)] = (stream.Pending, stream.Unbound);
                }
            }
        }

        return new RunReport(this, Ledger.Balance(held));
    }

    private static RecordedLight Record(PodDefinition pod, string? folder)
    {
        string path = folder is null ? pod.Recording! : Path.Combine(folder, pod.Recording!);
        RecordedLight light = RecordedLight.Load(path);
        light.StartUs = pod.FingerOnUs;
        return light;
    }

    private void Schedule()
    {
        foreach (SimulatedCart cart in Carts)
        {
            if (cart.Broker is not null)
            {
                Kernel.At(0, cart.Broker.Start);
            }

            Kernel.At(0, cart.Gateway.Start);
            foreach (SimulatedPod pod in cart.Pods)
            {
                Kernel.At(pod.Definition.BootUs, pod.PowerOn);
                Kernel.At(pod.Definition.TouchUs, () => pod.Skin.Touch(Kernel.NowUs));
            }

            foreach (SessionDefinition session in cart.Definition.Sessions)
            {
                Kernel.At(session.OpenUs, () => cart.Gateway.OpenSession(session.Id));
                if (session.CloseUs != long.MaxValue)
                {
                    Kernel.At(session.CloseUs, () => cart.Gateway.CloseSession(session.Id));
                }
            }

            for (int i = 0; i < cart.Subscribers.Count; i++)
            {
                Kernel.At(cart.Definition.Subscribers[i].ConnectUs, cart.Subscribers[i].Start);
            }
        }

        foreach (ExpectedCuff cuff in Scenario.Expect.Cuffs)
        {
            SimulatedPod pod = Carts[cuff.Cart].Pods[cuff.Pod];
            if (cuff.HeldUs >= 0)
            {
                Kernel.At(cuff.HeldUs, () => CheckCuff(pod, isHeld: true));
            }

            foreach (TimelineEvent stop in Scenario.Timeline)
            {
                if (cuff.StoppedWithinUs >= 0 && stop.Cart == cuff.Cart && stop.Target == cuff.Pod && string.Equals(stop.Fault.Name, "stop-cuff", StringComparison.Ordinal))
                {
                    Kernel.At(stop.AtUs + cuff.StoppedWithinUs, () => CheckStopped(pod));
                }
            }

            for (long us = cuff.EmptyFromUs; us >= 0 && us <= cuff.EmptyUntilUs; us += CuffLookUs)
            {
                Kernel.At(us, () => CheckCuff(pod, isHeld: false));
            }
        }

        foreach (ExpectedUnbound unbound in Scenario.Expect.Unbound)
        {
            SimulatedPod pod = Carts[unbound.Cart].Pods[unbound.Pod];
            pod.FrameProduced += (buffer, offset, length) => CheckUnbound(pod, unbound, buffer, offset);
        }

        foreach (TimelineEvent e in Scenario.Timeline)
        {
            Kernel.At(e.AtUs, () => Begin(e));
            if (e.ForUs != long.MaxValue)
            {
                Kernel.At(e.AtUs + e.ForUs, () => End(e));
            }
        }
    }

    private void CheckCuff(SimulatedPod pod, bool isHeld)
    {
        double mmHg = pod.TrueCuffMmHg;
        if (mmHg >= 15 != isHeld)
        {
            Ledger.Find(string.Create(CultureInfo.InvariantCulture, $"{pod.Definition.Id}: at {Kernel.NowUs / 1e6:F1} s the cuff has {mmHg:F0} mmHg, and it must {(isHeld ? "hold pressure" : "be empty")}"));
        }
    }

    private void CheckUnbound(SimulatedPod pod, ExpectedUnbound unbound, byte[] buffer, int offset)
    {
        long atUs = pod.WorldUs(Frame.MonotonicUs(buffer, offset));
        if (Frame.BindingEpoch(buffer, offset) != 0 && atUs >= unbound.FromUs && atUs <= unbound.UntilUs)
        {
            Ledger.Find(string.Create(CultureInfo.InvariantCulture, $"{pod.Definition.Id}: a frame of {atUs / 1e6:F1} s is bound, and nothing may be then ({ReadingId.Of(buffer, offset)})"));
        }
    }

    private void CheckStopped(SimulatedPod pod)
    {
        if (pod.Cuff is { IsDumpValveCoilPowered: true })
        {
            Ledger.Find(string.Create(CultureInfo.InvariantCulture, $"{pod.Definition.Id}: at {Kernel.NowUs / 1e6:F1} s the stop has not opened the cuff's dump valve"));
        }
    }

    private void Begin(TimelineEvent e)
    {
        Trace?.Begin(Carts[e.Cart].Definition.Id, "fault").Add("do", e.Fault.TraceName).End();
        e.Fault.Begin(new FaultScene(this, e));
    }

    private void End(TimelineEvent e)
    {
        Trace?.Begin(Carts[e.Cart].Definition.Id, "fault-over").Add("do", e.Fault.TraceName).End();
        e.Fault.End(new FaultScene(this, e));
    }
}
