using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Security;
using System.Text;
using QRCoder;

namespace Firmware.Flash.BringUp;

/// <summary>What stands on a pod's label.</summary>
/// <param name="CartName">The cart; empty for none.</param>
/// <param name="DeviceId">The pod's id.</param>
/// <param name="Board">The board.</param>
/// <param name="Version">The program's version.</param>
/// <param name="CalibrationDue">When its calibration is due, YYYY-MM-DD; or each sensor by its name, with a comma between, when one has none; empty without any.</param>
public sealed record PodLabel(string CartName, string DeviceId, string Board, string Version, string CalibrationDue)
{
    /// <summary>Width of the label, mm. Assumption: the common tape of 62 mm.</summary>
    public const int WidthMillimetres = 62;

    /// <summary>Height of the label, mm.</summary>
    public const int HeightMillimetres = 44;

    /// <summary>The standing sentence of every label: none of the sensors that this program drives on its own is CE-marked.</summary>
    public const string CeState = "Demonstration sensors, not CE-marked: not for care";

    /// <summary>Width of a sign, in sizes of its font. Assumption: bold DejaVu Sans, a wide font, has 0.7 on average.</summary>
    private const double EmPerSign = 0.7;

    /// <summary>The label as SVG, in millimetres: QR code with the id, STOP and hose mark, and what must be known before a plug is put in.</summary>
    /// <returns>The file's text.</returns>
    public string ToSvg()
    {
        StringBuilder svg = new();
        svg.Append(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{WidthMillimetres}mm" height="{HeightMillimetres}mm" viewBox="0 0 {WidthMillimetres} {HeightMillimetres}" font-family="sans-serif" fill="#000">
              <rect width="{WidthMillimetres}" height="{HeightMillimetres}" fill="#fff"/>
              <path d="{QrPath(2, 2, 20)}"/>
            {Line(24, 6, 4, isBold: true, CartName.Length > 0 ? CartName : "(no cart)")}
            {Line(24, 11, 3, isBold: false, "pod " + DeviceId)}
            {Line(24, 15, 2.4, isBold: false, $"{Board}, version {Version}")}
            {Line(24, 18.3, 2.4, isBold: false, Calibration[0])}
            {Line(24, 21.3, 2.4, isBold: false, Calibration.Length > 1 ? Calibration[1] : string.Empty)}
              <circle cx="7" cy="28" r="5" fill="#c00"/>
              <text x="7" y="29" font-size="2.6" font-weight="bold" fill="#fff" text-anchor="middle">STOP</text>
            {Line(13, 27, 2.4, isBold: true, "Press STOP: the cuff deflates.", 54)}
            {Line(13, 30.5, 2.4, isBold: true, "If not: pull the hose off here", 54)}
              <path d="M55 29.6h5m-2 -1.5l2 1.5l-2 1.5" fill="none" stroke="#000" stroke-width="0.6"/>
            {Line(2, 36, 2.4, isBold: false, "Isolated USB adapter only, at both plugs.")}
            {Line(2, 39.5, 2.4, isBold: true, CeState[..CeState.LastIndexOf(": ", System.StringComparison.Ordinal)] + ":")}
            {Line(2, 42.6, 2.4, isBold: true, CeState[(CeState.LastIndexOf(": ", System.StringComparison.Ordinal) + 2)..])}
            </svg>

            """);
        return svg.ToString();
    }

    /// <summary>The text in the QR code.</summary>
    public string QrText => "cart-pod:" + DeviceId;

    private string[] Calibration => CalibrationDue.Contains(' ', System.StringComparison.Ordinal) ? CalibrationDue.Split(", ", 2) : ["calibration due: " + (CalibrationDue.Length > 0 ? CalibrationDue : "not calibrated")];

    private string QrPath(double left, double top, double size)
    {
        using QRCodeGenerator generator = new();
        using QRCodeData data = generator.CreateQrCode(QrText, QRCodeGenerator.ECCLevel.M);
        List<BitArray> modules = data.ModuleMatrix;
        double module = size / modules.Count;
        StringBuilder path = new();
        for (int y = 0; y < modules.Count; y++)
        {
            for (int x = 0; x < modules[y].Count; x++)
            {
                if (modules[y][x])
                {
                    path.Append(CultureInfo.InvariantCulture, $"M{left + (x * module):0.###} {top + (y * module):0.###}h{module:0.###}v{module:0.###}h-{module:0.###}z");
                }
            }
        }

        return path.ToString();
    }

    // A line that a wide font would carry over the edge is pressed into its place.
    private static string Line(double x, double y, double size, bool isBold, string text, double edge = WidthMillimetres - 1)
    {
        double room = edge - x;
        string pressed = text.Length * size * EmPerSign > room ? string.Create(CultureInfo.InvariantCulture, $" textLength=\"{room:0.##}\" lengthAdjust=\"spacingAndGlyphs\"") : string.Empty;
        return string.Create(CultureInfo.InvariantCulture, $"  <text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{(isBold ? " font-weight=\"bold\"" : string.Empty)}{pressed}>{Escape(text)}</text>");
    }

    private static string Escape(string text) => SecurityElement.Escape(Wire.PlainText.Clean(text));
}
