using System;
using Firmware.Core;
using Firmware.Protocol;

namespace Firmware.Pod.Configuration;

/// <summary>
/// The values of one configuration, each checked when it is set. In a file: <c>0 u32 magic | 4 u16 version | 6 u32 length of the body | 10 u32 sequence | 14 body | CRC-32 of all before it</c>; the body
/// is, per value, <c>u8 id | u16 length | bytes</c>. Values of ids that this program does not know are kept as they are.
/// </summary>
public sealed class PodConfiguration
{
    /// <summary>Longest file, bytes: what three blocks of the drive hold. See LittlefsStore.Blocks.</summary>
    public const int MaxFileBytes = 12_276;

    /// <summary>Bytes before the body.</summary>
    public const int HeadLength = 14;

    /// <summary>Bytes of the CRC.</summary>
    public const int CrcLength = 4;

    /// <summary>Version of the format.</summary>
    public const int Version = 1;

    private const uint Magic = 0x31464350; // "PCF1"
    private const int RecordHeadLength = 3;

    private readonly byte[]?[] _values = new byte[ConfigurationKeys.Count][];
    private byte[] _unknown = [];

    /// <summary>Whether a key has a value.</summary>
    /// <param name="key">One of <see cref="ConfigurationKeys"/>.</param>
    /// <returns>True when it has.</returns>
    public bool Has(int key) => _values[key] != null;

    /// <summary>A value's bytes.</summary>
    /// <param name="key">One of <see cref="ConfigurationKeys"/>.</param>
    /// <returns>The bytes, not to be changed; none when it is not set.</returns>
    public byte[] Bytes(int key) => _values[key] ?? [];

    /// <summary>A value as text.</summary>
    /// <param name="key">One of <see cref="ConfigurationKeys"/>.</param>
    /// <returns>The text; empty when it is not set.</returns>
    public string Text(int key)
    {
        byte[] bytes = Bytes(key);
        char[] text = new char[bytes.Length];
        for (int i = 0; i < text.Length; i++)
        {
            text[i] = (char)bytes[i];
        }

        return new string(text);
    }

    /// <summary>A value as a number.</summary>
    /// <param name="key">One of <see cref="ConfigurationKeys"/>.</param>
    /// <param name="otherwise">What holds when it is not set.</param>
    /// <returns>The number.</returns>
    public int Number(int key, int otherwise)
    {
        byte[] digits = Bytes(key);
        int value = 0;
        for (int i = 0; i < digits.Length; i++)
        {
            value = (value * 10) + (digits[i] - '0');
        }

        return digits.Length == 0 ? otherwise : value;
    }

    /// <summary>Sets a value from text.</summary>
    /// <param name="key">One of <see cref="ConfigurationKeys"/>; not one that comes in pieces or by a command of its own.</param>
    /// <param name="text">The text.</param>
    /// <returns>Empty, or what is wrong; then nothing changed. It never repeats a secret.</returns>
    public string Set(int key, string text)
    {
        ConfigurationKey row = ConfigurationKeys.All[key];
        if (row.IsPem)
        {
            return "it comes in pieces: config put " + row.Name + " 1 1 <base64>";
        }

        if (row.Kind == ConfigurationKind.Calibration)
        {
            return "it is set by calibration set";
        }

        string wrong = Check(row, text);
        if (wrong.Length == 0)
        {
            _values[key] = row.Kind == ConfigurationKind.DeviceId ? Ascii(Normal(text)) : row.Kind == ConfigurationKind.SecretHex ? Hex(text) : Ascii(text);
        }

        return wrong;
    }

    /// <summary>Sets a value that was checked elsewhere: PEM, a calibration.</summary>
    /// <param name="key">One of <see cref="ConfigurationKeys"/>.</param>
    /// <param name="bytes">The bytes; kept.</param>
    public void SetBytes(int key, byte[] bytes) => _values[key] = bytes;

    /// <summary>Takes a value away.</summary>
    /// <param name="key">One of <see cref="ConfigurationKeys"/>.</param>
    public void Clear(int key) => _values[key] = null;

    /// <summary>Whether a value is the same in another configuration.</summary>
    /// <param name="key">One of <see cref="ConfigurationKeys"/>.</param>
    /// <param name="other">The other.</param>
    /// <returns>True when both have the same bytes, or neither has any.</returns>
    public bool IsSame(int key, PodConfiguration other)
    {
        byte[]? a = _values[key];
        byte[]? b = other._values[key];
        return a == null || b == null ? a == b : AreSame(a, b);
    }

