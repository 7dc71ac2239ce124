using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace CartGen;

/// <summary>The gateway's tables: fault codes, a log message for each that its process may log, quantities, and the words of its JSON.</summary>
internal static class GatewayFiles
{
    public static IEnumerable<(string Path, string Text)> Write(Model model)
    {
        yield return ("edge-gateway/Faults/FaultCodes.g.cs", FaultCodes(model));
        yield return ("edge-gateway/Gateway/Hosting/FaultLog.g.cs", FaultLog(model));
        yield return ("edge-gateway/Core/Readings/MdcTable.g.cs", Quantities(model));
        yield return ("edge-gateway/Core/Auscultation/ListeningBands.g.cs", Bands(model));
        foreach ((string home, string file, string about) in new[]
        {
            ("firmware", "edge-gateway/Core/Readings/WireWords", "The words in JSON for what frames hold."),
            ("edge-gateway/Core/Commands", "edge-gateway/Core/Commands/BedsideWords", "The words in JSON for requests to the bedside."),
            ("edge-gateway/Core/Sound", "edge-gateway/Core/Sound/SoundWords", "The words in JSON and in files for sound."),
            ("edge-gateway/Core/Auscultation", "edge-gateway/Core/Auscultation/RecordingWords", "The words in JSON and in files for what is said of a recording."),
        })
        {
            yield return (file + ".g.cs", Words(model, home, file, about));
        }
    }

    private static string FaultCodes(Model model)
    {
        SourceText text = SourceText.CSharp(ModelReader.FaultsFile, "EdgeGateway.Faults").Summary("Every code of hardware/faults.json by its name.").Open("public static class FaultCodes");
        foreach (Fault fault in model.Faults)
        {
            text.Summary($"{fault.Code}: {fault.Happened}").Line($"public const string {fault.Name} = {SourceText.Literal(fault.Code)};").Line();
        }

        text.Summary("A code from the number that stands on the wire, for example \"P1101\"; the number need not be known.").Param("number", "0 to 65,535; of a larger one than 9,999, which no code has, the last four digits are given.").Returns("A letter and four digits.")
            .Line("public static string OfNumber(int number) => LetterOf(number) + (number % 10_000).ToString(\"0000\", System.Globalization.CultureInfo.InvariantCulture);").Line()
            .Line("private static string LetterOf(int number) => number switch").Line("{");
        CodeRange[] ranges = model.Ranges.OrderBy(r => r.First).ToArray();
        text.Rows(ranges.Take(ranges.Length - 1).Select((r, i) => string.Create(CultureInfo.InvariantCulture, $"< {ranges[i + 1].First} => {SourceText.Literal(r.Letter)},")))
            .Rows([$"_ => {SourceText.Literal(ranges[^1].Letter)},"]).Line("};");
        return text.Close().ToString();
    }

