using System;
using System.IO;
using System.Reflection;
using System.Text.Json;

namespace Firmware.Tests.Host.Misreadings;

/// <summary>Every part of hardware/vocabulary.json has a suite of planted misreadings, and says how many there are; pages are made of that number.</summary>
[TestClass]
public sealed class MisreadingCountTests
{
    [TestMethod]
    public void The_vocabulary_says_how_many_misreadings_each_suite_plants()
    {
        using JsonDocument vocabulary = JsonDocument.Parse(File.ReadAllText(Path.Combine(Root(), "hardware", "vocabulary.json")));
        foreach (JsonElement part in vocabulary.RootElement.GetProperty("parts").EnumerateArray())
        {
            string id = part.GetProperty("id").GetString()!;
            Type? suite = typeof(MisreadingCountTests).Assembly.GetType($"{typeof(MisreadingCountTests).Namespace}.{id}MisreadingTests");
            Assert.IsNotNull(suite, $"{id} has no suite of planted misreadings");
            Mutation[] planted = (Mutation[])suite.GetField("Mutations", BindingFlags.NonPublic | BindingFlags.Static)!.GetValue(null)!;
            Assert.HasCount(part.GetProperty("misreadings").GetInt32(), planted, $"parts[{id}].misreadings in hardware/vocabulary.json; then run hardware/CartGen");
        }
    }

    private static string Root()
    {
        DirectoryInfo folder = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Firmware.sln")))
        {
            folder = folder.Parent!;
        }

        return folder.FullName;
    }
}
