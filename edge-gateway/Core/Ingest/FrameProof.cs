using System;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Faults;
using Firmware.Core;
using Firmware.Protocol;

namespace EdgeGateway.Core.Ingest;

/// <summary>Proves the frames of a message, and declares what is none.</summary>
/// <param name="crc32">The frames' checksum.</param>
/// <param name="own">Makes the event and the gap record.</param>
/// <param name="sessions">For which session they are.</param>
internal sealed class FrameProof(ICrc32 crc32, OwnFrames own, SessionProjection sessions)
{
    /// <summary>Parts of messages that were no valid frames of the sender, since the start.</summary>
    public long RefusedParts { get; private set; }

    /// <summary>Looks at what stands at an offset of a message.</summary>
    /// <param name="payload">The message.</param>
    /// <param name="deviceId">The pod whose message it is.</param>
    /// <param name="offset">Where to look, in the message's array; moved behind what was looked at.</param>
    /// <param name="frame">The frame; empty when there is none.</param>
    /// <returns>True when it is a whole frame of this pod.</returns>
    public bool TryNext(ArraySegment<byte> payload, ulong deviceId, ref int offset, out ReadOnlySpan<byte> frame)
    {
        byte[] bytes = payload.Array!;
        int end = payload.Offset + payload.Count;
        int length = 0;
        FrameFault fault = payload.Count <= Frame.MaxMessageLength ? Frame.Check(bytes, offset, end - offset, crc32, out length) : FrameFault.TooLong;
        if (fault == FrameFault.None && Frame.DeviceId(bytes, offset) == deviceId)
        {
            frame = bytes.AsSpan(offset, length);
            offset += length;
            return true;
        }

        frame = default;
        offset = fault == FrameFault.None ? offset + length : NextFrame(bytes, offset + 1, payload, deviceId);
        return false;
    }

    /// <summary>Declares that parts of a message were refused.</summary>
    /// <param name="deviceId">The pod.</param>
    /// <param name="parts">How many.</param>
    /// <param name="length">Bytes of the message.</param>
    public void Refuse(ulong deviceId, int parts, int length)
    {
        RefusedParts += parts;
        string code = length > Frame.MaxMessageLength ? FaultCodes.PodMessageTooLong : FaultCodes.InvalidFrames;
        string what = "pod " + Topics.DeviceText(deviceId) + ": " + Invariant.Text(parts) + " part(s) of a message of "
            + Invariant.Text(length) + " bytes are no valid frame of this pod";
        own.Event(code, HealthSubject.Pod(deviceId), 0, parts, what);
        own.Gap(
            new StreamKey(deviceId, 0, 0),
            GapCause.FrameRefused,
            GapBody.Readings | GapBody.AtLeast,
            new SequenceRange(0, 0),
            (uint)parts,
            sessions.Open?.Number ?? 0);
    }

    /// <summary>Where the next whole frame of this device begins, or the end. A candidate needs the device's eight bytes in place before its CRC is computed.</summary>
    private int NextFrame(byte[] bytes, int from, ArraySegment<byte> payload, ulong deviceId)
    {
        int end = payload.Offset + payload.Count;
        if (payload.Count <= Frame.MaxMessageLength)
        {
            for (int at = from; at + Frame.Overhead <= end; at++)
            {
                if (Frame.DeviceId(bytes, at) == deviceId && Frame.Check(bytes, at, end - at, crc32, out _) == FrameFault.None)
                {
                    return at;
                }
            }
        }

        return end;
    }
}
