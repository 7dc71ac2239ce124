using System;
using System.Buffers.Binary;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Time;
using EdgeGateway.Mqtt;
using Firmware.Protocol;

namespace EdgeGateway.Core.Commands;

/// <summary>
/// Encodes and sends commands to pods. Each has a number of its own, the correlation: MQTT may bring a command twice, and the pod obeys what moves air once per number (P1526). A pod reads
/// it of nothing else: the other commands may be obeyed twice, and STOP always is. 0 stands for no number, so none has it.
/// </summary>
internal sealed class PodCommands(IMqttServer server, GatewayClock clock)
{
    private ushort _number;

    /// <summary>Sends a command to a pod that takes commands now; none is kept for later.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="command">One of <see cref="PodCommand"/>.</param>
    /// <param name="body">What follows the head.</param>
    /// <param name="ticket">Above 0: its delivery is settled. 0: it is not reported.</param>
    /// <returns>False when the pod takes no commands.</returns>
    public bool TrySend(Pod pod, byte command, ReadOnlySpan<byte> body, long ticket = 0) => TrySend(pod, command, body, MqttQos.AtLeastOnce, ticket);

    /// <summary>Says to a pod that a message which came again is stored. Its MQTT library drops an acknowledgement that comes later than 3 s after the first copy; this one it takes at any time.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="message">The message's name, see <see cref="MessageIdentity"/>.</param>
    public void SayStored(Pod pod, byte[] message) => TrySend(pod, PodCommand.Stored, message, MqttQos.AtMostOnce, 0);

    private bool TrySend(Pod pod, byte command, ReadOnlySpan<byte> body, MqttQos qos, long ticket)
    {
        if (!pod.TakesCommands)
        {
            return false;
        }

        _number = _number == ushort.MaxValue ? (ushort)1 : (ushort)(_number + 1);
        byte[] message = new byte[PodCommand.HeaderLength + body.Length];
        message[0] = 1;
        message[1] = command;
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(2), _number);
        body.CopyTo(message.AsSpan(PodCommand.HeaderLength));
        server.Publish(new MqttMessage { Topic = Topics.Command(pod.DeviceId), Payload = message, Qos = qos }, ticket, clock.NowUs);
        return true;
    }
}
