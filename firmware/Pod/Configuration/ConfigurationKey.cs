namespace Firmware.Pod.Configuration;

/// <summary>What a configuration value is, and so how it is checked.</summary>
public enum ConfigurationKind : byte
{
    /// <summary>A word: a-z, 0-9 and '-', a letter first.</summary>
    Word = 0,

    /// <summary>Printable ASCII.</summary>
    Text = 1,

    /// <summary>A host's name or address: letters, digits, '.', '-' and ':'.</summary>
    Host = 2,

    /// <summary>A decimal number.</summary>
    Number = 3,

    /// <summary>An EUI-64.</summary>
    DeviceId = 4,

    /// <summary>Parts of the vocabulary with their addresses.</summary>
    Parts = 5,

    /// <summary>Printable ASCII that is never shown.</summary>
    Secret = 6,

    /// <summary>Hexadecimal digits of a key that is never shown.</summary>
    SecretHex = 7,

    /// <summary>A certificate as PEM, given in pieces.</summary>
    Certificate = 8,

    /// <summary>A private key as PEM, given in pieces; never shown.</summary>
    PrivateKey = 9,

    /// <summary>A calibration, given by its own command.</summary>
    Calibration = 10,
}

/// <summary>One key of the pod's configuration.</summary>
public sealed class ConfigurationKey
{
    /// <summary>Stores.</summary>
    /// <param name="id">Its number in the file, 1 to 255; never used again for another.</param>
    /// <param name="name">Its name.</param>
    /// <param name="kind">What its value is.</param>
    /// <param name="min">Fewest signs, or the smallest number.</param>
    /// <param name="max">Most signs, or the largest number.</param>
    /// <param name="about">What it is for, for a person.</param>
    /// <param name="example">A value that is accepted.</param>
    public ConfigurationKey(byte id, string name, ConfigurationKind kind, int min, int max, string about, string example)
    {
        Id = id;
        Name = name;
        Kind = kind;
        Min = min;
        Max = max;
        About = about;
        Example = example;
    }

    /// <summary>Its number in the file.</summary>
    public byte Id { get; }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>What its value is.</summary>
    public ConfigurationKind Kind { get; }

    /// <summary>Fewest signs, or the smallest number.</summary>
    public int Min { get; }

    /// <summary>Most signs, or the largest number.</summary>
    public int Max { get; }

    /// <summary>What it is for.</summary>
    public string About { get; }

    /// <summary>A value that is accepted; empty for what comes in pieces or by a command of its own.</summary>
    public string Example { get; }

    /// <summary>True for a value that is never printed.</summary>
    public bool IsSecret => Kind == ConfigurationKind.Secret || Kind == ConfigurationKind.SecretHex || Kind == ConfigurationKind.PrivateKey;

    /// <summary>True for a value that comes in pieces.</summary>
    public bool IsPem => Kind == ConfigurationKind.Certificate || Kind == ConfigurationKind.PrivateKey;
}

/// <summary>The keys of the pod's configuration, each by its place in <see cref="All"/>.</summary>
public static class ConfigurationKeys
{
    /// <summary>The pod's EUI-64; unset: made from the chip's MAC.</summary>
    public const int DeviceId = 0;

    /// <summary>What the pod is for.</summary>
    public const int Role = 1;

    /// <summary>The board's row in hardware/boards.</summary>
    public const int Board = 2;

    /// <summary>Which parts are fitted.</summary>
    public const int Parts = 3;

    /// <summary>Name of the wireless network.</summary>
    public const int WifiSsid = 4;

    /// <summary>Its password.</summary>
    public const int WifiPassword = 5;

    /// <summary>Where the gateway answers.</summary>
    public const int GatewayHost = 6;

    /// <summary>Its TCP port.</summary>
    public const int GatewayPort = 7;

    /// <summary>The key of the technician's unlock.</summary>
    public const int TechnicianKey = 8;

    /// <summary>The certificate authority that the gateway's certificate must come from.</summary>
    public const int TlsAuthority = 9;

    /// <summary>The pod's certificate.</summary>
    public const int TlsCertificate = 10;

    /// <summary>Its private key.</summary>
    public const int TlsKey = 11;

    /// <summary>A time server for the wall clock of TLS.</summary>
    public const int TimeServer = 12;

    /// <summary>The cart's name, for people.</summary>
    public const int CartName = 13;