    // What the gateway's process may log: its own codes and the journal's. A class for each ten of codes: the runtime prepares the messages of a whole class at its first line.
    private static string FaultLog(Model model)
    {
        const string Parameters = "ILogger logger, string what, string subject, long repeats, long heldBack", Arguments = "logger, what, subject, repeats, heldBack";
        IGrouping<int, Fault>[] tens = [.. model.Faults.Where(f => f.Code[0] is 'G' or 'J').GroupBy(f => f.Number / 10)];
        SourceText text = SourceText.CSharp(ModelReader.FaultsFile, "EdgeGateway.Gateway.Hosting", "?", "Microsoft.Extensions.Logging")
            .Summary("The log message of each code: its number and text are the event's id and name, its severity the level.").Open("internal static partial class FaultLog")
            .Summary("Logs a code by its own message.").Param("logger", "Where to.").Param("number", "The four digits of a code of the gateway or of the journal.")
            .Param("what", "What happened here.").Param("subject", "What it is about.").Param("repeats", "Lines of the same code and subject that were held back before.")
            .Param("heldBack", "Lines of the same code, about whatever, that were held back before.").Returns("False for a code of another program; nothing is logged then.")
            .Line("public static bool TryWrite(ILogger logger, int number, string what, string subject, long repeats, long heldBack) => (number / 10) switch").Line("{")
            .Rows(tens.Select(t => string.Create(CultureInfo.InvariantCulture, $"{t.Key} => Codes{t.Key}.TryWrite(number, {Arguments}),"))).Rows(["_ => false,"]).Line("};");
        foreach (IGrouping<int, Fault> ten in tens)
        {
            text.Line().Open(string.Create(CultureInfo.InvariantCulture, $"private static partial class Codes{ten.Key}"))
                .Open($"public static bool TryWrite(int number, {Parameters})").Open("switch (number)");
            foreach (Fault fault in ten)
            {
                text.Line(string.Create(CultureInfo.InvariantCulture, $"case {fault.Number}:")).Line($"    {fault.Name}({Arguments});").Line("    return true;");
            }

            text.Line("default:").Line("    return false;").Close().Close();
            foreach (Fault fault in ten)
            {
                string level = fault.Severity switch { "info" => "Information", "warning" => "Warning", "error" => "Error", _ => "Critical" };
                string message = fault.Happened.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal) + " {What} ({Subject}; held back: {Repeats}, of this code {HeldBack})";
                text.Line().Line(string.Create(CultureInfo.InvariantCulture, $"[LoggerMessage(EventId = {fault.Number}, EventName = \"{fault.Code}\", Level = LogLevel.{level}, Message = {SourceText.Literal(message)})]"))
                    .Line($"private static partial void {fault.Name}({Parameters});");
            }

            text.Close();
        }

