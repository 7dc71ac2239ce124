using System;
using System.Net.NetworkInformation;
using Firmware.Core;
using nanoFramework.Hardware.Esp32;
using nanoFramework.Runtime.Native;
using GC = nanoFramework.Runtime.Native.GC;

namespace Firmware.Esp32;

/// <summary>What the runtime says of the board. What it does not say is -1, 0 or empty.</summary>
public sealed class EspBoardService : IBoardService
{
    private readonly EspPanel _panel;

    /// <summary>Stores.</summary>
    /// <param name="panel">STOP's line.</param>
    public EspBoardService(EspPanel panel)
    {
        _panel = panel;
    }

    /// <inheritdoc/>
    public string Target => SystemInfo.TargetName;

    /// <inheritdoc/>
    public string ImageVersion => SystemInfo.Version.ToString();

    /// <inheritdoc/>
    public long FreeManagedBytes => GC.Run(false);

    /// <inheritdoc/>
    public long FreeInternalBytes
    {
        get
        {
            NativeMemory.GetMemoryInfo(NativeMemory.MemoryType.Internal, out uint _, out uint free, out uint _);
            return free;
        }
    }

    /// <inheritdoc/>
    public long LargestInternalBytes
    {
        get
        {
            NativeMemory.GetMemoryInfo(NativeMemory.MemoryType.Internal, out uint _, out uint _, out uint largest);
            return largest;
        }
    }

    /// <inheritdoc/>
    public long FreeExternalBytes
    {
        get
        {
            NativeMemory.GetMemoryInfo(NativeMemory.MemoryType.SpiRam, out uint total, out uint free, out uint _);
            return total == 0 ? -1 : free;
        }
    }

    /// <inheritdoc/>
    public string Address
    {
        get
        {
            NetworkInterface[] all = Interfaces();
            for (int i = 0; i < all.Length; i++)
            {
                string address = all[i].IPv4Address;
                if (address.Length > 0 && !string.Equals(address, "0.0.0.0"))
                {
                    return address;
                }
            }

            return string.Empty;
        }
    }

    /// <summary>The runtime tells the signal of networks that a scan finds, and a scan would interrupt the link.</summary>
    public int SignalDecibelMilliwatt => 0;

    /// <inheritdoc/>
    public bool IsStopPressed => _panel.IsStopped;

    /// <inheritdoc/>
    public uint UtcSeconds => EspUtcClock.Now;

    /// <summary>The MAC of the station's interface, the chip's own.</summary>
    /// <returns>Six bytes; none when the runtime does not say.</returns>
    public static byte[] Mac()
    {
        NetworkInterface[] all = Interfaces();
        for (int i = 0; i < all.Length; i++)
        {
            byte[] mac = all[i].PhysicalAddress;
            if (mac != null && mac.Length == 6)
            {
                return mac;
            }
        }

        return new byte[0];
    }

    /// <inheritdoc/>
    public bool FitsBoard(string board)
    {
        int index = Board.IndexOf(board);
        return index >= 0 && Board.At(index).Fits(SystemInfo.TargetName);
    }

    /// <inheritdoc/>
    public void Reboot() => Power.RebootDevice();

    private static NetworkInterface[] Interfaces()
    {
        try
        {
            return NetworkInterface.GetAllNetworkInterfaces();
        }
        catch (Exception)
        {
            return new NetworkInterface[0];
        }
    }
}
