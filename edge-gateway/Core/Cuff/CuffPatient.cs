using System;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Readings;
using Firmware.Protocol;

namespace EdgeGateway.Core.Cuff;

/// <summary>The patient context: whose arm, with which cuff.</summary>
/// <param name="Category">Adult, or a child where an OEM module measures.</param>
/// <param name="CuffSize">The cuff's bladder.</param>
/// <param name="IsOnOximeterArm">True when cuff and oximeter are on the same arm.</param>
public readonly record struct CuffPatient(PatientCategory Category, CuffSize CuffSize, bool IsOnOximeterArm);

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
    /// <returns>The patient context; meaningless with a problem.</returns>
    public static CuffPatient Read(StrictJson json, params ReadOnlySpan<string> alsoAllowed)
    {
        string? categoryWord = json.Text("category");
        string? sizeWord = json.Text("cuffSize");
        bool? onOximeterArm = json.Flag("cuffOnOximeterArm");
        json.RefuseUnknown(alsoAllowed);
        if (!WireWords.TryFind(categoryWord, out PatientCategory category) || category == PatientCategory.Unknown)
        {
            json.Wrong("category is one of " + WireWords.PatientCategoryChoices);
        }

        if (!WireWords.TryFind(sizeWord, out CuffSize size) || size == CuffSize.Unknown)
        {
            json.Wrong("cuffSize is one of " + WireWords.CuffSizeChoices);
        }

        return new CuffPatient(category, size, onOximeterArm == true);
    }
}
