using System.Collections.Generic;

namespace EdgeGateway.Core.Readings;

/// <summary>A quantity of the nomenclature.</summary>
/// <param name="Mdc">ISO/IEEE 11073-10101 code: partition x 65,536 + term.</param>
/// <param name="Name">Its reference identifier.</param>
/// <param name="Loinc">LOINC code, or null where there is none.</param>
/// <param name="Unit">UCUM unit.</param>
/// <param name="ClinicalOrder">Its row in a vital-sign set, from 1; 0 when it has none.</param>
public sealed record Quantity(uint Mdc, string Name, string? Loinc, string Unit, int ClinicalOrder);

/// <summary>
/// The quantities this gateway knows. Sources: ISO/IEEE 11073-10101 (codes, units), LOINC, UCUM. Codes of partition 1024 are private:
/// the nomenclature has none for raw counts and die temperatures.
/// </summary>
public static class MdcTable
{
    private static readonly Quantity[] Rows =
    [
        new(149530, "MDC_PULS_OXIM_PULS_RATE", "8889-8", "/min", 2),
        new(149546, "MDC_PULS_RATE_NON_INV", "8867-4", "/min", 7),
        new(150020, "MDC_PRESS_BLD_NONINV", "85354-9", "mm[Hg]", 0),
        new(150021, "MDC_PRESS_BLD_NONINV_SYS", "8480-6", "mm[Hg]", 4),
        new(150022, "MDC_PRESS_BLD_NONINV_DIA", "8462-4", "mm[Hg]", 5),
        new(150023, "MDC_PRESS_BLD_NONINV_MEAN", "8478-0", "mm[Hg]", 6),
        new(150300, "MDC_PRESS_CUFF", null, "mm[Hg]", 0),
        new(150364, "MDC_TEMP_BODY", "8310-5", "Cel", 8),
        new(150388, "MDC_TEMP_SKIN", "61008-9", "Cel", 12),
        new(150392, "MDC_TEMP_TYMP", "8333-7", "Cel", 11),
        new(150448, "MDC_PULS_OXIM_PERF_REL", "61006-3", "%", 3),
        new(150452, "MDC_PULS_OXIM_PLETH", null, "1", 0),
        new(150456, "MDC_PULS_OXIM_SAT_O2", "59408-5", "%", 1),
        new(151562, "MDC_RESP_RATE", "9279-1", "/min", 13),
        new(188420, "MDC_TEMP_RECT", "8332-9", "Cel", 10),
        new(188424, "MDC_TEMP_ORAL", "8331-1", "Cel", 9),
        new(188428, "MDC_TEMP_EAR", "76011-6", "Cel", 11),
        new(188432, "MDC_TEMP_FINGER", "60830-7", "Cel", 12),
        new(188448, "MDC_TEMP_TOE", "60833-1", "Cel", 12),
        new(188452, "MDC_TEMP_AXILLA", "8328-7", "Cel", 9),
        new(188456, "MDC_TEMP_GIT", null, "Cel", 10),
        new((1024u << 16) | 1, "PRIVATE_RED_LIGHT_COUNTS", null, "1", 0),
        new((1024u << 16) | 2, "PRIVATE_INFRARED_LIGHT_COUNTS", null, "1", 0),
        new((1024u << 16) | 3, "PRIVATE_DIE_TEMPERATURE", null, "Cel", 0),
        new((1024u << 16) | 5, "PRIVATE_CUFF_PHASE", null, "1", 0),
    ];

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
