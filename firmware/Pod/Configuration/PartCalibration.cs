using Firmware.Signals.Cuff;
using Firmware.Signals.Optical;

namespace Firmware.Pod.Configuration;

/// <summary>
/// A calibration as it is typed and kept: <c>serial;date;due;values</c>. Of the cuff the values are pairs <c>reference:reading</c>, hundredths and thousandths of mmHg; of the oximeter
/// the curve's three coefficients, ten-millionths. The same refusals hold wherever it comes from, the cuff's are <see cref="CuffCalibration"/>'s.
/// </summary>
public sealed class PartCalibration
{
    private readonly int[] _reference = new int[CuffCalibration.MaxPoints];
    private readonly int[] _reading = new int[CuffCalibration.MaxPoints];
    private readonly long[] _coefficients = new long[3];
    private int _count;

    /// <summary>Serial number of the sensor that was calibrated.</summary>
    public string Serial { get; private set; } = string.Empty;

    /// <summary>When, YYYY-MM-DD.</summary>
    public string Date { get; private set; } = string.Empty;

    /// <summary>When it is due again, YYYY-MM-DD.</summary>
    public string Due { get; private set; } = string.Empty;

    /// <summary>How many pairs or coefficients.</summary>
    public int Count => _count;

    /// <summary>Reads one.</summary>
    /// <param name="isCuff">True: pairs of a cuff; false: coefficients of an oximeter.</param>
    /// <param name="text">The text.</param>
    /// <returns>Empty, or what is wrong.</returns>
    public string Read(bool isCuff, string text)
    {
        string[] words = text.Split(';');
        if (words.Length != 4)
        {
            return "a calibration is serial, date, due and values";
        }

        Serial = words[0];
        Date = words[1];
        Due = words[2];
        if (Serial.Length == 0 || Serial.Length > 24)
        {
            return "a serial number has 1 to 24 signs";
        }

        if (!IsDate(Date) || !IsDate(Due))
        {
            return "a date is YYYY-MM-DD";
        }

        if (Compare(Due, Date) <= 0)
        {
            return "it is due before it was made";
        }

        return isCuff ? ReadPairs(words[3]) : ReadCoefficients(words[3]);
    }

    /// <summary>Gives the points to the cuff's calibration.</summary>
    /// <param name="calibration">Where they go.</param>
    /// <returns>Why not, or None.</returns>
    public CalibrationRefusal Apply(CuffCalibration calibration) => calibration.TrySet(_reference, _reading, _count);

    /// <summary>The oximeter's curve.</summary>
    /// <returns>The curve.</returns>
    public SaturationCurve Curve() => new SaturationCurve(_coefficients[0], _coefficients[1], _coefficients[2]);

    /// <summary>What a refusal means.</summary>
    /// <param name="refusal">Why.</param>
    /// <returns>Empty for None.</returns>
    public static string Words(CalibrationRefusal refusal)
    {
        switch (refusal)
        {
            case CalibrationRefusal.None:
                return string.Empty;
            case CalibrationRefusal.Points:
                return "2 to 16 points are wanted";
            case CalibrationRefusal.Span:
                return "the points span less than 150 mmHg";
            case CalibrationRefusal.Gain:
                return "the gain is more than 5 % off: the reference or the sensor is wrong";
            case CalibrationRefusal.Zero:
                return "the zero is more than 7.5 mmHg off: the sensor is wrong";
            default:
                return "a point is more than 3 mmHg off the line";
        }
    }

    private string ReadPairs(string text)
    {
        string[] pairs = text.Split(',');
        _count = 0;
        if (pairs.Length < 2 || pairs.Length > CuffCalibration.MaxPoints)
        {
            return Words(CalibrationRefusal.Points);
        }

        for (int i = 0; i < pairs.Length; i++)
        {
            int colon = pairs[i].IndexOf(':');
            if (colon < 0 || !TryNumber(pairs[i].Substring(0, colon), out long reference) || !TryNumber(pairs[i].Substring(colon + 1), out long reading))
            {
                return "a pair is reference:reading, in hundredths and thousandths of mmHg: " + pairs[i];
            }

            // The part's range is 300 mmHg; Assumption: twice that bounds every reading that can be meant.
            if (reference < -60_000 || reference > 60_000 || reading < -600_000 || reading > 600_000)
            {
                return "beyond 600 mmHg: " + pairs[i];
            }

            _reference[i] = (int)reference;
            _reading[i] = (int)reading;
        }

        _count = pairs.Length;
        return Words(new CuffCalibration().TrySet(_reference, _reading, _count));
    }

    private string ReadCoefficients(string text)
    {
        string[] words = text.Split(',');
        _count = 0;
        for (int i = 0; i < 3; i++)
        {
            if (words.Length != 3 || !TryNumber(words[i], out _coefficients[i]))
            {
                return "a curve is three coefficients a,b,c in ten-millionths";
            }
        }

        _count = 3;

        // A curve of SpO2 falls with R, everywhere and near 110 - 25 R. R = 0.5 is near 100 % and R = 1.0 near 85 % on every published curve; Assumption: a sound one lies within 6 of them.
        SaturationCurve curve = Curve();
        int atHalf = curve.SaturationTenths(5_000);
        int atOne = curve.SaturationTenths(10_000);
        for (int r = 4_000; r <= 10_000; r += 1_000)
        {
            int off = curve.SaturationTenths(r) - (1_100 - (r / 40));
            if (off < -60 || off > 60 || curve.SaturationTenths(r + 1_000) >= curve.SaturationTenths(r))
            {
                return "the curve is not that of an oximeter: at R 0." + (r / 1_000).ToString() + " it is more than 6 % off, or does not fall";
            }
        }

        return atHalf < 940 || atHalf > 1_020 || atOne < 790 || atOne > 910 ? "the curve is not that of an oximeter: it gives " + (atHalf / 10).ToString() + " % at R 0.5 and " + (atOne / 10).ToString() + " % at R 1.0" : string.Empty;
    }

    private static bool TryNumber(string text, out long value)
    {
        value = 0;
        int start = text.Length > 0 && text[0] == '-' ? 1 : 0;
        if (text.Length == start || text.Length > start + 12)
        {
            return false;
        }

        for (int i = start; i < text.Length; i++)
        {
            if (text[i] < '0' || text[i] > '9')
            {
                return false;
            }

            value = (value * 10) + (text[i] - '0');
        }

        value = start == 1 ? -value : value;
        return true;
    }

    private static bool IsDate(string text)
    {
        if (text.Length != 10 || text[4] != '-' || text[7] != '-')
        {
            return false;
        }

        for (int i = 0; i < 10; i++)
        {
            if (i != 4 && i != 7 && (text[i] < '0' || text[i] > '9'))
            {
                return false;
            }
        }

        int month = ((text[5] - '0') * 10) + (text[6] - '0');
        int day = ((text[8] - '0') * 10) + (text[9] - '0');
        return month >= 1 && month <= 12 && day >= 1 && day <= 31 && text[0] == '2';
    }

    private static int Compare(string a, string b)
    {
        for (int i = 0; i < a.Length; i++)
        {
            if (a[i] != b[i])
            {
                return a[i] - b[i];
            }
        }

        return 0;
    }
}
