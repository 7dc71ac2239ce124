using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;

namespace Mutation;

/// <summary>
/// The process that runs tests, one at a time, as lines of its input ask: "run MUTANT TEST". It answers "passed CPU-MS" or "failed CPU-MS WHY"; "reached" answers what the last test reached.
/// </summary>
internal static class TestProcess
{
    private const int LongestReason = 160;

    /// <summary>Begins with the numbers of mutants and static constructors, the mutant that runs from the start, the test assembly and a folder for files.</summary>
    public static int Run(string[] args)
    {
        TextWriter answers = Console.Out;
        Console.SetOut(TextWriter.Null);
        Console.SetError(TextWriter.Null);
        MutationSwitch.Begin(Number(args[0]), Number(args[1]), Number(args[2]));
        Assembly assembly = Assembly.LoadFrom(args[3]);
        TestSuite suite = new(assembly);
        string folder = args[4];
        int runs = 0;
        foreach (TestCase test in suite.Cases)
        {
            answers.WriteLine("test " + test.Name.ReplaceLineEndings(" "));
        }

        answers.WriteLine("ready");
        answers.Flush();
        while (Console.In.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            if (words[0] == "reached")
            {
                answers.WriteLine($"reached {string.Join(',', MutationSwitch.ReachedMutants())} {string.Join(',', MutationSwitch.TouchedInitializers())} "
                    + string.Join(',', MutationSwitch.Initialized.Select(i => $"{i.Mutant}/{i.Initializer}").Order(StringComparer.Ordinal)));
            }
            else
            {
                TimeSpan began = Environment.CpuUsage.TotalTime;
                MutationSwitch.Clear();
                MutationSwitch.Active = Number(words[1]);
                string? why = suite.Run(suite.Cases[Number(words[2])], Path.Combine(folder, (++runs).ToString(CultureInfo.InvariantCulture)));
                MutationSwitch.Active = Number(args[2]);
                string spent = (Environment.CpuUsage.TotalTime - began).TotalMilliseconds.ToString("F1", CultureInfo.InvariantCulture);
                answers.WriteLine(why is null ? "passed " + spent : $"failed {spent} {Short(why)}");
            }

            answers.Flush();
        }

        return 0;
    }

    private static string Short(string why)
    {
        string line = why.ReplaceLineEndings(" ");
        return line.Length > LongestReason ? line[..LongestReason] : line;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
