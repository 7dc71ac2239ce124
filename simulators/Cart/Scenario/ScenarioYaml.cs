using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using EdgeGateway.Faults;
using EdgeGateway.Faults.Yaml;

namespace Simulators.Cart.Scenario;

/// <summary>What a scenario file gives the YAML reader: its bounds, codes and words.</summary>
internal sealed class ScenarioYaml : YamlRules
{
    public override int MaxFileBytes => ScenarioDefinition.MaxFileLength;

    public override int MaxErrors => 50;

    public override int MaxAliases => 100;

    public override bool IsEmptyAbsent => false;

    public override bool EndsAtKeyTwice => true;

    public static string Short(string text) => text.Length <= 40 ? text : text[..40] + "...";

    public override YamlFinding Unreadable(string why, bool isAbsent) => new(FaultCodes.ScenarioUnreadable, why);

    public override YamlFinding TooLong(long bytes) => new(FaultCodes.ScenarioUnreadable, string.Create(CultureInfo.InvariantCulture, $"it has {bytes} bytes, more than {MaxFileBytes}"));

    public override YamlFinding Syntax(string detail) => new(FaultCodes.ScenarioNotYaml, detail);

    public override (int Line, string Detail) Broken(int lastLine) => (1, "a bracket, brace or quote that was opened is not closed");

    public override (int Line, YamlFinding Finding)? NotOneMapping(int line, bool isSecond) => (1, new YamlFinding(FaultCodes.ScenarioNotYaml, "the file is not one mapping of keys to values"));

    public override YamlFinding KeyTwice(string key, int firstLine) => new(FaultCodes.ScenarioNotYaml, "Duplicate key " + key);

    public override YamlFinding UnknownKey(string path, string key, IReadOnlyList<string> here, string? elsewhere)
    {
        string of = path.Length == 0 ? "of a scenario" : "of " + path;
        return new YamlFinding(FaultCodes.ScenarioKeyUnknown, $"'{Short(key)}' is not a key {of}", NearestWord.Suggest(key, here) ?? $"The keys here are: {string.Join(", ", here)}.");
    }

    public override YamlFinding Missing(string path, string key, string? example) => new(FaultCodes.ScenarioKeyMissing, $"'{key}' is not there");

    public override YamlFinding WrongKind(YamlNode found, YamlKind wanted, string range)
    {
        string what = found.Kind switch
        {
            YamlNodeKind.Mapping => "a mapping",
            YamlNodeKind.List => "a list",
            _ => found.Text.Length > 0 ? $"'{Short(found.Text)}'" : "nothing",
        };
        return new YamlFinding(FaultCodes.ScenarioTypeWrong, wanted switch
        {
            YamlKind.MappingItem => "it is not a mapping of keys to values",
            YamlKind.WordItem => "it is not a word",
            YamlKind.Mapping => $"it is {what}, not a mapping of keys to values",
            YamlKind.List => $"it is {what}, not a list",
            YamlKind.Flag => $"it is {what}, not true or false",
            YamlKind.Text => $"it is {what}, not a text",
            _ => $"it is {what}, not a number",
        });
    }

    public override YamlFinding OutOfRange(YamlNode found, decimal value, string range, string? standard) =>
        new(FaultCodes.ScenarioOutOfRange, string.Create(CultureInfo.InvariantCulture, $"{value} is not {range}"));

    public override YamlFinding NotAMultiple(decimal value, decimal step) =>
        new(FaultCodes.ScenarioOutOfRange, string.Create(CultureInfo.InvariantCulture, $"{value} is not ") + (step == 1 ? "a whole number" : string.Create(CultureInfo.InvariantCulture, $"a multiple of {step}")));

    public override YamlFinding WrongCount(int count, int min, int max) =>
        new(FaultCodes.ScenarioOutOfRange, string.Create(CultureInfo.InvariantCulture, $"the list has {count} entries, not {min} to {max}"));

