using System.Buffers;
using System.Text;

namespace EdgeGateway.Gateway.Security;

/// <summary>Reads from an MQTT CONNECT that came in plain what its sender calls itself, so that health names the pod. It is a claim and proves nothing.</summary>
internal static class PlainConnect
{
    private const int MaxLengthBytes = 4; // MQTT 5.0, 1.5.5
    private const int MaxIdBytes = 64;
    private const byte LevelOfVersion5 = 5;

    /// <summary>The client identifier of a CONNECT.</summary>
    /// <param name="bytes">What came so far.</param>
    /// <returns>Null when it does not stand in it.</returns>
    public static string? ClientIdOf(in ReadOnlySequence<byte> bytes)
    {
        SequenceReader<byte> reader = new(bytes);
        reader.Advance(1);
        if (!TryLength(ref reader, out _) || !reader.TryReadBigEndian(out short name) || name is < 0 or > 6 || reader.Remaining < name)
        {
            return null;
        }

        reader.Advance(name);
        if (!reader.TryRead(out byte level) || reader.Remaining < 3)
        {
            return null;
        }

        reader.Advance(3); // flags, keep-alive
        if (level == LevelOfVersion5)
        {
            if (!TryLength(ref reader, out int properties) || reader.Remaining < properties)
            {
                return null;
            }

            reader.Advance(properties);
        }

        return reader.TryReadBigEndian(out short length) && length is > 0 and <= MaxIdBytes && reader.TryReadExact(length, out ReadOnlySequence<byte> id)
            ? Encoding.UTF8.GetString(id)
            : null;
    }

    private static bool TryLength(ref SequenceReader<byte> reader, out int length)
    {
        length = 0;
        for (int i = 0; i < MaxLengthBytes; i++)
        {
            if (!reader.TryRead(out byte part))
            {
                return false;
            }

            length |= (part & 0x7F) << (7 * i);
            if ((part & 0x80) == 0)
            {
                return true;
            }
        }

        return false;
    }
}
