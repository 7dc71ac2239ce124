using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using EdgeGateway.Faults.Yaml;

namespace EdgeGateway.Core.Configuration;

/// <summary>What a setting's value is.</summary>
internal enum SettingKind
{
    /// <summary>A whole number.</summary>
    Whole,

    /// <summary>true or false.</summary>
    Flag,

    /// <summary>A text with a rule.</summary>
    Text,

    /// <summary>One of some words.</summary>
    Word,
}

/// <summary>What stands under one key of gateway.yaml: a value, a section or a list.</summary>
/// <param name="key">The key; a number's unit is its last word.</param>
/// <param name="comment">What it is for, in English, whole sentences.</param>
internal abstract class SettingEntry(string key, string comment)
{
    /// <summary>The key.</summary>
    public string Key => key;

    /// <summary>What it is for, in English, whole sentences.</summary>
    public string Comment => comment;
}

/// <summary>Something that reads a part of a section into options.</summary>
/// <typeparam name="T">The options.</typeparam>
internal interface ISettingEntry<T>
{
    /// <summary>Reads; what is absent or wrong leaves the options as they are.</summary>
    /// <param name="section">The section.</param>
    /// <param name="options">The options so far.</param>
    /// <param name="read">Takes every section that is read, by its path.</param>
    /// <returns>The options.</returns>
    T Read(YamlSection section, T options, Dictionary<string, YamlSection> read);
}

/// <summary>One row of the table: all that is said of one value, without the option that it sets.</summary>
/// <param name="key">The key.</param>
/// <param name="kind">What the value is.</param>
/// <param name="comment">What it is for.</param>
internal abstract class Setting(string key, SettingKind kind, string comment) : SettingEntry(key, comment)
{
    /// <summary>What the value is.</summary>
    public SettingKind Kind => kind;

    /// <summary>Unit of a number, as it is said behind it: "ms", "messages"; empty for none.</summary>
    public string Unit { get; init; } = string.Empty;

    /// <summary>Smallest number.</summary>
    public long Min { get; init; }

    /// <summary>Largest number.</summary>
    public long Max { get; init; }

    /// <summary>The words.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>A text's rule in words.</summary>
    public string Rule { get; init; } = string.Empty;

    /// <summary>A text's rule as an expression for editors; null when the words say it alone.</summary>
    public string? Pattern { get; init; }

    /// <summary>Most characters of a text; 0 when its rule says no number.</summary>
    public int MaxLength { get; init; }

    /// <summary>The default as it would be written; null when there is none.</summary>
    public string? Default { get; init; }

    /// <summary>True when the file must have it.</summary>
    public bool IsRequired { get; init; }

    /// <summary>True when a change is taken without a new start. No setting is so far.</summary>
    public bool IsReloadable { get; init; }

    /// <summary>The value in gateway.example.yaml, as it is written there.</summary>
    public string Example { get; init; } = string.Empty;

    /// <summary>The value that is proposed when it is missing.</summary>
    public string Proposal { get; init; } = string.Empty;

    /// <summary>Range, unit and default in words: "(1 to 1,024 messages; default 32)".</summary>
    public string Facts
    {
        get
        {
            string values = Kind switch
            {
                SettingKind.Whole => $"{Grouped(Min)} to {Grouped(Max)}{(Unit.Length == 0 ? string.Empty : " " + Unit)}",
                SettingKind.Flag => "true or false",
                SettingKind.Word => string.Join(" or ", Words),
                _ => Rule,
            };
            string standard = IsRequired ? "required" : Default is null ? "default: none" : "default " + (Kind == SettingKind.Whole ? Grouped(long.Parse(Default, CultureInfo.InvariantCulture)) : Default);
            return $"({values}; {standard}{(IsReloadable ? "; taken without a new start" : string.Empty)})";
        }
    }

    private static string Grouped(long number) => number.ToString(number < 10_000 ? "D" : "N0", CultureInfo.InvariantCulture);

