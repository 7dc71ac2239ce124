namespace Simulators.Buses;

/// <summary>
/// A part on the bus, byte by byte, as UM10204 has it. The bus shows every address byte to every powered part, as copper does;
/// only a part that acknowledged it sees what follows.
/// </summary>
public interface II2cTarget
{
    /// <summary>A START or repeated START, with the address byte.</summary>
    /// <param name="address">The 7 address bits; 0 is the general call.</param>
    /// <param name="direction">The read/write bit.</param>
    /// <returns>True to acknowledge.</returns>
    bool Start(int address, BusDirection direction);

    /// <summary>A data byte from the controller.</summary>
    /// <param name="value">The byte.</param>
    /// <returns>True to acknowledge.</returns>
    bool Write(byte value);

    /// <summary>The controller clocks a byte out.</summary>
    /// <returns>The byte; 0xFF when there is nothing to drive.</returns>
    byte Read();

    /// <summary>A STOP. Also sent by a controller that gives up.</summary>
    void Stop();

    /// <summary>Power returns: registers hold their power-on values.</summary>
    void PowerOn();

    /// <summary>Power goes: nothing is remembered but what the part keeps in non-volatile cells.</summary>
    void PowerOff();

    /// <summary>
    /// True while the part's insides are hung: it answers its address, every read gives what it gave at the moment of freezing and clears
    /// nothing, writes are acknowledged and lost, nothing is measured.
    /// </summary>
    bool IsFrozen { get; set; }
}
