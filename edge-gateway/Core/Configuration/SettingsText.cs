using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace EdgeGateway.Core.Configuration;

/// <summary>What is made of the table of settings: gateway.example.yaml and gateway.schema.json.</summary>
public static class SettingsText
{
    private const int MaxLineLength = 140;

    private static readonly JsonWriterOptions Indented = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>gateway.example.yaml: every key with what it is for, its range and its default.</summary>
    /// <returns>The text, with '\n' at each line's end.</returns>
    public static string Example()
    {
        StringBuilder text = new();
        text.Append("# yaml-language-server: $schema=./gateway.schema.json\n");
        Remark(text, string.Empty, "The gateway's configuration: YAML 1.2, one document. Every key is here; what has a default may be left out.");
        Remark(text, string.Empty, "An unknown key is an error. All errors of the file come in one reply, and a file is applied whole or not at all.");
        string reload = Settings.All.Any(static s => s.Row.IsReloadable) ? "A change is taken at the next start of the gateway, unless the key says otherwise." : "A change is taken at the next start of the gateway.";
        Remark(text, string.Empty, reload + " Made from the table of settings: `cartctl settings example`.");
        foreach (SettingEntry entry in Settings.Root.Entries)
        {
            text.Append('\n');
            SettingGroup group = (SettingGroup)entry;
            Comment(text, string.Empty, group);
            Group(text, group.IsOptional ? "# " : string.Empty, string.Empty, group);
        }

        return text.ToString();
    }

    /// <summary>gateway.schema.json: JSON Schema 2020-12 of the same table, for editors.</summary>
    /// <returns>The text, with '\n' at each line's end.</returns>
    public static string Schema()
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes, Indented))
        {
            json.WriteStartObject();
            json.WriteString("$schema", "https://json-schema.org/draft/2020-12/schema");
            json.WriteString("title", "gateway.yaml");
            json.WriteString("description", "The gateway's configuration. Made from the table of settings: cartctl settings schema. cart-gateway --check and cartctl check say more: what contradicts itself, and what this machine lacks.");
            Body(json, Settings.Root);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.ToArray()) + "\n";
    }

    private static void Group(StringBuilder text, string prefix, string indent, SettingGroup group)
    {
        text.Append(prefix).Append(indent).Append(group.Key).Append(":\n");
        if (!group.IsList)
        {
            Entries(text, prefix, indent + "  ", group, null);
            return;
        }

        for (int i = 0; i < Math.Max(1, group.Examples.Count); i++)
        {
            // The first key of an item stands behind its dash, and what is said of the keys stands in the first item alone.
            StringBuilder item = new();
            Entries(item, prefix, indent + "    ", group, group.Examples.Count == 0 ? null : group.Examples[i], hasComments: i == 0);
            string body = item.ToString();
            string first = prefix + indent + "    " + group.Entries[0].Key + ":";
            int at = body.IndexOf(first, StringComparison.Ordinal) + prefix.Length + indent.Length + 2;
            text.Append(body, 0, at).Append('-').Append(body, at + 1, body.Length - at - 1);
        }
    }

    private static void Entries(StringBuilder text, string prefix, string indent, SettingGroup group, IReadOnlyList<string>? values, bool hasComments = true)
    {
        for (int i = 0; i < group.Entries.Count; i++)
        {
            SettingEntry entry = group.Entries[i];
            if (hasComments)
            {
                // An item's dash stands two columns before its keys, and so does what is said of its first key.
                Comment(text, prefix + (group.IsList && i == 0 ? indent[2..] : indent), entry);
            }

            if (entry is Setting row)
            {
                text.Append(prefix).Append(indent).Append(row.Key).Append(": ").Append(values?[i] ?? row.Example).Append('\n');
            }
            else
            {
                Group(text, prefix, indent, (SettingGroup)entry);
            }
        }
    }

    private static void Comment(StringBuilder text, string indent, SettingEntry entry)
    {
        string said = entry switch
        {
            Setting row => row.Comment + " " + row.Facts,
            SettingGroup { IsList: true } list => list.Comment + string.Create(CultureInfo.InvariantCulture, $" (at most {list.MaxItems:N0}; default: none)"),
            _ => entry.Comment,
        };
        Remark(text, indent, said);
    }

    private static void Remark(StringBuilder text, string indent, string said)
    {
        StringBuilder line = new(indent + "#");
        foreach (string word in said.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length + 1 + word.Length > MaxLineLength)
            {
                text.Append(line).Append('\n');
                line.Clear().Append(indent).Append('#');
            }

            line.Append(' ').Append(word);
        }

        if (said.Length > 0)
        {
            text.Append(line).Append('\n');
        }
    }

    private static void Body(Utf8JsonWriter json, SettingGroup group)
    {
        json.WriteString("type", "object");
        json.WriteBoolean("additionalProperties", false);
        string[] required = group.Entries.Where(static e => e is Setting { IsRequired: true } or SettingGroup { IsRequired: true }).Select(static e => e.Key).ToArray();
        if (required.Length > 0)
        {
            json.WriteStartArray("required");
            foreach (string key in required)
            {
                json.WriteStringValue(key);
            }

            json.WriteEndArray();
        }

        json.WriteStartObject("properties");
        foreach (SettingEntry entry in group.Entries)
        {
            json.WriteStartObject(entry.Key);
            if (entry is Setting row)
            {
                Value(json, row);
            }
            else
            {
                Inner(json, (SettingGroup)entry);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void Inner(Utf8JsonWriter json, SettingGroup group)
    {
        if (group.Comment.Length > 0)
        {
            json.WriteString("description", group.Comment);
        }

        if (!group.IsList)
        {
            Body(json, group);
            return;
        }

        json.WriteString("type", "array");
        json.WriteNumber("maxItems", group.MaxItems);
        json.WriteStartObject("items");
        Body(json, group);
        json.WriteEndObject();
    }

    private static void Value(Utf8JsonWriter json, Setting row)
    {
        json.WriteString("description", row.Comment + " " + row.Facts);
        switch (row.Kind)
        {
            case SettingKind.Whole:
                json.WriteString("type", "integer");
                json.WriteNumber("minimum", row.Min);
                json.WriteNumber("maximum", row.Max);
                json.WriteNumber("default", long.Parse(row.Default!, CultureInfo.InvariantCulture));
                break;
            case SettingKind.Flag:
                json.WriteString("type", "boolean");
                json.WriteBoolean("default", row.Default is "true");
                break;
            case SettingKind.Word:
                json.WriteStartArray("enum");
                foreach (string word in row.Words)
                {
                    json.WriteStringValue(word);
                }

                // Without quotes such a word is a number to an editor, and still the word to the gateway.
                foreach (long number in row.Words.Where(static w => w.All(char.IsAsciiDigit)).Select(static w => long.Parse(w, CultureInfo.InvariantCulture)))
                {
                    json.WriteNumberValue(number);
                }

                json.WriteEndArray();
                json.WriteString("default", row.Default);
                break;
            default:
                json.WriteString("type", "string");
                json.WriteNumber("minLength", 1);
                if (row.MaxLength > 0)
                {
                    json.WriteNumber("maxLength", row.MaxLength);
                }

                if (row.Pattern is not null)
                {
                    json.WriteString("pattern", row.Pattern);
                }

                json.WriteStartArray("examples");
                json.WriteStringValue(row.Example.Trim('"'));
                json.WriteEndArray();
                break;
        }
    }
}