    /// <summary>A whole number.</summary>
    /// <typeparam name="T">The options that it sets.</typeparam>
    /// <param name="key">The key.</param>
    /// <param name="unit">The unit, empty for none.</param>
    /// <param name="min">Smallest value, in that unit.</param>
    /// <param name="max">Largest value, in that unit.</param>
    /// <param name="standard">The default, as the option has it.</param>
    /// <param name="set">Sets the option.</param>
    /// <param name="comment">What it is for.</param>
    /// <param name="get">The option, for <see cref="Setting{T}.Problem"/>; null when it is set by files alone.</param>
    /// <param name="scale">How many of the option's own units make one of the key's: 1000 for an option in µs whose key is in ms.</param>
    /// <returns>The row.</returns>
    public static Setting<T> Whole<T>(string key, string unit, long min, long max, long standard, Func<T, long, T> set, string comment, Func<T, long>? get = null, long scale = 1) =>
        new(key, SettingKind.Whole, comment, (section, options) => set(options, section.Whole(key, min, max, standard / scale) * scale))
        {
            Unit = unit,
            Min = min,
            Max = max,
            Get = get,
            Set = set,
            Scale = scale,
            Default = (standard / scale).ToString(CultureInfo.InvariantCulture),
            Example = (standard / scale).ToString(CultureInfo.InvariantCulture),
        };

    /// <summary>true or false.</summary>
    /// <typeparam name="T">The options that it sets.</typeparam>
    /// <param name="key">The key.</param>
    /// <param name="standard">The default.</param>
    /// <param name="set">Sets the option.</param>
    /// <param name="comment">What it is for.</param>
    /// <returns>The row.</returns>
    public static Setting<T> Flag<T>(string key, bool standard, Func<T, bool, T> set, string comment) =>
        new(key, SettingKind.Flag, comment, (section, options) => set(options, section.Flag(key, standard)))
        {
            Default = standard ? "true" : "false",
            Example = standard ? "true" : "false",
        };

    /// <summary>One of some words.</summary>
    /// <typeparam name="T">The options that it sets.</typeparam>
    /// <typeparam name="TValue">What the words stand for.</typeparam>
    /// <param name="key">The key.</param>
    /// <param name="words">The words; the first is the default.</param>
    /// <param name="set">Sets the option.</param>
    /// <param name="comment">What it is for.</param>
    /// <param name="example">The word in gateway.example.yaml; null for the default.</param>
    /// <returns>The row.</returns>
    public static Setting<T> Word<T, TValue>(string key, IReadOnlyList<(string Word, TValue Value)> words, Func<T, TValue, T> set, string comment, string? example = null) =>
        new(key, SettingKind.Word, comment, (section, options) => set(options, section.Word(key, words[0].Value, words)))
        {
            Words = words.Select(w => w.Word).ToArray(),
            Default = words[0].Word,
            Example = example ?? (char.IsAsciiDigit(words[0].Word[0]) ? $"\"{words[0].Word}\"" : words[0].Word),
        };

    /// <summary>A text.</summary>
    /// <typeparam name="T">The options that it sets.</typeparam>
    /// <param name="key">The key.</param>
    /// <param name="text">Its rule, example and default.</param>
    /// <param name="set">Sets the option; called when the file has a right text.</param>
    /// <param name="comment">What it is for.</param>
    /// <returns>The row.</returns>
    public static Setting<T> Text<T>(string key, TextSetting text, Func<T, string, T> set, string comment)
    {
        string proposal = text.Proposal ?? text.Example;
        return new Setting<T>(key, SettingKind.Text, comment, Read)
        {
            Rule = text.Rule,
            Pattern = text.Pattern,
            MaxLength = text.MaxLength,
            Default = text.Default,
            IsRequired = text.IsRequired,
            Example = text.Example,
            Proposal = proposal,
        };

        T Read(YamlSection section, T options) =>
            section.Text(key, text.IsRight, text.Rule, text.IsRequired, proposal, text.Meant) is { } value ? set(options, value) : options;
    }
}