    /// <summary>Serial number of the cuff's sensor board.</summary>
    public const int CuffSerial = 14;

    /// <summary>Calibration of the cuff's sensor.</summary>
    public const int CuffCalibration = 15;

    /// <summary>Serial number of the oximeter's board.</summary>
    public const int OximeterSerial = 16;

    /// <summary>Calibration of the oximeter's curve.</summary>
    public const int OximeterCalibration = 17;

    /// <summary>How many keys there are.</summary>
    public const int Count = 18;

    /// <summary>Most bytes of one PEM text. Source: a leaf or an authority on P-256 is below 1 KB as PEM; twice that.</summary>
    public const int MaxPemBytes = 2048;

    /// <summary>The keys. Not to be changed.</summary>
    public static readonly ConfigurationKey[] All =
    [
        new ConfigurationKey(1, "deviceId", ConfigurationKind.DeviceId, 16, 23, "the pod's EUI-64; not set: made from the chip's MAC", "02000000000000a1"),
        new ConfigurationKey(2, "role", ConfigurationKind.Word, 1, 16, "what the pod is for", "vitals"),
        new ConfigurationKey(3, "board", ConfigurationKind.Word, 1, 32, "the board's row in hardware/boards; not set: the one that fits the image", "esp32-wrover"),
        new ConfigurationKey(4, "parts", ConfigurationKind.Parts, 1, 120, "the parts that are fitted, with @address where it is not the usual one", "Tmp117,Max30102,Mprls0300,Pcm1808"),

        // Source: IEEE 802.11, 9.4.2.2 (32 octets) and 802.11i (a passphrase has 8 to 63 signs).
        new ConfigurationKey(5, "wifi.ssid", ConfigurationKind.Text, 1, 32, "name of the wireless network", "cart-7"),
        new ConfigurationKey(6, "wifi.password", ConfigurationKind.Secret, 8, 63, "its password", "8 to 63 signs"),

        // Source: RFC 1035, 2.3.4 has 255 octets; Assumption: no cart's gateway needs more than 64.
        new ConfigurationKey(7, "gateway.host", ConfigurationKind.Host, 1, 64, "where the gateway answers", "192.168.4.1"),
        new ConfigurationKey(8, "gateway.port", ConfigurationKind.Number, 1, 65535, "its TCP port", "8883"),

        // Source: RFC 2104, 3: a key shorter than the hash's 32 bytes weakens it; half of it at least.
        new ConfigurationKey(9, "technicianKey", ConfigurationKind.SecretHex, 32, 64, "the key of the technician's unlock, hexadecimal", "32 to 64 hexadecimal digits"),
        new ConfigurationKey(10, "tls.ca", ConfigurationKind.Certificate, 1, MaxPemBytes, "certificate of the authority that the gateway's comes from", string.Empty),
        new ConfigurationKey(11, "tls.certificate", ConfigurationKind.Certificate, 1, MaxPemBytes, "the pod's certificate", string.Empty),
        new ConfigurationKey(12, "tls.key", ConfigurationKind.PrivateKey, 1, MaxPemBytes, "the pod's private key", string.Empty),
        new ConfigurationKey(13, "timeServer", ConfigurationKind.Host, 1, 64, "a time server, for the clock that TLS needs", "pool.ntp.org"),
        new ConfigurationKey(14, "cartName", ConfigurationKind.Text, 1, 32, "the cart's name, for people", "cart 7"),
        new ConfigurationKey(15, "cuff.serial", ConfigurationKind.Text, 1, 24, "serial number of the cuff's sensor board", "MP-0042"),
        new ConfigurationKey(16, "calibration.cuff", ConfigurationKind.Calibration, 1, 320, "by the command calibration set", string.Empty),
        new ConfigurationKey(17, "oximeter.serial", ConfigurationKind.Text, 1, 24, "serial number of the oximeter's board", "OX-0042"),
        new ConfigurationKey(18, "calibration.oximeter", ConfigurationKind.Calibration, 1, 160, "by the command calibration set", string.Empty),
    ];

    /// <summary>The place of a key.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The place; -1 for none of that name.</returns>
    public static int IndexOf(string name)
    {
        for (int i = 0; i < All.Length; i++)
        {
            if (string.Equals(All[i].Name, name))
            {
                return i;
            }
        }

        return -1;
    }
}
