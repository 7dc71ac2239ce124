using System.Collections.Generic;
using System.Globalization;

namespace Architecture.Tests;

/// <summary>Tiny methods, one for each kind of change that the mutation tool makes. Nothing calls them but its test, in a copy of this assembly.</summary>
internal sealed class MutationSamples
{
    private static readonly int s_seven = Seven();

    private readonly List<int> _seen = [];
    private int _value = 5;

    public static bool IsTrue() => true;

    public static bool IsAdult(int age) => age >= 18;

    public static int Sign(int value)
    {
        if (value > 0)
        {
            return 4;
        }

        return -4;
    }

    public static int Sum(int left, int right) => left + right;

    public static int Shifted(int value) => value << 2;

    public static int Plus30(int value)
    {
        int more = 30;
        return value + more;
    }

    public static string Word(int value) => "n" + value.ToString(CultureInfo.InvariantCulture);

    public static object Boxed(int value)
    {
        object made = value;
        return made;
    }

    public static bool HasNot(List<int> list) => !list.Contains(1);

    public static int OfInitializer() => s_seven;

    public int SetThenGet(int value)
    {
        _value = value;
        return _value;
    }

    public int AddThenCount()
    {
        _seen.Add(1);
        return _seen.Count;
    }

    public string NotDrawn() => $"{_value} of {_seen.Count}";

    private static int Seven() => 7;
}
