using System.Collections.Generic;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Journal;
using Firmware.Protocol;

namespace EdgeGateway.Core.Delivery;

/// <summary>Compares what is pending with what the journal has, and declares what it has lost.</summary>
internal sealed class LossReconciliation(DeliveryProjection delivery, JournalReader journal, DeliveryCursors cursors, LossDeclarations losses)
{
    /// <summary>All is read and nothing is under way, yet the projection counts readings as pending: the journal has lost them, for example by damage.</summary>
    public void Check(SessionDelivery state, RecordClass recordClass)
    {
        if (!cursors.IsPending(state.Number) || state.Slots > 0 || journal.SyncedIndex != journal.LastIndex)
        {
            return;
        }

        foreach ((DeliveryKey key, DeliveryMarks marks) in new List<KeyValuePair<DeliveryKey, DeliveryMarks>>(delivery.Marks))
        {
            if (key.Session == state.Number && marks.Class == recordClass && marks.Pending > 0 && cursors.IsAtRest(key))
            {
                losses.DeclareRest(key, marks, GapCause.StoreDamaged);
            }
        }
    }
}
