using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Json.Schema;

namespace Architecture.Tests;

/// <summary>Whether documents follow their JSON schemas (2020-12).</summary>
internal static class Schemas
{
    /// <summary>Checks a document.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="document">The document.</param>
    /// <returns>Each violation: the place as a JSON pointer, the keyword, what is wrong.</returns>
    public static IReadOnlyList<string> Problems(JsonElement schema, JsonElement document)
    {
        // A registry of its own, so that one schema can be read several times.
        JsonSchema rules = JsonSchema.FromText(schema.GetRawText(), new BuildOptions { SchemaRegistry = new SchemaRegistry() });
        EvaluationResults results = rules.Evaluate(document, new EvaluationOptions { OutputFormat = OutputFormat.List });
        if (results.IsValid)
        {
            return [];
        }

        return [.. (results.Details ?? []).Where(d => d.Errors is not null)
            .SelectMany(d => d.Errors!.Select(e => $"{d.InstanceLocation}: {e.Key}: {e.Value}")).DefaultIfEmpty("The document does not follow its schema.")];
    }
}
