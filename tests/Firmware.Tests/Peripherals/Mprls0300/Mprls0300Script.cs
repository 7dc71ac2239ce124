using Firmware.Core;

namespace Firmware.Tests.Peripherals;

/// <summary>A part that converts in no time but says busy once after each command; a test changes what it wants to see.</summary>
internal sealed class Mprls0300Script : II2cPort
{
    private bool _isBusy;
    private int _conversions;

    /// <summary>The word of the next conversions; each adds one so that none stands still.</summary>
    public int Counts { get; set; } = 0x200000;

    public int Status { get; set; } = 0x40;

    /// <summary>False for a part that hears no command.</summary>
    public bool Hears { get; set; } = true;

    public int Transactions { get; private set; }

    /// <summary>Which transaction fails, from 0; -1 for none.</summary>
    public int FailingTransaction { get; set; } = -1;

    public I2cStatus FailingStatus { get; set; } = I2cStatus.Ok;

    public I2cStatus WriteRead(int address, byte[] write, int writeOffset, int writeCount, byte[] read, int readOffset, int readCount)
    {
        int number = Transactions;
        Transactions++;
        if (address != 0x18)
        {
            return I2cStatus.AddressNack;
        }

        if (number == FailingTransaction)
        {
            return FailingStatus;
        }

        if (writeCount == 3 && Hears && write[writeOffset] == 0xAA && write[writeOffset + 1] == 0 && write[writeOffset + 2] == 0)
        {
            _isBusy = true;
            _conversions++;
        }

        if (readCount > 0)
        {
            int word = Counts + _conversions;
            byte[] answer = new byte[] { (byte)(Status | (_isBusy ? 0x20 : 0)), (byte)(word >> 16), (byte)(word >> 8), (byte)word };
            for (int i = 0; i < readCount; i++)
            {
                read[readOffset + i] = answer[i];
            }

            _isBusy = false;
        }

        return I2cStatus.Ok;
    }
}
