using System.Collections.Generic;
using EdgeGateway.Core.Sessions;
using Firmware.Protocol;

namespace EdgeGateway.Core.Readings;

/// <summary>Topics of readings, put together once per session and stream.</summary>
internal sealed class ReadingTopics
{
    /// <summary>Most topics remembered; above it all are put together anew.</summary>
    public const int MaxTopics = 1024;

    private readonly string _cart;
    private readonly Dictionary<(string Root, ulong Device, int Stream, string Segment), string> _topics = [];
    private Session? _session;
    private string _root = string.Empty;

    /// <summary>Remembers none.</summary>
    /// <param name="cart">What stands before "session/", with its '/'.</param>
    public ReadingTopics(string cart) => _cart = cart;

    /// <summary>What stands before "vital", "wave", … for a session.</summary>
    /// <param name="session">The session.</param>
    /// <returns>The root, with its '/'.</returns>
    public string RootOf(Session session)
    {
        if (!ReferenceEquals(_session, session))
        {
            _session = session;
            _root = _cart + "session/" + session.Id + "/";
        }

        return _root;
    }

    /// <summary>The topic of a reading.</summary>
    /// <param name="root">What stands before "vital", "wave", …, with its '/'.</param>
    /// <param name="head">Its head.</param>
    /// <returns><c>{root}{segment}/{device}/{stream}</c>.</returns>
    public string Of(string root, in FrameHead head)
    {
        (string Root, ulong Device, int Stream, string Segment) key = (root, head.DeviceId, head.Stream, WireWords.TopicOf(head.Kind, head.Stream));
        if (!_topics.TryGetValue(key, out string? topic))
        {
            if (_topics.Count >= MaxTopics)
            {
                _topics.Clear();
            }

            topic = root + key.Segment + "/" + Topics.DeviceText(head.DeviceId) + "/" + Invariant.Text(head.Stream);
            _topics.Add(key, topic);
        }

        return topic;
    }
}
