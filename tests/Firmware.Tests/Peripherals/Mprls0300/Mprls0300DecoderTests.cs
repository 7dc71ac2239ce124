using System;
using Firmware.Peripherals;

namespace Firmware.Tests.Peripherals;

/// <summary>Golden vectors. Source: Honeywell 32332628, Table 4, transfer function B: 2.5 % of 2^24 counts at 0 mmHg, 22.5 % at 300 mmHg.</summary>
[TestClass]
public sealed class Mprls0300DecoderTests
{
    [TestMethod]
    [DataRow(0x00, 0x00, 0x00, -37_500)]
    [DataRow(0x06, 0x66, 0x66, 0)]
    [DataRow(0x20, 0x00, 0x00, 150_000)] // 12.5 % of 2^24
    [DataRow(0x39, 0x99, 0x99, 300_000)]
    [DataRow(0x13, 0x33, 0x33, 75_000)] // 7.5 %
    [DataRow(0xFF, 0xFF, 0xFF, 1_462_500)]
    public void A_word_is_the_pressure_of_the_transfer_function(int high, int middle, int low, int milliMmHg)
    {
        byte[] answer = new byte[] { 0x40, (byte)high, (byte)middle, (byte)low };
        Assert.AreEqual(milliMmHg, Mprls0300Decoder.MilliMmHg(Mprls0300Decoder.Counts(answer)));
    }

    [TestMethod]
    public void The_status_is_no_part_of_the_word()
    {
        for (int status = 0; status < 256; status++)
        {
            Assert.AreEqual(0x123456, Mprls0300Decoder.Counts(new byte[] { (byte)status, 0x12, 0x34, 0x56 }));
        }
    }

    [TestMethod]
    public void Each_count_is_within_half_a_thousandth_and_no_count_is_less_than_the_one_before()
    {
        int before = int.MinValue;
        for (int counts = 0; counts < 1 << 24; counts += 7)
        {
            int value = Mprls0300Decoder.MilliMmHg(counts);
            double exact = (counts - 419_430) * 300_000.0 / (3_774_873 - 419_430);
            Assert.IsTrue(Math.Abs(value - exact) <= 0.5000001, $"{counts}: {value} of {exact}");
            Assert.IsTrue(value >= before);
            before = value;
        }
    }
}
