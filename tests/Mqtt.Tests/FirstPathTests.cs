using EdgeGateway.Mqtt;

namespace Mqtt.Tests;

[TestClass]
public class FirstPathTests
{
    [TestMethod]
    [DataRow(MqttVersion.V311, MqttQos.AtMostOnce)]
    [DataRow(MqttVersion.V311, MqttQos.AtLeastOnce)]
    [DataRow(MqttVersion.V311, MqttQos.ExactlyOnce)]
    [DataRow(MqttVersion.V5, MqttQos.AtMostOnce)]
    [DataRow(MqttVersion.V5, MqttQos.AtLeastOnce)]
    [DataRow(MqttVersion.V5, MqttQos.ExactlyOnce)]
    public void A_message_passes_from_client_to_client(MqttVersion version, MqttQos qos)
    {
        var world = new World();
        World.Peer subscriber = world.Connect("s", version);
        World.Peer publisher = world.Connect("p", version);
        subscriber.Subscribe("a/+", MqttQos.ExactlyOnce);
        Assert.IsTrue(publisher.Publish("a/b", "one", qos, ticket: 7));
        Assert.IsTrue(publisher.Publish("a/b", "two", qos, ticket: 8));

        CollectionAssert.AreEqual(new[] { "one", "two" }, subscriber.Texts());
        Assert.AreEqual(qos, subscriber.Handler.Messages[0].Qos);
        Assert.AreEqual("a/b", subscriber.Handler.Messages[1].Topic);
        if (qos == MqttQos.AtMostOnce)
        {
            Assert.IsEmpty(publisher.Handler.Acknowledgements);
        }
        else
        {
            CollectionAssert.AreEqual(new[] { (7L, (byte)0), (8L, (byte)0) }, publisher.Handler.Acknowledgements);
        }

        Assert.AreEqual(0, publisher.Client.InFlight);
        Assert.IsEmpty(world.Closings);
    }
}
