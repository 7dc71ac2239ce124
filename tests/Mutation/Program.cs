using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading.Tasks;

namespace Mutation;

/// <summary>Draws mutants of a part, runs its tests against each, and prints the score and what lived. Exit codes: 0 the target is reached, 1 it is missed, 2 usage or a missing build.</summary>
internal static class Program
{
    private const string Usage =
        """
        cart-mutation PART [--seed N] [--mutants N] [--slowest SECONDS] [--processes N] [--files TEXT] [--again] [--loud]
          PART       Core, Journal, Mqtt, Faults or all
          --seed     which files are drawn (11)
          --mutants  whole files are drawn until there are so many (400)
          --slowest  tests above so much processor time are not run, and named (1)
          --files    only drawn files whose path holds the text
          --again    only what lived in the last run
          --loud     a line for each mutant
        """;

    private static async Task<int> Main(string[] args)
    {
        if (args is ["tests", ..])
        {
            return TestProcess.Run(args[1..]);
        }

        Dictionary<string, string> given = new(StringComparer.Ordinal);
        for (int i = 1; i < args.Length; i++)
        {
            bool isFlag = args[i] is "--again" or "--loud";
            given[args[i]] = isFlag ? "yes" : i + 1 < args.Length ? args[++i] : string.Empty;
        }

        Part[] parts = [.. Part.All.Where(p => args.Length > 0 && (args[0] == "all" || args[0] == p.Name))];
        string? root = FindRoot();
        if (parts.Length == 0 || root is null)
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        bool isReached = true;
        foreach (Part part in parts)
        {
            try
            {
                isReached &= await Run(root, part, given);
            }
            catch (InvalidOperationException e)
            {
                Console.Error.WriteLine(e.Message);
                return 2;
            }
        }

        return isReached ? 0 : 1;
    }

    private static async Task<bool> Run(string root, Part part, Dictionary<string, string> given)
    {
        int seed = Number(given, "--seed", 11);
        Workspace workspace = Workspace.Prepare(root, part, seed, Number(given, "--mutants", 400));
        string results = Path.Combine(workspace.Folder, "results.tsv");
        Dictionary<string, Verdict> before = given.ContainsKey("--again") ? Read(results) : [];
        if (before.Count == 0)
        {
            File.Delete(results);
        }

        string? text = given.GetValueOrDefault("--files");
        Console.WriteLine($"{part.Name}: seed {seed}, {workspace.Mutants.Count} mutants drawn of {workspace.Found}, in {workspace.Files.Count} files:");
        foreach (string file in workspace.Files)
        {
            Console.WriteLine($"  {file} {workspace.Mutants.Count(m => m.File == file)}");
        }

        // Two mutants of one line may read the same.
        string[] keys = new string[workspace.Mutants.Count];
        Dictionary<string, int> seen = new(StringComparer.Ordinal);
        for (int i = 0; i < keys.Length; i++)
        {
            string key = workspace.Mutants[i].ToString();
            seen[key] = seen.GetValueOrDefault(key) + 1;
            keys[i] = $"{key} #{seen[key]}";
        }

        bool IsAsked(int mutant) =>
            (text is null || workspace.Mutants[mutant].File.Contains(text, StringComparison.Ordinal)) && !(before.GetValueOrDefault(keys[mutant]) is { Fate: Fate.Killed or Fate.TimedOut });
        CampaignOptions options = new(Number(given, "--processes", 1), 1000.0 * Number(given, "--slowest", 1), given.ContainsKey("--loud"), IsAsked, i => before.ContainsKey(keys[i]), (i, v) => File.AppendAllLines(results, [Line(v, keys[i])]));
        Campaign campaign = new(workspace, options);
        long began = TimeProvider.System.GetTimestamp();
        await campaign.Run();

        Verdict[] verdicts = [.. workspace.Mutants.Select((_, i) => campaign.Verdicts[i] ?? before.GetValueOrDefault(keys[i]) ?? new Verdict(Fate.NotReached, "not asked for"))];
        File.WriteAllLines(results, verdicts.Select((v, i) => Line(v, keys[i])));
        return Report(root, part, workspace, campaign, verdicts, TimeProvider.System.GetElapsedTime(began));
    }

    private static bool Report(string root, Part part, Workspace workspace, Campaign campaign, Verdict[] verdicts, TimeSpan took)
    {
        StringBuilder lines = new();
        foreach (string test in campaign.NotRun)
        {
            lines.AppendLine("not run: " + test);
        }

        Dictionary<string, string[]> sources = workspace.Files.ToDictionary(f => f, f => File.ReadAllLines(Path.Combine(root, f)), StringComparer.Ordinal);
        foreach ((Verdict verdict, Mutant mutant) in verdicts.Zip(workspace.Mutants))
        {
            if (verdict.Fate is Fate.Survived or Fate.NotReached)
            {
                string source = mutant.Line <= sources[mutant.File].Length ? sources[mutant.File][mutant.Line - 1].Trim() : string.Empty;
                lines.AppendLine($"{(verdict.Fate == Fate.Survived ? "lived" : "not reached")}: {mutant}: {source}");
            }
        }

        int killed = verdicts.Count(v => v.Fate == Fate.Killed);
        int timedOut = verdicts.Count(v => v.Fate == Fate.TimedOut);
        int survived = verdicts.Count(v => v.Fate == Fate.Survived);
        int notReached = verdicts.Count(v => v.Fate == Fate.NotReached);
        double score = verdicts.Length == 0 ? 0 : 100.0 * (killed + timedOut) / verdicts.Length;
        bool isReached = score >= part.TargetPercent;
        lines.AppendLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{part.Name}: {score:F1} % ({verdicts.Length} mutants: {killed} killed, {timedOut} did not end, {survived} lived, {notReached} not reached; {campaign.Tests} tests; target {part.TargetPercent} %: {(isReached ? "reached" : "missed")}; {took.TotalMinutes:F1} min)"));
        Console.Write(lines);
        File.WriteAllText(Path.Combine(workspace.Folder, "report.txt"), lines.ToString());
        return isReached;
    }

    private static string Line(Verdict verdict, string key) => $"{verdict.Fate}\t{key}\t{verdict.Test.Replace('\t', ' ')}";

    /// <summary>The verdicts of the last run, finished or not; of two about one mutant the later counts.</summary>
    private static Dictionary<string, Verdict> Read(string results)
    {
        Dictionary<string, Verdict> verdicts = new(StringComparer.Ordinal);
        foreach (string[] words in (File.Exists(results) ? File.ReadAllLines(results) : []).Select(l => l.Split('\t')))
        {
            verdicts[words[1]] = new Verdict(Enum.Parse<Fate>(words[0]), words[2]);
        }

        return verdicts;
    }

    private static int Number(Dictionary<string, string> given, string name, int otherwise) =>
        given.TryGetValue(name, out string? text) ? int.TryParse(text, CultureInfo.InvariantCulture, out int number) ? number : throw new InvalidOperationException($"{name} wants a number.") : otherwise;

    private static string? FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Firmware.sln")))
            {
                return folder.FullName;
            }
        }

        return null;
    }
}
