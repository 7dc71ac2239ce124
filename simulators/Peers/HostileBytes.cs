using System.Collections.Generic;

namespace Simulators.Peers;

/// <summary>Byte sequences that were seen to end a server, and others of their kind.</summary>
public static class HostileBytes
{
    /// <summary>CONNECT whose remaining length is the longest that four bytes can say (268,435,455), and nothing behind it.</summary>
    public static readonly byte[] ConnectOfLongestLength = [0x10, 0xFF, 0xFF, 0xFF, 0x7F];

    /// <summary>What a server must survive as the first bytes of a connection; each closes that connection and nothing else.</summary>
    public static readonly IReadOnlyList<byte[]> FirstBytes =
    [
        ConnectOfLongestLength,
        [0x10, 0xFF, 0xFF, 0xFF, 0xFF], // a fifth byte of length is announced
        [0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
        [0x10, 0x80, 0x00], // a length in more bytes than it needs
        [0x10, 0x00], // CONNECT without a body
        [0x10, 0x02, 0xFF, 0xFF], // a string of 65,535 bytes in a body of two
        [0x10, 0x06, 0x00, 0x04, 0x4D, 0x51, 0x54, 0x54], // it ends behind the protocol name
        [0x10, 0x07, 0x00, 0x04, 0x4D, 0x51, 0x54, 0x54, 0x05], // it ends behind the level
        [0x10, 0x07, 0x00, 0x04, 0x4D, 0x51, 0x54, 0x54, 0xFF], // a level that does not exist
        [0x1F, 0x00], // reserved flags
        [0x00, 0x00], // a packet type that does not exist
        [0xF0, 0xFF, 0xFF, 0xFF, 0x7F], // AUTH of the longest length
        [0x30, 0xFF, 0xFF, 0xFF, 0x7F], // PUBLISH of the longest length before CONNECT
        [0xC0, 0x00], // PINGREQ before CONNECT
        [0x47, 0x45, 0x54, 0x20, 0x2F, 0x20, 0x48, 0x54, 0x54, 0x50, 0x2F, 0x31, 0x2E, 0x31, 0x0D, 0x0A, 0x0D, 0x0A], // GET / HTTP/1.1
        [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03], // a TLS hello
    ];

    /// <summary>An honest CONNECT of more than a mebibyte: the will's payload, the user name and the password cannot be so long, the properties can.</summary>
    /// <param name="bytes">Bytes of user properties, about.</param>
    /// <returns>The packet.</returns>
    public static byte[] LongConnect(int bytes)
    {
        const int One = 1 + 2 + 60_000 + 2;
        int count = (bytes / One) + 1;
        List<byte> properties = [];
        for (int i = 0; i < count; i++)
        {
            properties.AddRange([0x26, 60_000 >> 8, 60_000 & 0xFF]);
            properties.AddRange(new byte[60_000].AsText());
            properties.AddRange([0, 0]);
        }

        List<byte> body = [0x00, 0x04, 0x4D, 0x51, 0x54, 0x54, 0x05, 0x02, 0x00, 0x3C];
        int length = properties.Count;
        do
        {
            body.Add((byte)((length & 0x7F) | (length > 127 ? 0x80 : 0)));
            length >>= 7;
        }
        while (length > 0);
        body.AddRange(properties);
        body.AddRange([0x00, 0x01, (byte)'c']);
        return MqttBytes.Packet(0x10, [.. body]);
    }

    private static byte[] AsText(this byte[] bytes)
    {
        System.Array.Fill(bytes, (byte)'x');
        return bytes;
    }
}
