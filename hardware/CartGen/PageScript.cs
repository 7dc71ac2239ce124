using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace CartGen;

/// <summary>The vocabulary as a module of the pages' scripts.</summary>
internal static class PageScript
{
    /// <summary>The enumerations that the pages use; a test fails for one that they do not.</summary>
    public static IReadOnlyList<string> Enums { get; } =
        ["FrameKind", "SoundCodec", "PatientCategory", "CuffSize", "CuffPhase", "PatientPosture", "ListeningMode", "ListeningStep", "FrameFlags"];

    public static IEnumerable<(string Path, string Text)> Write(Model model)
    {
        yield return ("edge-gateway/Gateway/Web/js/core/vocabulary.g.js", Text(model));
    }

    private static string Text(Model model)
    {
        SourceText text = new SourceText()
            .Line("// @ts-check")
            .Line($"// Written by hardware/CartGen from {ModelReader.VocabularyFile} and faults.json. Change those files, then: dotnet run --project hardware/CartGen").Line();
        Map(text, "Fault codes of pod and gateway by their names.", "FAULTS", model.Faults.Where(f => f.Code[0] is 'P' or 'G').Select(f => (f.Name, SourceText.Literal(f.Code))));
        Map(text, "How a person reads a UCUM unit.", "UNITS", model.Units.Select(u => (SourceText.Literal(u.Ucum), SourceText.Literal(u.Shown))));
        Map(text, "MDC codes by their names.", "MDC", model.Quantities.Select(q => (q.Name, Number(q.Mdc))));
        List(text, "Quantities: decimals null is as published; order 0 is none; tile is always, whenMeasured or never.", "QUANTITIES", model.Quantities.Select(q =>
            $"{{ mdc: {Number(q.Mdc)}, decimals: {(q.Decimals is { } d ? Number(d) : "null")}, order: {Number(q.Order ?? 0)}, tile: {SourceText.Literal(q.Tile)} }},"));
        List(text, "Signals: one step of a value is 10 ** exponent of the quantity's unit; provides is what their part is to a person, null for those of every device.", "SIGNALS", model.Signals.Select(s =>
            $"{{ stream: {Number(s.Stream)}, mdc: {(s.Quantity is null ? "null" : Number(model.Quantity(s.Quantity).Mdc))}, exponent: {Number(s.Exponent ?? 0)}, provides: {Provides(model, s)} }},"));
        foreach (EnumRow row in Enums.Select(model.Enum))
        {
            Map(text, row.About, Constant(row.Name), row.Values.Select(v => (v.Word, Number(v.Value))));
        }

        Map(text, "What the listening filters let pass: lower and upper edge at -3 dB, Hz; null is no filter.", "LISTENING_BANDS_HZ", model.Enum("ListeningMode").Values.Select(v =>
            (v.Word, v.Band is { } band ? $"[{Number(band.LowHz)}, {Number(band.HighHz)}]" : "null")));
        EnumValue[] kept = model.Enum("FrameFlags").Values.Where(v => v.MayEnterPatientSession == false).ToArray();
        text.Line("/** Flags of what does not come from a patient: their bits, and their words. */")
            .Line($"export const NOT_FOR_PATIENTS = {Number(kept.Sum(v => v.Value))};")
            .Line($"export const NOT_FOR_PATIENTS_WORDS = Object.freeze([{string.Join(", ", kept.Select(v => SourceText.Literal(v.Word)))}]);").Line();
        Map(text, "Texts of the pages, English and French.", "words", Texts(model).Select(t => (SourceText.Literal(t.Key), $"[{SourceText.Literal(t.Words.English)}, {SourceText.Literal(t.Words.French)}]")));
        string whole = text.ToString();
        return whole[..^1];
    }

    private static IEnumerable<(string Key, Words Words)> Texts(Model model)
    {
        IEnumerable<(string, Words)> quantities = model.Quantities.Select(q => ("mdc." + Number(q.Mdc), q.Texts));
        IEnumerable<(string, Words)> parts = model.Capabilities.Where(c => c.Texts is not null).Select(c => ("part." + c.Name, c.Texts!));
        IEnumerable<(string, Words)> values = model.Enums.SelectMany(e => e.Values.Where(v => v.Texts is not null).Select(v => ($"{e.Texts}.{v.Word}", v.Texts!)));
        IEnumerable<(string, Words)> brief = model.Enums.SelectMany(e => e.Values.Where(v => v.Brief is not null).Select(v => ($"{e.BriefTexts}.{v.Word}", v.Brief!)));
        return quantities.Concat(parts).Concat(values).Concat(brief);
    }

    private static string Provides(Model model, Signal signal)
    {
        string? word = model.Parts.Where(p => p.Signals.Contains(signal.Name)).SelectMany(p => p.Provides).FirstOrDefault(c => model.Capabilities.First(k => k.Name == c).Texts is not null);
        return word is null ? "null" : SourceText.Literal(word);
    }

    private static void Map(SourceText text, string about, string name, IEnumerable<(string Key, string Value)> rows) =>
        text.Line($"/** {about} */").Line($"export const {name} = Object.freeze({{").Rows(rows.Select(r => $"{r.Key}: {r.Value},"), 2).Line("});").Line();

    private static void List(SourceText text, string about, string name, IEnumerable<string> rows) =>
        text.Line($"/** {about} */").Line($"export const {name} = Object.freeze([").Rows(rows, 2).Line("]);").Line();

    private static string Constant(string name) => SimulatorFiles.Hyphenated(name).Replace('-', '_').ToUpperInvariant();

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
