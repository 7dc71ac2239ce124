namespace Firmware.Pod.Link;

/// <summary>What a library of MQTT says.</summary>
public enum MqttEventKind : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The connection is up and its topics are subscribed.</summary>
    Connected = 1,

    /// <summary>The connection or the attempt has ended.</summary>
    Lost = 2,

    /// <summary>A message of QoS 1 was acknowledged.</summary>
    Acknowledged = 3,

    /// <summary>A message to this pod.</summary>
    Message = 4,

    /// <summary>The library has given a message of QoS 1 up; the connection may be well.</summary>
    GivenUp = 5,
}

/// <summary>One event of a library of MQTT; the link has one of these and has it filled.</summary>
public sealed class MqttEvent
{
    /// <summary>What happened.</summary>
    public MqttEventKind Kind { get; set; }

    /// <summary>The attempt of <see cref="IMqttLibrary.Connect"/> that it belongs to.</summary>
    public int Attempt { get; set; }

    /// <summary>The library's number of the message.</summary>
    public int Identifier { get; set; }

    /// <summary>A message's topic.</summary>
    public string Topic { get; set; } = string.Empty;

    /// <summary>A message's bytes; null for other events.</summary>
    public byte[]? Payload { get; set; }
}

/// <summary>
/// A library of MQTT with threads of its own, as nanoFramework.M2Mqtt is: publishing puts into a queue and says nothing of the network, what happens comes as events through a bounded queue, and
/// connecting takes its time. <see cref="MqttLink"/> makes a pod's link of it.
/// </summary>
public interface IMqttLibrary
{
    /// <summary>Disposes of the connection before, without a word to it, and begins an attempt to connect and to subscribe the pod's topics. It ends with Connected or Lost; never from inside the call.</summary>
    /// <param name="attempt">Its number, for the events; above 0.</param>
    void Connect(int attempt);

    /// <summary>Hands a message over. True says nothing of the network.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="payload">The bytes, not to be changed afterwards.</param>
    /// <param name="isAcknowledged">True for QoS 1.</param>
    /// <param name="retain">Whether it is retained.</param>
    /// <returns>The library's number of it, above 0; 0 when its queue is full; -1 when the connection has failed.</returns>
    int Publish(string topic, byte[] payload, bool isAcknowledged, bool retain);

    /// <summary>The next event.</summary>
    /// <param name="into">Filled.</param>
    /// <returns>False when there is none.</returns>
    bool TryTake(MqttEvent into);

    /// <summary>Whether an event found the queue of <see cref="MqttLink.MaxEvents"/> full since the last call.</summary>
    /// <returns>True when one did.</returns>
    bool TakeOverflow();

    /// <summary>Does what is due in a library that has no threads; one that has them does nothing here.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next.</returns>
    long Step(long nowUs);
}
