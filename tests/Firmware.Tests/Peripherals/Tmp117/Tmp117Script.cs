using Firmware.Core;

namespace Firmware.Tests.Peripherals;

/// <summary>Sixteen registers on a bus, as a TMP117 fresh from its reset has them; a test changes what it wants to see.</summary>
internal sealed class Tmp117Script : II2cPort
{
    public Tmp117Script()
    {
        Registers[0x00] = 0x1250; // 36.625 °C: 0x1250 = 4,688 counts
        Registers[0x01] = 0x0220;
        Registers[0x0F] = 0x0117;
    }

    public int[] Registers { get; } = new int[16];

    public int Transactions { get; private set; }

    /// <summary>Which transaction fails, from 0; -1 for none.</summary>
    public int FailingTransaction { get; set; } = -1;

    public I2cStatus FailingStatus { get; set; } = I2cStatus.Ok;

    /// <summary>How many more reads of the configuration find EEPROM_Busy.</summary>
    public int BusyReads { get; set; }

    public I2cStatus WriteRead(int address, byte[] write, int writeOffset, int writeCount, byte[] read, int readOffset, int readCount)
    {
        int number = Transactions;
        Transactions++;
        if (address != 0x48)
        {
            return I2cStatus.AddressNack;
        }

        if (number == FailingTransaction)
        {
            return FailingStatus;
        }

        int register = write[writeOffset];
        if (writeCount == 3)
        {
            int word = (write[writeOffset + 1] << 8) | write[writeOffset + 2];
            Registers[register] = register == 0x01 && (word & 0x0002) != 0 ? 0x0220 : word;
        }

        if (readCount == 2)
        {
            int word = Registers[register];
            if (register == 0x01 && BusyReads > 0)
            {
                BusyReads--;
                word |= 0x1000;
            }

            read[readOffset] = (byte)(word >> 8);
            read[readOffset + 1] = (byte)word;
            if (register < 2)
            {
                Registers[0x01] &= 0xDFFF;
            }
        }

        return I2cStatus.Ok;
    }
}
