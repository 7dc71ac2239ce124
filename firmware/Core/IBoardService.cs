namespace Firmware.Core;

/// <summary>What only the board's program can say of the board, or do to it. Nothing throws.</summary>
public interface IBoardService
{
    /// <summary>Name of the runtime's image, for example ESP32_BLE_REV3.</summary>
    string Target { get; }

    /// <summary>Version of the runtime's image.</summary>
    string ImageVersion { get; }

    /// <summary>Free bytes of the managed heap; -1 when not known.</summary>
    long FreeManagedBytes { get; }

    /// <summary>Free bytes of the chip's own memory; -1 when not known.</summary>
    long FreeInternalBytes { get; }

    /// <summary>The largest free piece of it, bytes; -1 when not known.</summary>
    long LargestInternalBytes { get; }

    /// <summary>Free bytes of the memory beside the chip; -1 when there is none.</summary>
    long FreeExternalBytes { get; }

    /// <summary>The pod's network address; empty for none.</summary>
    string Address { get; }

    /// <summary>Received signal of the access point, dBm, below 0; 0 when not known.</summary>
    int SignalDecibelMilliwatt { get; }

    /// <summary>True while the STOP button is pressed.</summary>
    bool IsStopPressed { get; }

    /// <summary>The wall clock, s since 1970-01-01 UTC; it serves TLS and stamps no reading.</summary>
    uint UtcSeconds { get; }

    /// <summary>Whether a board's row fits the image that runs.</summary>
    /// <param name="board">Its name in hardware/boards.</param>
    /// <returns>True when there is such a row and it fits.</returns>
    bool FitsBoard(string board);

    /// <summary>Restarts the board. On a board it does not return; in a simulation the power comes back later.</summary>
    void Reboot();
}
