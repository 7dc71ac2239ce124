namespace Firmware.Protocol;

/// <summary>
/// Body of <see cref="PodCommand.Stored"/>, which names one message of a pod: 0 u16 its length | 2 its first frame's device, boot, stream, flags and sequence as they stand there, 20 bytes | 22 u32 its last
/// frame's CRC. Pure.
/// </summary>
public static class MessageIdentity
{
    /// <summary>Bytes of the body.</summary>
    public const int Length = 26;

    private const int DeviceOffset = 4;
    private const int IdentityLength = 20;
    private const int CrcLength = 4;

    /// <summary>Writes the body.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="message">The message; one frame at least.</param>
    public static void Write(byte[] buffer, int offset, byte[] message)
    {
        LittleEndian.WriteUInt16(buffer, offset, (ushort)message.Length);
        for (int i = 0; i < IdentityLength; i++)
        {
            buffer[offset + 2 + i] = message[DeviceOffset + i];
        }

        for (int i = 0; i < CrcLength; i++)
        {
            buffer[offset + 2 + IdentityLength + i] = message[message.Length - CrcLength + i];
        }
    }

    /// <summary>Whether a body names a message.</summary>
    /// <param name="buffer">Holds the body.</param>
    /// <param name="offset">Its first byte.</param>
    /// <param name="count">Its length; any but <see cref="Length"/> names none.</param>
    /// <param name="message">The message.</param>
    /// <returns>True when it does.</returns>
    public static bool Names(byte[] buffer, int offset, int count, byte[] message)
    {
        if (count != Length || message.Length < Frame.HeaderLength + CrcLength || LittleEndian.ReadUInt16(buffer, offset) != message.Length)
        {
            return false;
        }

        for (int i = 0; i < IdentityLength; i++)
        {
            if (buffer[offset + 2 + i] != message[DeviceOffset + i])
            {
                return false;
            }
        }

        for (int i = 0; i < CrcLength; i++)
        {
            if (buffer[offset + 2 + IdentityLength + i] != message[message.Length - CrcLength + i])
            {
                return false;
            }
        }

        return true;
    }
}
