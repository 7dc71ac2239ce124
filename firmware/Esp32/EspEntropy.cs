using System;
using Firmware.Core;
using nanoFramework.Hardware.Esp32;

namespace Firmware.Esp32;

/// <summary>
/// Random bits for a boot id when the store cannot count boots. The runtime shows no hardware generator; its Random and the low bits of the
/// µs timer at moments that the outside world decides (mounting, joining the network) are stirred together. Enough to tell boots apart, not for keys.
/// </summary>
public sealed class EspEntropy : IEntropy
{
    private readonly Random _random = new Random();
    private uint _pool;

    /// <summary>Stirs in the present moment; called after work whose duration varies.</summary>
    public void Stir()
    {
        _pool = (_pool ^ (uint)HighResTimer.GetCurrent()) * 0x9E3779B1;
        _pool ^= _pool >> 15;
    }

    /// <inheritdoc/>
    public uint NextUInt32()
    {
        Stir();
        uint high = (uint)_random.Next(0x10000);
        uint low = (uint)_random.Next(0x10000);
        return _pool ^ (high << 16) ^ low;
    }
}
