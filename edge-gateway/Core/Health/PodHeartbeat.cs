using System;
using System.Globalization;
using EdgeGateway.Core.Readings;
using Firmware.Protocol;

namespace EdgeGateway.Core.Health;

/// <summary>How a pod itself does, as it says once a minute; nothing of a patient.</summary>
/// <param name="BootId">The boot that says it.</param>
/// <param name="DeviceUs">When, µs since that boot.</param>
/// <param name="UptimeSeconds">Seconds since that boot.</param>
/// <param name="Starts">Starts of the board so far; null when it does not count them.</param>
/// <param name="LastEnd">Why the boot before ended: a code, "powerOn" for a cut of power or a reset from outside, or null when it is not known.</param>
/// <param name="FreeMemoryBytes">Free managed memory, bytes; null when the board does not tell it.</param>
/// <param name="StorePermille">Segments of its store in use, thousandths.</param>
/// <param name="IsStoreOk">False while its store does not take what is written.</param>
/// <param name="LoopLateMs">The latest step of its loop since the reading before, ms.</param>
/// <param name="LinksLost">Times it lost its link.</param>
/// <param name="Pending">Frames that it keeps.</param>
/// <param name="Reports">Coded reports since that boot.</param>
/// <param name="PartsFitted">Its parts.</param>
/// <param name="PartsFailing">Those that do not measure.</param>
/// <param name="SignalDecibelMilliwatt">Received signal, dBm; null when the board does not tell it.</param>
public sealed record PodHeartbeat(
    uint BootId,
    long DeviceUs,
    long UptimeSeconds,
    long? Starts,
    string? LastEnd,
    long? FreeMemoryBytes,
    int StorePermille,
    bool IsStoreOk,
    int LoopLateMs,
    int LinksLost,
    long Pending,
    long Reports,
    int PartsFitted,
    int PartsFailing,
    long? SignalDecibelMilliwatt)
{
    /// <summary>Reads it.</summary>
    /// <param name="head">The frame's head.</param>
    /// <param name="body">Its body, at least <see cref="HealthBody.Length"/> bytes.</param>
    /// <returns>What it says.</returns>
    public static PodHeartbeat Read(in FrameHead head, ReadOnlySpan<byte> body)
    {
        byte[] bytes = body[..HealthBody.Length].ToArray();
        int flags = HealthBody.Flags(bytes, 0);
        bool countsStarts = (flags & HealthBody.StartsUnknown) == 0;
        int end = HealthBody.LastEnd(bytes, 0);
        uint memory = HealthBody.FreeMemoryBytes(bytes, 0);
        return new PodHeartbeat(
            head.BootId,
            head.MonotonicUs,
            HealthBody.UptimeSeconds(bytes, 0),
            countsStarts ? HealthBody.Starts(bytes, 0) : null,
            !countsStarts ? null : end == 0 ? "powerOn" : "P" + end.ToString("0000", CultureInfo.InvariantCulture),
            memory == HealthBody.MemoryUnknown ? null : memory,
            HealthBody.StorePermille(bytes, 0),
            (flags & HealthBody.StoreFails) == 0,
            HealthBody.LoopLateMs(bytes, 0),
            HealthBody.LinksLost(bytes, 0),
            HealthBody.Pending(bytes, 0),
            HealthBody.Reports(bytes, 0),
            HealthBody.PartsFitted(bytes, 0),
            HealthBody.PartsFailing(bytes, 0),
            (flags & HealthBody.SignalNotOffered) != 0 ? null : HealthBody.SignalDecibelMilliwatt(bytes, 0));
    }
}
