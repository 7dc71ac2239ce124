using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using EdgeGateway.Faults;
using EdgeGateway.Faults.Yaml;
using Firmware.Protocol;
using static Simulators.Cart.Scenario.ScenarioSections;

namespace Simulators.Cart.Scenario;

/// <summary>Reads what happens, by the rows of <see cref="ScenarioFaults"/>.</summary>
/// <param name="carts">The carts.</param>
/// <param name="durationUs">How long the scenario runs, µs.</param>
internal sealed class TimelineReader(List<CartDefinition> carts, long durationUs)
{
    private static readonly (string Word, ScenarioFault Value)[] Words = ScenarioFaults.All.Select(f => (f.Name, f)).ToArray();

    /// <summary>Reads one event.</summary>
    public TimelineEvent Read(YamlSection map)
    {
        decimal end = durationUs / (decimal)Second;
        long atUs = map.Scaled("atS", 0, Second, 0, end, required: true);
        ScenarioFault fault = map.Word("do", Words[0].Value, Words, required: true);
        int cart = map.Reference("cart", carts.Select(c => c.Id).ToList());
        CartDefinition? definition = cart < 0 ? null : carts[cart];
        int target = fault.Target switch
        {
            FaultTarget.Pod => map.Reference("pod", definition?.Pods.Select(p => p.Id).ToList()),
            FaultTarget.Subscriber => map.Reference("subscriber", definition?.Subscribers.Select(s => s.Id).ToList()),
            _ => -1,
        };
        PodDefinition? pod = fault.Target == FaultTarget.Pod && target >= 0 ? definition!.Pods[target] : null;
        PodPart part = fault.TakesPart ? Part(map, pod) : default;
        long amount = fault.Parameter is { } p ? map.Scaled(p.Key, 0, p.Scale, p.Min, p.Max, required: true) : 0;
        CheckNeed(map, fault, definition, pod);
        long forUs = long.MaxValue;
        if (fault.Duration != FaultDuration.None)
        {
            forUs = map.Scaled("forS", long.MaxValue, Second, 0.001m, MaxSeconds, required: fault.Duration == FaultDuration.Required);
            if (forUs != long.MaxValue && atUs + forUs > durationUs)
            {
                map.Error(FaultCodes.ScenarioTimesContradict, "forS", string.Create(
                    CultureInfo.InvariantCulture, $"it would end at {(atUs + forUs) / (decimal)Second} s, after the scenario's end at {end} s"));
            }
        }

        map.End();
        return new TimelineEvent(atUs, fault, Math.Max(cart, 0), target, part, forUs, amount);
    }

    private static PodPart Part(YamlSection map, PodDefinition? pod)
    {
        PodPart part = map.Word("chip", PodPart.Tmp117, ScenarioWords.Parts, required: true);
        if (pod is not null && !pod.Chips.Contains(part))
        {
            map.Error(FaultCodes.ScenarioReferenceUnknown, "chip", $"pod '{pod.Id}' has no '{WordOf(ScenarioWords.Parts, part)}'");
        }

        switch (part)
        {
            case PodPart.SunTechNibp:
                map.Error(FaultCodes.ScenarioReferenceUnknown, "chip", "the OEM module is wired, not plugged");
                break;
            case PodPart.Pcm1808:
                map.Error(FaultCodes.ScenarioReferenceUnknown, "chip", "the stethoscope's converter is wired, not plugged", "Use cable-loose or clock-lost.");
                break;
            default:
                break;
        }

        return part;
    }

    private static void CheckNeed(YamlSection map, ScenarioFault fault, CartDefinition? cart, PodDefinition? pod)
    {
        switch (fault.Need)
        {
            case FaultNeed.ExternalBroker when cart is { ExternalBroker: false }:
                map.Error(FaultCodes.ScenarioReferenceUnknown, "do", $"cart '{cart.Id}' has no external broker", "Set 'broker: external' for the cart.");
                break;
            case FaultNeed.Cuff when pod is { HasCuff: false }:
                map.Error(FaultCodes.ScenarioReferenceUnknown, "do", $"pod '{pod.Id}' has no cuff", "Add mprls0300 or suntech-nibp to its chips.");
                break;
            case FaultNeed.BuiltInCuff when pod is not null && !pod.Chips.Contains(PodPart.Mprls0300):
                map.Error(FaultCodes.ScenarioReferenceUnknown, "do", $"pod '{pod.Id}' has no built-in cuff", "Add mprls0300 to its chips.");
                break;
            case FaultNeed.Stethoscope when pod is not null && !pod.Chips.Contains(PodPart.Pcm1808):
                map.Error(FaultCodes.ScenarioReferenceUnknown, "do", $"pod '{pod.Id}' has no stethoscope", "Add pcm1808 to its chips.");
                break;
            default:
                break;
        }
    }
}
