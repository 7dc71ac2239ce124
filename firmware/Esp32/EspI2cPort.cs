using System;
using System.Device.I2c;
using Firmware.Core;

namespace Firmware.Esp32;

/// <summary>
/// One I2C controller. A device object is made for each address when it is first used, and kept. A bus that is held low takes up to 1 s of native code per transaction, in which no managed thread
/// runs, and ends as a time-out; the lines are looked at then, as pins, so that a held bus is told apart and can be freed.
/// </summary>
public sealed class EspI2cPort : II2cPort, II2cRecovery
{
    /// <summary>Most addresses on one bus.</summary>
    public const int MaxDevices = 8;

    private readonly int _busId;
    private readonly int _dataPin;
    private readonly int _clockPin;
    private readonly int[] _addresses = new int[MaxDevices];
    private readonly I2cDevice[] _devices = new I2cDevice[MaxDevices];
    private int _count;

    /// <summary>Stores; opens nothing.</summary>
    /// <param name="busId">The controller, 1 or 2. Its pins are set before the first transaction.</param>
    /// <param name="dataPin">GPIO of SDA.</param>
    /// <param name="clockPin">GPIO of SCL.</param>
    public EspI2cPort(int busId, int dataPin, int clockPin)
    {
        _busId = busId;
        _dataPin = dataPin;
        _clockPin = clockPin;
    }

    /// <inheritdoc/>
    public I2cStatus WriteRead(int address, byte[] write, int writeOffset, int writeCount, byte[] read, int readOffset, int readCount)
    {
        I2cDevice? device = Find(address);
        if (device == null)
        {
            return I2cStatus.NotOpen;
        }

        try
        {
            I2cTransferResult result;
            if (readCount == 0)
            {
                result = device.Write(new SpanByte(write, writeOffset, writeCount));
            }
            else if (writeCount == 0)
            {
                result = device.Read(new SpanByte(read, readOffset, readCount));
            }
            else
            {
                result = device.WriteRead(new SpanByte(write, writeOffset, writeCount), new SpanByte(read, readOffset, readCount));
            }

            I2cStatus status = Translate(result.Status);
            return status == I2cStatus.Timeout && IsHeld() ? I2cStatus.BusStuck : status;
        }
        catch (Exception)
        {
            // The native call throws for a controller in a wrong state only; nothing that it read may be used.
            return I2cStatus.NotOpen;
        }
    }

    /// <inheritdoc/>
    public bool TryFree()
    {
        CloseDevices();
        try
        {
            using (EspBusLines lines = new EspBusLines(_dataPin, _clockPin))
            {
                return BusClear.Run(lines);
            }
        }
        catch (Exception)
        {
            return false;
        }
    }

    // The controller is opened again by the next transaction.
    private bool IsHeld()
    {
        CloseDevices();
        try
        {
            using (EspBusLines lines = new EspBusLines(_dataPin, _clockPin))
            {
                return !lines.IsDataHigh || !lines.IsClockHigh;
            }
        }
        catch (Exception)
        {
            return false;
        }
    }

    // The driver goes with the last of its devices.
    private void CloseDevices()
    {
        for (int i = 0; i < _count; i++)
        {
            try
            {
                _devices[i].Dispose();
            }
            catch (Exception)
            {
                // It is closed already.
            }
        }

        _count = 0;
    }

    private static I2cStatus Translate(I2cTransferStatus status)
    {
        switch (status)
        {
            case I2cTransferStatus.FullTransfer:
                return I2cStatus.Ok;
            case I2cTransferStatus.SlaveAddressNotAcknowledged:
                // The driver reports a NACK of any byte so, of data too.
                return I2cStatus.AddressNack;
            case I2cTransferStatus.ClockStretchTimeout:
                return I2cStatus.Timeout;
            default:
                // PartialTransfer, and UnknownError of which no more is known: none of the bytes may be used.
                return I2cStatus.Partial;
        }
    }

    private I2cDevice? Find(int address)
    {
        for (int i = 0; i < _count; i++)
        {
            if (_addresses[i] == address)
            {
                return _devices[i];
            }
        }

        if (_count == MaxDevices)
        {
            return null;
        }

        try
        {
            I2cDevice device = I2cDevice.Create(new I2cConnectionSettings(_busId, address, I2cBusSpeed.FastMode));
            _addresses[_count] = address;
            _devices[_count] = device;
            _count++;
            return device;
        }
        catch (Exception)
        {
            return null;
        }
    }
}
