using System;
using System.IO;
using System.Text;
using System.Text.Json;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;
using EdgeGateway.Machine;

namespace EdgeGateway.Tool;

/// <summary><c>cartctl check</c>: what <c>cart-gateway --check</c> says, without the executable.</summary>
internal static class CheckCommand
{
    public static int Run(string path, bool asJson, TimeProvider? deep, TextWriter results, TextWriter diagnostics)
    {
        ConfigurationResult result = ConfigurationFile.Check(path, deep);
        if (asJson)
        {
            results.WriteLine(Json(path, result));
        }
        else if (result.Errors.Count > 0)
        {
            diagnostics.WriteLine(CodedError.RenderAll(result.Errors));
        }
        else
        {
            results.WriteLine(path + ": the configuration is right.");
            foreach (PlannedListener listener in ListenerPlan.Of(result.Options!))
            {
                results.WriteLine("  " + listener);
            }

            foreach (string note in MachineCheck.Notes(result.Options!))
            {
                results.WriteLine("Note: " + note);
            }
        }

        return result.Errors.Count > 0 ? CartCtl.Unreadable : CartCtl.Clean;
    }

    private static string Json(string path, ConfigurationResult result)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            json.WriteString("file", path);
            json.WriteBoolean("right", result.Errors.Count == 0);
            json.WriteStartArray("errors");
            foreach (CodedError error in result.Errors)
            {
                json.WriteStartObject();
                json.WriteString("code", error.Code);
                json.WriteNumber("line", error.Place.Line);
                json.WriteString("path", error.Place.Path);
                json.WriteString("detail", error.Detail);
                json.WriteString("suggestion", error.Suggestion);
                json.WriteString("next", error.Entry.Do.English);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartArray("notes");
            foreach (string note in result.Options is { } options ? MachineCheck.Notes(options) : [])
            {
                json.WriteStringValue(note);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
