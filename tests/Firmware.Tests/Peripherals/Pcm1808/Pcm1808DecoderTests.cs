using Firmware.Core;
using Firmware.Peripherals;

namespace Firmware.Tests.Peripherals;

[TestClass]
public sealed class Pcm1808DecoderTests
{
    // Two's complement, least significant byte first: 1, -1, 32,767, -32,768 on the left, 2, -2, 256, -257 on the right.
    private static readonly byte[] Frames = [0x01, 0x00, 0x02, 0x00, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0x7F, 0x00, 0x01, 0x00, 0x80, 0xFF, 0xFE];

    [TestMethod]
    public void Each_slot_is_taken_as_it_is()
    {
        short[] samples = new short[6];
        Pcm1808Decoder.TakeAll(Frames, Pcm1808Decoder.LeftByte, samples, 1, 4);
        Assert.AreEqual((short)0, samples[0]);
        Assert.AreEqual((short)1, samples[1]);
        Assert.AreEqual((short)-1, samples[2]);
        Assert.AreEqual(short.MaxValue, samples[3]);
        Assert.AreEqual(short.MinValue, samples[4]);
        Assert.AreEqual((short)0, samples[5]);
        Pcm1808Decoder.TakeAll(Frames, Pcm1808Decoder.RightByte, samples, 0, 4);
        Assert.AreEqual((short)2, samples[0]);
        Assert.AreEqual((short)-2, samples[1]);
        Assert.AreEqual((short)256, samples[2]);
        Assert.AreEqual((short)-257, samples[3]);
    }

    [TestMethod]
    public void Of_the_other_slot_each_eighth_is_taken()
    {
        byte[] frames = new byte[4 * 20];
        for (int i = 0; i < 20; i++)
        {
            frames[(4 * i) + Pcm1808Decoder.RightByte] = (byte)(i + 1);
        }

        short[] samples = new short[24];
        Pcm1808Decoder.TakeSome(frames, Pcm1808Decoder.RightByte, samples, 3, 20);
        for (int i = 0; i < 24; i++)
        {
            int frame = i - 3;
            bool isTaken = frame >= 0 && frame < 20 && frame % OtherSlot.Stride == 0;
            Assert.AreEqual((short)(isTaken ? frame + 1 : 0), samples[i]);
        }
    }
}
