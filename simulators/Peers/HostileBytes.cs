namespace Simulators.Peers;

/// <summary>Byte sequences that were seen to end a server.</summary>
public static class HostileBytes
{
    /// <summary>CONNECT whose remaining length is the longest that four bytes can say (268,435,455), and nothing behind it.</summary>
    public static readonly byte[] ConnectOfLongestLength = [0x10, 0xFF, 0xFF, 0xFF, 0x7F];
}
