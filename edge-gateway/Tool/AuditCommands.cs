using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Core.Trail;
using EdgeGateway.Faults;
using EdgeGateway.Journal.Trail;
using EdgeGateway.Machine;

namespace EdgeGateway.Tool;

/// <summary><c>cartctl audit</c>: shows, checks and exports a cart's trail. It may be in use. An export is an act and stands in the trail itself.</summary>
internal sealed class AuditCommands(TextWriter results, TextWriter diagnostics, Action<int> exit, TimeProvider time)
{
    private const int MaxLimit = 1_000_000;

    /// <summary>The command.</summary>
    /// <returns><c>audit</c>.</returns>
    public Command Command() => new("audit", "The trail of acts: who did what, when, from where.") { Show(), Verify(), Export() };

    private static Argument<string> Place() => new("gateway.yaml") { Description = "The gateway's configuration file, or a folder with a trail: audit in the journal's directory, or an exported copy." };

    // A folder by itself has no note of its head beside it that belongs to it for certain: an exported copy is checked by itself and by the heads that are given.
    private static (CartTrail? Cart, TrailFolder Folder) Open(string place)
    {
        if (Directory.Exists(place))
        {
            return (null, new TrailFolder(place));
        }

        ConfigurationResult configuration = ConfigurationFile.Load(place);
        if (configuration.Options is not { } options)
        {
            throw new CodedErrorException(configuration.Errors);
        }

        CartTrail trail = new(options.JournalDirectory);
        return (trail, trail.Folder);
    }

    private Command Show()
    {
        Argument<string> place = Place();
        Option<long> from = new("--from") { Description = "First entry to show.", DefaultValueFactory = static _ => 1 };
        Option<int> limit = new("--limit") { Description = "Most entries to show, the newest of them (0 to 1000000).", DefaultValueFactory = static _ => 100 };
        Option<string?> act = new("--act") { Description = "Only acts whose name begins so: session, cuff., view.page." };
        from.Validators.Add(static r => AddError(r, r.GetValueOrDefault<long>() >= 1, "--from must be 1 or more."));
        limit.Validators.Add(static r => AddError(r, r.GetValueOrDefault<int>() is >= 0 and <= MaxLimit, "--limit must be 0 to 1000000."));
        Command command = new("show", "Shows entries: number, time, act, who, from where.") { place, from, limit, act };
        command.SetAction(parsed => exit(Guarded(() =>
        {
            (_, TrailFolder folder) = Open(parsed.GetValue(place)!);
            string wanted = parsed.GetValue(act) ?? string.Empty;
            Queue<string> lines = new();
            int most = parsed.GetValue(limit);
            foreach (TrailEntry entry in TrailReader.Read(folder))
            {
                if (entry.Index >= parsed.GetValue(from) && LineOf(entry, wanted) is { } line)
                {
                    lines.Enqueue(line);
                    if (lines.Count > most)
                    {
                        lines.Dequeue();
                    }
                }
            }

            foreach (string line in lines)
            {
                results.WriteLine(line);
            }

            return CartCtl.Clean;
        })));
        return command;
    }