    /// <summary>Takes all values of another.</summary>
    /// <param name="other">The other.</param>
    public void CopyFrom(PodConfiguration other)
    {
        Array.Copy(other._values, 0, _values, 0, _values.Length);
        _unknown = other._unknown;
    }

    /// <summary>Takes every value away.</summary>
    public void ClearAll()
    {
        for (int i = 0; i < _values.Length; i++)
        {
            _values[i] = null;
        }

        _unknown = [];
    }

    /// <summary>Bytes of its file.</summary>
    /// <returns>The length.</returns>
    public int FileLength()
    {
        int length = HeadLength + _unknown.Length + CrcLength;
        for (int i = 0; i < _values.Length; i++)
        {
            byte[]? value = _values[i];
            length += value == null ? 0 : RecordHeadLength + value.Length;
        }

        return length;
    }

    /// <summary>Writes its file.</summary>
    /// <param name="buffer">At least <see cref="FileLength"/> bytes.</param>
    /// <param name="sequence">Its number: the larger one is newer.</param>
    /// <param name="crc32">The CRC.</param>
    /// <returns>The length.</returns>
    public int Encode(byte[] buffer, uint sequence, ICrc32 crc32)
    {
        int at = HeadLength;
        for (int i = 0; i < _values.Length; i++)
        {
            byte[]? value = _values[i];
            if (value != null)
            {
                buffer[at] = ConfigurationKeys.All[i].Id;
                LittleEndian.WriteUInt16(buffer, at + 1, value.Length);
                Array.Copy(value, 0, buffer, at + RecordHeadLength, value.Length);
                at += RecordHeadLength + value.Length;
            }
        }

        Array.Copy(_unknown, 0, buffer, at, _unknown.Length);
        at += _unknown.Length;
        LittleEndian.WriteUInt32(buffer, 0, Magic);
        LittleEndian.WriteUInt16(buffer, 4, Version);
        LittleEndian.WriteUInt32(buffer, 6, (uint)(at - HeadLength));
        LittleEndian.WriteUInt32(buffer, 10, sequence);
        LittleEndian.WriteUInt32(buffer, at, crc32.Compute(buffer, 0, at));
        return at + CrcLength;
    }

    /// <summary>Reads a file.</summary>
    /// <param name="buffer">Its bytes.</param>
    /// <param name="count">How many.</param>
    /// <param name="crc32">The CRC.</param>
    /// <param name="sequence">Its number.</param>
    /// <returns>False when it is not whole, of another version, or holds a value that this program refuses; then nothing changed.</returns>
    public bool TryDecode(byte[] buffer, int count, ICrc32 crc32, out uint sequence)
    {
        sequence = 0;
        if (count < HeadLength + CrcLength || LittleEndian.ReadUInt32(buffer, 0) != Magic || LittleEndian.ReadUInt16(buffer, 4) != Version)
        {
            return false;
        }

        int end = count - CrcLength;
        if (LittleEndian.ReadUInt32(buffer, 6) != (uint)(end - HeadLength) || LittleEndian.ReadUInt32(buffer, end) != crc32.Compute(buffer, 0, end))
        {
            return false;
        }

        PodConfiguration read = new PodConfiguration();
        int at = HeadLength;
        while (at < end)
        {
            int length = at + RecordHeadLength <= end ? LittleEndian.ReadUInt16(buffer, at + 1) : -1;
            if (length < 0 || at + RecordHeadLength + length > end || !read.Take(buffer, at, length))
            {
                return false;
            }

            at += RecordHeadLength + length;
        }

        CopyFrom(read);
        sequence = LittleEndian.ReadUInt32(buffer, 10);
        return true;
    }

    /// <summary>Whether two values are the same.</summary>
    /// <param name="a">One.</param>
    /// <param name="b">The other.</param>
    /// <returns>True when they are; the time does not depend on where they differ.</returns>
    public static bool AreSame(byte[] a, byte[] b)
    {
        if (a.Length != b.Length)
        {
            return false;
        }

        int different = 0;
        for (int i = 0; i < a.Length; i++)
        {
            different |= a[i] ^ b[i];
        }

        return different == 0;
    }

    /// <summary>Bytes of ASCII text.</summary>
    /// <param name="text">The text.</param>
    /// <returns>The bytes.</returns>
    public static byte[] Ascii(string text)
    {
        byte[] bytes = new byte[text.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)text[i];
        }

