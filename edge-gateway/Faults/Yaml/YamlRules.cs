using System.Collections.Generic;

namespace EdgeGateway.Faults.Yaml;

/// <summary>What a value should have been.</summary>
public enum YamlKind
{
    /// <summary>A mapping of keys to values.</summary>
    Mapping,

    /// <summary>A list.</summary>
    List,

    /// <summary>A mapping, as an item of a list.</summary>
    MappingItem,

    /// <summary>One word, as an item of a list.</summary>
    WordItem,

    /// <summary>A text.</summary>
    Text,

    /// <summary>true or false.</summary>
    Flag,

    /// <summary>A whole number.</summary>
    Whole,

    /// <summary>A decimal number.</summary>
    Number,
}

/// <summary>What is wrong, without its place.</summary>
/// <param name="Code">A code of the catalogue.</param>
/// <param name="Detail">This case's facts.</param>
/// <param name="Suggestion">What would be right, or null.</param>
public readonly record struct YamlFinding(string Code, string Detail, string? Suggestion = null);

/// <summary>What the owner of a kind of file gives the reader: its bounds, its codes and its words.</summary>
public abstract class YamlRules
{
    /// <summary>Longest file, bytes.</summary>
    public abstract int MaxFileBytes { get; }

    /// <summary>Errors said; the last one says how many more there are.</summary>
    public abstract int MaxErrors { get; }

    /// <summary>Deepest nesting.</summary>
    public virtual int MaxDepth => 16;

    /// <summary>Most aliases ("*name"); 0: anchors and aliases are refused.</summary>
    public virtual int MaxAliases => 0;

    /// <summary>Most nodes of a document, with all that aliases repeat.</summary>
    public virtual int MaxNodes => 1_000_000;

    /// <summary>True when "key:" with nothing behind it is as if the key were not there, and an empty file is one without keys.</summary>
    public abstract bool IsEmptyAbsent { get; }

    /// <summary>True when a key that stands twice ends the reading as an error of syntax; false: it is one error among all.</summary>
    public virtual bool EndsAtKeyTwice => false;

    /// <summary>A file that cannot be read.</summary>
    /// <param name="why">Why, as the system says it.</param>
    /// <param name="isAbsent">True when there is no such file.</param>
    /// <returns>The finding.</returns>
    public abstract YamlFinding Unreadable(string why, bool isAbsent);

    /// <summary>A file above <see cref="MaxFileBytes"/>.</summary>
    /// <param name="bytes">Its length.</param>
    /// <returns>The finding.</returns>
    public abstract YamlFinding TooLong(long bytes);

    /// <summary>A text that is not YAML, or goes beyond a bound.</summary>
    /// <param name="detail">Why.</param>
    /// <returns>The finding.</returns>
    public abstract YamlFinding Syntax(string detail);

    /// <summary>A text that the YAML library gives up without naming a place.</summary>
    /// <param name="lastLine">The last line that was understood.</param>
    /// <returns>The line to name, and what is said.</returns>
    public abstract (int Line, string Detail) Broken(int lastLine);

    /// <summary>A document whose top is no mapping, or a second document.</summary>
    /// <param name="line">Where it begins.</param>
    /// <param name="isSecond">True for a second document.</param>
    /// <returns>The line to name and the finding; null to go on (the top section then says it).</returns>
    public abstract (int Line, YamlFinding Finding)? NotOneMapping(int line, bool isSecond);

    /// <summary>A key that stands twice.</summary>
    /// <param name="key">The key.</param>
    /// <param name="firstLine">Where it stands first.</param>
    /// <returns>The finding.</returns>
    public abstract YamlFinding KeyTwice(string key, int firstLine);

    /// <summary>A key that nobody asked for.</summary>
    /// <param name="path">The path of its mapping, empty at the top.</param>
    /// <param name="key">The key.</param>
    /// <param name="here">The keys that may stand there.</param>
    /// <param name="elsewhere">The path of the mapping that the key belongs to, empty for the top; null when no mapping has it.</param>
    /// <returns>The finding.</returns>
    public abstract YamlFinding UnknownKey(string path, string key, IReadOnlyList<string> here, string? elsewhere);

    /// <summary>A key that must be there.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="key">The key.</param>
    /// <param name="example">A value that would be right, or null.</param>
    /// <returns>The finding.</returns>
    public abstract YamlFinding Missing(string path, string key, string? example);

    /// <summary>A value of another kind.</summary>
    /// <param name="found">What stands there.</param>
    /// <param name="wanted">What should.</param>
    /// <param name="range">The range of a number, "1 to 8"; empty for the others.</param>
    /// <returns>The finding.</returns>
    public abstract YamlFinding WrongKind(YamlNode found, YamlKind wanted, string range);

    /// <summary>A number outside its range.</summary>
    /// <param name="found">What stands there.</param>
    /// <param name="value">The number.</param>
    /// <param name="range">The range, "1 to 8".</param>
    /// <param name="standard">The default, or null.</param>
    /// <returns>The finding.</returns>
    public abstract YamlFinding OutOfRange(YamlNode found, decimal value, string range, string? standard);

    /// <summary>A number with more decimals than can be used.</summary>
    /// <param name="value">The number.</param>
    /// <param name="step">What it must be a multiple of.</param>
    /// <returns>The finding.</returns>
    public abstract YamlFinding NotAMultiple(decimal value, decimal step);

    /// <summary>A list with too few or too many items.</summary>
    /// <param name="count">How many it has.</param>
    /// <param name="min">Fewest.</param>
    /// <param name="max">Most.</param>
    /// <returns>The finding.</returns>
    public abstract YamlFinding WrongCount(int count, int min, int max);

    /// <summary>A word that is none of those allowed.</summary>
    /// <param name="text">The word.</param>
    /// <param name="words">Those allowed.</param>
    /// <returns>The finding.</returns>
    public abstract YamlFinding NotAWord(string text, IReadOnlyList<string> words);

    /// <summary>A text that does not keep its rule.</summary>
    /// <param name="text">The text.</param>
    /// <param name="rule">The rule in words: "1 to 64 of A-Z a-z 0-9 _ -".</param>
    /// <param name="meant">A sentence with what was meant, or null.</param>
    /// <returns>The finding.</returns>
    public abstract YamlFinding Refused(string text, string rule, string? meant);
}