    private Command Verify()
    {
        Argument<string> place = Place();
        Option<string[]> heads = new("--head") { Description = "A head that was published or noted: 64 hexadecimal digits, or number:digits; once for each.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = static _ => [] };
        Option<bool> json = new("--json") { Description = "Exactly one JSON object." };
        Command command = new("verify", "Checks the whole trail: whether an entry was changed, cut out, reordered, or the trail replaced. Exit code 1 when it was.") { place, heads, json };
        command.SetAction(parsed => exit(Guarded(() =>
        {
            List<TrailHead> published = [];
            foreach (string text in parsed.GetValue(heads)!)
            {
                published.Add(TrailHead.TryParse(text, out TrailHead head) ? head : throw Refused(FaultCodes.TrailHeadMalformed, null, "'" + text + "'"));
            }

            (CartTrail? cart, TrailFolder folder) = Open(parsed.GetValue(place)!);
            TrailReport report = cart?.Verify([.. published]) ?? TrailReader.Verify(folder, published);
            if (parsed.GetValue(json))
            {
                WriteJson(report);
            }
            else
            {
                WriteText(report, folder.Path);
            }

            return report.IsWhole ? CartCtl.Clean : CartCtl.Damage;
        })));
        return command;
    }

    private Command Export()
    {
        Argument<string> place = Place();
        Option<string> target = new("--out") { Description = "A folder that does not exist yet: the files of the trail are copied there, and its entries as one JSON object a line.", Required = true };
        Command command = new("export", "Copies the trail out, for somebody else to keep and to check: cartctl audit verify FOLDER.") { place, target };
        command.SetAction(parsed => exit(Guarded(() =>
        {
            (CartTrail? cart, TrailFolder folder) = Open(parsed.GetValue(place)!);
            string path = parsed.GetValue(target)!;
            if (Path.Exists(path))
            {
                throw Refused(FaultCodes.FileNotReplaced, path, string.Empty);
            }

            cart?.Record(new Act(ActNames.TrailExport, new ActAuthor(AuthorKind.Integrator, string.Empty)) { From = ActNames.FromConsole }, time.GetUtcNow());
            Directory.CreateDirectory(path);
            foreach (TrailFile file in folder.List().Where(static f => f.Name.StartsWith("segment-", StringComparison.Ordinal)))
            {
                File.WriteAllBytes(Path.Combine(path, file.Name), folder.Read(file.Name));
            }

            // Of the copy, so that both are the same.
            TrailFolder copy = new(path);
            using (StreamWriter lines = new(Path.Combine(path, "entries.jsonl")))
            {
                foreach (TrailEntry entry in TrailReader.Read(copy).Where(static e => !e.IsOpening))
                {
                    lines.Write("{\"index\":" + Number(entry.Index) + ",\"hash\":\"" + entry.Hash + "\",\"entry\":");
                    lines.Write(BodyOf(entry) is { } body ? body.RootElement.GetRawText() : "null");
                    lines.Write("}\n");
                }
            }

            TrailReport report = TrailReader.Verify(copy, []);
            WriteText(report, path);
            return report.IsWhole ? CartCtl.Clean : CartCtl.Damage;
        })));
        return command;
    }

    private static void AddError(System.CommandLine.Parsing.OptionResult result, bool good, string message)
    {
        if (!good)
        {
            result.AddError(message);
        }
    }

    private static CodedErrorException Refused(string code, string? file, string detail) => new(new CodedError(code, new ErrorPlace(file, 0, null), detail));

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static JsonDocument? BodyOf(TrailEntry entry)
    {
        try
        {
            JsonDocument body = JsonDocument.Parse(entry.Body);
            return body.RootElement.ValueKind == JsonValueKind.Object ? body : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? LineOf(TrailEntry entry, string wanted)
    {
        if (entry.IsOpening)
        {
            return wanted.Length == 0 ? Number(entry.Index).PadLeft(8) + "  (a file of the trail begins, signed)" : null;
        }

        using JsonDocument? body = BodyOf(entry);
        if (body is null)
        {
            return Number(entry.Index).PadLeft(8) + "  (not understood)";
        }

        string Of(string name) => body.RootElement.TryGetProperty(name, out JsonElement value) ? Shown(value.ToString()) : string.Empty;
        string what = Of("act");
        if (!what.StartsWith(wanted, StringComparison.Ordinal))
        {
            return null;
        }

        StringBuilder line = new();
        line.Append(Number(entry.Index).PadLeft(8)).Append("  ").Append(Of("at") is { Length: > 0 } at ? at : "start " + Of("boot") + " " + Of("us") + " us").Append("  ").Append(what.PadRight(20)).Append(' ').Append(Of("who"));
        foreach (string name in (ReadOnlySpan<string>)["token", "from", "session", "subject", "code", "count"])
        {
            if (Of(name) is { Length: > 0 } value)
            {
                line.Append("  ").Append(name).Append('=').Append(value);
            }
        }

        return line.ToString();
    }

    // Whoever has written into the files may have written anything: nothing of it moves a terminal's cursor.
    private static string Shown(string text) => string.Create(Math.Min(text.Length, 128), text, static (target, source) =>
    {
        for (int i = 0; i < target.Length; i++)
        {
            target[i] = source[i] is >= ' ' and <= '~' ? source[i] : '?';
        }
    });

    private void WriteText(TrailReport report, string path)
    {
        foreach (TrailFinding finding in report.Findings)
        {
            diagnostics.WriteLine(new CodedError(FaultCodes.TrailDamaged, new ErrorPlace(finding.File.Length > 0 ? Path.Combine(path, finding.File) : path, 0, null), finding.Text).Render());
        }

        foreach (string name in report.Strange.Take(16))
        {
            results.WriteLine("not of the trail: " + Shown(name));
        }

        results.WriteLine(report.Head.Index == 0
            ? "no entries"
            : "entries " + Number(report.First) + " to " + Number(report.Head.Index) + (report.GivenUp > 0 ? ", " + Number(report.GivenUp) + " older ones given up to the quota (signed)" : string.Empty));
        if (report.TornBytes > 0)
        {
            results.WriteLine("unfinished write at the end: " + Number(report.TornBytes) + " bytes; the next entry names them");
        }

        if (report.Head.Index > 0)
        {
            results.WriteLine("head " + report.Head);
            results.WriteLine("key " + report.Key);
        }

        results.WriteLine(report.IsWhole ? "whole" : Number(report.Findings.Count) + " findings");
    }

    private void WriteJson(TrailReport report)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter writer = new(buffer))
        {
            writer.WriteStartObject();
            writer.WriteBoolean("whole", report.IsWhole);
            writer.WriteNumber("first", report.First);
            writer.WriteNumber("last", report.Head.Index);
            writer.WriteString("head", report.Head.Hash);
            writer.WriteNumber("givenUp", report.GivenUp);
            writer.WriteNumber("tornBytes", report.TornBytes);
            writer.WriteString("key", report.Key);
            writer.WriteStartArray("findings");
            foreach (TrailFinding finding in report.Findings)
            {
                writer.WriteStartObject();
                writer.WriteString("code", FaultCodes.TrailDamaged);
                writer.WriteString("fault", JsonNamingPolicy.CamelCase.ConvertName(finding.Fault.ToString()));
                writer.WriteNumber("first", finding.First);
                writer.WriteNumber("last", finding.Last);
                writer.WriteString("file", finding.File);
                writer.WriteString("text", finding.Text);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        results.WriteLine(Encoding.UTF8.GetString(buffer.ToArray()));
    }

    private int Guarded(Func<int> action)
    {
        try
        {
            return action();
        }
        catch (CodedErrorException e)
        {
            diagnostics.WriteLine(CodedError.RenderAll(e.Errors));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            diagnostics.WriteLine(CodedError.RenderAll([new CodedError(FaultCodes.TrailUnreadable, ErrorPlace.None, e.Message.TrimEnd('.'))]));
        }

        return CartCtl.Unreadable;
    }
}
