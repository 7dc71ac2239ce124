using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace Mutation;

/// <summary>What became of a mutant.</summary>
internal enum Fate
{
    /// <summary>A test failed with it.</summary>
    Killed,

    /// <summary>A test did not end with it, or its process ended.</summary>
    TimedOut,

    /// <summary>Every test that reaches it passed.</summary>
    Survived,

    /// <summary>No test reaches it.</summary>
    NotReached,
}

/// <summary>A mutant's fate, and the test that noticed it.</summary>
internal sealed record Verdict(Fate Fate, string Test);

/// <summary>Runs the tests of a part against each drawn mutant.</summary>
internal sealed class Campaign
{
    private const int LongestFactor = 5;
    private const double LongestMoreMs = 2_000;
    private const double LongestEver = 600_000;

    private readonly Workspace _workspace;
    private readonly CampaignOptions _options;
    private readonly Dictionary<string, List<int>> _killers = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly Verdict?[] _verdicts;
    private IReadOnlyList<string> _tests = [];
    private double[] _cpuMs = [];
    private List<int>[] _reaching = [];
    private readonly HashSet<int> _static = [];

    public Campaign(Workspace workspace, CampaignOptions options)
    {
        _workspace = workspace;
        _options = options;
        _verdicts = new Verdict?[workspace.Mutants.Count];
    }

    /// <summary>Tests that do not pass without a mutant, or take too long to be run for each: not run, by name and reason.</summary>
    public List<string> NotRun { get; } = [];

    /// <summary>Tests that were run.</summary>
    public int Tests { get; private set; }

    /// <summary>What became of each mutant; null for one that was not asked for.</summary>
    public IReadOnlyList<Verdict?> Verdicts => _verdicts;

    /// <summary>Which test reaches which mutant, then each mutant against the tests that reach it, the cheapest first.</summary>
    public async Task Run()
    {
        await Cover();
        Queue<int> waiting = new(Enumerable.Range(0, _workspace.Mutants.Count).Where(m => _options.IsAsked(m)).OrderBy(_options.IsLate).ThenBy(_static.Contains));
        int total = waiting.Count;
        int done = 0;
        await Task.WhenAll(Enumerable.Range(1, _options.Processes).Select(async number =>
        {
            using TestHost host = new(_workspace, number);
            while (true)
            {
                int mutant;
                lock (_lock)
                {
                    if (!waiting.TryDequeue(out mutant))
                    {
                        return;
                    }
                }

                Verdict verdict = await Validate(host, mutant);
                lock (_lock)
                {
                    _verdicts[mutant] = verdict;
                    _options.Judged(mutant, verdict);
                    done++;
                    if (_options.IsLoud || done % 50 == 0 || done == total)
                    {
                        int noticed = _verdicts.Count(v => v is { Fate: Fate.Killed or Fate.TimedOut });
                        Console.WriteLine($"  {done} of {total}, {noticed} killed{(_options.IsLoud ? $": {verdict.Fate} {_workspace.Mutants[mutant]} {verdict.Test}" : string.Empty)}");
                    }
                }
            }
        }));
    }

    private async Task Cover()
    {
        using TestHost host = new(_workspace, 0);
        _tests = await host.Tests();
        _cpuMs = new double[_tests.Count];
        _reaching = [.. _workspace.Mutants.Select(_ => new List<int>())];
        Dictionary<int, List<int>> users = [];
        (int Mutant, int Initializer)[] initialized = [];
        for (int test = 0; test < _tests.Count; test++)
        {
            TestOutcome outcome = await host.Run(-1, test, LongestEver);
            _cpuMs[test] = outcome.CpuMs;
            if (_options.IsLoud && test % 50 == 0)
            {
                Console.WriteLine($"  test {test} of {_tests.Count}");
            }

            if (outcome.End != TestEnd.Passed)
            {
                NotRun.Add($"{_tests[test]}: does not pass without a mutant: {outcome.Why}");
                continue;
            }

            if (outcome.CpuMs > _options.SlowestMs)
            {
                NotRun.Add(string.Create(CultureInfo.InvariantCulture, $"{_tests[test]}: takes {outcome.CpuMs / 1000:F1} s"));
                continue;
            }

            Tests++;
            (int[] mutants, int[] touched, initialized) = await host.Reached();
            foreach (int mutant in mutants)
            {
                _reaching[mutant].Add(test);
            }

            foreach (int initializer in touched)
            {
                if (!users.TryGetValue(initializer, out List<int>? tests))
                {
                    users.Add(initializer, tests = []);
                }

                tests.Add(test);
            }
        }

        foreach ((int mutant, int initializer) in initialized)
        {
            _static.Add(mutant);
            _reaching[mutant] = [.. _reaching[mutant].Union(users.GetValueOrDefault(initializer, []))];
        }
    }

