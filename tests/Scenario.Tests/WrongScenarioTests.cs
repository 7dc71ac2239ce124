using System;
using System.Linq;
using EdgeGateway.Faults;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Scenario;

namespace Scenario.Tests;

[TestClass]
public sealed class WrongScenarioTests
{
    private const string Good = """
        name: good
        summary: A scenario that is right.
        durationS: 10
        carts:
          - id: cart-a
            pods:
              - id: bedside
                device: "02a1b2fffe000001"
            sessions:
              - {id: S1, openS: 1, closeS: 9}
            subscribers:
              - {id: doctor, session: S1}
        timeline:
          - {atS: 2, do: cut-pod-network, forS: 1.5}
        expect:
          minDelivered: 1
        """;

    [TestMethod]
    public void The_scenario_that_the_others_are_made_from_is_right() => Assert.AreEqual("good", ScenarioFile.Parse("g.yaml", Good).Name);

    [TestMethod]
    [DataRow("S3002", 1, null, "- id: bedside", "- id: [bedside", null)]
    [DataRow("S3002", 8, null, "device: \"02a1b2fffe000001\"", "device: \"02a1b2fffe000001", null)]
    [DataRow("S3002", 4, null, "durationS: 10", "durationS: 10\nname: twice", null)]
    [DataRow("S3003", 3, "durationsS", "durationS: 10", "durationS: 10\ndurationsS: 3", "durationS")]
    [DataRow("S3003", 8, "carts[0].pods[0].devise", "device:", "devise:", "device")]
    [DataRow("S3004", 1, "expect", "expect:\n  minDelivered: 1", "", null)]
    [DataRow("S3005", 3, "durationS", "durationS: 10", "durationS: ten", null)]
    [DataRow("S3005", 9, "carts[0].sessions", "sessions:\n      - {id: S1, openS: 1, closeS: 9}", "sessions: S1", null)]
    [DataRow("S3006", 3, "durationS", "durationS: 10", "durationS: 0.1", null)]
    [DataRow("S3006", 8, "carts[0].pods[0].device", "02a1b2fffe000001", "02a1b2", null)]
    [DataRow("S3006", 5, "carts[0].id", "id: cart-a", "id: cart a", null)]
    [DataRow("S3007", 14, "timeline[0].do", "do: cut-pod-network", "do: cut-pod-netwrok", "cut-pod-network")]
    [DataRow("S3008", 12, "carts[0].subscribers[1].id", "- {id: doctor, session: S1}", "- {id: doctor, session: S1}\n      - {id: doctor, session: S1}", null)]
    [DataRow("S3009", 12, "carts[0].subscribers[0].session", "session: S1", "session: S2", "S1")]
    [DataRow("S3009", 14, "timeline[0].do", "do: cut-pod-network", "do: stop-broker", null)]
    [DataRow("S3010", 10, "carts[0].sessions[0].closeS", "closeS: 9", "closeS: 1", null)]
    [DataRow("S3010", 14, "timeline[0].forS", "forS: 1.5", "forS: 9", null)]
    [DataRow("S3003", 6, "carts[0].brokerHabits.losses", "id: cart-a", "id: cart-a\n    broker: external\n    brokerHabits: {losses: []}", "loses")]
    [DataRow("S3006", 7, "carts[0].brokerHabits.refuses[0].reason", "id: cart-a", "id: cart-a\n    broker: external\n    brokerHabits: {refuses: [{topic: a, reason: 16}]}", null)]
    [DataRow("S3006", 7, "carts[0].brokerHabits.loses[0].topic", "id: cart-a", "id: cart-a\n    broker: external\n    brokerHabits: {loses: [{packet: puback, topic: a/#/b}]}", null)]
    [DataRow("S3007", 7, "carts[0].brokerHabits.loses[0].packet", "id: cart-a", "id: cart-a\n    broker: external\n    brokerHabits: {loses: [{packet: pubak}]}", "puback")]
    [DataRow("S3009", 6, "carts[0].brokerHabits", "id: cart-a", "id: cart-a\n    brokerHabits: {oneByteAtATime: true}", null)]
    public void A_wrong_scenario_gets_code_place_and_next_step(string code, int line, string? path, string right, string wrong, string? meant)
    {
        string text = Good.Replace("\r", string.Empty, StringComparison.Ordinal).Replace(right, wrong, StringComparison.Ordinal);
        Assert.AreNotEqual(Good, text);
        CodedErrorException e = Assert.ThrowsExactly<CodedErrorException>(() => ScenarioFile.Parse("wrong.yaml", text));
        CodedError? error = e.Errors.FirstOrDefault(x => string.Equals(x.Code, code, StringComparison.Ordinal));
        Assert.IsNotNull(error, e.Message);
        Assert.AreEqual("wrong.yaml", error.Place.File);
        Assert.IsLessThanOrEqualTo(1, Math.Abs(error.Place.Line - line), e.Message);
        Assert.AreEqual(path, error.Place.Path, e.Message);
        Assert.Contains("next: ", error.Render());
        if (meant is not null)
        {
            Assert.Contains($"'{meant}'", error.Suggestion ?? string.Empty);
        }
    }

    [TestMethod]
    public void All_errors_come_in_one_reply_in_the_order_of_the_file()
    {
        string text = Good
            .Replace("durationS: 10", "durationS: ten", StringComparison.Ordinal)
            .Replace("id: bedside", "id: Bedside", StringComparison.Ordinal)
            .Replace("minDelivered: 1", "minDelivred: 1", StringComparison.Ordinal);
        CodedErrorException e = Assert.ThrowsExactly<CodedErrorException>(() => ScenarioFile.Parse("wrong.yaml", text));
        string codes = string.Join(' ', e.Errors.Select(x => x.Code));
        Assert.Contains("S3005", codes);
        Assert.Contains("S3006", codes);
        Assert.Contains("S3004", codes);
        Assert.Contains("S3003", codes);
        CollectionAssert.AreEqual(e.Errors.Select(x => x.Place.Line).Order().ToList(), e.Errors.Select(x => x.Place.Line).ToList());
    }
}