    public override YamlFinding NotAWord(string text, IReadOnlyList<string> words) =>
        new(FaultCodes.ScenarioWordUnknown, $"'{Short(text)}' is not allowed here", NearestWord.Suggest(text, words) ?? $"Allowed are: {string.Join(", ", words)}.");

    public override YamlFinding Refused(string text, string rule, string? meant) => new(FaultCodes.ScenarioOutOfRange, $"'{Short(text)}' is not {rule}");
}

/// <summary>What several parts of a scenario file read alike.</summary>
internal static class ScenarioSections
{
    public const long Second = 1_000_000;
    public const long Millisecond = 1000;
    public const decimal MaxSeconds = ScenarioDefinition.MaxDurationUs / Second;

    /// <summary>A name: 1 to 64 of the characters allowed; empty when it is missing or wrong.</summary>
    public static string Name(this YamlSection section, string key, bool upperCase) => section.Text(
        key,
        text => text.Length <= 64 && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-' || (upperCase && (char.IsAsciiLetterUpper(c) || c == '_'))),
        "1 to 64 of " + (upperCase ? "A-Z, a-z, 0-9, '_' and '-'" : "a-z, 0-9 and '-'"),
        required: true) ?? string.Empty;

    /// <summary>A whole number; 5.0 is one too.</summary>
    public static long Count(this YamlSection section, string key, long standard, long min, long max, bool required = false) =>
        section.Scaled(key, standard, 1, min, max, required);

    /// <summary>The sections of a list that are sections; the others are errors already.</summary>
    public static List<YamlSection> Maps(this YamlSection section, string key, int max, bool required = false) =>
        section.Sections(key, max, required).Where(static s => s.IsPresent).ToList();

    /// <summary>Reads a section that may be absent.</summary>
    public static T Read<T>(this YamlSection section, string key, T standard, Func<YamlSection, T> read)
    {
        YamlSection inner = section.Section(key);
        return inner.IsPresent ? read(inner) : standard;
    }

    /// <summary>Reads each section of a list.</summary>
    public static List<T> ReadAll<T>(this IEnumerable<YamlSection> sections, Func<YamlSection, T> read) => sections.Select(read).ToList();

    /// <summary>The index of what a key names; the only one there is when the key is left out; -1 when there is none.</summary>
    public static int Reference(this YamlSection section, string key, List<string>? names)
    {
        bool onlyOne = names?.Count == 1;
        string? name = section.Text(key, required: !onlyOne && names is not null);
        if (names is null)
        {
            return -1;
        }

        if (name is null)
        {
            return onlyOne ? 0 : -1;
        }

        int index = names.IndexOf(name);
        if (index < 0)
        {
            section.Error(FaultCodes.ScenarioReferenceUnknown, key, $"there is no {key} '{ScenarioYaml.Short(name)}'", NearestWord.Suggest(name, names));
        }

        return index;
    }

    /// <summary>The cart and the pod that an event or expectation is about; the first ones when they are not named right, which is an error then.</summary>
    public static (int Cart, int Pod) Whose(this YamlSection section, List<CartDefinition> carts)
    {
        int cart = section.Reference("cart", carts.Select(c => c.Id).ToList());
        int pod = section.Reference("pod", cart < 0 ? null : carts[cart].Pods.Select(p => p.Id).ToList());
        return (Math.Max(cart, 0), Math.Max(pod, 0));
    }

    /// <summary>Notes every name that stands twice.</summary>
    public static void NoneTwice(List<YamlSection> sections, List<string> names)
    {
        for (int i = 0; i < names.Count; i++)
        {
            int first = names.IndexOf(names[i]);
            if (first < i && names[i].Length > 0)
            {
                sections[i].Error(FaultCodes.ScenarioNameTwice, "id", $"'{names[i]}' stands at {sections[first].PathOf("id")} already");
            }
        }
    }

    /// <summary>The word of a value.</summary>
    public static string WordOf<T>((string Word, T Value)[] words, T value) => words.FirstOrDefault(w => EqualityComparer<T>.Default.Equals(w.Value, value)).Word ?? string.Empty;
}
