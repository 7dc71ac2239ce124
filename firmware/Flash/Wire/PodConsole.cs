using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Text.Json;
using EdgeGateway.Faults;
using Firmware.Flash.Serial;

namespace Firmware.Flash.Wire;

/// <summary>A whole answer of the pod.</summary>
/// <param name="IsOk">False when the pod refused.</param>
/// <param name="Code">The pod's code, or "-".</param>
/// <param name="Json">The last line's JSON, or null.</param>
/// <param name="Parts">The parts in their order.</param>
public sealed record PodAnswer(bool IsOk, string Code, JsonElement? Json, IReadOnlyList<JsonElement> Parts)
{
    /// <summary>A member's text, of the last line's JSON; empty when it is absent.</summary>
    /// <param name="name">The member.</param>
    /// <returns>The text.</returns>
    public string Text(string name) => Text(Json, name);

    /// <summary>A member's text; empty when it is absent or null. Numbers and truth values as JSON writes them.</summary>
    /// <param name="json">An object.</param>
    /// <param name="name">The member.</param>
    /// <returns>The text.</returns>
    public static string Text(JsonElement? json, string name) =>
        json is JsonElement { ValueKind: JsonValueKind.Object } element && element.TryGetProperty(name, out JsonElement value)
            ? value.ValueKind switch { JsonValueKind.String => value.GetString()!, JsonValueKind.Null => string.Empty, _ => value.GetRawText() }
            : string.Empty;
}

/// <summary>The pod's console, spoken by a program. What is asked is written to the log by words without secrets, never as it is sent.</summary>
/// <param name="line">The open line; disposed with this.</param>
/// <param name="clock">For time-outs.</param>
/// <param name="port">The port's name, for errors.</param>
/// <param name="log">Takes one line per request and answer.</param>
/// <param name="firstId">Number before the first request's. One that no line before used: a late answer to another line's request is passed over.</param>
public sealed class PodConsole(ISerialLine line, TimeProvider clock, string port, Action<string> log, int firstId = 0) : IDisposable
{
    /// <summary>Longest wait for the next line of an answer, ms. The pod answers within 250 ms; a self test takes up to 10 s.</summary>
    public const int DefaultTimeoutMs = 2000;

    /// <summary>Longest time from a request to the end of its answer, ms. Assumption: the longest streams and the self test take 10 s.</summary>
    public const int MaxAnswerMs = 60_000;

    /// <summary>Parts of one answer at most.</summary>
    public const int MaxParts = 5000;

    private const int MaxLineBytes = 4096;
    private const byte EraseLine = 0x15; // Ctrl-U

    private readonly byte[] _buffer = new byte[1024];
    private readonly StringBuilder _text = new();
    private int _id = firstId % AnswerLine.MaxId;

    /// <summary>The port's name.</summary>
    public string Port => port;

    /// <summary>Asks, and once more when the answer is damaged or does not come and asking twice changes nothing.</summary>
    /// <param name="command">The command, printable ASCII.</param>
    /// <param name="shown">What the log says in its place when it holds a secret; null to show it.</param>
    /// <param name="isRepeatable">True when asking twice is the same as asking once.</param>
    /// <param name="timeoutMs">Longest wait for each line, ms.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="CodedErrorException">No answer, a damaged one, or the line is gone.</exception>
    public PodAnswer Ask(string command, string? shown = null, bool isRepeatable = true, int timeoutMs = DefaultTimeoutMs)
    {
        CodedErrorException? last = null;
        for (int attempt = 0; attempt < (isRepeatable ? 2 : 1); attempt++)
        {
            try
            {
                PodAnswer answer = AskOnce(command, shown ?? command, timeoutMs);
                log($"  {(answer.IsOk ? "OK" : "ERR " + answer.Code)}{(answer.Parts.Count > 0 ? $", {answer.Parts.Count} parts" : string.Empty)}");
                return answer;
            }
            catch (CodedErrorException e) when (e.Errors[0].Code is FaultCodes.ConsoleSilent or FaultCodes.ConsoleAnswerDamaged)
            {
                log("  " + (e.Errors[0].Code is FaultCodes.ConsoleSilent ? "no answer" : "damaged answer"));
                last = e;
            }
        }

        throw last!;
    }

    /// <summary>Asks, and refuses a refusal.</summary>
    /// <param name="command">The command.</param>
    /// <param name="shown">As for <see cref="Ask"/>.</param>
    /// <param name="isRepeatable">As for <see cref="Ask"/>.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="CodedErrorException">As for <see cref="Ask"/>; or the pod refused, with its code and its words.</exception>
    public PodAnswer Require(string command, string? shown = null, bool isRepeatable = true)
    {
        PodAnswer answer = Ask(command, shown, isRepeatable);
        if (answer.IsOk)
        {
            return answer;
        }

        string means = answer.Text("means");
        string next = answer.Text("next");
        FaultEntry? known = FaultCatalogue.Default.Find(answer.Code);
        throw new CodedErrorException(new CodedError(
            answer.Code is FaultCodes.StoreUnavailable or FaultCodes.StoreFull or FaultCodes.StoreFailed ? FaultCodes.BoardFlashFull : FaultCodes.PodRefused, new ErrorPlace(port, 0, null),
            $"{answer.Code} on '{shown ?? command}': {(means.Length > 0 ? means : known?.Happened.English ?? "no words").TrimEnd('.')}", next.Length > 0 ? next : known?.Do.English));
    }

