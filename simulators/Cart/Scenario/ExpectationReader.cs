using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using EdgeGateway.Core.Sound;
using EdgeGateway.Faults;
using EdgeGateway.Faults.Yaml;
using Firmware.Core;
using static Simulators.Cart.Scenario.ScenarioSections;

namespace Simulators.Cart.Scenario;

/// <summary>Reads what must have come out at the end.</summary>
/// <param name="carts">The carts.</param>
/// <param name="durationUs">How long the scenario runs, µs.</param>
internal sealed class ExpectationReader(List<CartDefinition> carts, long durationUs)
{
    public Expectations Read(YamlSection map)
    {
        Expectations expect = new()
        {
            MinDelivered = map.Count("minDelivered", 0, 0, long.MaxValue, required: true),
            MaxDuplicates = map.Count("maxDuplicates", 0, 0, long.MaxValue),
            MinPending = map.Count("minPending", 0, 0, long.MaxValue),
            MaxPending = map.Count("maxPending", map.Has("minPending") ? long.MaxValue : 0, 0, long.MaxValue),
            MinGapReadings = map.Count("minGapReadings", 0, 0, long.MaxValue),
            MaxGapReadings = map.Count("maxGapReadings", map.Has("minGapReadings") ? long.MaxValue : 0, 0, long.MaxValue),
            MaxGapsKept = map.Count("maxGapsKept", 0, 0, long.MaxValue),
            MaxLatencyP99Us = map.Scaled("maxLatencyP99Ms", long.MaxValue, Millisecond, 0.001m, 86_400_000),
            MinUnsynchronised = map.Count("minUnsynchronised", 0, 0, long.MaxValue),
            MinCorrections = map.Count("minCorrections", 0, 0, long.MaxValue),
            Absences = map.Maps("absences", 64).ReadAll(Absence),
            Values = map.Maps("values", 64).ReadAll(Value),
            Events = map.Maps("events", 64).ReadAll(Coded),
            Cuffs = map.Maps("cuffs", 64).ReadAll(Pressure),
            Unbound = map.Maps("unbound", 64).ReadAll(Nothing),
            Sound = map.Maps("sound", 8).ReadAll(Heard),
            Clips = map.Maps("clips", 64).ReadAll(Clip),
        };
        map.End();
        return expect;
    }

    private ExpectedAbsence Absence(YamlSection map)
    {
        (int cart, int pod) = map.Whose(carts);
        ExpectedAbsence absence = new(
            cart,
            pod,
            map.Word("stream", Firmware.Protocol.Streams.Temperature, ScenarioWords.Streams, required: true),
            map.Word("reason", AbsenceReason.NotPresent, ScenarioWords.Reasons, required: true),
            (int)map.Count("atLeast", 1, 1, int.MaxValue));
        map.End();
        return absence;
    }

    private ExpectedValue Value(YamlSection map)
    {
        (int cart, int pod) = map.Whose(carts);
        ExpectedValue value = new(
            cart, pod, map.Word("stream", Firmware.Protocol.Streams.Temperature, ScenarioWords.Streams, required: true), map.Number("low", 0, -1000, 1_000_000), map.Number("high", 0, -1000, 1_000_000),
            map.Word("status", 0, ScenarioWords.Statuses));
        if (value.High < value.Low)
        {
            map.Error(FaultCodes.ScenarioTimesContradict, "high", "it is below low");
        }

        map.End();
        return value;
    }

    private ExpectedCuff Pressure(YamlSection map)
    {
        decimal end = durationUs / (decimal)Second;
        (int cart, int pod) = map.Whose(carts);
        ExpectedCuff cuff = new(
            cart, pod, map.Scaled("heldAtS", -1, Second, 0, end), map.Scaled("emptyFromS", -1, Second, 0, end), map.Scaled("emptyUntilS", durationUs, Second, 0, end), map.Scaled("stoppedWithinMs", -1, Millisecond, 1, 60_000));
        if (carts.Count > 0 && pod < carts[cart].Pods.Count && !carts[cart].Pods[pod].HasCuff)
        {
            map.Error(FaultCodes.ScenarioReferenceUnknown, "pod", $"pod '{carts[cart].Pods[pod].Id}' has no cuff", "Add mprls0300 or suntech-nibp to its chips.");
        }

        if (cuff.StoppedWithinUs >= 0 && carts.Count > 0 && pod < carts[cart].Pods.Count && !carts[cart].Pods[pod].Chips.Contains(Firmware.Protocol.PodPart.Mprls0300))
        {
            map.Error(FaultCodes.ScenarioReferenceUnknown, "stoppedWithinMs", $"pod '{carts[cart].Pods[pod].Id}' has no built-in cuff", "Add mprls0300 to its chips.");
        }

        if (cuff.HeldUs < 0 && cuff.EmptyFromUs < 0 && cuff.StoppedWithinUs < 0)
        {
            map.Error(FaultCodes.ScenarioTimesContradict, "heldAtS", "nothing is asked", "Set heldAtS, emptyFromS, stoppedWithinMs or several.");
        }
        else if (cuff.EmptyFromUs >= 0 && cuff.EmptyUntilUs < cuff.EmptyFromUs)
        {
            map.Error(FaultCodes.ScenarioTimesContradict, "emptyUntilS", "it is before emptyFromS");
        }

        map.End();
        return cuff;
    }

    private ExpectedUnbound Nothing(YamlSection map)
    {
        decimal end = durationUs / (decimal)Second;
        (int cart, int pod) = map.Whose(carts);
        ExpectedUnbound unbound = new(cart, pod, map.Scaled("fromS", 0, Second, 0, end, required: true), map.Scaled("untilS", durationUs, Second, 0, end));
        if (unbound.UntilUs < unbound.FromUs)
        {
            map.Error(FaultCodes.ScenarioTimesContradict, "untilS", "it is before fromS");
        }

        map.End();
        return unbound;
    }

    private ExpectedSound Heard(YamlSection map)
    {
        int cart = map.Reference("cart", carts.Select(c => c.Id).ToList());
        ExpectedSound sound = new(
            Math.Max(cart, 0),
            (int)map.Count("minPieces", 1, 0, int.MaxValue),
            map.Word("lowest", ListeningStep.Full, ScenarioWords.Steps),
            map.Word("atEnd", ListeningStep.Full, ScenarioWords.Steps),
            map.Scaled("maxDelayP95Ms", long.MaxValue, Millisecond, 1, 60_000));
        map.End();
        return sound;
    }

    private ExpectedClip Clip(YamlSection map)
    {
        int cart = map.Reference("cart", carts.Select(c => c.Id).ToList());
        ExpectedClip clip = new(Math.Max(cart, 0), map.Text("clip", required: true) ?? "c1", map.Text("state") ?? "complete", map.Flag("delivered", true), map.Text("verdict") ?? string.Empty);
        map.End();
        return clip;
    }

    private ExpectedEvent Coded(YamlSection map)
    {
        (int cart, int pod) = map.Whose(carts);
        string? code = map.Text("code", static c => c.Length == 5 && c[0] == 'P' && c.AsSpan(1).ContainsAnyExceptInRange('0', '9') == false, "a pod's code: P and four digits", required: true);
        ExpectedEvent expected = new(
            cart, pod, code is null ? 0 : int.Parse(code.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture), (int)map.Count("atLeast", 1, 0, int.MaxValue));
        map.End();
        return expected;
    }
}