/// <summary>What a text must be.</summary>
/// <param name="Rule">The rule in words: "1 to 64 of A-Z a-z 0-9 _ -".</param>
/// <param name="IsRight">True for a text that keeps it.</param>
/// <param name="Example">The value in gateway.example.yaml, as it is written there.</param>
internal sealed record TextSetting(string Rule, Func<string, bool> IsRight, string Example)
{
    /// <summary>True when the file must have it.</summary>
    public bool IsRequired { get; init; }

    /// <summary>The default in words; null for none.</summary>
    public string? Default { get; init; }

    /// <summary>The value that is proposed when it is missing; null for the example.</summary>
    public string? Proposal { get; init; }

    /// <summary>The rule as an expression for editors (ECMA-262); null when the words say it alone.</summary>
    public string? Pattern { get; init; }

    /// <summary>Most characters; 0 when the rule says no number.</summary>
    public int MaxLength { get; init; }

    /// <summary>What a wrong text was meant to be, a sentence; null or its null for the rule alone.</summary>
    public Func<string, string?>? Meant { get; init; }
}

/// <summary>One row of the table.</summary>
/// <typeparam name="T">The options that it sets.</typeparam>
/// <param name="key">The key.</param>
/// <param name="kind">What the value is.</param>
/// <param name="comment">What it is for.</param>
/// <param name="read">Reads the value and sets the option.</param>
internal sealed class Setting<T>(string key, SettingKind kind, string comment, Func<YamlSection, T, T> read) : Setting(key, kind, comment), ISettingEntry<T>
{
    /// <summary>The option's value in its own unit; null when it is set by files alone.</summary>
    public Func<T, long>? Get { get; init; }

    /// <summary>Sets a number, in the option's own unit; null for other kinds.</summary>
    public Func<T, long, T>? Set { get; init; }

    /// <summary>How many of the option's own units make one of the key's.</summary>
    public long Scale { get; init; } = 1;

    /// <inheritdoc/>
    T ISettingEntry<T>.Read(YamlSection section, T options, Dictionary<string, YamlSection> all) => read(section, options);

    /// <summary>What is wrong with the option where a program has set it.</summary>
    /// <param name="options">The options.</param>
    /// <returns>Null when it is within the row's range, or not looked at.</returns>
    public string? Problem(T options) => Get?.Invoke(options) is { } value && (value < Min * Scale || value > Max * Scale)
        ? string.Create(CultureInfo.InvariantCulture, $"{Key} is {value / (decimal)Scale}, outside {Min} to {Max}{(Unit.Length == 0 ? string.Empty : " " + Unit)}")
        : null;

    /// <summary>The same row for options that have these ones inside.</summary>
    /// <typeparam name="TOuter">The outer options.</typeparam>
    /// <param name="get">The inner ones.</param>
    /// <param name="set">Sets the inner ones.</param>
    /// <returns>The row.</returns>
    public Setting<TOuter> In<TOuter>(Func<TOuter, T> get, Func<TOuter, T, TOuter> set) => new(Key, Kind, Comment, (section, options) => set(options, read(section, get(options))))
    {
        Unit = Unit,
        Min = Min,
        Max = Max,
        Words = Words,
        Rule = Rule,
        Pattern = Pattern,
        MaxLength = MaxLength,
        Default = Default,
        IsRequired = IsRequired,
        IsReloadable = IsReloadable,
        Example = Example,
        Proposal = Proposal,
    };
}

/// <summary>A section or list: entries below a key.</summary>
/// <param name="key">The key, empty for the whole file.</param>
/// <param name="comment">What it is for; empty for nothing to say.</param>
/// <param name="entries">What may stand in it, in the order of the example.</param>
internal abstract class SettingGroup(string key, string comment, IReadOnlyList<SettingEntry> entries) : SettingEntry(key, comment)
{
    /// <summary>What may stand in it, in the order of the example.</summary>
    public IReadOnlyList<SettingEntry> Entries => entries;

