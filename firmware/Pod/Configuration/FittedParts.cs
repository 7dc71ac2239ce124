using Firmware.Protocol;

namespace Firmware.Pod.Configuration;

/// <summary>The parts that a configuration says are fitted: <c>Tmp117,Max30102@57,Pcm1808</c>, an address in hexadecimal.</summary>
public sealed class FittedParts
{
    private readonly PodPart[] _parts = new PodPart[PodOptions.MaxPeripherals];
    private readonly int[] _addresses = new int[PodOptions.MaxPeripherals];

    /// <summary>How many.</summary>
    public int Count { get; private set; }

    /// <summary>One of them.</summary>
    /// <param name="index">Its place.</param>
    /// <returns>The part.</returns>
    public PodPart Part(int index) => _parts[index];

    /// <summary>Its I2C address.</summary>
    /// <param name="index">Its place.</param>
    /// <returns>0x08 to 0x77; 0 for a part that is not on the bus.</returns>
    public int Address(int index) => _addresses[index];

    /// <summary>Reads a list. A wrong one leaves none.</summary>
    /// <param name="text">The list; empty for no part.</param>
    /// <returns>Empty, or what is wrong.</returns>
    public string Read(string text)
    {
        Count = 0;
        int start = 0;
        for (int i = 0; text.Length > 0 && i <= text.Length; i++)
        {
            if (i < text.Length && text[i] != ',')
            {
                continue;
            }

            string wrong = Add(text.Substring(start, i - start));
            if (wrong.Length > 0)
            {
                Count = 0;
                return wrong;
            }

            start = i + 1;
        }

        return string.Empty;
    }

    private string Add(string word)
    {
        int at = word.IndexOf('@');
        string name = at < 0 ? word : word.Substring(0, at);
        if (!TryFind(name, out PodPart part))
        {
            return "'" + name + "' is no part of this program";
        }

        int address = Parts.DefaultAddress(part);
        if (at >= 0)
        {
            if (address == 0)
            {
                return name + " is not on the I2C bus and has no address";
            }

            address = Hex(word.Substring(at + 1));
            if (address < 0x08 || address > 0x77)
            {
                return "an address is hexadecimal, 08 to 77: " + word;
            }
        }

        for (int i = 0; i < Count; i++)
        {
            if (_parts[i] == part)
            {
                return name + " stands twice";
            }

            if (address != 0 && _addresses[i] == address)
            {
                return "two parts have one address: " + word;
            }

            if (IsCuff(part) && IsCuff(_parts[i]))
            {
                return "a pod has one cuff: the built-in one or the module";
            }
        }

        if (Count == PodOptions.MaxPeripherals)
        {
            return "a pod has 8 parts at most";
        }

        _parts[Count] = part;
        _addresses[Count] = address;
        Count++;
        return string.Empty;
    }

    private static bool IsCuff(PodPart part) => part == PodPart.Mprls0300 || part == PodPart.SunTechNibp;

    private static bool TryFind(string name, out PodPart part)
    {
        for (int i = 0; i < Parts.All.Length; i++)
        {
            if (string.Equals(Parts.Id(Parts.All[i]), name))
            {
                part = Parts.All[i];
                return true;
            }
        }

        part = PodPart.Tmp117;
        return false;
    }

    private static int Hex(string text)
    {
        if (text.Length == 0 || text.Length > 2)
        {
            return -1;
        }

        int value = 0;
        for (int i = 0; i < text.Length; i++)
        {
            int digit = DeviceIdentity.HexDigit(text[i]);
            if (digit < 0)
            {
                return -1;
            }

            value = (value << 4) | digit;
        }

        return value;
    }
}
