namespace Firmware.Core;

/// <summary>Something that acts in small steps and never waits.</summary>
public interface IStepped
{
    /// <summary>Does at most 2 ms of work.</summary>
    /// <param name="nowUs">Monotonic time since boot, in µs.</param>
    /// <returns>The monotonic time, in µs, at which it wants to be called next; <see cref="long.MaxValue"/> when only an event can give it work.</returns>
    long Step(long nowUs);
}

/// <summary>The pod's monotonic clock.</summary>
public interface IMonotonicClock
{
    /// <summary>µs since boot. Never steps back.</summary>
    long NowUs { get; }
}

/// <summary>CRC-32/ISO-HDLC (reflected polynomial 0xEDB88320, initial and final value 0xFFFFFFFF; check value 0xCBF43926). Native on the ESP32.</summary>
public interface ICrc32
{
    /// <summary>The CRC of <paramref name="count"/> bytes.</summary>
    /// <param name="buffer">The bytes.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="count">How many.</param>
    /// <returns>The CRC-32.</returns>
    uint Compute(byte[] buffer, int offset, int count);
}

/// <summary>Random bits from the hardware (from the seed, in simulation).</summary>
public interface IEntropy
{
    /// <summary>32 random bits.</summary>
    /// <returns>The bits.</returns>
    uint NextUInt32();
}

/// <summary>How a call on <see cref="IByteStore"/> ended.</summary>
public enum StoreStatus : byte
{
    /// <summary>Done.</summary>
    Ok = 0,

    /// <summary>No file of that name.</summary>
    NotFound = 1,

    /// <summary>No room is left; nothing was written.</summary>
    Full = 2,

    /// <summary>The medium failed.</summary>
    Failed = 3,

    /// <summary>The store is not mounted.</summary>
    NotOpen = 4,
}

/// <summary>
/// Small durable files, with the promises of littlefs: appended bytes are durable after <see cref="Flush"/>; a cut of
/// power keeps any prefix of what was not flushed; nothing is reordered across a flush; delete is atomic; there is no rename.
/// </summary>
public interface IByteStore
{
    /// <summary>Appends to a file, creating it when absent.</summary>
    /// <param name="name">File name: 1 to 31 of a-z, 0-9, '.' and '-'.</param>
    /// <param name="buffer">The bytes.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="count">How many.</param>
    /// <returns>How it ended.</returns>
    StoreStatus Append(string name, byte[] buffer, int offset, int count);

    /// <summary>Makes all that was appended to a file durable.</summary>
    /// <param name="name">File name.</param>
    /// <returns>How it ended.</returns>
    StoreStatus Flush(string name);

    /// <summary>Reads exactly <paramref name="count"/> bytes.</summary>
    /// <param name="name">File name.</param>
    /// <param name="position">First byte in the file.</param>
    /// <param name="buffer">Where to put them.</param>
    /// <param name="offset">First place in <paramref name="buffer"/>.</param>
    /// <param name="count">How many.</param>
    /// <returns>Ok, or Failed when the file is shorter than asked for.</returns>
    StoreStatus Read(string name, int position, byte[] buffer, int offset, int count);

    /// <summary>The length of a file in bytes, -1 when there is none.</summary>
    /// <param name="name">File name.</param>
    /// <returns>The length, or -1.</returns>
    int Length(string name);

    /// <summary>Removes a file, atomically. Removing what is not there is Ok.</summary>
    /// <param name="name">File name.</param>
    /// <returns>How it ended.</returns>
    StoreStatus Delete(string name);

    /// <summary>The names of all files, in ordinal order.</summary>
    /// <returns>The names.</returns>
    string[] List();
}

/// <summary>Called when the gateway has taken responsibility for a message.</summary>
/// <param name="ticket">The ticket given to <see cref="IPodLink.TryPublish"/>.</param>
public delegate void LinkAcknowledgedHandler(int ticket);

/// <summary>Called when the connection came up or went away.</summary>
public delegate void LinkStateHandler();

/// <summary>Called for a message to this pod.</summary>
/// <param name="topic">The topic.</param>
/// <param name="buffer">The payload; valid during the call only.</param>
/// <param name="count">How many bytes of it.</param>
public delegate void LinkMessageHandler(string topic, byte[] buffer, int count);

/// <summary>
/// The pod's way to the gateway: MQTT behind a port. All events are raised from inside <see cref="IStepped.Step"/>,
/// never from another thread. After <see cref="Lost"/> every ticket is void and the ring sends again.
/// </summary>
public interface IPodLink : IStepped
{
    /// <summary>True between <see cref="Connected"/> and <see cref="Lost"/>.</summary>
    bool IsConnected { get; }

    /// <summary>Publishes.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="buffer">The payload; copied before the call returns.</param>
    /// <param name="count">How many bytes of it, at most 4,096.</param>
    /// <param name="ticket">0: QoS 0, never acknowledged. Above 0: QoS 1, named by <see cref="Acknowledged"/>.</param>
    /// <param name="retain">True to replace the topic's retained message.</param>
    /// <returns>False when it cannot be taken now (not connected, or the window is full); nothing was sent.</returns>
    bool TryPublish(string topic, byte[] buffer, int count, int ticket, bool retain);

    /// <summary>The broker's PUBACK for a ticket.</summary>
    event LinkAcknowledgedHandler Acknowledged;

    /// <summary>The connection is up and the pod's topics are subscribed.</summary>
    event LinkStateHandler Connected;

    /// <summary>The connection is gone.</summary>
    event LinkStateHandler Lost;

    /// <summary>A message to this pod.</summary>
    event LinkMessageHandler Message;
}