    /// <summary>Asks for something that goes on until it is ended, and has a turn with each part and in each pause between them.</summary>
    /// <param name="command">The command.</param>
    /// <param name="turn">Takes a part, or null in a pause; gives bytes for the line as they are, or none.</param>
    /// <param name="pauseMs">A pause, ms.</param>
    /// <returns>The answer; its parts went to the turns.</returns>
    /// <exception cref="CodedErrorException">The line is gone, or the pod says nothing more.</exception>
    public PodAnswer Converse(string command, Func<JsonElement?, byte[]> turn, int pauseMs)
    {
        ArgumentNullException.ThrowIfNull(turn);
        _id = (_id % AnswerLine.MaxId) + 1;
        log("> " + command);
        try
        {
            line.Write(AnswerLine.Request(_id, command));
            long heard = clock.GetTimestamp();
            while (true)
            {
                string? text = ReadLine(clock.GetTimestamp(), pauseMs);
                AnswerLine? answer = text is null ? null : AnswerLine.Parse(text);
                if (answer?.Id == _id && answer.Kind is AnswerKind.Ok or AnswerKind.Error)
                {
                    log($"  {(answer.Kind == AnswerKind.Ok ? "OK" : "ERR " + answer.Code)}");
                    line.Write([EraseLine]); // a key that came too late stands in the pod's line, and would stand before the next request
                    return new PodAnswer(answer.Kind == AnswerKind.Ok, answer.Code, answer.Json, []);
                }

                bool isPart = answer is { Kind: AnswerKind.Part, Json: not null } && answer.Id == _id;
                heard = isPart ? clock.GetTimestamp() : heard;
                if (clock.GetElapsedTime(heard).TotalMilliseconds > DefaultTimeoutMs)
                {
                    throw new CodedErrorException(new CodedError(FaultCodes.ConsoleSilent, new ErrorPlace(port, 0, null), $"no more answer to '{command}'"));
                }

                byte[] bytes = turn(isPart ? answer!.Json : null);
                if (bytes.Length > 0)
                {
                    line.Write(bytes);
                }
            }
        }
        catch (IOException e)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.BoardUnplugged, new ErrorPlace(port, 0, null), e.Message.TrimEnd('.')));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => line.Dispose();

    private PodAnswer AskOnce(string command, string shown, int timeoutMs)
    {
        _id = (_id % AnswerLine.MaxId) + 1;
        log("> " + shown);
        List<JsonElement> parts = [];
        try
        {
            line.Write(AnswerLine.Request(_id, command));
            long start = clock.GetTimestamp();
            long first = start;
            while (true)
            {
                string? text = ReadLine(start, timeoutMs);
                if (text is null || clock.GetElapsedTime(first).TotalMilliseconds > MaxAnswerMs)
                {
                    throw new CodedErrorException(new CodedError(FaultCodes.ConsoleSilent, new ErrorPlace(port, 0, null), $"no answer to '{shown}'"));
                }

                AnswerLine answer = AnswerLine.Parse(text);
                if (answer.Kind == AnswerKind.Other || (answer.Id != _id && answer.Kind != AnswerKind.Damaged))
                {
                    continue;
                }

                start = clock.GetTimestamp();
                if (answer.Kind == AnswerKind.Damaged || (answer.Kind == AnswerKind.Part && (answer.Number != parts.Count + 1 || parts.Count == MaxParts || answer.Json is null)))
                {
                    throw new CodedErrorException(new CodedError(FaultCodes.ConsoleAnswerDamaged, new ErrorPlace(port, 0, null), $"to '{shown}'"));
                }

                if (answer.Kind != AnswerKind.Part)
                {
                    return new PodAnswer(answer.Kind == AnswerKind.Ok, answer.Code, answer.Json, parts);
                }

                parts.Add(answer.Json!.Value);
            }
        }
        catch (IOException e)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.BoardUnplugged, new ErrorPlace(port, 0, null), e.Message.TrimEnd('.')));
        }
    }

    // One line, without its end; null when none came in time. What is longer than any line of the protocol is cut.
    private string? ReadLine(long start, int timeoutMs)
    {
        while (true)
        {
            for (int i = 0; i < _text.Length; i++)
            {
                if (_text[i] is '\n' or '\r')
                {
                    string found = _text.ToString(0, i);
                    _text.Remove(0, i + 1);
                    if (found.Length > 0)
                    {
                        return found;
                    }

                    i = -1;
                }
            }

            int left = timeoutMs - (int)clock.GetElapsedTime(start).TotalMilliseconds;
            int count = left > 0 ? line.Read(_buffer, left) : 0;
            if (count == 0)
            {
                if (left <= 0 || clock.GetElapsedTime(start).TotalMilliseconds >= timeoutMs)
                {
                    return null;
                }

                continue;
            }

            _text.Append(Encoding.ASCII.GetString(_buffer, 0, count));
            if (_text.Length > MaxLineBytes)
            {
                _text.Remove(0, _text.Length - MaxLineBytes);
            }
        }
    }
}
