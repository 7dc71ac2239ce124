using nanoFramework.Hardware.Esp32;
using nanoFramework.Runtime.Native;

namespace Firmware.Esp32;

/// <summary>Memory of the board, for start records, the console and the choice of TLS.</summary>
public static class EspMemory
{
    /// <summary>True when the board has PSRAM.</summary>
    public static bool HasPsram
    {
        get
        {
            NativeMemory.GetMemoryInfo(NativeMemory.MemoryType.SpiRam, out uint total, out uint _, out uint _);
            return total > 0;
        }
    }

    /// <summary>Free memory in words.</summary>
    /// <returns>"managed n, internal n (largest n), psram n", bytes.</returns>
    public static string Text()
    {
        uint managed = GC.Run(false);
        NativeMemory.GetMemoryInfo(NativeMemory.MemoryType.Internal, out uint _, out uint inside, out uint largest);
        NativeMemory.GetMemoryInfo(NativeMemory.MemoryType.SpiRam, out uint _, out uint outside, out uint _);
        return "managed " + managed.ToString() + ", internal " + inside.ToString() + " (largest " + largest.ToString() + "), psram " + outside.ToString();
    }
}
