using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;
using EdgeGateway.Faults.Yaml;
using Json.Schema;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Configuration;

/// <summary>What holds for every row of the table of settings: a new row is tested by being there.</summary>
[TestClass]
public sealed class SettingsTests
{
    private static readonly JsonSchema Schema = JsonSchema.FromText(SettingsText.Schema());

    public static IEnumerable<object[]> Rows => Settings.All.Select(s => new object[] { s.Path });

    private static string GatewayFolder { get; } = Path.Combine(Root(), "edge-gateway", "Gateway");

    [TestMethod]
    [DynamicData(nameof(Rows))]
    public void A_row_says_what_it_is_for_and_its_example_is_right(string path)
    {
        Setting row = Row(path);
        Assert.MatchesRegex("^[^ ].*[.]$", row.Comment, "a whole sentence");
        Assert.AreNotEqual(string.Empty, row.Example);
        Assert.IsTrue(row.IsRequired || row.Kind is SettingKind.Text || row.Default is not null, "required, or with a default, or a text that may be absent");
        AssertRight(path, row.Example);
    }

    [TestMethod]
    [DynamicData(nameof(Rows))]
    public void The_default_is_what_an_absent_key_means(string path)
    {
        Setting row = Row(path);
        if (row.IsRequired)
        {
            string without = FileWith(path, null);
            AssertOnly("G2007", without, path);
            Assert.IsFalse(IsValid(without), "the schema misses it too");
            return;
        }

        if (row.Kind is SettingKind.Text && row.Default?.Contains('<', StringComparison.Ordinal) != false)
        {
            // The pages' listener and its certificate stand or fall together.
            Assert.IsEmpty(Parse(path is "web.listen" or "web.certificate" ? FileWith("web.publicUrl", null) : FileWith(path, null)).Errors);
            return;
        }

        GatewayHostOptions absent = Good(FileWith(path, null));
        GatewayHostOptions written = Good(FileWith(path, row.Kind is SettingKind.Word ? $"\"{row.Default}\"" : row.Default!));
        Assert.AreEqual(Said(absent), Said(written));
    }

    [TestMethod]
    [DynamicData(nameof(Rows))]
    public void A_value_of_the_wrong_type_is_refused_by_parser_and_schema(string path)
    {
        string wrong = Row(path).Kind switch
        {
            SettingKind.Whole => "many",
            SettingKind.Flag => "perhaps",
            SettingKind.Word => "no-such-word",
            _ => "\"\"",
        };
        foreach (string value in new[] { wrong, "[1]", "{a: 1}" })
        {
            AssertOnly("G2004", FileWith(path, value), path);
            Assert.IsFalse(IsValid(FileWith(path, value)), value);
        }
    }

    [TestMethod]
    [DynamicData(nameof(Rows))]
    public void A_number_beyond_its_range_is_refused_by_parser_and_schema_and_its_ends_are_taken(string path)
    {
        Setting row = Row(path);
        if (row.Kind is not SettingKind.Whole)
        {
            return;
        }

        Assert.IsLessThan(row.Max, row.Min);
        foreach (long beyond in new[] { row.Min - 1, row.Max + 1 })
        {
            string file = FileWith(path, beyond.ToString(CultureInfo.InvariantCulture));
            CodedError error = AssertOnly("G2005", file, path);
            Assert.Contains(row.Default!, error.Suggestion!);
            Assert.IsFalse(IsValid(file));
        }

        foreach (long end in new[] { row.Min, row.Max })
        {
            string file = FileWith(path, end.ToString(CultureInfo.InvariantCulture));
            Assert.IsTrue(IsValid(file));

            // Another key may contradict it (G2009); its own range it keeps.
            Assert.DoesNotContain("G2005", Parse(file).Errors.Select(e => e.Code).ToArray());
        }
    }

