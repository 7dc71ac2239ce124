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
/// <param name="CalibrationDue">When its calibration is due, YYYY-MM-DD; empty without one.</param>
public sealed record PodLabel(string CartName, string DeviceId, string Board, string Version, string CalibrationDue)
{
    /// <summary>Width of the label, mm. Assumption: the common tape of 62 mm.</summary>
    public const int WidthMillimetres = 62;

    /// <summary>Height of the label, mm.</summary>
    public const int HeightMillimetres = 44;

    /// <summary>The standing sentence of every label: none of the sensors that this program drives on its own is CE-marked.</summary>
    public const string CeState = "Demonstration sensors, not CE-marked: not for care";

    /// <summary>The label as SVG, in millimetres: QR code with the id, STOP and hose mark, and what must be known before a plug is put in.</summary>
    /// <returns>The file's text.</returns>
    public string ToSvg()
    {
        StringBuilder svg = new();
        svg.Append(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{WidthMillimetres}mm" height="{HeightMillimetres}mm" viewBox="0 0 {WidthMillimetres} {HeightMillimetres}" font-family="sans-serif" fill="#000">
              <rect width="{WidthMillimetres}" height="{HeightMillimetres}" fill="#fff"/>
              <path d="{QrPath(2, 2, 20)}"/>
              <text x="25" y="6" font-size="4" font-weight="bold">{Escape(CartName.Length > 0 ? CartName : "(no cart)")}</text>
              <text x="25" y="11" font-size="3">pod {Escape(DeviceId)}</text>
              <text x="25" y="15" font-size="2.4">{Escape(Board)}, version {Escape(Version)}</text>
              <text x="25" y="19" font-size="2.4">calibration due: {Escape(CalibrationDue.Length > 0 ? CalibrationDue : "not calibrated")}</text>
              <circle cx="7" cy="29" r="4.5" fill="#c00"/>
              <text x="7" y="30" font-size="3" font-weight="bold" fill="#fff" text-anchor="middle">STOP</text>
              <text x="13" y="28" font-size="2.6" font-weight="bold">Press STOP: the cuff deflates.</text>
              <text x="13" y="31.5" font-size="2.6" font-weight="bold">If not: pull the hose off here &#8594;</text>
              <path d="M53 29h5m-2 -1.5l2 1.5l-2 1.5" fill="none" stroke="#000" stroke-width="0.6"/>
              <text x="2" y="37" font-size="2.4">Isolated USB adapter only, at both plugs.</text>
              <text x="2" y="41" font-size="2.4" font-weight="bold">{Escape(CeState)}</text>
            </svg>

            """);
        return svg.ToString();
    }

    /// <summary>The text in the QR code.</summary>
    public string QrText => "cart-pod:" + DeviceId;

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

    private static string Escape(string text) => SecurityElement.Escape(text);
}
