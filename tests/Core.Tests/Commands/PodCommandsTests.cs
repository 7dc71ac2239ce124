using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using EdgeGateway.Core;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Time;
using EdgeGateway.Mqtt;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Commands;

[TestClass]
public sealed class PodCommandsTests
{
    [TestMethod]
    public void Two_commands_in_a_row_never_have_one_number_and_none_has_0()
    {
        Recorder server = new();
        PodCommands commands = new(server, new GatewayClock(server));
        Pod pod = new() { DeviceId = 1, IsConnected = true, HasCommands = true };
        for (int i = 0; i < 70_000; i++)
        {
            Assert.IsTrue(commands.TrySend(pod, i % 2 == 0 ? PodCommand.StartCuff : PodCommand.StopCuff, []));
        }

        Assert.HasCount(70_000, server.Numbers);
        Assert.DoesNotContain((ushort)0, server.Numbers);
        Assert.IsTrue(server.Numbers.Zip(server.Numbers.Skip(1)).All(pair => pair.First != pair.Second));
    }

    private sealed class Recorder : IMqttServer, IGatewayTime
    {
        public List<ushort> Numbers { get; } = [];

        public long NowUs => 0;

        public UtcEstimate Utc => default;

        public void Publish(in MqttMessage message, long ticket, long nowUs) => Numbers.Add(BinaryPrimitives.ReadUInt16LittleEndian(message.Payload.Span[2..]));

        public IMqttServerConnection Accept(IMqttConnection connection, string remote, MqttPeerCertificate? certificate, long nowUs) => throw new NotSupportedException();

        public void Acknowledge(long token, byte reasonCode, long nowUs) => throw new NotSupportedException();

        public void Disconnect(string clientId, byte reasonCode, long nowUs) => throw new NotSupportedException();

        public long Step(long nowUs) => throw new NotSupportedException();
    }
}
