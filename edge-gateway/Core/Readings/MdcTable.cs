using System.Collections.Generic;

namespace EdgeGateway.Core.Readings;

/// <summary>A quantity of the nomenclature.</summary>
/// <param name="Mdc">ISO/IEEE 11073-10101 code: partition x 65,536 + term.</param>
/// <param name="Name">Its reference identifier.</param>
/// <param name="Loinc">LOINC code, or null where there is none.</param>
/// <param name="Unit">UCUM unit.</param>
/// <param name="ClinicalOrder">Its row in a vital-sign set, from 1; 0 when it has none.</param>
public sealed record Quantity(uint Mdc, string Name, string? Loinc, string Unit, int ClinicalOrder)
{
    /// <summary>True for what is measured now and then and stays true with its time.</summary>
    public bool IsSpot { get; init; }

    /// <summary>What its frames say beside the value.</summary>
    public NumericExtra Carries { get; init; }

    /// <summary>Power of ten of the samples of its waveforms.</summary>
    public int SampleExponent { get; init; }

    /// <summary>Its name for a person.</summary>
    public string English { get; init; } = string.Empty;
}

/// <summary>What a numeric frame says beside its value.</summary>
public enum NumericExtra
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The ratio R of an oxygen saturation, and after it the oximeter's status.</summary>
    Ratio,

    /// <summary>The status of a blood pressure.</summary>
    BloodPressureStatus,

    /// <summary>The oximeter's status alone.</summary>
    OximetryStatus,
}

/// <summary>
/// The quantities this gateway knows. Sources: ISO/IEEE 11073-10101 (codes, units), LOINC, UCUM. Codes of partition 1024 are private:
/// the nomenclature has none for raw counts and die temperatures.
/// </summary>
public static partial class MdcTable
{
    /// <summary>All rows, ascending by code.</summary>
    public static IReadOnlyList<Quantity> All => Rows;

    /// <summary>One quantity.</summary>
    /// <param name="mdc">Its code.</param>
    /// <returns>The row, or null when it is not known: then code and value are published without LOINC and unit.</returns>
    public static Quantity? Find(uint mdc)
    {
        foreach (Quantity row in Rows)
        {
            if (row.Mdc == mdc)
            {
                return row;
            }
        }

        return null;
    }
}
