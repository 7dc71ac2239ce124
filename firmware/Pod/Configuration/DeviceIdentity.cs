namespace Firmware.Pod.Configuration;

/// <summary>A pod's EUI-64: from text, and from the chip's MAC.</summary>
public static class DeviceIdentity
{
    /// <summary>
    /// The EUI-64 of a chip, so that two boards from one build differ: the MAC with FF FE between its halves. Source: IEEE, Guidelines for Use of EUI, MAC-48 in an EUI-64.
    /// </summary>
    /// <param name="mac">Six bytes, the first on the wire first.</param>
    /// <returns>The EUI-64; 0 for anything but six bytes, and for a MAC of all zeros or all ones, which is no chip's.</returns>
    public static ulong OfMac(byte[] mac)
    {
        if (mac.Length != 6)
        {
            return 0;
        }

        ulong high = ((ulong)mac[0] << 16) | ((ulong)mac[1] << 8) | mac[2];
        ulong low = ((ulong)mac[3] << 16) | ((ulong)mac[4] << 8) | mac[5];
        bool isNone = (high == 0 && low == 0) || (high == 0xFFFFFF && low == 0xFFFFFF);
        return isNone ? 0 : (high << 40) | 0xFF_FE00_0000 | low;
    }

    /// <summary>Reads 16 hexadecimal digits, or eight pairs with ':' or '-' between all of them.</summary>
    /// <param name="text">The text.</param>
    /// <param name="deviceId">The EUI-64.</param>
    /// <returns>False when it is none, or 0, or all ones.</returns>
    public static bool TryParse(string text, out ulong deviceId)
    {
        deviceId = 0;
        bool isPaired = text.Length == 23;
        if (!isPaired && text.Length != 16)
        {
            return false;
        }

        char separator = isPaired ? text[2] : ' ';
        if (isPaired && separator != ':' && separator != '-')
        {
            return false;
        }

        for (int i = 0; i < text.Length; i++)
        {
            if (isPaired && i % 3 == 2)
            {
                if (text[i] != separator)
                {
                    return false;
                }

                continue;
            }

            int digit = HexDigit(text[i]);
            if (digit < 0)
            {
                return false;
            }

            deviceId = (deviceId << 4) | (uint)digit;
        }

        return deviceId != 0 && deviceId != ulong.MaxValue;
    }

    /// <summary>The value of a hexadecimal digit.</summary>
    /// <param name="sign">The digit, of either case.</param>
    /// <returns>0 to 15; -1 for none.</returns>
    public static int HexDigit(char sign) =>
        sign >= '0' && sign <= '9' ? sign - '0'
        : sign >= 'a' && sign <= 'f' ? sign - 'a' + 10
        : sign >= 'A' && sign <= 'F' ? sign - 'A' + 10
        : -1;
}