        return text.Close().ToString();
    }

    private static string Quantities(Model model)
    {
        SourceText text = SourceText.CSharp(ModelReader.VocabularyFile, "EdgeGateway.Core.Readings", "?").Open("public static partial class MdcTable").Line("private static readonly Quantity[] Rows =").Line("[");
        text.Rows(model.Quantities.Select(q => string.Create(
            CultureInfo.InvariantCulture,
            $"new({PodFiles.MdcOf(q)}, {SourceText.Literal(q.ReferenceId)}, {(q.Loinc is null ? "null" : SourceText.Literal(q.Loinc))}, {SourceText.Literal(q.Unit)}, {q.Order ?? 0})"
            + $" {{ {(q.IsSpot ? "IsSpot = true, " : string.Empty)}{(q.Carries is null ? string.Empty : $"Carries = NumericExtra.{PodFiles.ConstantOf(q.Carries)}, ")}{Scale(q)}English = {SourceText.Literal(q.Texts.English)} }},"))).Line("];");
        return text.Close().ToString();

        string Scale(Quantity quantity) => model.Signals.FirstOrDefault(s => s.Kind == "waveform" && s.Quantity == quantity.Name)?.Exponent is { } exponent and not 0
            ? string.Create(CultureInfo.InvariantCulture, $"SampleExponent = {exponent}, ")
            : string.Empty;
    }

    private static string Bands(Model model) => SourceText.CSharp(ModelReader.VocabularyFile, "EdgeGateway.Core.Auscultation", "EdgeGateway.Core.Sound").Summary("What the listening filters let pass.").Open("public static class ListeningBands")
        .Summary("The edges of a filter, at -3 dB.").Param("mode", "The filter.").Returns("Lower and upper edge, Hz; null for no filter.")
        .Line("public static (int LowHz, int HighHz)? EdgesHz(ListeningMode mode) => mode switch").Line("{")
        .Rows(model.Enum("ListeningMode").Values.Where(v => v.Band is not null).Select(v => string.Create(CultureInfo.InvariantCulture, $"ListeningMode.{v.Name} => ({v.Band!.LowHz}, {v.Band.HighHz}),")))
        .Rows(["_ => null,"]).Line("};").Close().ToString();

    private static string Words(Model model, string home, string file, string about)
    {
        EnumRow[] rows = model.Enums.Where(e => e.Home.StartsWith(home, StringComparison.Ordinal) && e.Words is not null).ToArray();
        string[] usings = rows.Any(r => r.Home.StartsWith("firmware", StringComparison.Ordinal))
            ? ["?", "System", .. rows.Select(r => EnumFiles.SpaceOf(r.Home)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]
            : ["?"];
        int slash = file.LastIndexOf('/');
        SourceText text = SourceText.CSharp(ModelReader.VocabularyFile, EnumFiles.SpaceOf(file[..slash]), usings).Summary(about).Open($"public static class {file[(slash + 1)..]}");
        bool isFirst = true;
        foreach (EnumRow row in rows)
        {
            if (!isFirst)
            {
                text.Line();
            }

            isFirst = false;
            if (row.Kind == "flags")
            {
                text.Summary($"The bits of {row.Name} with their words, in ascending order.").Line($"public static ReadOnlySpan<(int Bit, string Word)> {row.Name}Bits => All{row.Name};").Line()
                    .Line($"private static readonly (int Bit, string Word)[] All{row.Name} =").Line("[").Rows(row.Values.Select(v => $"({row.Name}.{v.Name}, {SourceText.Literal(v.Word)}),")).Line("];");
            }
            else
            {
                Enumeration(text, row);
            }
        }

        if (home == "firmware")
        {
            Topic(text.Line(), model);
        }

        return text.Close().ToString();
    }

    private static void Enumeration(SourceText text, EnumRow row)
    {
        bool hasNone = row.Values[0].Name == "None";
        EnumValue[] named = row.Values.Where(v => v.Name is not ("None" or "Unknown")).ToArray();
        text.Summary($"The word for a value of {row.Name}.").Param("value", "The value; may be one that this code does not know.").Returns(hasNone ? "For example \"" + named[0].Word + "\"; null for None; \"unknown\" for one that is not known." : $"For example \"{named[0].Word}\"; \"unknown\" for one that is not known.")
            .Line($"public static string{(hasNone ? "?" : string.Empty)} Of({row.Name} value) => value switch").Line("{")
            .Rows(row.Values.Select(v => $"{row.Name}.{v.Name} => {(v.Name == "None" ? "null" : SourceText.Literal(v.Word))},")).Rows(["_ => \"unknown\","]).Line("};");
        if (row.Words != "chosen")
        {
            return;
        }

        text.Line().Summary($"The words of {row.Name} that somebody may choose.").Line($"public const string {row.Name}Choices = {SourceText.Literal(string.Join(", ", named.Select(v => v.Word)))};").Line()
            .Summary($"Reads the word for a value of {row.Name}.").Param("word", "The word, or null.").Param("value", "The value; meaningless when the word is none.").Returns("False when it is no such word.")
            .Open($"public static bool TryFind(string? word, out {row.Name} value)").Open("switch (word)");
        foreach (EnumValue value in row.Values.Where(v => v.Name != "None"))
        {
            text.Line($"case {SourceText.Literal(value.Word)}:").Line($"    value = {row.Name}.{value.Name};").Line("    return true;");
        }

        text.Line("default:").Line("    value = default;").Line("    return false;").Close().Close();
    }

    private static void Topic(SourceText text, Model model)
    {
        text.Summary("The part of a session's topic that a frame goes to.").Param("kind", "Its kind; one that is not known goes to \"event\".").Param("stream", "Its stream.").Returns("\"vital\", \"wave\", \"sound\", \"event\" or \"gap\".")
            .Line("public static string TopicOf(FrameKind kind, int stream) => kind switch").Line("{");
        foreach (EnumValue kind in model.Enum("FrameKind").Values.Where(k => k.Topic != "event"))
        {
            text.Rows([kind.Word == "numeric" ? $"FrameKind.{kind.Name} => Of(SignalTable.ClassOf(kind, stream))," : $"FrameKind.{kind.Name} => {SourceText.Literal(kind.Topic!)},"]);
        }

        text.Rows(["_ => \"event\","]).Line("};");
    }
}
