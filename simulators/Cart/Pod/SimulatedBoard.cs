using System.Security.Cryptography;
using Firmware.Core;

namespace Simulators.Cart.Pod;

/// <summary>What a simulated board says of itself. Its numbers are made up, within the limits of a sound board.</summary>
public sealed class SimulatedBoard : IBoardService
{
    /// <inheritdoc/>
    public string Target { get; set; } = "ESP32_BLE_REV3";

    /// <inheritdoc/>
    public string ImageVersion { get; set; } = "simulated";

    /// <summary>The board's row in hardware/boards.</summary>
    public string Board { get; set; } = "esp32-wrover";

    /// <inheritdoc/>
    public long FreeManagedBytes { get; set; } = 600_000;

    /// <inheritdoc/>
    public long FreeInternalBytes { get; set; } = 120_000;

    /// <inheritdoc/>
    public long LargestInternalBytes { get; set; } = 60_000;

    /// <inheritdoc/>
    public long FreeExternalBytes { get; set; } = 2_000_000;

    /// <inheritdoc/>
    public string Address { get; set; } = "192.168.4.20";

    /// <inheritdoc/>
    public int SignalDecibelMilliwatt { get; set; } = -55;

    /// <inheritdoc/>
    public bool IsStopPressed { get; set; }

    /// <inheritdoc/>
    public uint UtcSeconds { get; set; } = 1_795_910_400;

    /// <summary>Times the pod's program asked for a restart.</summary>
    public int Reboots { get; private set; }

    /// <inheritdoc/>
    public bool FitsBoard(string board) => string.Equals(board, Board, System.StringComparison.Ordinal);

    /// <inheritdoc/>
    public void Reboot() => Reboots++;
}

/// <summary>HMAC-SHA-256 of the PC.</summary>
public sealed class SystemHmac : IHmacSha256
{
    /// <inheritdoc/>
    public byte[] Compute(byte[] key, byte[] message) => HMACSHA256.HashData(key, message);
}
