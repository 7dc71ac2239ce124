using System;
using System.Globalization;
using Firmware.Protocol;

namespace Simulators.Cart.Ledger;

/// <summary>What orders and names readings: device, boot, stream, sequence.</summary>
/// <param name="Device">EUI-64.</param>
/// <param name="Boot">Boot id.</param>
/// <param name="Stream">Stream.</param>
/// <param name="Sequence">Sequence, from 1.</param>
public readonly record struct ReadingId(ulong Device, uint Boot, int Stream, uint Sequence) : IComparable<ReadingId>
{
    /// <summary>The identity of a frame.</summary>
    /// <param name="buffer">Holds the frame.</param>
    /// <param name="offset">Where it begins.</param>
    /// <returns>Its identity.</returns>
    public static ReadingId Of(byte[] buffer, int offset) =>
        new(Frame.DeviceId(buffer, offset), Frame.BootId(buffer, offset), Frame.Stream(buffer, offset), Frame.Sequence(buffer, offset));

    /// <summary>Reads <c>deviceId.bootId.stream.sequence</c>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="id">The identity.</param>
    /// <returns>False when it is none.</returns>
    public static bool TryParse(string? text, out ReadingId id)
    {
        id = default;
        string[] parts = text?.Split('.') ?? [];
        if (parts.Length != 4
            || parts[0].Length != 16
            || !ulong.TryParse(parts[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong device)
            || !uint.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out uint boot)
            || !ushort.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out ushort stream)
            || !uint.TryParse(parts[3], NumberStyles.None, CultureInfo.InvariantCulture, out uint sequence)
            || sequence == 0)
        {
            return false;
        }

        id = new ReadingId(device, boot, stream, sequence);
        return true;
    }

    /// <inheritdoc/>
    public int CompareTo(ReadingId other)
    {
        int order = Device.CompareTo(other.Device);
        order = order != 0 ? order : Boot.CompareTo(other.Boot);
        order = order != 0 ? order : Stream.CompareTo(other.Stream);
        return order != 0 ? order : Sequence.CompareTo(other.Sequence);
    }

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Topics.DeviceText(Device)}.{Boot}.{Stream}.{Sequence}");

    /// <summary>Order by device, boot, stream, sequence.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>True when the left one comes first.</returns>
    public static bool operator <(ReadingId left, ReadingId right) => left.CompareTo(right) < 0;

    /// <summary>Order by device, boot, stream, sequence.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>True when the left one comes second.</returns>
    public static bool operator >(ReadingId left, ReadingId right) => left.CompareTo(right) > 0;

    /// <summary>Order by device, boot, stream, sequence.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>True when the left one does not come second.</returns>
    public static bool operator <=(ReadingId left, ReadingId right) => left.CompareTo(right) <= 0;

    /// <summary>Order by device, boot, stream, sequence.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    /// <returns>True when the left one does not come first.</returns>
    public static bool operator >=(ReadingId left, ReadingId right) => left.CompareTo(right) >= 0;
}
