using Firmware.Core;

namespace Firmware.Peripherals;

/// <summary>What a module's frames mean, without a line. Offsets count from the frame's first byte. Source: see <see cref="SunTechNibpProtocol"/>.</summary>
public static class SunTechNibpDecoder
{
    /// <summary>Lowest and highest systolic pressure that is believed, mmHg. Assumption: what IEC 80601-2-30 asks a display to show, and 30 more.</summary>
    public const int MinSystolic = 40;

    /// <summary>See <see cref="MinSystolic"/>.</summary>
    public const int MaxSystolic = 260;

    /// <summary>Lowest diastolic pressure that is believed, mmHg. Assumption.</summary>
    public const int MinDiastolic = 20;

    /// <summary>Least difference between systolic and diastolic pressure, mmHg. Assumption.</summary>
    public const int MinPulsePressure = 10;

    /// <summary>Lowest pulse that is believed, 1/min. Assumption.</summary>
    public const int MinPulse = 30;

    /// <summary>Highest pulse that is believed, 1/min. Assumption.</summary>
    public const int MaxPulse = 240;

    /// <summary>True when a frame is whole and its checksum right.</summary>
    /// <param name="frame">The bytes.</param>
    /// <param name="count">How many there are.</param>
    /// <returns>True to believe it.</returns>
    public static bool IsProven(byte[] frame, int count) =>
        count >= SunTechNibpProtocol.ReplyLength && frame[0] == SunTechNibpProtocol.ModuleStart && frame[1] == count && SunTechNibpProtocol.Sum(frame, 0, count) == 0;

    /// <summary>True for a length that a module's frame can have.</summary>
    /// <param name="length">The second byte.</param>
    /// <returns>True when a frame of this length exists.</returns>
    public static bool IsLength(int length) => length == SunTechNibpProtocol.ReplyLength || length == SunTechNibpProtocol.PressureLength || length == 0x06
        || length == SunTechNibpProtocol.ResultLength || length == SunTechNibpProtocol.InformationLength;

    /// <summary>Cuff pressure.</summary>
    /// <param name="frame">A pressure frame.</param>
    /// <returns>mmHg, -32,768 to 32,767.</returns>
    public static int PressureMmHg(byte[] frame) => (short)Word(frame, 2);

    /// <summary>Systolic pressure of a result, mmHg.</summary>
    /// <param name="frame">A result.</param>
    /// <returns>0 to 65,535.</returns>
    public static int Systolic(byte[] frame) => Word(frame, 2);

    /// <summary>Diastolic pressure of a result, mmHg.</summary>
    /// <param name="frame">A result.</param>
    /// <returns>0 to 65,535.</returns>
    public static int Diastolic(byte[] frame) => Word(frame, 4);

    /// <summary>True when a result is there.</summary>
    /// <param name="frame">A result.</param>
    /// <returns>False while one is made.</returns>
    public static bool IsReady(byte[] frame) => frame[7] != 0;

    /// <summary>Pulse of a result, 1/min.</summary>
    /// <param name="frame">A result.</param>
    /// <returns>0 to 65,535.</returns>
    public static int Pulse(byte[] frame) => Word(frame, 16);

    /// <summary>Mean pressure of a result, mmHg.</summary>
    /// <param name="frame">A result.</param>
    /// <returns>0 to 65,535.</returns>
    public static int Mean(byte[] frame) => Word(frame, 18);

    /// <summary>The module's error of a result; 0 for none.</summary>
    /// <param name="frame">A result.</param>
    /// <returns>0 to 255.</returns>
    public static int Error(byte[] frame) => frame[20];

    /// <summary>An error of the module as one of ours.</summary>
    /// <param name="error">1 to 255.</param>
    /// <returns>The code.</returns>
    public static FaultCode CodeOf(int error)
    {
        switch (error)
        {
            case 1:
                return FaultCode.SunTechWeakSignal;
            case 2:
                return FaultCode.SunTechArtifact;
            case 3:
                return FaultCode.SunTechRetriesExceeded;
            case 4:
                return FaultCode.SunTechTimeLimit;
            case 85:
                return FaultCode.SunTechBlocked;
            case 87:
                return FaultCode.SunTechInflationTimeout;
            case 89:
                return FaultCode.SunTechSafetyTripped;
            case 90:
                return FaultCode.SunTechSupply;
            default:
                return FaultCode.SunTechUnknownError;
        }
    }

    /// <summary>Why there is no value, for an error of the module.</summary>
    /// <param name="error">1 to 255.</param>
    /// <returns>The reason.</returns>
    public static AbsenceReason ReasonOf(int error) => error == 1 ? AbsenceReason.WeakSignal : error == 2 || error == 3 ? AbsenceReason.Motion : AbsenceReason.CuffFault;

    /// <summary>True when a result's pressures can belong together.</summary>
    /// <param name="frame">A result.</param>
    /// <returns>False for what is not to be published.</returns>
    public static bool IsPlausible(byte[] frame)
    {
        int systolic = Systolic(frame);
        int diastolic = Diastolic(frame);
        int mean = Mean(frame);
        return systolic >= MinSystolic && systolic <= MaxSystolic && diastolic >= MinDiastolic && systolic - diastolic >= MinPulsePressure
            && mean > diastolic && mean < systolic;
    }

    private static int Word(byte[] frame, int offset) => frame[offset] | (frame[offset + 1] << 8);
}
