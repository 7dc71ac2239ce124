using System;
using System.Buffers.Binary;
using EdgeGateway.Core.Health;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;
using Firmware.Protocol;

namespace EdgeGateway.Core.Time;

/// <summary>Answers pods' clock exchanges: with when the request came and when the answer left, by the gateway's monotonic clock.</summary>
internal sealed class ClockAnswers(IMqttServer server, GatewayClock clock, CodedLog log)
{
    /// <summary>Answers sent since the start.</summary>
    public long Sent { get; private set; }

    /// <summary>Answers one.</summary>
    /// <param name="device">Who asks.</param>
    /// <param name="request">The request's bytes.</param>
    public void Answer(ulong device, ReadOnlySpan<byte> request)
    {
        if (request.Length != ClockMessage.RequestLength)
        {
            log.Write(FaultCodes.ClockRequestNotUnderstood, "pod " + Topics.DeviceText(device) + ": a clock request of " + Invariant.Text(request.Length) + " bytes", HealthSubject.Pod(device));
            return;
        }

        byte[] reply = new byte[ClockMessage.ReplyLength];
        request.CopyTo(reply);
        BinaryPrimitives.WriteInt64LittleEndian(reply.AsSpan(12), clock.NowUs);
        BinaryPrimitives.WriteUInt32LittleEndian(reply.AsSpan(28), clock.BootId);
        Sent++;
        long nowUs = clock.NowUs;
        BinaryPrimitives.WriteInt64LittleEndian(reply.AsSpan(20), nowUs);
        server.Publish(new MqttMessage { Topic = Topics.TimeReply(device), Payload = reply, Qos = MqttQos.AtMostOnce }, 0, nowUs);
    }
}
