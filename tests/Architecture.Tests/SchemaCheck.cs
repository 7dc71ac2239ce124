using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Architecture.Tests;

/// <summary>
/// The part of JSON Schema 2020-12 that the schemas in hardware/ use: type, const, enum, properties, required, additionalProperties,
/// items, minItems, uniqueItems, pattern, minLength, maxLength, minimum, maximum and $ref within the file. Another keyword is an error.
/// </summary>
internal sealed class SchemaCheck
{
    private static readonly string[] Remarks = ["$schema", "$defs", "title", "description"];
    private readonly JsonElement _root;
    private readonly List<string> _errors = [];

    private SchemaCheck(JsonElement root) => _root = root;

    /// <summary>Checks a document.</summary>
    /// <returns>Each error with its path.</returns>
    public static IReadOnlyList<string> Run(JsonElement schema, JsonElement document)
    {
        SchemaCheck check = new(schema);
        check.Check(schema, document, "$");
        return check._errors;
    }

    private void Check(JsonElement schema, JsonElement value, string path)
    {
        foreach (JsonProperty rule in schema.EnumerateObject())
        {
            switch (rule.Name)
            {
                case "$ref":
                    Check(Follow(rule.Value.GetString()!), value, path);
                    break;
                case "type":
                    Require(HasType(value, rule.Value.GetString()!), path, $"is not of type {rule.Value}");
                    break;
                case "const":
                    Require(JsonElement.DeepEquals(rule.Value, value), path, $"is not {rule.Value.GetRawText()}");
                    break;
                case "enum":
                    Require(rule.Value.EnumerateArray().Any(v => JsonElement.DeepEquals(v, value)), path, $"is none of {rule.Value.GetRawText()}");
                    break;
                case "required" when value.ValueKind == JsonValueKind.Object:
                    foreach (JsonElement name in rule.Value.EnumerateArray())
                    {
                        Require(value.TryGetProperty(name.GetString()!, out _), path, $"has no {name}");
                    }

                    break;
                case "properties" when value.ValueKind == JsonValueKind.Object:
                    foreach (JsonProperty property in rule.Value.EnumerateObject())
                    {
                        if (value.TryGetProperty(property.Name, out JsonElement inner))
                        {
                            Check(property.Value, inner, path + "." + property.Name);
                        }
                    }

                    break;
                case "additionalProperties" when value.ValueKind == JsonValueKind.Object:
                    CheckFurther(schema, rule.Value, value, path);
                    break;
                case "items" when value.ValueKind == JsonValueKind.Array:
                    int index = 0;
                    foreach (JsonElement item in value.EnumerateArray())
                    {
                        Check(rule.Value, item, $"{path}[{index++}]");
                    }

                    break;
                case "minItems" when value.ValueKind == JsonValueKind.Array:
                    Require(value.GetArrayLength() >= rule.Value.GetInt32(), path, $"has fewer than {rule.Value} items");
                    break;
                case "uniqueItems" when value.ValueKind == JsonValueKind.Array:
                    Require(value.EnumerateArray().Select(v => v.GetRawText()).Distinct(StringComparer.Ordinal).Count() == value.GetArrayLength(), path, "has an item twice");
                    break;
                case "pattern" when value.ValueKind == JsonValueKind.String:
                    Require(
                        Regex.IsMatch(value.GetString()!, rule.Value.GetString()!, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)), path, $"does not match {rule.Value}");
                    break;
                case "minLength" when value.ValueKind == JsonValueKind.String:
                    Require(value.GetString()!.Length >= rule.Value.GetInt32(), path, $"is shorter than {rule.Value}");
                    break;
                case "maxLength" when value.ValueKind == JsonValueKind.String:
                    Require(value.GetString()!.Length <= rule.Value.GetInt32(), path, $"is longer than {rule.Value}");
                    break;
                case "minimum" when value.ValueKind == JsonValueKind.Number:
                    Require(value.GetDecimal() >= rule.Value.GetDecimal(), path, $"is below {rule.Value}");
                    break;
                case "maximum" when value.ValueKind == JsonValueKind.Number:
                    Require(value.GetDecimal() <= rule.Value.GetDecimal(), path, $"is above {rule.Value}");
                    break;
                case "required" or "properties" or "additionalProperties" or "items" or "minItems" or "uniqueItems" or "pattern" or "minLength" or "maxLength"
                    or "minimum" or "maximum":
                    break;
                default:
                    Require(Remarks.Contains(rule.Name, StringComparer.Ordinal), path, $"the schema's keyword {rule.Name} is not known to this check");
                    break;
            }
        }
    }

    private void CheckFurther(JsonElement schema, JsonElement rule, JsonElement value, string path)
    {
        foreach (JsonProperty property in value.EnumerateObject())
        {
            if (schema.TryGetProperty("properties", out JsonElement known) && known.TryGetProperty(property.Name, out _))
            {
                continue;
            }

            if (rule.ValueKind == JsonValueKind.False)
            {
                _errors.Add($"{path}: {property.Name} is not a known key");
            }
            else if (rule.ValueKind == JsonValueKind.Object)
            {
                Check(rule, property.Value, path + "." + property.Name);
            }
        }
    }

    private JsonElement Follow(string reference)
    {
        JsonElement at = _root;
        foreach (string step in reference.Split('/').Skip(1))
        {
            at = at.GetProperty(step);
        }

        return at;
    }

    private static bool HasType(JsonElement value, string type) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "number" => value.ValueKind == JsonValueKind.Number,
        _ => false,
    };

    private void Require(bool holds, string path, string what)
    {
        if (!holds)
        {
            _errors.Add(string.Create(CultureInfo.InvariantCulture, $"{path} {what}"));
        }
    }
}
