using System;
using System.Collections.Generic;
using EdgeGateway.Journal;

namespace EdgeGateway.Core.Records;

/// <summary>What waits until all that was appended before is on the disk: answers say only what a cut of power cannot take back.</summary>
internal sealed class SyncWaiters(IJournal journal) : IGatewayPart
{
    /// <summary>Commands and receipts that wait for the disk at once; further ones are refused with G2306.</summary>
    public const int MaxWaiting = 256;

    private readonly Queue<(long HighWaterMark, Action Then)> _waiting = new();

    /// <inheritdoc/>
    public bool StepsWhileStopping => true;

    /// <summary>True when no further command or receipt may wait.</summary>
    public bool IsFull => _waiting.Count >= MaxWaiting;

    /// <summary>What a refused one is told.</summary>
    public static string FullText => Invariant.Text(MaxWaiting) + " requests wait for the disk";

    /// <summary>Does something when all that was appended so far is on the disk.</summary>
    /// <param name="then">What.</param>
    public void AfterSync(Action then) => _waiting.Enqueue((journal.LastIndex, then));

    /// <inheritdoc/>
    public long Step(long nowUs)
    {
        while (_waiting.Count > 0 && _waiting.Peek().HighWaterMark <= journal.SyncedIndex)
        {
            _waiting.Dequeue().Then();
        }

        return long.MaxValue;
    }
}
