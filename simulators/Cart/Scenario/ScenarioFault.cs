using System;
using System.Globalization;
using Simulators.Cart.Pod;
using Simulators.Cart.World;
using Simulators.Network;

namespace Simulators.Cart.Scenario;

/// <summary>On what a fault acts.</summary>
public enum FaultTarget
{
    /// <summary>The cart.</summary>
    Cart,

    /// <summary>One of its pods.</summary>
    Pod,

    /// <summary>One of its subscribers.</summary>
    Subscriber,
}

/// <summary>What the cart or pod must have.</summary>
public enum FaultNeed
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>An external broker.</summary>
    ExternalBroker,

    /// <summary>A cuff, built-in or of an OEM module.</summary>
    Cuff,

    /// <summary>The built-in cuff.</summary>
    BuiltInCuff,

    /// <summary>The stethoscope.</summary>
    Stethoscope,
}

/// <summary>Whether a fault lasts.</summary>
public enum FaultDuration
{
    /// <summary>It happens at one moment.</summary>
    None,

    /// <summary>It lasts for <c>forS</c>, or until the end without it.</summary>
    Optional,

    /// <summary>It lasts for <c>forS</c>, which must be there.</summary>
    Required,
}

/// <summary>A number that a fault takes.</summary>
/// <param name="Key">Its key; the unit is its last word.</param>
/// <param name="Scale">What it is multiplied by for <see cref="TimelineEvent.Amount"/>.</param>
/// <param name="Min">Smallest value, as it is written.</param>
/// <param name="Max">Largest value, as it is written.</param>
public sealed record FaultParameter(string Key, long Scale, decimal Min, decimal Max);

/// <summary>One thing that can happen on the timeline: its name, what it takes, and what it does to the world.</summary>
/// <param name="name">Its name in scenario files: lower-case words with '-'.</param>
/// <param name="about">What happens, for the table in simulators/Scenarios/README.md; no full stop.</param>
/// <param name="begin">What it does.</param>
/// <param name="end">What its end does; null for a fault that does not last.</param>
public sealed class ScenarioFault(string name, string about, Action<FaultScene> begin, Action<FaultScene>? end = null)
{
    /// <summary>Its name in scenario files.</summary>
    public string Name => name;

    /// <summary>What happens.</summary>
    public string About => about;

    /// <summary>Its name in traces: "cut-pod-power" is "CutPodPower".</summary>
    public string TraceName { get; } = string.Concat(Array.ConvertAll(name.Split('-'), static word => char.ToUpperInvariant(word[0]) + word[1..]));

    /// <summary>On what it acts.</summary>
    public FaultTarget Target { get; init; } = FaultTarget.Pod;

    /// <summary>What the cart or pod must have.</summary>
    public FaultNeed Need { get; init; }

    /// <summary>Whether it must have an end.</summary>
    public bool MustEnd { get; init; }

    /// <summary>True when it takes a part of the pod, <c>chip</c>.</summary>
    public bool TakesPart { get; init; }

    /// <summary>The number that it takes, or null.</summary>
    public FaultParameter? Parameter { get; init; }

    /// <summary>Whether it lasts.</summary>
    public FaultDuration Duration => end is null ? FaultDuration.None : MustEnd ? FaultDuration.Required : FaultDuration.Optional;

    /// <summary>Its keys beside <c>atS</c>, <c>do</c>, <c>cart</c> and the target's, for the table.</summary>
    public string Keys
    {
        get
        {
            string keys = TakesPart ? "`chip`" : Parameter is { } p ? string.Create(CultureInfo.InvariantCulture, $"`{p.Key}` {p.Min:#,0.###} to {p.Max:#,0.###}") : string.Empty;
            string lasts = Duration switch
            {
                FaultDuration.None => string.Empty,
                FaultDuration.Required => "`forS`",
                _ => "`forS` (optional)",
            };
            return keys.Length > 0 && lasts.Length > 0 ? keys + ", " + lasts : keys + lasts;
        }
    }

    /// <summary>Lets it happen.</summary>
    /// <param name="scene">Where.</param>
    public void Begin(FaultScene scene) => begin(scene);

    /// <summary>Ends it.</summary>
    /// <param name="scene">Where.</param>
    /// <exception cref="InvalidOperationException">It does not last.</exception>
    public void End(FaultScene scene) => (end ?? throw new InvalidOperationException(Name + " has no end."))(scene);
}

/// <summary>Where a fault happens.</summary>
/// <param name="world">The world.</param>
/// <param name="happening">What happens.</param>
public sealed class FaultScene(SimulatedWorld world, TimelineEvent happening)
{
    /// <summary>The cart.</summary>
    public SimulatedCart Cart { get; } = world.Carts[happening.Cart];

    /// <summary>What happens, with its part and amount.</summary>
    public TimelineEvent Event => happening;

    /// <summary>The time, µs.</summary>
    public long NowUs => world.Kernel.NowUs;

    /// <summary>The pod, for a fault of a pod.</summary>
    public SimulatedPod Pod => Cart.Pods[happening.Target];

    /// <summary>The pod's way to the gateway, for a fault of a pod.</summary>
    public NetworkPath PodPath => Cart.PodPaths[happening.Target];
}
