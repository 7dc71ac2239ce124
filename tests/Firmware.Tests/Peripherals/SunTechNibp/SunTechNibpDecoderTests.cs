using Firmware.Core;
using Firmware.Peripherals;

namespace Firmware.Tests.Peripherals;

/// <summary>Golden frames. Source: published host programs of the module, byte for byte.</summary>
[TestClass]
public sealed class SunTechNibpDecoderTests
{
    [TestMethod]
    [DataRow(new byte[] { 0x3A, 0x20 }, 0xA6)] // start, adult
    [DataRow(new byte[] { 0x3A, 0x87 }, 0x3F)] // start, pediatric
    [DataRow(new byte[] { 0x3A, 0x79, 0x01, 0x00 }, 0x4C)] // abort
    [DataRow(new byte[] { 0x3A, 0x79, 0x05, 0x00 }, 0x48)] // cuff pressure
    [DataRow(new byte[] { 0x3A, 0x79, 0x03, 0x00 }, 0x4A)] // result
    [DataRow(new byte[] { 0x3A, 0x00 }, 0xC6)] // module information
    [DataRow(new byte[] { 0x3A, 0x17, 0xA0, 0x00 }, 0x0F)] // first inflation, 160 mmHg
    public void The_checksum_is_that_of_the_published_frames(byte[] bytes, int checksum)
    {
        byte[] frame = new byte[8];
        for (int i = 0; i < bytes.Length; i++)
        {
            frame[i] = bytes[i];
        }

        Assert.IsTrue(SunTechNibpProtocol.Seal(frame, bytes.Length) == bytes.Length + 1);
        Assert.AreEqual(checksum, (int)frame[bytes.Length]);
    }

    [TestMethod]
    [DataRow(0, 0)]
    [DataRow(160, 160)]
    [DataRow(300, 300)]
    [DataRow(0xFFFB, -5)]
    public void A_cuff_pressure_has_a_sign(int word, int mmHg)
    {
        byte[] frame = new byte[] { 0x3E, 0x05, (byte)word, (byte)(word >> 8), 0 };
        SunTechNibpProtocol.Seal(frame, 4);
        Assert.IsTrue(SunTechNibpDecoder.IsProven(frame, 5));
        Assert.AreEqual(mmHg, SunTechNibpDecoder.PressureMmHg(frame));
    }

    [TestMethod]
    public void A_result_is_read_at_its_offsets()
    {
        byte[] frame = Result(320, 81, 140, 75, 1, 0);
        Assert.AreEqual(320, SunTechNibpDecoder.Systolic(frame));
        Assert.AreEqual(81, SunTechNibpDecoder.Diastolic(frame));
        Assert.AreEqual(140, SunTechNibpDecoder.Mean(frame));
        Assert.AreEqual(75, SunTechNibpDecoder.Pulse(frame));
        Assert.IsTrue(SunTechNibpDecoder.IsReady(frame));
        Assert.IsFalse(SunTechNibpDecoder.IsReady(Result(120, 80, 93, 72, 0, 0)));
        Assert.AreEqual(87, SunTechNibpDecoder.Error(Result(0, 0, 0, 0, 1, 87)));
    }

    [TestMethod]
    [DataRow(120, 80, 93, true)]
    [DataRow(40, 20, 27, true)]
    [DataRow(260, 150, 187, true)]
    [DataRow(261, 150, 187, false)]
    [DataRow(39, 20, 27, false)]
    [DataRow(60, 19, 33, false)]
    [DataRow(120, 111, 115, false)]
    [DataRow(120, 80, 80, false)]
    [DataRow(120, 80, 120, false)]
    [DataRow(80, 120, 93, false)]
    [DataRow(0, 0, 0, false)]
    public void Only_pressures_that_can_belong_together_are_believed(int systolic, int diastolic, int mean, bool isPlausible) =>
        Assert.IsTrue(SunTechNibpDecoder.IsPlausible(Result(systolic, diastolic, mean, 70, 1, 0)) == isPlausible);

    [TestMethod]
    public void Every_flipped_bit_of_every_frame_is_found()
    {
        byte[] frame = Result(120, 80, 93, 72, 1, 0);
        for (int bit = 0; bit < 24 * 8; bit++)
        {
            frame[bit / 8] ^= (byte)(1 << (bit & 7));
            Assert.IsFalse(SunTechNibpDecoder.IsProven(frame, 24));
            frame[bit / 8] ^= (byte)(1 << (bit & 7));
        }

        Assert.IsTrue(SunTechNibpDecoder.IsProven(frame, 24));
    }

    [TestMethod]
    public void Each_error_of_the_module_has_its_code_and_reason()
    {
        Assert.AreEqual((int)FaultCode.SunTechWeakSignal, (int)SunTechNibpDecoder.CodeOf(1));
        Assert.AreEqual((int)FaultCode.SunTechArtifact, (int)SunTechNibpDecoder.CodeOf(2));
        Assert.AreEqual((int)FaultCode.SunTechRetriesExceeded, (int)SunTechNibpDecoder.CodeOf(3));
        Assert.AreEqual((int)FaultCode.SunTechTimeLimit, (int)SunTechNibpDecoder.CodeOf(4));
        Assert.AreEqual((int)FaultCode.SunTechBlocked, (int)SunTechNibpDecoder.CodeOf(85));
        Assert.AreEqual((int)FaultCode.SunTechInflationTimeout, (int)SunTechNibpDecoder.CodeOf(87));
        Assert.AreEqual((int)FaultCode.SunTechSafetyTripped, (int)SunTechNibpDecoder.CodeOf(89));
        Assert.AreEqual((int)FaultCode.SunTechSupply, (int)SunTechNibpDecoder.CodeOf(90));
        Assert.AreEqual((int)FaultCode.SunTechUnknownError, (int)SunTechNibpDecoder.CodeOf(5));
        Assert.AreEqual((int)AbsenceReason.WeakSignal, (int)SunTechNibpDecoder.ReasonOf(1));
        Assert.AreEqual((int)AbsenceReason.Motion, (int)SunTechNibpDecoder.ReasonOf(2));
        Assert.AreEqual((int)AbsenceReason.CuffFault, (int)SunTechNibpDecoder.ReasonOf(87));
    }

    private static byte[] Result(int systolic, int diastolic, int mean, int pulse, int status, int error)
    {
        byte[] frame = new byte[24];
        frame[0] = 0x3E;
        frame[1] = 0x18;
        frame[2] = (byte)systolic;
        frame[3] = (byte)(systolic >> 8);
        frame[4] = (byte)diastolic;
        frame[5] = (byte)(diastolic >> 8);
        frame[7] = (byte)status;
        frame[16] = (byte)pulse;
        frame[17] = (byte)(pulse >> 8);
        frame[18] = (byte)mean;
        frame[19] = (byte)(mean >> 8);
        frame[20] = (byte)error;
        SunTechNibpProtocol.Seal(frame, 23);
        return frame;
    }
}
