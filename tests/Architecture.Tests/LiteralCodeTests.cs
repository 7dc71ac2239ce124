using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Architecture.Tests;

/// <summary>A fault code has one place, hardware/faults.json; source names it.</summary>
[TestClass]
public sealed partial class LiteralCodeTests
{
    [TestMethod]
    public void No_source_types_a_code_of_the_catalogue()
    {
        Dictionary<string, string> names = Names();
        List<string> errors = [];
        foreach (string folder in new[] { "firmware", "edge-gateway", "simulators" })
        {
            foreach (string file in Repository.Files(folder, "*.cs").Concat(Repository.Files(folder, "*.js")).Where(f => !IsGenerated(Repository.Name(f))))
            {
                errors.AddRange(Literals(Repository.Name(file), File.ReadAllLines(file), names));
            }
        }

        Assert.IsEmpty(errors, "\n" + string.Join('\n', errors) + "\n");
    }

    [TestMethod]
    [DataRow("edge-gateway/Core/A.cs", "return \"G2315\";", "FaultCodes.RetainedRefused")]
    [DataRow("edge-gateway/Gateway/Web/js/a.js", "if (code === \"P1522\") stop();", "FAULTS.CuffDeflationNotConfirmed")]
    [DataRow("edge-gateway/Gateway/Web/js/a.js", "if (code === 'P1522') stop();", "FAULTS.CuffDeflationNotConfirmed")]
    [DataRow("simulators/Cli/A.cs", "log(\"S3101\", x); // the command line", "FaultCodes.SimulatorCommandLineWrong")]
    public void A_typed_code_is_refused(string file, string line, string expected) => StringAssert.EndsWith(Literals(file, ["", line], Names()).Single(), " is " + expected);

    [TestMethod]
    [DataRow("    /// <summary>Refused with \"G2315\".</summary>")]
    [DataRow("return FaultCodes.RetainedRefused;")]
    [DataRow("const string Other = \"G9999\";")]
    [DataRow("throw new IOException(\"J2601: the directory is in use\");")]
    public void Comments_names_and_other_words_are_not(string line) => Assert.IsEmpty(Literals("a.cs", [line], Names()));

    private static bool IsGenerated(string file) => file.EndsWith(".g.cs", StringComparison.Ordinal) || file.EndsWith(".g.js", StringComparison.Ordinal);

    private static List<string> Literals(string file, string[] lines, Dictionary<string, string> names)
    {
        List<string> errors = [];
        for (int i = 0; i < lines.Length; i++)
        {
            if (lines[i].TrimStart().StartsWith("//", StringComparison.Ordinal))
            {
                continue;
            }

            foreach (Match match in Literal().Matches(lines[i]))
            {
                if (names.TryGetValue(match.Groups["code"].Value, out string? name))
                {
                    errors.Add($"{file}:{i + 1}: {match.Value} is {(file.EndsWith(".js", StringComparison.Ordinal) ? "FAULTS." : "FaultCodes.")}{name}");
                }
            }
        }

        return errors;
    }

    private static Dictionary<string, string> Names()
    {
        using JsonDocument catalogue = JsonDocument.Parse(File.ReadAllText(Repository.At("hardware/faults.json")));
        return catalogue.RootElement.GetProperty("faults").EnumerateArray().ToDictionary(f => f.GetProperty("code").GetString()!, f => f.GetProperty("name").GetString()!, StringComparer.Ordinal);
    }

    [GeneratedRegex("[\"'`](?<code>[A-Z][0-9]{4})[\"'`]", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Literal();
}
