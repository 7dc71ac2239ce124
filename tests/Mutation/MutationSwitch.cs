using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;

namespace Mutation;

/// <summary>What the woven code asks at each site: is this mutant the one that runs now? It also notes which mutants were reached.</summary>
public static class MutationSwitch
{
    private const byte InTest = 1;
    private const byte InInitializer = 2;

    // No initializers: a type without a static constructor is asked without a check for it.
    private static int s_active;
    private static byte s_phase;
    private static byte[] s_reached = null!;
    private static byte[] s_touched = null!;
    private static List<int> s_initializers = null!;
    private static HashSet<(int Mutant, int Initializer)> s_initialized = null!;

    /// <summary>The mutant that runs; -1 for none.</summary>
    public static int Active
    {
        get => s_active;
        set => s_active = value;
    }

    /// <summary>Pairs of a mutant and the static constructor during which it was reached: its effect stays in the process.</summary>
    internal static IReadOnlyCollection<(int Mutant, int Initializer)> Initialized => s_initialized;

    /// <summary>Is this mutant the one that runs?</summary>
    /// <param name="mutant">Its number.</param>
    /// <returns>True when the changed code shall run.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Is(int mutant)
    {
        if (mutant == s_active)
        {
            return true;
        }

        if (s_phase == InTest)
        {
            s_reached[mutant] = 1;
        }
        else
        {
            NoteInitialized(mutant);
        }

        return false;
    }

    /// <summary>A static field of a type with a static constructor is used.</summary>
    /// <param name="initializer">The number of the static constructor.</param>
    public static void Touch(int initializer) => s_touched[initializer] = 1;

    /// <summary>A static constructor begins.</summary>
    /// <param name="initializer">Its number.</param>
    public static void Enter(int initializer)
    {
        lock (s_initialized)
        {
            s_initializers.Add(initializer);
            s_phase = InInitializer;
        }
    }

    /// <summary>A static constructor ends.</summary>
    /// <param name="initializer">Its number.</param>
    public static void Leave(int initializer)
    {
        lock (s_initialized)
        {
            s_initializers.Remove(initializer);
            s_phase = s_initializers.Count > 0 ? InInitializer : InTest;
        }
    }

    /// <summary>Makes room; before any woven code runs.</summary>
    internal static void Begin(int mutants, int initializers, int active)
    {
        s_reached = new byte[mutants];
        s_touched = new byte[initializers];
        s_initializers = [];
        s_initialized = [];
        s_active = active;
        s_phase = InTest;
    }

    /// <summary>Forgets what was reached.</summary>
    internal static void Clear()
    {
        Array.Clear(s_reached);
        Array.Clear(s_touched);
    }

    internal static IEnumerable<int> ReachedMutants() => Marked(s_reached);

    internal static IEnumerable<int> TouchedInitializers() => Marked(s_touched);

    private static IEnumerable<int> Marked(byte[] marks)
    {
        for (int i = 0; i < marks.Length; i++)
        {
            if (marks[i] != 0)
            {
                yield return i;
            }
        }
    }

    private static void NoteInitialized(int mutant)
    {
        lock (s_initialized)
        {
            foreach (int initializer in s_initializers)
            {
                s_initialized.Add((mutant, initializer));
            }

            s_reached[mutant] = 1;
        }
    }
}
