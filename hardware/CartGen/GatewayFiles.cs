using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace CartGen;

/// <summary>The gateway's tables: fault codes with their HTTP status, quantities, and the words of its JSON.</summary>
internal static class GatewayFiles
{
    public static IEnumerable<(string Path, string Text)> Write(Model model)
    {
        yield return ("edge-gateway/Faults/FaultCodes.g.cs", FaultCodes(model));
        yield return ("edge-gateway/Core/Readings/MdcTable.g.cs", Quantities(model));
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
