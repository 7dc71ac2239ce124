using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Architecture.Tests;

/// <summary>Bounded size: a class of product or simulation code, over all its files, has at most so many lines.</summary>
[TestClass]
public sealed class SizeTests
{
    // Lines, generated files apart. What is larger has its own row below, which may only be lowered.
    private const int MaxLines = 700;

    // Folder and class: the most lines of its file X.cs and its further files X.*.cs together.
    private static readonly Dictionary<string, int> Larger = new(StringComparer.Ordinal)
    {
        ["edge-gateway/Core/GatewayCore"] = 250,
        ["edge-gateway/Journal/JournalLog"] = 2_600,
        ["edge-gateway/Mqtt/Client/MqttClient"] = 1_080,
        ["edge-gateway/Mqtt/Server/MqttServer"] = 2_050,
        ["firmware/Peripherals/Max30102/Max30102"] = 860,
        ["simulators/Peers/PeerBroker"] = 1_120,
    };

    [TestMethod]
    public void A_class_has_at_most_its_bound_of_lines()
    {
        string[] errors = [.. Problems(Classes())];
        Assert.IsEmpty(errors, "\n" + string.Join('\n', errors) + "\n");
    }

    [TestMethod]
    public void A_class_above_its_bound_is_refused()
    {
        Assert.IsEmpty(Problems(new Dictionary<string, int> { ["edge-gateway/Core/Access/EndpointGuard"] = MaxLines }).ToArray());
        StringAssert.Contains(Problems(new Dictionary<string, int> { ["edge-gateway/Core/Access/EndpointGuard"] = MaxLines + 1 }).Single(), $"has {MaxLines + 1} lines");
        foreach ((string name, int bound) in Larger)
        {
            StringAssert.Contains(Problems(new Dictionary<string, int> { [name] = bound + 1 }).Single(), $"at most {bound}");
        }

        Assert.AreEqual("a/X", Class("a/X.cs"));
        Assert.AreEqual("a/X", Class("a/X.Streams.cs"));
        Assert.AreEqual("a/IX", Class("a/IX.cs"));
    }

    private static Dictionary<string, int> Classes() => new[] { "firmware", "edge-gateway", "simulators", "hardware" }.SelectMany(f => Repository.Files(f, "*.cs"))
        .Where(f => !f.EndsWith(".g.cs", StringComparison.Ordinal))
        .GroupBy(f => Class(Repository.Name(f)), StringComparer.Ordinal)
        .ToDictionary(g => g.Key, g => g.Sum(f => File.ReadLines(f).Count()), StringComparer.Ordinal);

    // Parts of one class stand in one folder and share the first word of their name.
    private static string Class(string file)
    {
        int name = file.LastIndexOf('/') + 1;
        return file[..file.IndexOf('.', name)];
    }

    private static IEnumerable<string> Problems(Dictionary<string, int> classes) => classes
        .Where(c => c.Value > Larger.GetValueOrDefault(c.Key, MaxLines)).OrderBy(c => c.Key, StringComparer.Ordinal)
        .Select(c => $"{c.Key} has {c.Value} lines; at most {Larger.GetValueOrDefault(c.Key, MaxLines)}. Find the parts that the literature has names for, and give each its class");
}
