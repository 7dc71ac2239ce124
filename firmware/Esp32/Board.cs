namespace Firmware.Esp32;

/// <summary>What hardware/cart.json says of this pod; a test keeps the two alike. Values that are invented there are invented here.</summary>
public static class Board
{
    /// <summary>Version of this program, as the pod's state reports it; that of the whole repository.</summary>
    public const string Version = "0.2.0";

    /// <summary>The pod's EUI-64. Made up; each board gets its own.</summary>
    public const ulong DeviceId = 0x0200000000000010;

    /// <summary>I2C controller, 1 or 2.</summary>
    public const int I2cBusId = 1;

    /// <summary>GPIO of SDA.</summary>
    public const int SdaPin = 21;

    /// <summary>GPIO of SCL.</summary>
    public const int SclPin = 22;

    /// <summary>7-bit address of U2.</summary>
    public const int Tmp117Address = 0x48;

    /// <summary>7-bit address of U3.</summary>
    public const int Max30102Address = 0x57;

    /// <summary>7-bit address of U4.</summary>
    public const int Mprls0300Address = 0x18;

    /// <summary>GPIO of the pump's transistor.</summary>
    public const int CuffPumpPin = 25;

    /// <summary>GPIO of the bleed valve's transistor.</summary>
    public const int CuffBleedPin = 26;

    /// <summary>GPIO of the one-shot's trigger.</summary>
    public const int CuffTriggerPin = 27;

    /// <summary>GPIO of the one-shot's clear input.</summary>
    public const int CuffClearPin = 32;

    /// <summary>GPIO that senses the dump valve's current.</summary>
    public const int CuffValveSensePin = 34;

    /// <summary>GPIO that senses the pressure switch.</summary>
    public const int CuffSwitchSensePin = 36;

    /// <summary>UART of an OEM blood pressure module in the place of the own cuff, "COM2"; empty for the own cuff. See hardware/wiring/oem-blood-pressure.md.</summary>
    public const string OemSerialPort = "";

    /// <summary>GPIO of the UART's transmitter, to the module's RX.</summary>
    public const int OemTxPin = 33;

    /// <summary>GPIO of the UART's receiver, from the module's TX.</summary>
    public const int OemRxPin = 13;

    /// <summary>I2S controller that reads U6.</summary>
    public const int SoundBusId = 1;

    /// <summary>I2S controller whose bit clock is the system clock of U6.</summary>
    public const int SoundClockBusId = 2;

    /// <summary>GPIO of BCK.</summary>
    public const int SoundBckPin = 18;

    /// <summary>GPIO of LRCK.</summary>
    public const int SoundWsPin = 19;

    /// <summary>GPIO of DOUT of U6.</summary>
    public const int SoundDinPin = 35;

    /// <summary>GPIO of SCKI.</summary>
    public const int SoundClockPin = 23;

    /// <summary>True: the microphone is wired to VINL.</summary>
    public const bool IsSoundLeft = true;

    /// <summary>The littlefs drive, 256 KiB.</summary>
    public const string StoreRoot = "I:\\";

    /// <summary>Most bytes this program keeps on the drive; the rest is littlefs's own room. Guess: 7/8.</summary>
    public const int StoreBudgetBytes = 224 * 1024;

    /// <summary>Where the gateway, or the tunnel to it, answers. Made up.</summary>
    public const string GatewayHost = "192.168.4.1";

    /// <summary>Its TCP port.</summary>
    public const int GatewayPort = 1883;
}
