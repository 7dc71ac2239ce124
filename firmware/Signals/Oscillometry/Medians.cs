namespace Firmware.Signals.Oscillometry;

/// <summary>The median of a few numbers.</summary>
internal static class Medians
{
    /// <summary>The median of an array's first entries, which are sorted by it.</summary>
    /// <param name="values">The numbers.</param>
    /// <param name="count">How many, at least 1.</param>
    /// <returns>The middle one, or the mean of the two in the middle.</returns>
    public static int Of(int[] values, int count)
    {
        for (int i = 1; i < count; i++)
        {
            int value = values[i];
            int j = i - 1;
            while (j >= 0 && values[j] > value)
            {
                values[j + 1] = values[j];
                j--;
            }

            values[j + 1] = value;
        }

        return (count & 1) == 1 ? values[count / 2] : (values[(count / 2) - 1] + values[count / 2]) / 2;
    }
}