        return bytes;
    }

    private static string Check(ConfigurationKey row, string text)
    {
        if (row.Kind == ConfigurationKind.Number)
        {
            return CheckNumber(row, text);
        }

        if (text.Length < row.Min || text.Length > row.Max)
        {
            return row.Name + " has " + row.Min.ToString() + " to " + row.Max.ToString() + " signs, and not " + text.Length.ToString();
        }

        for (int i = 0; i < text.Length; i++)
        {
            if (!IsSign(row.Kind, text[i], i))
            {
                return row.Name + ": sign " + (i + 1).ToString() + " does not belong there; " + Signs(row.Kind);
            }
        }

        if (row.Kind == ConfigurationKind.DeviceId && !DeviceIdentity.TryParse(text, out ulong _))
        {
            return row.Name + " is 16 hexadecimal digits, neither all 0 nor all f";
        }

        if (row.Kind == ConfigurationKind.SecretHex && (text.Length & 1) != 0)
        {
            return row.Name + " has an even number of hexadecimal digits";
        }

        return row.Kind == ConfigurationKind.Parts ? new FittedParts().Read(text) : string.Empty;
    }

    private static string CheckNumber(ConfigurationKey row, string text)
    {
        int value = 0;
        bool isNumber = text.Length > 0 && text.Length <= 9;
        for (int i = 0; isNumber && i < text.Length; i++)
        {
            isNumber = text[i] >= '0' && text[i] <= '9';
            value = (value * 10) + (text[i] - '0');
        }

        return isNumber && value >= row.Min && value <= row.Max && (text.Length == 1 || text[0] != '0')
            ? string.Empty
            : row.Name + " is a number, " + row.Min.ToString() + " to " + row.Max.ToString();
    }

    private static bool IsSign(ConfigurationKind kind, char sign, int place)
    {
        bool isDigit = sign >= '0' && sign <= '9';
        bool isLower = sign >= 'a' && sign <= 'z';
        switch (kind)
        {
            case ConfigurationKind.Word:
                return isLower || (place > 0 && (isDigit || sign == '-'));
            case ConfigurationKind.Host:
                return isLower || isDigit || (sign >= 'A' && sign <= 'Z') || sign == '.' || sign == '-' || sign == ':';
            case ConfigurationKind.SecretHex:
                return DeviceIdentity.HexDigit(sign) >= 0;
            default:
                return sign >= ' ' && sign <= '~';
        }
    }

    private static string Signs(ConfigurationKind kind)
    {
        switch (kind)
        {
            case ConfigurationKind.Word:
                return "a word of a-z, 0-9 and '-', a letter first";
            case ConfigurationKind.Host:
                return "letters, digits, '.', '-' and ':'";
            case ConfigurationKind.SecretHex:
                return "hexadecimal digits only";
            default:
                return "printable ASCII only";
        }
    }

    private static string Normal(string deviceId) => DeviceIdentity.TryParse(deviceId, out ulong value) ? Topics.DeviceText(value) : string.Empty;

    private static byte[] Hex(string text)
    {
        byte[] bytes = new byte[text.Length / 2];
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)((DeviceIdentity.HexDigit(text[2 * i]) << 4) | DeviceIdentity.HexDigit(text[(2 * i) + 1]));
        }

        return bytes;
    }

    // A file is written by this program or by a newer one; what it holds is checked all the same, since everything behind relies on it.
    private bool Take(byte[] buffer, int at, int length)
    {
        byte[] value = new byte[length];
        Array.Copy(buffer, at + RecordHeadLength, value, 0, length);
        for (int key = 0; key < ConfigurationKeys.Count; key++)
        {
            ConfigurationKey row = ConfigurationKeys.All[key];
            if (row.Id != buffer[at])
            {
                continue;
            }

            if (Has(key))
            {
                return false;
            }

            _values[key] = value;
            switch (row.Kind)
            {
                case ConfigurationKind.SecretHex:
                    return 2 * length >= row.Min && 2 * length <= row.Max;
                case ConfigurationKind.Certificate:
                case ConfigurationKind.PrivateKey:
                    return PemText.Check(row.Kind, value, length).Length == 0;
                case ConfigurationKind.Calibration:
                    return length >= row.Min && length <= row.Max;
                default:
                    return Check(row, Text(key)).Length == 0;
            }
        }

        byte[] longer = new byte[_unknown.Length + RecordHeadLength + length];
        Array.Copy(_unknown, 0, longer, 0, _unknown.Length);
        Array.Copy(buffer, at, longer, _unknown.Length, RecordHeadLength + length);
        _unknown = longer;
        return true;
    }
}
