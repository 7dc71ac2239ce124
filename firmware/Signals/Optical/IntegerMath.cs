namespace Firmware.Signals.Optical;

/// <summary>Integer arithmetic that the base library lacks.</summary>
public static class IntegerMath
{
    /// <summary>The integer square root: the largest r with r x r not above the value. Bit by bit, exact.</summary>
    /// <param name="value">Not below 0; below 0 gives 0.</param>
    /// <returns>The root.</returns>
    public static long SquareRoot(long value)
    {
        if (value <= 0)
        {
            return 0;
        }

        long root = 0;
        long bit = 1L << 62;
        while (bit > value)
        {
            bit >>= 2;
        }

        while (bit != 0)
        {
            if (value >= root + bit)
            {
                value -= root + bit;
                root = (root >> 1) + bit;
            }
            else
            {
                root >>= 1;
            }

            bit >>= 2;
        }

        return root;
    }

    /// <summary>The middle value of the first <paramref name="count"/> numbers (the upper one of two); the array is put in order.</summary>
    /// <param name="values">The numbers; sorted in place.</param>
    /// <param name="count">How many, at least 1.</param>
    /// <returns>The median.</returns>
    public static int Median(int[] values, int count)
    {
        for (int i = 1; i < count; i++)
        {
            int value = values[i];
            int place = i - 1;
            while (place >= 0 && values[place] > value)
            {
                values[place + 1] = values[place];
                place--;
            }

            values[place + 1] = value;
        }

        return values[count / 2];
    }
}
