using System;

namespace Benchmarks;

/// <summary>Where code into which <see cref="OperationWeaver"/> was woven counts its instructions. One thread.</summary>
public static class OperationCounter
{
    private static long[] s_groups = [];
    private static long[] s_groupsBefore = [];
    private static long[] s_worstGroups = [];
    private static long s_all;
    private static long s_stepBegan;

    /// <summary>Instructions since <see cref="Begin"/>.</summary>
    public static long All => s_all;

    /// <summary>Steps that ended since <see cref="Begin"/>.</summary>
    public static long Steps { get; private set; }

    /// <summary>Most instructions of one step that ended since <see cref="Begin"/>.</summary>
    public static long WorstStep { get; private set; }

    /// <summary>Instructions by group since <see cref="Begin"/>, in the order of the groups.</summary>
    public static ReadOnlySpan<long> Groups => s_groups;

    /// <summary>Most instructions of each group in one step, which need not be the same step.</summary>
    public static ReadOnlySpan<long> WorstGroups => s_worstGroups;

    /// <summary>Begins at 0. Not within a step.</summary>
    /// <param name="groups">How many groups there are.</param>
    public static void Begin(int groups)
    {
        s_groups = new long[groups];
        s_groupsBefore = new long[groups];
        s_worstGroups = new long[groups];
        s_all = 0;
        s_stepBegan = 0;
        Steps = 0;
        WorstStep = 0;
    }

    /// <summary>So many instructions are about to run.</summary>
    /// <param name="count">How many.</param>
    /// <param name="group">Whose.</param>
    public static void Count(int count, int group)
    {
        s_all += count;
        if ((uint)group < (uint)s_groups.Length)
        {
            s_groups[group] += count;
        }
    }

    /// <summary>A step of the pod's loop begins.</summary>
    public static void StepBegins()
    {
        s_stepBegan = s_all;
        s_groups.CopyTo(s_groupsBefore, 0);
    }

    /// <summary>It ends.</summary>
    public static void StepEnds()
    {
        Steps++;
        WorstStep = Math.Max(WorstStep, s_all - s_stepBegan);
        for (int i = 0; i < s_groups.Length; i++)
        {
            s_worstGroups[i] = Math.Max(s_worstGroups[i], s_groups[i] - s_groupsBefore[i]);
        }
    }
}
