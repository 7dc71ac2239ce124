using System;
using System.Collections.Generic;
using EdgeGateway.Core.Records;
using EdgeGateway.Journal;

namespace EdgeGateway.Core.Commands;

/// <summary>The topics on which commands come. The byte is part of the journal's format: values are only ever added.</summary>
public enum CommandTopic : byte
{
    /// <summary><c>command/session</c>.</summary>
    Session = 0,

    /// <summary><c>command/cuff</c>: what moves air, kept across restarts.</summary>
    Cuff = 1,

    /// <summary><c>command/sound</c>.</summary>
    Sound = 2,
}

/// <summary>
/// <c>0 u8 layout 1 | 1 u8 topic | id, command, session, code (empty: done), text, each u8 length and ASCII</c>: this command was answered so.
/// </summary>
/// <param name="Topic">Where it came.</param>
/// <param name="Id">Its id.</param>
/// <param name="Command">Its word.</param>
/// <param name="Session">The session it named; may be empty.</param>
/// <param name="Code">Null when it was done.</param>
/// <param name="Text">What was said; may be empty.</param>
public sealed record CommandAnsweredRecord(CommandTopic Topic, string Id, string Command, string Session, string? Code, string Text)
{
    private const int MaxText = 200;

    /// <summary>The record's payload.</summary>
    /// <returns>The bytes.</returns>
    public byte[] Encode() =>
        new ByteWriter(128).U8(1).U8((int)Topic).Text(Id).Text(Short(Command)).Text(Short(Session)).Text(Code ?? string.Empty).Text(Short(Text)).ToArray();

    /// <summary>Reads a payload.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="record">What it says.</param>
    /// <returns>False when it is too short or of another layout.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> payload, out CommandAnsweredRecord record)
    {
        ByteReader reader = new(payload);
        int layout = reader.U8();
        CommandTopic topic = (CommandTopic)reader.U8();
        string id = reader.Text();
        string command = reader.Text();
        string session = reader.Text();
        string code = reader.Text();
        record = new CommandAnsweredRecord(topic, id, command, session, code.Length == 0 ? null : code, reader.Text());
        return !reader.Failed && layout == 1;
    }

    private static string Short(string text) => text.Length <= MaxText ? text : text[..MaxText];
}

/// <summary>
/// Commands that were answered: who sends the same id again gets the first answer again, and nothing is done twice. Those about the cuff come from the journal;
/// the others are of this start of the gateway alone.
/// </summary>
public sealed class AnsweredCommands : IJournalProjection
{
    /// <summary>Ids remembered per topic; the oldest gives way.</summary>
    public const int MaxIds = 256;

    private readonly SortedDictionary<(CommandTopic Topic, string Id), CommandAnsweredRecord> _answers = new(ById.Instance);
    private readonly SortedDictionary<CommandTopic, Queue<string>> _order = [];

    /// <inheritdoc/>
    public string Name => "commands";

    /// <summary>The first answer to an id.</summary>
    /// <param name="topic">Where it came.</param>
    /// <param name="id">The id.</param>
    /// <returns>The answer, or null when the id is new or forgotten.</returns>
    public CommandAnsweredRecord? Find(CommandTopic topic, string id) => _answers.GetValueOrDefault((topic, id));

    /// <summary>Remembers an answer; the first one of an id stays.</summary>
    /// <param name="answer">The answer.</param>
    public void Remember(CommandAnsweredRecord answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        if (!_answers.TryAdd((answer.Topic, answer.Id), answer))
        {
            return;
        }

        if (!_order.TryGetValue(answer.Topic, out Queue<string>? order))
        {
            _order[answer.Topic] = order = new Queue<string>();
        }

        order.Enqueue(answer.Id);
        if (order.Count > MaxIds)
        {
            _answers.Remove((answer.Topic, order.Dequeue()));
        }
    }

    /// <inheritdoc/>
    public void Reset()
    {
        _answers.Clear();
        _order.Clear();
    }

    /// <inheritdoc/>
    public void Apply(in JournalRecord record)
    {
        if ((JournalRecordType)record.Type == JournalRecordType.CommandAnswered && CommandAnsweredRecord.TryDecode(record.Payload.Span, out CommandAnsweredRecord answer))
        {
            Remember(answer);
        }
    }

    /// <inheritdoc/>
    public byte[] Save()
    {
        ByteWriter writer = new(1024);
        Queue<string> ids = _order.GetValueOrDefault(CommandTopic.Cuff) ?? new Queue<string>();
        writer.U8(1).U16(ids.Count);
        foreach (string id in ids)
        {
            byte[] answer = _answers[(CommandTopic.Cuff, id)].Encode();
            writer.U16(answer.Length).Bytes(answer);
        }

        return writer.ToArray();
    }

    /// <inheritdoc/>
    public bool TryLoad(ReadOnlySpan<byte> state)
    {
        Reset();
        ByteReader reader = new(state);
        if (reader.U8() != 1)
        {
            return false;
        }

        int count = reader.U16();
        for (int i = 0; i < count; i++)
        {
            if (!CommandAnsweredRecord.TryDecode(reader.Take(reader.U16()), out CommandAnsweredRecord answer))
            {
                return false;
            }

            Remember(answer);
        }

        return reader.AtEnd;
    }

    private sealed class ById : IComparer<(CommandTopic Topic, string Id)>
    {
        public static readonly ById Instance = new();

        public int Compare((CommandTopic Topic, string Id) x, (CommandTopic Topic, string Id) y)
        {
            int byTopic = x.Topic.CompareTo(y.Topic);
            return byTopic != 0 ? byTopic : string.CompareOrdinal(x.Id, y.Id);
        }
    }
}
