using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace CartGen;

/// <summary>What the scenario reader and the live table of the simulator need.</summary>
internal static class SimulatorFiles
{
    private const string Folder = "simulators/Cart/Scenario";

    public static IEnumerable<(string Path, string Text)> Write(Model model)
    {
        yield return (Folder + "/ScenarioWords.g.cs", Words(model));
    }

    /// <summary>A word of JSON as scenario files write it: notOnPatient is not-on-patient.</summary>
    internal static string Hyphenated(string word)
    {
        StringBuilder text = new();
        foreach (char c in word)
        {
            if (char.IsAsciiLetterUpper(c) && text.Length > 0)
            {
                text.Append('-');
            }

            text.Append(char.ToLowerInvariant(c));
        }

        return text.ToString();
    }

    private static string Words(Model model)
    {
        SourceText text = SourceText.CSharp(
                ModelReader.VocabularyFile, "Simulators.Cart.Scenario", "?", "EdgeGateway.Core.Sound", "Firmware.Core", "Firmware.Protocol", "Simulators.Patient")
            .Summary("The words of scenario files for what the vocabulary names.").Open("public static class ScenarioWords");
        List("PodPart", "Parts", model.Parts.Select(p => (p.Scenario, "PodPart." + p.Id)));
        List("int", "Streams", model.Signals.Where(s => s.Kind == "numeric").Select(s => (Hyphenated(s.Name), "Firmware.Protocol.Streams." + s.Name)));
        List("AbsenceReason", "Reasons", Values("AbsenceReason").Select(v => (Hyphenated(v.Name), "AbsenceReason." + v.Name)));

        // A word that both have stands at the same bit.
        IEnumerable<(string Word, string Value)> statuses = Values("BloodPressureStatus").Select(v => (Hyphenated(v.Name), "BloodPressureStatus." + v.Name));
        List("int", "Statuses", statuses.Concat(Values("OximetryStatus").Select(v => (Hyphenated(v.Name), "OximetryStatus." + v.Name))).DistinctBy(s => s.Item1));
        List("ChestSite", "Sites", Values("AuscultationSite").Select(v => (Hyphenated(v.Name), "ChestSite." + v.Name)));
        List("ListeningStep", "Steps", Values("ListeningStep").Select(v => (Hyphenated(v.Name), "ListeningStep." + v.Name)));
        text.Summary("A stream's name in tables for developers.").Param("stream", "The stream.").Returns("Its name; null for one that is not known.").Line("public static string? StreamName(int stream) => stream switch").Line("{")
            .Rows(model.Signals.Select(s => $"Firmware.Protocol.Streams.{s.Name} => {SourceText.Literal(s.Short)},")).Rows(["_ => null,"]).Line("};");
        return text.Close().ToString();

        IEnumerable<EnumValue> Values(string name) => model.Enum(name).Values.Where(v => v.Name is not ("None" or "Unknown"));

        void List(string type, string name, IEnumerable<(string Word, string Value)> rows)
        {
            text.Summary($"Words and values of {char.ToLowerInvariant(name[0])}{name[1..]}.").Line($"public static readonly (string Word, {type} Value)[] {name} =").Line("[").Rows(rows.Select(r => $"({SourceText.Literal(r.Word)}, {r.Value}),")).Line("];").Line();
        }
    }
}
