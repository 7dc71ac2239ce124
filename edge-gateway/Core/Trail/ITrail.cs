using System;
using EdgeGateway.Journal.Trail;

namespace EdgeGateway.Core.Trail;

/// <summary>Where acts are written. Nothing here waits or throws: a trail that cannot be written never holds up a STOP or a measurement. Called on the gateway's loop.</summary>
public interface ITrail
{
    /// <summary>The head of what is on the disk.</summary>
    TrailHead Head { get; }

    /// <summary>The ticket of the newest entry that is on the disk; 0 for none.</summary>
    long WrittenTicket { get; }

    /// <summary>Why nothing can be written now, English; null when it can.</summary>
    string? Problem { get; }

    /// <summary>What was found when the trail was read at the start, English; null when it is the one that was written.</summary>
    string? Finding { get; }

    /// <summary>Takes an entry.</summary>
    /// <param name="entry">Its bytes.</param>
    /// <returns>Its ticket, above that of every entry before; 0 when it has no place, which is counted and said in the trail itself as soon as it can be written.</returns>
    long Write(ReadOnlyMemory<byte> entry);
}
