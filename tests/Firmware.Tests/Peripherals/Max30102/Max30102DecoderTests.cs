using Firmware.Peripherals;

namespace Firmware.Tests.Peripherals;

/// <summary>Golden vectors. Sources: Maxim 19-7740, FIFO Data (Table 2, Figure 2), Temperature Data (0x1F to 0x20), LED Pulse Amplitude.</summary>
[TestClass]
public sealed class Max30102DecoderTests
{
    [TestMethod]
    [DataRow(0x00, 0x00, 0x00, 0)]
    [DataRow(0x00, 0x00, 0x01, 1)]
    [DataRow(0x00, 0x01, 0x00, 256)]
    [DataRow(0x01, 0x00, 0x00, 65536)]
    [DataRow(0x02, 0x00, 0x00, 131072)]
    [DataRow(0x03, 0xFF, 0xFF, 262143)]
    [DataRow(0x01, 0x23, 0x45, 74565)]
    public void A_word_is_18_bits_with_the_most_significant_byte_first(int first, int second, int third, int count)
    {
        byte[] sample = new byte[] { (byte)first, (byte)second, (byte)third, 0x02, 0x34, 0x56 };
        Assert.IsTrue(Max30102Decoder.IsPlausible(sample, 0));
        Assert.AreEqual(count, Max30102Decoder.Red(sample, 0));
        Assert.AreEqual(0x23456, Max30102Decoder.Infrared(sample, 0));
    }

    [TestMethod]
    public void A_bit_above_the_18_makes_no_sample()
    {
        for (int bit = 2; bit < 8; bit++)
        {
            Assert.IsFalse(Max30102Decoder.IsPlausible(new byte[] { (byte)(1 << bit), 0, 0 }, 0));
        }
    }

    [TestMethod]
    [DataRow(0x19, 0x00, 25000)]
    [DataRow(0x19, 0x08, 25500)]
    [DataRow(0x00, 0x01, 63)]
    [DataRow(0x00, 0x0F, 938)]
    [DataRow(0xFF, 0x00, -1000)]
    [DataRow(0xFF, 0x08, -500)]
    [DataRow(0xD8, 0x00, -40000)]
    [DataRow(0x7F, 0x0F, 127938)]
    [DataRow(0x80, 0x00, -128000)]
    [DataRow(0x24, 0xF8, 36500)]
    public void The_die_temperature_is_a_signed_integer_and_sixteenths_added(int integer, int fraction, int milliCelsius)
    {
        Assert.AreEqual(milliCelsius, Max30102Decoder.DieTemperatureMilliCelsius((byte)integer, (byte)fraction));
    }

    [TestMethod]
    [DataRow(0x00, 0)]
    [DataRow(0x01, 200)]
    [DataRow(0x02, 400)]
    [DataRow(0x0F, 3000)]
    [DataRow(0x1F, 6200)]
    [DataRow(0x3F, 12600)]
    [DataRow(0x7F, 25400)]
    [DataRow(0xFF, 51000)]
    public void An_LED_code_is_the_current_of_the_datasheets_table(int code, int microAmperes)
    {
        Assert.AreEqual(microAmperes, Max30102Decoder.LedMicroAmperes(code));
    }
}
