namespace Firmware.Peripherals;

/// <summary>
/// The MAX30102's registers and bits, named as in the datasheet.
/// Source: Maxim 19-7740 (MAX30102, Rev 1, 10/2018), Register Maps and Descriptions; page numbers in README.md.
/// </summary>
internal static class Max30102Registers
{
    /// <summary>Interrupt Status 1; reading clears it.</summary>
    public const byte InterruptStatus1 = 0x00;

    /// <summary>Interrupt Enable 1; Interrupt Status 2 (0x01) lies before it, Interrupt Enable 2 (0x03) after it.</summary>
    public const byte InterruptEnable1 = 0x02;

    /// <summary>Interrupt Enable 2.</summary>
    public const byte InterruptEnable2 = 0x03;

    /// <summary>FIFO Write Pointer, 5 bits; the Overflow Counter (0x05) and the Read Pointer (0x06) follow.</summary>
    public const byte FifoWritePointer = 0x04;

    /// <summary>Overflow Counter, 5 bits: samples not pushed because the FIFO was full; stops at 31; back to 0 when a sample is popped.</summary>
    public const byte OverflowCounter = 0x05;

    /// <summary>FIFO Read Pointer, 5 bits; may be written, to read samples again.</summary>
    public const byte FifoReadPointer = 0x06;

    /// <summary>FIFO Data; the register address stays here during a burst and the read pointer moves on instead.</summary>
    public const byte FifoData = 0x07;

    /// <summary>FIFO Configuration; Mode (0x09) and SpO2 Configuration (0x0A) follow.</summary>
    public const byte FifoConfiguration = 0x08;

    /// <summary>Mode Configuration.</summary>
    public const byte ModeConfiguration = 0x09;

    /// <summary>SpO2 Configuration.</summary>
    public const byte Spo2Configuration = 0x0A;

    /// <summary>LED1 (red) Pulse Amplitude, 0.2 mA per count.</summary>
    public const byte Led1PulseAmplitude = 0x0C;

    /// <summary>LED2 (infrared) Pulse Amplitude, 0.2 mA per count.</summary>
    public const byte Led2PulseAmplitude = 0x0D;

    /// <summary>Die Temperature Integer, signed; the fraction (0x20) and the enable (0x21) follow.</summary>
    public const byte DieTemperatureInteger = 0x1F;

    /// <summary>Die Temperature Config; bit 0, TEMP_EN, starts one conversion and clears itself at its end.</summary>
    public const byte DieTemperatureConfig = 0x21;

    /// <summary>Part ID.</summary>
    public const byte PartId = 0xFF;

    /// <summary>Part ID of the MAX30102.</summary>
    public const byte PartIdValue = 0x15;

    /// <summary>Interrupt Status 1, bit 7, A_FULL: the FIFO has reached the fill set in FIFO_A_FULL. Enable 1 has its enable at the same place.</summary>
    public const byte AlmostFull = 0x80;

    /// <summary>Interrupt Status 1, bit 5, ALC_OVF: ambient light is beyond what the cancellation can take.</summary>
    public const byte AmbientLightOverflow = 0x20;

    /// <summary>Interrupt Status 1, bit 0, PWR_RDY: the supply came up; not set by a reset through the Mode register.</summary>
    public const byte PowerReady = 0x01;

    /// <summary>Interrupt Status 2, bit 1, DIE_TEMP_RDY. Enable 2 has its enable at the same place.</summary>
    public const byte DieTemperatureReady = 0x02;

    /// <summary>Mode Configuration, bit 6, RESET: clears itself when the reset has ended.</summary>
    public const byte Reset = 0x40;

    /// <summary>Mode Configuration, bits 2:0 = 011: SpO2 mode, red and infrared.</summary>
    public const byte ModeSpo2 = 0x03;

    /// <summary>FIFO Configuration: SMP_AVE 7:5 = 001 (2 conversions per sample), FIFO_ROLLOVER_EN 4 = 0, FIFO_A_FULL 3:0 = 15 (17 samples).</summary>
    public const byte FifoAverage2NoRollover = 0x2F;

    /// <summary>SpO2 Configuration: SPO2_ADC_RGE 6:5 = 01 (4,096 nA), SPO2_SR 4:2 = 001 (100 Hz), LED_PW 1:0 = 11 (411 µs, 18 bits).</summary>
    public const byte Spo2Range4096Rate100Width411 = 0x27;

    /// <summary>TEMP_EN.</summary>
    public const byte TemperatureEnable = 0x01;

    /// <summary>The 5 bits of the pointers and of the overflow counter; also its last value.</summary>
    public const int PointerMask = 0x1F;
}
