using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using EdgeGateway.Faults;
using EdgeGateway.Faults.Yaml;

namespace Faults.Tests;

/// <summary>Rules whose findings say exactly what the reader gave them.</summary>
internal sealed class TestRules : YamlRules
{
    public override int MaxFileBytes => 100;

    public override int MaxErrors => Errors;

    public override int MaxDepth => 3;

    public override int MaxAliases => Aliases;

    public override int MaxNodes => 20;

    public override bool IsEmptyAbsent => EmptyIsAbsent;

    public override bool EndsAtKeyTwice => KeyTwiceEnds;

    public int Errors { get; init; } = 50;

    public int Aliases { get; init; }

    public bool EmptyIsAbsent { get; init; } = true;

    public bool KeyTwiceEnds { get; init; }

    /// <summary>A document that is no mapping is refused.</summary>
    public bool MustBeMapping { get; init; } = true;

    public override YamlFinding Unreadable(string why, bool isAbsent) => new(FaultCodes.ConfigurationUnreadable, isAbsent ? "absent" : "unreadable: " + why);

    public override YamlFinding TooLong(long bytes) => new(FaultCodes.ConfigurationUnreadable, Text("{0} bytes", bytes), "shorten it");

    public override YamlFinding Syntax(string detail) => new(FaultCodes.ConfigurationNotYaml, detail);

    public override (int Line, string Detail) Broken(int lastLine) => (lastLine, "broken");

    public override (int Line, YamlFinding Finding)? NotOneMapping(int line, bool isSecond) =>
        isSecond || MustBeMapping ? (line, new YamlFinding(FaultCodes.ConfigurationNotYaml, isSecond ? "second" : "no mapping")) : null;

    public override YamlFinding KeyTwice(string key, int firstLine) => new(FaultCodes.ConfigurationKeyTwice, Text("{0} first in {1}", key, firstLine));

    public override YamlFinding UnknownKey(string path, string key, IReadOnlyList<string> here, string? elsewhere) =>
        new(FaultCodes.ConfigurationKeyUnknown, Text("{0}/{1} here {2} elsewhere {3}", path, key, string.Join(',', here), elsewhere ?? "none"));

    public override YamlFinding Missing(string path, string key, string? example) => new(FaultCodes.ConfigurationKeyMissing, Text("{0} {1} like {2}", path, key, example ?? "none"));

    public override YamlFinding WrongKind(YamlNode found, YamlKind wanted, string range) => new(FaultCodes.ConfigurationTypeWrong, Text("{0} '{1}' for {2} [{3}]", found.Kind, found.Text, wanted, range));

    public override YamlFinding OutOfRange(YamlNode found, decimal value, string range, string? standard) =>
        new(FaultCodes.ConfigurationOutOfRange, Text("{0} is {1} not {2} standard {3}", found.Text, value, range, standard ?? "none"));

    public override YamlFinding NotAMultiple(decimal value, decimal step) => new(FaultCodes.ConfigurationTypeWrong, Text("{0} by {1}", value, step));

    public override YamlFinding WrongCount(int count, int min, int max) => new(FaultCodes.ConfigurationOutOfRange, Text("{0} of {1} to {2}", count, min, max));

    public override YamlFinding NotAWord(string text, IReadOnlyList<string> words) => new(FaultCodes.ConfigurationTypeWrong, Text("{0} none of {1}", text, string.Join(',', words)));

    public override YamlFinding Refused(string text, string rule, string? meant) => new(FaultCodes.ConfigurationTypeWrong, Text("{0} against {1} meant {2}", text, rule, meant ?? "none"));

    private static string Text(string format, params object[] values) => string.Format(CultureInfo.InvariantCulture, format, values);
}

/// <summary>A text and what reading it found.</summary>
internal sealed class Reading
{
    public Reading(string text, TestRules? rules = null)
    {
        Report = new YamlReport("f.yaml", rules ?? new TestRules());
        Top = YamlDocument.Read(text, Report);
    }

    public YamlReport Report { get; }

    public YamlSection? Top { get; }

    /// <summary>Each error as "line:path code detail".</summary>
    public string[] Errors => [.. Report.Finish().Select(e => $"{e.Place.Line}:{e.Place.Path} {e.Code} {e.Detail}")];
}
