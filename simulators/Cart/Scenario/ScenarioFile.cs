using System.Collections.Generic;
using System.Linq;
using EdgeGateway.Faults;
using EdgeGateway.Faults.Yaml;
using static Simulators.Cart.Scenario.ScenarioSections;

namespace Simulators.Cart.Scenario;

/// <summary>Reads scenario files. All errors of a file come in one <see cref="CodedErrorException"/>.</summary>
public static class ScenarioFile
{
    private static readonly ScenarioYaml Rules = new();

    /// <summary>Reads a scenario from a file.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The scenario.</returns>
    /// <exception cref="CodedErrorException">It cannot be read, or is wrong: S3001 to S3010.</exception>
    public static ScenarioDefinition Load(string path)
    {
        byte[]? bytes = YamlDocument.ReadFile(path, Rules, out CodedError? error);
        return bytes is null ? throw new CodedErrorException(error!) : Parse(path, YamlDocument.Text(bytes));
    }

    /// <summary>Reads a scenario from its text.</summary>
    /// <param name="file">How it is called in errors.</param>
    /// <param name="text">YAML 1.2.</param>
    /// <returns>The scenario.</returns>
    /// <exception cref="CodedErrorException">It is wrong: S3002 to S3010.</exception>
    public static ScenarioDefinition Parse(string file, string text)
    {
        YamlReport report = new(file, Rules);
        ScenarioDefinition? scenario = YamlDocument.Read(text, report) is { } root ? Read(root) : null;
        return report.HasErrors || scenario is null ? throw new CodedErrorException(report.Finish()) : scenario;
    }

    private static ScenarioDefinition Read(YamlSection root)
    {
        string name = root.Name("name", upperCase: false);
        string summary = root.Text("summary", required: true) ?? string.Empty;
        ulong seed = (ulong)root.Count("seed", 1, 0, long.MaxValue);
        long durationUs = root.Scaled("durationS", Second, Second, 1, MaxSeconds, required: true);
        List<YamlSection> cartMaps = root.Maps("carts", ScenarioDefinition.MaxCarts, required: true);
        List<CartDefinition> carts = cartMaps.ReadAll(new CartReader(durationUs).Read);
        NoneTwice(cartMaps, carts.Select(c => c.Id).ToList());
        List<TimelineEvent> timeline = root.Maps("timeline", ScenarioDefinition.MaxEvents).ReadAll(new TimelineReader(carts, durationUs).Read);
        YamlSection expect = root.Section("expect", required: true);
        Expectations expectations = expect.IsPresent ? new ExpectationReader(carts, durationUs).Read(expect) : new Expectations { MinDelivered = 0 };
        root.End();
        return new ScenarioDefinition
        {
            Name = name,
            Summary = summary,
            Seed = seed,
            DurationUs = durationUs,
            Carts = carts,
            Timeline = timeline.OrderBy(e => e.AtUs).ToList(),
            Expect = expectations,
        };
    }
}
