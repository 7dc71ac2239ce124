using Firmware.Core;

namespace Firmware.Peripherals;

/// <summary>
/// Frames as a bus gives them with two slots of 16 bits, little endian: left low, left high, right low, right high. Source: TI SLES177B, "Data format": two's
/// complement, the most significant bit first; the upper 16 of 24 bits are kept. These are the adapter's dearest loops, 8,000 turns a second: keep them lean.
/// </summary>
public static class Pcm1808Decoder
{
    /// <summary>Bytes of a frame: one sample of each slot.</summary>
    public const int BytesPerFrame = 4;

    /// <summary>First byte of the left slot.</summary>
    public const int LeftByte = 0;

    /// <summary>First byte of the right slot.</summary>
    public const int RightByte = 2;

    /// <summary>Takes every sample of one slot.</summary>
    /// <param name="frames">The frames.</param>
    /// <param name="slotByte"><see cref="LeftByte"/> or <see cref="RightByte"/>.</param>
    /// <param name="samples">Where they are put.</param>
    /// <param name="offset">First place.</param>
    /// <param name="count">How many frames there are.</param>
    public static void TakeAll(byte[] frames, int slotByte, short[] samples, int offset, int count)
    {
        int at = slotByte;
        int end = offset + count;
        for (int i = offset; i < end; i++)
        {
            samples[i] = (short)(frames[at] | (frames[at + 1] << 8));
            at += BytesPerFrame;
        }
    }

    /// <summary>Takes each <see cref="OtherSlot.Stride"/>th sample of one slot, and leaves the places between as they are.</summary>
    /// <param name="frames">The frames.</param>
    /// <param name="slotByte"><see cref="LeftByte"/> or <see cref="RightByte"/>.</param>
    /// <param name="samples">Where they are put.</param>
    /// <param name="offset">First place.</param>
    /// <param name="count">How many frames there are.</param>
    public static void TakeSome(byte[] frames, int slotByte, short[] samples, int offset, int count)
    {
        int at = slotByte;
        int end = offset + count;
        for (int i = offset; i < end; i += OtherSlot.Stride)
        {
            samples[i] = (short)(frames[at] | (frames[at + 1] << 8));
            at += OtherSlot.Stride * BytesPerFrame;
        }
    }
}
