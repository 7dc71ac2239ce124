using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Firmware.Flash.Wire;

namespace Firmware.Flash.BringUp;

/// <summary>One item of the pod's self test.</summary>
/// <param name="Item">What was tested.</param>
/// <param name="Value">What was measured; empty for nothing.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Low">The lower limit; empty for none.</param>
/// <param name="High">The upper limit; empty for none.</param>
/// <param name="Result">PASS, FAIL or SKIP.</param>
/// <param name="Code">The fault code; empty for none.</param>
public sealed record SelfTestItem(string Item, string Value, string Unit, string Low, string High, string Result, string Code)
{
    /// <summary>Reads the parts of an answer. A result that is none of the three words is a FAIL.</summary>
    /// <param name="answer">The answer.</param>
    /// <returns>The items.</returns>
    public static IReadOnlyList<SelfTestItem> Read(PodAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        return [.. answer.Parts.Select(p => new SelfTestItem(
            PodAnswer.Text(p, "item"), PodAnswer.Text(p, "value"), PodAnswer.Text(p, "unit"), PodAnswer.Text(p, "low"), PodAnswer.Text(p, "high"),
            PodAnswer.Text(p, "result") is "PASS" or "SKIP" ? PodAnswer.Text(p, "result") : "FAIL", PodAnswer.Text(p, "code")))];
    }

    /// <summary>"FAIL store 812 ms (limits 0 to 500) P1300".</summary>
    /// <returns>One line.</returns>
    public string Row()
    {
        string limits = Low.Length + High.Length == 0 ? string.Empty : Low.Length == 0 ? $" (limit {High})" : High.Length == 0 ? $" (limit {Low})" : $" (limits {Low} to {High})";
        return $"{Result} {Item} {Value} {Unit}".TrimEnd() + limits + (Code.Length > 0 ? " " + Code : string.Empty);
    }

    /// <summary>Writes it.</summary>
    /// <param name="writer">The writer.</param>
    public void Write(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteString("item", Item);
        writer.WriteString("value", Value);
        writer.WriteString("unit", Unit);
        writer.WriteString("low", Low);
        writer.WriteString("high", High);
        writer.WriteString("result", Result);
        writer.WriteString("code", Code);
        writer.WriteEndObject();
    }
}