    /// <summary>Most items of a list; 0 for a section.</summary>
    public int MaxItems { get; init; }

    /// <summary>True for a list.</summary>
    public bool IsList => MaxItems > 0;

    /// <summary>True when it may be left out although it has required keys, and stands as a remark in the example.</summary>
    public bool IsOptional { get; init; }

    /// <summary>The items of a list in the example, each the values of its rows in order; empty for one item with the rows' own examples.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Examples { get; init; } = [];

    /// <summary>True when the file must have the key: something required is in it.</summary>
    public bool IsRequired => !IsOptional && !IsList && Entries.Any(static e => e is Setting { IsRequired: true } or SettingGroup { IsRequired: true });
}

/// <summary>A section whose values become options of their own or stand in the outer ones.</summary>
/// <typeparam name="TOuter">The options that have it.</typeparam>
/// <typeparam name="TInner">What its rows set.</typeparam>
/// <param name="key">The key.</param>
/// <param name="comment">What it is for.</param>
/// <param name="entries">What may stand in it.</param>
/// <param name="get">What its rows begin with.</param>
/// <param name="set">Takes the result, when the section is there or not optional.</param>
internal sealed class SettingSection<TOuter, TInner>(string key, string comment, IReadOnlyList<SettingEntry> entries, Func<TOuter, TInner> get, Func<TOuter, TInner, TOuter> set)
    : SettingGroup(key, comment, entries), ISettingEntry<TOuter>
{
    /// <inheritdoc/>
    public TOuter Read(YamlSection section, TOuter options, Dictionary<string, YamlSection> read)
    {
        YamlSection own = section.Section(Key);
        if (IsOptional && !own.IsPresent)
        {
            foreach (SettingEntry entry in Entries)
            {
                own.Know(entry.Key);
            }

            return options;
        }

        return set(options, SettingReading.Entries(this, own, get(options), read));
    }
}

/// <summary>A list of sections.</summary>
/// <typeparam name="TOuter">The options that have it.</typeparam>
/// <typeparam name="TItem">What one item becomes.</typeparam>
/// <param name="key">The key.</param>
/// <param name="comment">What it is for.</param>
/// <param name="entries">What may stand in an item.</param>
/// <param name="empty">What an item begins with.</param>
/// <param name="set">Takes all items.</param>
internal sealed class SettingList<TOuter, TItem>(string key, string comment, IReadOnlyList<SettingEntry> entries, TItem empty, Func<TOuter, IReadOnlyList<TItem>, TOuter> set)
    : SettingGroup(key, comment, entries), ISettingEntry<TOuter>
{
    /// <inheritdoc/>
    public TOuter Read(YamlSection section, TOuter options, Dictionary<string, YamlSection> read)
    {
        TItem[] items = section.Sections(Key, MaxItems).Select(item => SettingReading.Entries(this, item, empty, read)).ToArray();
        return items.Length == 0 ? options : set(options, items);
    }
}

/// <summary>Reads the entries of one section.</summary>
internal static class SettingReading
{
    /// <summary>Reads all entries and ends the section.</summary>
    /// <typeparam name="T">The options.</typeparam>
    /// <param name="group">The entries.</param>
    /// <param name="section">The section.</param>
    /// <param name="options">The options to begin with.</param>
    /// <param name="read">Takes every section that is read, by its path.</param>
    /// <returns>The options.</returns>
    public static T Entries<T>(SettingGroup group, YamlSection section, T options, Dictionary<string, YamlSection> read)
    {
        read[section.Path] = section;
        foreach (SettingEntry entry in group.Entries)
        {
            options = ((ISettingEntry<T>)entry).Read(section, options, read);
        }

        section.End();
        return options;
    }
}
