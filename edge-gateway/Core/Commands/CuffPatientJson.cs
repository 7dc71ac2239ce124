using System;
using EdgeGateway.Core.Json;
using Firmware.Protocol;

namespace EdgeGateway.Core.Commands;

/// <summary>
/// Reads <c>{"category":"adult","cuffSize":"adult","cuffOnOximeterArm":false}</c>. A key that is not known or of another type is refused: a flag that is read as
/// false by mistake would leave SpO2 on the screen under an inflated cuff.
/// </summary>
internal static class CuffPatientJson
{
    /// <summary>Longest request, bytes.</summary>
    public const int MaxLength = 1024;

    /// <summary>Reads it.</summary>
    /// <param name="json">The object; its problem says what is wrong.</param>
    /// <param name="alsoAllowed">Members that are allowed and not about the patient.</param>
    /// <returns>Who is measured; meaningless with a problem.</returns>
    public static CuffPatient Read(StrictJson json, params ReadOnlySpan<string> alsoAllowed)
    {
        string? category = json.Text("category");
        string? size = json.Text("cuffSize");
        bool? onOximeterArm = json.Flag("cuffOnOximeterArm");
        json.RefuseUnknown(alsoAllowed);
        if (!GatewayCore.TryWords(category, size, out PatientCategory asCategory, out CuffSize asSize, out string problem))
        {
            json.Wrong(problem);
        }

        return new CuffPatient(asCategory, asSize, onOximeterArm == true);
    }
}
