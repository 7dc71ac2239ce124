using System.Collections.Generic;
using System.Linq;
using EdgeGateway.Core.Readings;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Readings;

/// <summary>The nomenclature against a table that was typed apart from it. Sources: ISO/IEEE 11073-10101 (term codes), LOINC 2.8x (property, scale), UCUM.</summary>
[TestClass]
public sealed class MdcTableTests
{
    // MDC term (partition 2), reference id, LOINC, LOINC property, LOINC scale, UCUM unit. "-" where there is none.
    private const string Typed =
        """
        18458 MDC_PULS_OXIM_PULS_RATE 8889-8 NRat Qn /min
        18474 MDC_PULS_RATE_NON_INV 8867-4 NRat Qn /min
        18948 MDC_PRESS_BLD_NONINV 85354-9 - - mm[Hg]
        18949 MDC_PRESS_BLD_NONINV_SYS 8480-6 Pres Qn mm[Hg]
        18950 MDC_PRESS_BLD_NONINV_DIA 8462-4 Pres Qn mm[Hg]
        18951 MDC_PRESS_BLD_NONINV_MEAN 8478-0 Pres Qn mm[Hg]
        19228 MDC_PRESS_CUFF - - - mm[Hg]
        19292 MDC_TEMP_BODY 8310-5 Temp Qn Cel
        19316 MDC_TEMP_SKIN 61008-9 Temp Qn Cel
        19320 MDC_TEMP_TYMP 8333-7 Temp Qn Cel
        19376 MDC_PULS_OXIM_PERF_REL 61006-3 VelRto Qn %
        19380 MDC_PULS_OXIM_PLETH - - - 1
        19384 MDC_PULS_OXIM_SAT_O2 59408-5 MFr Qn %
        20490 MDC_RESP_RATE 9279-1 NRat Qn /min
        57348 MDC_TEMP_RECT 8332-9 Temp Qn Cel
        57352 MDC_TEMP_ORAL 8331-1 Temp Qn Cel
        57356 MDC_TEMP_EAR 76011-6 Temp Qn Cel
        57360 MDC_TEMP_FINGER 60830-7 Temp Qn Cel
        57376 MDC_TEMP_TOE 60833-1 Temp Qn Cel
        57380 MDC_TEMP_AXILLA 8328-7 Temp Qn Cel
        57384 MDC_TEMP_GIT - - - Cel
        """;

    private static readonly SortedDictionary<string, string> UnitOfProperty = new()
    {
        ["NRat"] = "/min",
        ["Pres"] = "mm[Hg]",
        ["Temp"] = "Cel",
        ["MFr"] = "%",
        ["VelRto"] = "%",
    };

    [TestMethod]
    public void Every_quantity_has_the_codes_and_the_unit_that_were_typed_apart()
    {
        List<uint> seen = [];
        foreach (string line in Typed.Split('\n'))
        {
            string[] fields = line.Trim().Split(' ');
            uint mdc = (2 * 65_536) + uint.Parse(fields[0], System.Globalization.CultureInfo.InvariantCulture);
            seen.Add(mdc);
            Quantity? row = MdcTable.Find(mdc);
            Assert.IsNotNull(row, line);
            Assert.AreEqual(fields[1], row.Name, line);
            Assert.AreEqual(fields[2], row.Loinc ?? "-", line);
            Assert.AreEqual(fields[5], row.Unit, line);
            if (fields[3] is not "-")
            {
                // A measured number needs a quantitative code, in the dimension of what it is a code of.
                Assert.AreEqual("Qn", fields[4], line);
                Assert.AreEqual(UnitOfProperty[fields[3]], row.Unit, line);
            }
        }

        CollectionAssert.AreEqual(seen.Order().ToArray(), MdcTable.All.Where(q => q.Mdc >> 16 == 2).Select(q => q.Mdc).ToArray(), "a row was added: type it here too, from its source");
        Assert.IsTrue(MdcTable.All.Where(q => q.Mdc >> 16 == 1024).All(q => q.Loinc is null), "private quantities have no LOINC");
        CollectionAssert.AllItemsAreUnique(MdcTable.All.Where(q => q.Loinc is not null).Select(q => q.Loinc).ToList());
        foreach (Quantity row in MdcTable.All.Where(q => q.Loinc is not null))
        {
            Assert.IsTrue(HasCheckDigit(row.Loinc!), row.Loinc);
        }
    }

    [TestMethod]
    public void Every_numeric_quantity_of_a_pod_is_known()
    {
        foreach (uint mdc in new[]
        {
            MdcCodes.BodyTemperature, MdcCodes.SkinTemperature, MdcCodes.AxillaTemperature, MdcCodes.OxygenSaturation, MdcCodes.PulseRate, MdcCodes.PerfusionIndex,
            MdcCodes.CuffPressure, MdcCodes.NoninvasiveSystolic, MdcCodes.NoninvasiveDiastolic, MdcCodes.NoninvasiveMean, MdcCodes.NoninvasivePulseRate, MdcCodes.Pleth,
            MdcCodes.RedLightCounts, MdcCodes.InfraredLightCounts, MdcCodes.DieTemperature, MdcCodes.CuffPhase,
        })
        {
            Assert.IsNotNull(MdcTable.Find(mdc), $"{mdc}");
        }
    }

    // LOINC's last digit is a check digit, modulo 10 (Luhn).
    private static bool HasCheckDigit(string loinc)
    {
        string[] parts = loinc.Split('-');
        int sum = 0;
        for (int i = 0; i < parts[0].Length; i++)
        {
            int digit = parts[0][^(i + 1)] - '0';
            int doubled = i % 2 == 0 ? digit * 2 : digit;
            sum += doubled > 9 ? doubled - 9 : doubled;
        }

        return (10 - (sum % 10)) % 10 == parts[1][0] - '0';
    }
}
