using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace CartGen;

/// <summary>Each enumeration of the vocabulary as a file of its own, in the folder that it names.</summary>
internal static class EnumFiles
{
    public static IEnumerable<(string Path, string Text)> Write(Model model) => model.Enums.Select(e => ($"{e.Home}/{e.Name}.g.cs", Text(e)));

    /// <summary>A folder's namespace.</summary>
    public static string SpaceOf(string folder) => folder.Split('/') switch
    {
        ["firmware", .. string[] rest] => string.Join('.', rest.Prepend("Firmware")),
        ["edge-gateway", .. string[] rest] => string.Join('.', rest.Prepend("EdgeGateway")),
        ["simulators", .. string[] rest] => string.Join('.', rest.Prepend("Simulators")),
        _ => throw new ArgumentOutOfRangeException(nameof(folder), folder, "has no namespace"),
    };

    private static string Text(EnumRow row)
    {
        SourceText text = SourceText.CSharp(ModelReader.VocabularyFile, SpaceOf(row.Home)).Summary(row.About);
        text.Open(row.Kind == "enum" ? $"public enum {row.Name} : {row.Type}" : $"public static partial class {row.Name}");
        bool isFirst = true;
        foreach (EnumValue value in row.Values)
        {
            if (!isFirst)
            {
                text.Line();
            }

            isFirst = false;
            string number = row.Kind == "flags" ? string.Create(CultureInfo.InvariantCulture, $"0x{value.Value:X4}") : value.Value.ToString(CultureInfo.InvariantCulture);
            text.Summary(value.About).Line(row.Kind == "enum" ? $"{value.Name} = {number}," : $"public const {row.Type} {value.Name} = {number};");
        }

        string[] kept = row.Values.Where(v => v.MayEnterPatientSession == false).Select(v => v.Name).ToArray();
        if (kept.Length > 0)
        {
            text.Line().Summary("A frame with any of these never enters a session for patients.").Line($"public const {row.Type} NotForPatients = {string.Join(" | ", kept)};");
        }

        return text.Close().ToString();
    }
}
