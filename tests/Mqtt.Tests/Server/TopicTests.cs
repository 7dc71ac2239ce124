using System;
using System.Collections.Generic;
using EdgeGateway.Mqtt.Topics;
using Mqtt.Tests.Codec;

namespace Mqtt.Tests.Server;

[TestClass]
public class TopicTests
{
    /// <summary>Source: the examples of MQTT 5.0, 4.7.1.2, 4.7.1.3 and 4.7.2.</summary>
    [TestMethod]
    [DataRow("sport/tennis/player1/#", "sport/tennis/player1", true)]
    [DataRow("sport/tennis/player1/#", "sport/tennis/player1/ranking", true)]
    [DataRow("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true)]
    [DataRow("sport/#", "sport", true)]
    [DataRow("#", "a/b/c", true)]
    [DataRow("sport/tennis/+", "sport/tennis/player1", true)]
    [DataRow("sport/tennis/+", "sport/tennis/player1/ranking", false)]
    [DataRow("sport/+", "sport", false)]
    [DataRow("sport/+", "sport/", true)]
    [DataRow("+/+", "/finance", true)]
    [DataRow("/+", "/finance", true)]
    [DataRow("+", "/finance", false)]
    [DataRow("#", "$SYS/x", false)]
    [DataRow("+/monitor/Clients", "$SYS/monitor/Clients", false)]
    [DataRow("$SYS/#", "$SYS/x", true)]
    [DataRow("$SYS/monitor/+", "$SYS/monitor/Clients", true)]
    [DataRow("a/b", "a/b/c", false)]
    [DataRow("a/+/#", "a", false)]
    [DataRow("a/+/#", "a/b", true)]
    [DataRow("A", "a", false)]
    public void Filters_match_as_the_standard_says(string filter, string topic, bool expected)
    {
        Assert.AreEqual(expected, MqttTopics.Matches(filter, topic));
        var tree = new SubscriptionTree<string>();
        tree.Add(filter, filter);
        var found = new List<string>();
        tree.Match(topic, found);
        Assert.HasCount(expected ? 1 : 0, found);
        var names = new TopicTree<string>();
        names.Set(topic, topic);
        found.Clear();
        names.Match(filter, found);
        Assert.HasCount(expected ? 1 : 0, found);
    }

    [TestMethod]
    public void Trees_agree_with_the_plain_rule_while_filters_come_and_go()
    {
        const int Seed = 5;
        var random = new Random(Seed);
        var tree = new SubscriptionTree<string>();
        var filters = new List<string>();
        var retained = new TopicTree<string>();
        var topics = new SortedSet<string>(StringComparer.Ordinal);
        int matches = 0;
        for (int round = 0; round < 2_000; round++)
        {
            string filter = RandomPackets.Filter(random);
            string topic = RandomPackets.Topic(random);
            if (random.Next(2) == 0)
            {
                // A new object each time: the tree removes the one that was added.
                string own = new(filter);
                filters.Add(own);
                tree.Add(own, own);
                topics.Add(topic);
                retained.Set(topic, topic);
            }
            else if (filters.Count > 0)
            {
                int at = random.Next(filters.Count);
                tree.Remove(filters[at], filters[at]);
                filters.RemoveAt(at);
                topics.Remove(topic);
                retained.Remove(topic);
            }

            var found = new List<string>();
            tree.Match(topic, found);
            found.Sort(StringComparer.Ordinal);
            List<string> expected = filters.FindAll(f => MqttTopics.Matches(f, topic));
            expected.Sort(StringComparer.Ordinal);
            CollectionAssert.AreEqual(expected, found, $"seed {Seed}, round {round}: {topic}");

            var names = new List<string>();
            retained.Match(filter, names);
            names.Sort(StringComparer.Ordinal);
            List<string> expectedNames = [.. topics];
            expectedNames.RemoveAll(t => !MqttTopics.Matches(filter, t));
            CollectionAssert.AreEqual(expectedNames, names, $"seed {Seed}, round {round}: {filter}");
            matches += found.Count + names.Count;
            Assert.AreEqual(filters.Count, tree.Count);
            Assert.AreEqual(topics.Count, retained.Count);
        }

        Assert.IsGreaterThan(300, matches);
    }

    [TestMethod]
    public void Depth_is_bounded()
    {
        Assert.IsTrue(MqttTopics.IsValidName(new string('/', MqttTopics.MaxLevels - 1)));
        Assert.IsFalse(MqttTopics.IsValidName(new string('/', MqttTopics.MaxLevels)));
        Assert.IsFalse(MqttTopics.IsValidFilter(new string('/', MqttTopics.MaxLevels)));
    }
}