    [TestMethod]
    [DynamicData(nameof(Rows))]
    public void A_misspelt_key_gets_the_right_one(string path)
    {
        string key = Row(path).Key;
        string file = FileWith(path, Row(path).Example).Replace(key + ":", key + "x:", StringComparison.Ordinal);
        CodedError error = Parse(file).Errors.First(e => string.Equals(e.Code, "G2003", StringComparison.Ordinal));
        Assert.AreEqual($"Did you mean '{key}'?", error.Suggestion);
        Assert.IsFalse(IsValid(file));
    }

    [TestMethod]
    public void Every_path_stands_once() => CollectionAssert.AllItemsAreUnique(Settings.All.Select(s => s.Path).ToArray());

    [TestMethod]
    public void The_example_is_what_the_table_makes() => AssertMade("gateway.example.yaml", "example", SettingsText.Example());

    [TestMethod]
    public void The_schema_is_what_the_table_makes() => AssertMade("gateway.schema.json", "schema", SettingsText.Schema());

    [TestMethod]
    public void The_example_keeps_the_schema_with_and_without_its_remarks()
    {
        string example = SettingsText.Example();
        Assert.IsTrue(IsValid(example));
        string whole = string.Join('\n', example.Split('\n').Select(l => l.StartsWith("# web:", StringComparison.Ordinal) || l.StartsWith("# access:", StringComparison.Ordinal) || l.StartsWith("# tls:", StringComparison.Ordinal) || l.StartsWith("# sessionBroker:", StringComparison.Ordinal) || l.StartsWith("#   ", StringComparison.Ordinal) ? l[2..] : l));
        Assert.IsTrue(IsValid(whole));
        foreach (PlacedSetting setting in Settings.All)
        {
            Assert.Contains(setting.Row.Key + ": ", whole, setting.Path);
        }
    }

