namespace Firmware.Signals.Oscillometry;

/// <summary>A few numbers in order, put in one at a time, so that no call takes long.</summary>
internal sealed class SortedSample
{
    /// <summary>Most numbers.</summary>
    public const int Capacity = 64;

    private readonly int[] _values = new int[Capacity];

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>The middle one, or the mean of the two in the middle; 0 of none.</summary>
    public int Median => Count == 0 ? 0 : (Count & 1) == 1 ? _values[Count / 2] : (_values[(Count / 2) - 1] + _values[Count / 2]) / 2;

    /// <summary>Forgets all.</summary>
    public void Clear() => Count = 0;

    /// <summary>Puts one in; none beyond <see cref="Capacity"/>.</summary>
    /// <param name="value">The number.</param>
    public void Insert(int value)
    {
        if (Count == Capacity)
        {
            return;
        }

        int place = Count++;
        while (place > 0 && _values[place - 1] > value)
        {
            _values[place] = _values[place - 1];
            place--;
        }

        _values[place] = value;
    }
}