    private async Task<Verdict> Validate(TestHost host, int mutant)
    {
        if (_reaching[mutant].Count == 0)
        {
            return new Verdict(Fate.NotReached, string.Empty);
        }

        bool isStatic = _static.Contains(mutant);
        foreach (int test in InOrder(mutant))
        {
            double limit = (LongestFactor * _cpuMs[test]) + LongestMoreMs;
            TestOutcome outcome = await host.Run(mutant, test, limit, isStatic);
            if (outcome.End == TestEnd.Passed)
            {
                continue;
            }

            if (outcome.End != TestEnd.Failed)
            {
                // The process is new now, and the first test of a process pays for its compilation: once more, behind the same test without the mutant.
                await host.Run(-1, test, LongestEver);
                if (await host.Run(mutant, test, limit, isStatic) is { End: TestEnd.Passed or TestEnd.Failed })
                {
                    continue;
                }

                Note(mutant, test);
                return new Verdict(Fate.TimedOut, $"{_tests[test]}: {outcome.Why}");
            }

            // A failure counts when the same process passes the test without the mutant; one that a mutant before has spoilt is left.
            bool isSound = await host.Run(-1, test, limit) is { End: TestEnd.Passed };
            if (!isSound)
            {
                host.Stop();
                isSound = await host.Run(mutant, test, limit, isStatic) is not { End: TestEnd.Passed } && await host.Run(-1, test, limit) is { End: TestEnd.Passed };
            }

            if (isSound)
            {
                Note(mutant, test);
                return new Verdict(Fate.Killed, $"{_tests[test]}: {outcome.Why}");
            }
        }

        return new Verdict(Fate.Survived, string.Create(CultureInfo.InvariantCulture, $"{_reaching[mutant].Count} tests reach it"));
    }

    /// <summary>First what killed a mutant of the same method, then the cheapest.</summary>
    private List<int> InOrder(int mutant)
    {
        List<int> tests = [.. _reaching[mutant].OrderBy(t => _cpuMs[t])];
        lock (_lock)
        {
            List<int> first = [.. _killers.GetValueOrDefault(_workspace.Mutants[mutant].Method, []).Where(tests.Contains)];
            return [.. first, .. tests.Except(first)];
        }
    }

    private void Note(int mutant, int test)
    {
        lock (_lock)
        {
            string method = _workspace.Mutants[mutant].Method;
            if (!_killers.TryGetValue(method, out List<int>? tests))
            {
                _killers.Add(method, tests = []);
            }

            tests.Remove(test);
            tests.Insert(0, test);
            if (tests.Count > 5)
            {
                tests.RemoveAt(5);
            }
        }
    }
}

/// <summary>How a campaign is run.</summary>
/// <param name="Processes">Processes at the same time.</param>
/// <param name="SlowestMs">Tests that take longer, in processor time, are not run.</param>
/// <param name="IsLoud">A line for each mutant.</param>
/// <param name="IsAsked">Whether a mutant, by its number, is run.</param>
/// <param name="IsLate">Whether a mutant is run after the others: it lived before, and whatever lives takes all its tests.</param>
/// <param name="Judged">Sent of each verdict.</param>
internal sealed record CampaignOptions(int Processes, double SlowestMs, bool IsLoud, Func<int, bool> IsAsked, Func<int, bool> IsLate, Action<int, Verdict> Judged);
