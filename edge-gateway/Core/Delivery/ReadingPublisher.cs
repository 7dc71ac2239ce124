using System;
using System.Collections.Generic;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Retained;
using EdgeGateway.Core.Sessions;

namespace EdgeGateway.Core.Delivery;

/// <summary>Makes a reading's message and hands it to the link, each in a slot of the window; readings that nobody remote takes now it shows to the bedside view alone.</summary>
internal sealed class ReadingPublisher(
    ISessionLink link, SessionProjection sessions, ReadingMessages messages, StreamDescriptions descriptions, RetainedTopics retained, DeliveryWindow window, JournalReader journal, Action backgroundSent)
{
    /// <summary>Most readings waiting for the bedside view; the oldest gives way, since a view is of the present.</summary>
    private const int MaxViews = 256;

    private readonly Queue<DeliveryItem> _views = new();

    /// <summary>Readings handed over since the start, repeats included.</summary>
    public long Published { get; private set; }

    /// <summary>True when the link has refused a message; it may take others later.</summary>
    public bool IsLinkFull { get; private set; }

    /// <summary>The link may have room again.</summary>
    public void Retry() => IsLinkFull = false;

    /// <summary>Hands a reading over.</summary>
    /// <returns>False when the link has no room. A reading whose session is forgotten counts as handed over.</returns>
    public bool TryPublish(StreamDelivery stream, in DeliveryItem item, long nowUs)
    {
        if (sessions.Find(stream.Key.Session) is not { } session)
        {
            stream.Through = Math.Max(stream.Through, item.Index);
            return true;
        }

        if (!descriptions.TryDescribe(session, item.Reading, nowUs))
        {
            IsLinkFull = true;
            return false;
        }

        ReadingMessage message = messages.Make(session, item.Reading, null);
        DeliverySlot slot = window.NewSlot(stream, item, nowUs);
        slot.SentUtcUs = message.Time.IsKnown ? message.Time.UtcUs : GatewayMoment.NoUtc;
        slot.SentUncertaintyUs = message.Time.IsKnown ? (uint)Math.Min(message.Time.UncertaintyUs, uint.MaxValue) : 0;
        slot.IsCorrectable = message.IsJson && !messages.IsOwn(item.Reading.Head);
        slot.WasFull = slot.IsBackground && window.BackgroundInFlight + 1 >= Math.Min(window.Background.Size, 2);
        window.Expect(slot);
        if (!link.TryPublish(message.Message(messages.TopicOf(session, item.Reading.Head)), slot.Ticket, nowUs))
        {
            window.Cancel(slot);
            IsLinkFull = true;
            return false;
        }

        window.Enter(slot);
        Published++;
        Unview(item.Index);
        if (slot.IsBackground)
        {
            backgroundSent();
        }

        retained.Sent(session, item.Reading, message, item.Index, nowUs);
        return true;
    }

    /// <summary>Nobody remote takes this reading now; whoever is beside the patient still sees it.</summary>
    public void View(long index, in Reading reading)
    {
        _views.Enqueue(new DeliveryItem(index, reading));
        if (_views.Count > MaxViews)
        {
            _views.Dequeue();
        }
    }

    /// <summary>Shows the readings for the bedside view that are on the disk; after what could be published, since the view has had that.</summary>
    public void ShowViews(long nowUs)
    {
        while (_views.TryPeek(out DeliveryItem view) && view.Index <= journal.SyncedIndex)
        {
            _views.Dequeue();
            if (sessions.Find(view.Reading.Session) is { } session)
            {
                ReadingMessage message = messages.Make(session, view.Reading, null);
                link.View(message.Message(messages.TopicOf(session, view.Reading.Head)), nowUs);
                retained.Sent(session, view.Reading, message, view.Index, nowUs);
            }
        }
    }

    // The session's link hands what it publishes to the bedside view too. Waiting are few, and only while a stream has no confirmed subscriber.
    private void Unview(long index)
    {
        for (int i = _views.Count; i > 0; i--)
        {
            DeliveryItem view = _views.Dequeue();
            if (view.Index != index)
            {
                _views.Enqueue(view);
            }
        }
    }
}
