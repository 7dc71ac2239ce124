using Firmware.Core;
using Firmware.Protocol;
using Firmware.Signals.Cuff;

namespace Firmware.Pod.Configuration;

/// <summary>The fitted parts of a configuration as options of the pod, each with its calibration. What a part is wired to is added by the program that knows the board.</summary>
public sealed class ConfiguredParts
{
    /// <summary>Why a calibration was not used; None for none, or all used.</summary>
    public FaultCode Fault { get; private set; }

    /// <summary>Makes the options.</summary>
    /// <param name="configuration">The configuration in force.</param>
    /// <returns>One per part, in the order of the list; none when no parts are configured.</returns>
    public PeripheralOptions[] Make(PodConfiguration configuration)
    {
        Fault = FaultCode.None;
        FittedParts fitted = new FittedParts();
        fitted.Read(configuration.Text(ConfigurationKeys.Parts));
        PeripheralOptions[] parts = new PeripheralOptions[fitted.Count];
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = new PeripheralOptions(fitted.Part(i), fitted.Address(i));
            Calibrate(configuration, parts[i]);
        }

        return parts;
    }

    private void Calibrate(PodConfiguration configuration, PeripheralOptions part)
    {
        bool isCuff = part.Part == PodPart.Mprls0300;
        int key = isCuff ? ConfigurationKeys.CuffCalibration : ConfigurationKeys.OximeterCalibration;
        int serialKey = isCuff ? ConfigurationKeys.CuffSerial : ConfigurationKeys.OximeterSerial;
        if ((!isCuff && part.Part != PodPart.Max30102) || !configuration.Has(key))
        {
            return;
        }

        PartCalibration calibration = new PartCalibration();
        bool isUsable = calibration.Read(isCuff, configuration.Text(key)).Length == 0 && string.Equals(calibration.Serial, configuration.Text(serialKey));
        if (isUsable && isCuff)
        {
            isUsable = calibration.Apply(part.CuffCalibration) == CalibrationRefusal.None;
        }
        else if (isUsable)
        {
            part.Optics.Curve = calibration.Curve();
        }

        Fault = isUsable ? Fault : FaultCode.CalibrationUnusable;
    }
}
