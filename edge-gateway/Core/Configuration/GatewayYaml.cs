using System.Collections.Generic;
using System.Globalization;
using EdgeGateway.Faults;
using EdgeGateway.Faults.Yaml;

namespace EdgeGateway.Core.Configuration;

/// <summary>What gateway.yaml gives the YAML reader: its bounds, codes and words.</summary>
internal sealed class GatewayYaml : YamlRules
{
    /// <inheritdoc/>
    public override int MaxFileBytes => GatewayConfiguration.MaxFileBytes;

    /// <inheritdoc/>
    public override int MaxErrors => 100;

    /// <inheritdoc/>
    public override bool IsEmptyAbsent => true;

    /// <inheritdoc/>
    public override YamlFinding Unreadable(string why, bool isAbsent) => new(FaultCodes.ConfigurationUnreadable, isAbsent ? "there is no such file" : why);

    /// <inheritdoc/>
    public override YamlFinding TooLong(long bytes) => new(FaultCodes.ConfigurationUnreadable, string.Create(CultureInfo.InvariantCulture, $"it is longer than {MaxFileBytes} bytes"));

    /// <inheritdoc/>
    public override YamlFinding Syntax(string detail) => new(FaultCodes.ConfigurationNotYaml, detail);

    /// <inheritdoc/>
    public override (int Line, string Detail) Broken(int lastLine) => (lastLine, "the text behind this line cannot be read as YAML");

    /// <inheritdoc/>
    public override (int Line, YamlFinding Finding)? NotOneMapping(int line, bool isSecond) => isSecond ? (line, new YamlFinding(FaultCodes.ConfigurationNotYaml, "a second document begins here")) : null;

    /// <inheritdoc/>
    public override YamlFinding KeyTwice(string key, int firstLine) => new(FaultCodes.ConfigurationKeyTwice, string.Create(CultureInfo.InvariantCulture, $"'{Shown(key)}' stands already in line {firstLine}"));

    /// <inheritdoc/>
    public override YamlFinding UnknownKey(string path, string key, IReadOnlyList<string> here, string? elsewhere)
    {
        string suggestion = NearestWord.Suggest(key, here) ?? elsewhere switch
        {
            null => $"Keys here: {string.Join(", ", here)}.",
            "" => "It belongs at the top of the file.",
            _ => $"It belongs to '{elsewhere}'.",
        };
        return new YamlFinding(FaultCodes.ConfigurationKeyUnknown, $"'{Shown(key)}'", suggestion);
    }

    /// <inheritdoc/>
    public override YamlFinding Missing(string path, string key, string? example) => new(FaultCodes.ConfigurationKeyMissing, $"'{path}'", $"For example: {key}: {example}");

    /// <inheritdoc/>
    public override YamlFinding WrongKind(YamlNode found, YamlKind wanted, string range)
    {
        string shown = Shown(found.Text);
        return wanted switch
        {
            YamlKind.Mapping or YamlKind.MappingItem => new(FaultCodes.ConfigurationTypeWrong, "a section with keys was expected", "Write the keys below it, indented by two blanks."),
            YamlKind.List => new(FaultCodes.ConfigurationTypeWrong, "a list was expected", "Begin each entry with '- '."),
            _ when found.Kind != YamlNodeKind.Scalar => new(FaultCodes.ConfigurationTypeWrong, "one value was expected", "Write it on the same line, behind the colon."),
            YamlKind.Flag => new(FaultCodes.ConfigurationTypeWrong, $"'{shown}' is neither true nor false", MeantFlag(found.Text) is { } meant ? $"Did you mean {meant}?" : "Write true or false."),
            _ => new(FaultCodes.ConfigurationTypeWrong, $"'{shown}' is not a whole number", $"Write a number from {range}, without quotes or unit."),
        };
    }

    /// <inheritdoc/>
    public override YamlFinding OutOfRange(YamlNode found, decimal value, string range, string? standard) => new(FaultCodes.ConfigurationOutOfRange, $"{Shown(found.Text)} is not in {range}", $"The default is {standard}.");

    /// <inheritdoc/>
    public override YamlFinding NotAMultiple(decimal value, decimal step) => new(FaultCodes.ConfigurationTypeWrong, string.Create(CultureInfo.InvariantCulture, $"{value} is not a multiple of {step}"));

    /// <inheritdoc/>
    public override YamlFinding WrongCount(int count, int min, int max) => new(FaultCodes.ConfigurationOutOfRange, string.Create(CultureInfo.InvariantCulture, $"{count} entries; at most {max} are taken"));

    /// <inheritdoc/>
    public override YamlFinding NotAWord(string text, IReadOnlyList<string> words)
    {
        string all = string.Join(", ", words);
        return new YamlFinding(FaultCodes.ConfigurationTypeWrong, $"'{Shown(text)}' is none of {all}", NearestWord.Suggest(text, words) ?? $"Write one of {all}.");
    }

    /// <inheritdoc/>
    public override YamlFinding Refused(string text, string rule, string? meant) => new(FaultCodes.ConfigurationTypeWrong, $"'{Shown(text)}' is not {rule}", meant ?? $"Write {rule}.");

    // A value may be a whole file by mistake; the place says where it is.
    private static string Shown(string text) => text.Length <= 100 ? text : text[..100] + "…";

    private static string? MeantFlag(string text) => text.ToUpperInvariant() switch
    {
        "YES" or "ON" or "1" or "TRUE" => "true",
        "NO" or "OFF" or "0" or "FALSE" => "false",
        _ => null,
    };
}