    [TestMethod]
    public void Bytes_are_read_like_the_text_they_are()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(SettingsText.Example());
        Assert.AreEqual(Said(Good(SettingsText.Example())), Said(GatewayConfiguration.Parse(bytes, "gateway.yaml", "/etc/cart", _ => null).Options!));
    }

    private static void AssertMade(string name, string command, string made) => Assert.AreEqual(
        made, File.ReadAllText(Path.Combine(GatewayFolder, name)), $"It is made from the table: dotnet run --project edge-gateway/Tool -- settings {command} > edge-gateway/Gateway/{name}");

    private static Setting Row(string path) => Settings.All.Single(s => string.Equals(s.Path, path, StringComparison.Ordinal)).Row;

    private static void AssertRight(string path, string value)
    {
        string file = FileWith(path, value);
        Assert.IsEmpty(Parse(file).Errors, file + "\n" + CodedError.RenderAll(Parse(file).Errors));
        Assert.IsTrue(IsValid(file), file);
    }

    private static CodedError AssertOnly(string code, string file, string path)
    {
        ConfigurationResult result = Parse(file);
        Assert.IsNull(result.Options, file);
        CodedError error = result.Errors.Single();
        Assert.AreEqual(code, error.Code, error.Render());
        Assert.AreEqual(path.Replace("[]", "[0]", StringComparison.Ordinal), error.Place.Path);
        return error;
    }

    // The smallest right file in which the row's section stands, with this value for it; null leaves it out.
    private static string FileWith(string path, string? value)
    {
        StringBuilder text = new();
        Write(text, Settings.Root, string.Empty, string.Empty, path, value);
        return text.ToString();
    }

    private static void Write(StringBuilder text, SettingGroup group, string place, string indent, string path, string? value)
    {
        foreach (SettingEntry entry in group.Entries)
        {
            string own = (place.Length == 0 ? string.Empty : place + ".") + entry.Key;
            if (entry is Setting row)
            {
                bool isIt = string.Equals(own, path, StringComparison.Ordinal);
                string? written = isIt ? value : row.IsRequired ? row.Example : Companion(own, path);
                if (written is not null)
                {
                    text.Append(indent).Append(row.Key).Append(": ").Append(written).Append('\n');
                }

                continue;
            }

            SettingGroup inner = (SettingGroup)entry;
            string below = inner.IsList ? own + "[]" : own;
            if (!inner.IsRequired && !path.StartsWith(below + ".", StringComparison.Ordinal))
            {
                continue;
            }

            StringBuilder body = new();
            Write(body, inner, below, indent + (inner.IsList ? "    " : "  "), path, value);
            if (inner.IsList)
            {
                // An item of which nothing is left is an empty mapping.
                string item = body.Length == 0 ? $"{indent}  - {{}}\n" : $"{indent}  - {body.ToString().TrimStart()}";
                text.Append(indent).Append(inner.Key).Append(":\n").Append(item);
            }
            else
            {
                text.Append(indent).Append(inner.Key).Append(body.Length == 0 ? ": {}\n" : ":\n").Append(body);
            }
        }
    }

    // Keys that others need beside them.
    private static string? Companion(string own, string path) =>
        string.Equals(own, "sessionBroker.userName", StringComparison.Ordinal) && string.Equals(path, "sessionBroker.passwordFile", StringComparison.Ordinal) ? "cart-1"
        : string.Equals(own, "sessionBroker.transport", StringComparison.Ordinal) && path is "sessionBroker.authorityFile" or "sessionBroker.certificateFile" or "sessionBroker.serverName" or "sessionBroker.passwordFile" ? "tls"
        : string.Equals(own, "web.listen", StringComparison.Ordinal) && string.Equals(path, "web.certificate", StringComparison.Ordinal) ? "127.0.0.1:8443"
        : string.Equals(own, "web.certificate", StringComparison.Ordinal) && string.Equals(path, "web.listen", StringComparison.Ordinal) ? "web.pem" : null;

    private static ConfigurationResult Parse(string text) =>
        GatewayConfiguration.Parse(text, "gateway.yaml", "/etc/cart", NamedFiles.Read);

    private static GatewayHostOptions Good(string text)
    {
        ConfigurationResult result = Parse(text);
        Assert.IsEmpty(result.Errors, text + "\n" + CodedError.RenderAll(result.Errors));
        return result.Options!;
    }

    // Lists compare by reference in records: what they say is compared.
    private static string Said(GatewayHostOptions options)
    {
        GatewayHostOptions plain = options with { Web = new GatewayWebOptions(), Core = options.Core with { Devices = [], Sites = [], External = options.Core.External is { } broker ? broker with { Alternatives = [] } : null } };
        return plain + string.Join(',', options.Core.Devices) + string.Join(',', options.Core.Sites) + string.Join(',', options.Web.Origins) + options.Web.PublicUrl;
    }

    private static bool IsValid(string yaml)
    {
        YamlReport report = new("gateway.yaml", new GatewayYaml());
        JsonNode? node = YamlDocument.Read(yaml, report) is { } root ? Json(root.Node!) : null;
        Assert.IsFalse(report.HasErrors, yaml);
        return Schema.Evaluate(JsonSerializer.SerializeToElement(node)).IsValid;
    }

    // A YAML value as an editor sees it: YAML 1.2, core schema, as far as these files use it.
    private static JsonNode? Json(YamlNode node) => node.Kind switch
    {
        YamlNodeKind.List => new JsonArray(node.Items.Select(Json).ToArray()),
        YamlNodeKind.Mapping => new JsonObject(node.Pairs.Select(p => KeyValuePair.Create(p.Key, Json(p.Value)))),
        _ when node.IsEmpty => null,
        _ when node.IsPlain && node.Text is "true" or "false" => JsonValue.Create(node.Text is "true"),
        _ when node.IsPlain && long.TryParse(node.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) => JsonValue.Create(number),
        _ => JsonValue.Create(node.Text),
    };

    private static string Root()
    {
        DirectoryInfo folder = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Firmware.sln")))
        {
            folder = folder.Parent!;
        }

        return folder.FullName;
    }
}
