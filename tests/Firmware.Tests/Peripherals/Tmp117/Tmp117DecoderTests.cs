using Firmware.Peripherals;

namespace Firmware.Tests.Peripherals;

/// <summary>Golden vectors. Source: TI SNOSD82D, Table 7-1 (temperature, register value), and the scale of 7.8125 m°C.</summary>
[TestClass]
public sealed class Tmp117DecoderTests
{
    [TestMethod]
    [DataRow(0x80, 0x00, -256000)]
    [DataRow(0xF3, 0x80, -25000)]
    [DataRow(0xFF, 0xF0, -125)]
    [DataRow(0xFF, 0xFF, -8)]
    [DataRow(0x00, 0x00, 0)]
    [DataRow(0x00, 0x01, 8)]
    [DataRow(0x00, 0x10, 125)]
    [DataRow(0x00, 0x80, 1000)]
    [DataRow(0x0C, 0x80, 25000)]
    [DataRow(0x32, 0x00, 100000)]
    [DataRow(0x7F, 0xFF, 255992)]
    public void A_register_value_is_the_temperature_of_the_datasheets_table(int high, int low, int milliCelsius)
    {
        Assert.AreEqual(milliCelsius, Tmp117Decoder.MilliCelsius(Tmp117Decoder.Count((high << 8) | low)));
    }

    [TestMethod]
    public void Each_count_is_within_half_a_milli_degree_and_symmetrical()
    {
        for (int count = -32767; count <= 32767; count++)
        {
            int difference = (Tmp117Decoder.MilliCelsius((short)count) * 16) - (count * 125);
            Assert.IsTrue(difference >= -8 && difference <= 8);
            Assert.AreEqual(-Tmp117Decoder.MilliCelsius((short)count), Tmp117Decoder.MilliCelsius((short)-count));
        }
    }
}
