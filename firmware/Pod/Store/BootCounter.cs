using Firmware.Core;
using Firmware.Pod.Diagnostics;

namespace Firmware.Pod.Store;

/// <summary>
/// The boot counter: one file per boot, named <c>boot-</c> and eight hexadecimal digits. The name is the number, so a file that exists in any
/// form uses its number up, and no cut can give one number to two boots.
/// </summary>
public static class BootCounter
{
    /// <summary>Set in a boot id that is random because the store could not be written.</summary>
    public const uint RandomBit = 0x80000000;

    private const string Prefix = "boot-";

    // A store without a counter may be a reformatted one: its pod has used low numbers before, and the gateway would take the new readings
    // for old ones. So the counting begins at a random place below this.
    private const uint FirstMask = 0x3FFFFFFF;

    /// <summary>Takes the next number.</summary>
    /// <param name="store">The store.</param>
    /// <param name="entropy">Random bits.</param>
    /// <param name="names">All names in the store.</param>
    /// <param name="highestSeen">Highest number found elsewhere in the store, 0 for none.</param>
    /// <param name="counters">Where the bytes and errors are counted.</param>
    /// <returns>The boot id, with <see cref="RandomBit"/> when the store could not be written.</returns>
    public static uint Raise(IByteStore store, IEntropy entropy, string[] names, uint highestSeen, PodCounters counters)
    {
        long highest = (highestSeen & RandomBit) == 0 ? highestSeen : 0;
        for (int i = 0; i < names.Length; i++)
        {
            long number = SegmentLog.NumberOf(Prefix, names[i]);
            if (number > highest && number < RandomBit)
            {
                highest = number;
            }
        }

        uint next = highest == 0 ? (entropy.NextUInt32() & FirstMask) + 1 : (uint)highest + 1;
        if (next >= RandomBit)
        {
            return entropy.NextUInt32() | RandomBit;
        }

        string name = SegmentLog.NameOf(Prefix, next);
        byte[] content = [1];
        counters.StoreBytes++;
        counters.StoreFlushes++;
        if (store.Append(name, content, 0, 1) != StoreStatus.Ok || store.Flush(name) != StoreStatus.Ok)
        {
            counters.StoreErrors++;
            return entropy.NextUInt32() | RandomBit;
        }

        for (int i = 0; i < names.Length; i++)
        {
            long number = SegmentLog.NumberOf(Prefix, names[i]);
            if (number >= 0 && number < next && store.Delete(names[i]) != StoreStatus.Ok)
            {
                counters.StoreErrors++;
            }
        }

        return next;
    }
}
