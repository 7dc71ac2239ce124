using Firmware.Core;

namespace Firmware.Peripherals;

/// <summary>
/// A driver of a part on the I2C bus: the order of its probe, its registers, and what a failed transaction means. The probe is a numbered row of steps;
/// a failed transaction begins it again, and while measuring leaves the part as configured. A part that was found not to be what was configured
/// is not used before the next probe.
/// </summary>
public abstract class I2cDriver : Driver
{
    /// <summary>In place of a register's number: the transaction named none.</summary>
    public const int NoRegister = -1;

    /// <summary>
    /// A part that was measuring is taken for absent when so many transactions in a row were not acknowledged, and for <see cref="NackUs"/>; one that is probed when it does not answer the first.
    /// Another NACK says nothing: adapters report that of a disturbed data byte as that of the address.
    /// </summary>
    public const int NackLimit = 3;

    /// <summary>See <see cref="NackLimit"/>; µs. Source: what a cuff that holds pressure may go without a sample; its own watch is quicker.</summary>
    public const int NackUs = 100_000;

    private const int MeasuringStep = 255;
    private const int LostStep = 254;

    private readonly II2cPort _port;
    private readonly int _address;
    private readonly FaultCode _notPresent;
    private readonly FaultCode _busFault;
    private readonly int _faultPauseUs;
    private readonly byte[] _out = new byte[3];
    private readonly byte[] _in = new byte[2];
    private int _step;
    private int _nacks;
    private long _nackUs;

    /// <summary>Stores. No I/O.</summary>
    /// <param name="port">The bus.</param>
    /// <param name="address">7-bit address.</param>
    /// <param name="notPresent">The code for: nothing answers at the address.</param>
    /// <param name="busFault">The code for any other failed transaction, and for a NACK that has not repeated itself while measuring.</param>
    /// <param name="faultPauseUs">Pause after a failure, µs.</param>
    protected I2cDriver(II2cPort port, int address, FaultCode notPresent, FaultCode busFault, int faultPauseUs)
    {
        _port = port;
        _address = address;
        _notPresent = notPresent;
        _busFault = busFault;
        _faultPauseUs = faultPauseUs;
    }

    /// <summary>How the last failed transaction ended; Ok when none has failed since <see cref="Restart"/>.</summary>
    public I2cStatus FailedStatus { get; private set; }

    /// <summary>The register or command of the last failed transaction, or <see cref="NoRegister"/>.</summary>
    public int FailedRegister { get; private set; } = NoRegister;

    /// <summary>True from the end of the probe until <see cref="FailUntilReset"/>, <see cref="Restart"/> or another probe.</summary>
    protected bool IsMeasuring => _step == MeasuringStep;

    /// <inheritdoc/>
    public override void Restart()
    {
        _step = 0;
        _nacks = 0;
        FailedStatus = I2cStatus.Ok;
        FailedRegister = NoRegister;
        Forget();
        Continue(0);
    }

    /// <inheritdoc/>
    public sealed override DriverResult Probe(long nowUs)
    {
        if (_step == 0 || _step == MeasuringStep || _step == LostStep)
        {
            _step = 0;
            Forget();
        }

        return ProbeStep(_step, nowUs);
    }

    /// <summary>What is known of the part's past is void: a probe begins. No bus traffic.</summary>
    protected virtual void Forget()
    {
    }

    /// <summary>One step of the probe; ends with <see cref="EndProbeStep"/>, <see cref="EndProbe"/>, a failure, or Working to be called again.</summary>
    /// <param name="step">Which, from 0.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>How it ended.</returns>
    protected abstract DriverResult ProbeStep(int step, long nowUs);

    /// <summary>A step of the probe is done, and the next one follows.</summary>
    /// <param name="nextStepUs">When, monotonic µs.</param>
    /// <returns>Working.</returns>
    protected DriverResult EndProbeStep(long nextStepUs)
    {
        _step++;
        return Continue(nextStepUs);
    }

    /// <summary>The part is what it should be, and configured.</summary>
    /// <param name="nextStepUs">When to measure first, monotonic µs.</param>
    /// <returns>Ready.</returns>
    protected DriverResult EndProbe(long nextStepUs)
    {
        _step = MeasuringStep;
        return Succeed(nextStepUs);
    }

    /// <summary>Looks again at a part that is still in its reset, which need not answer its address meanwhile.</summary>
    /// <param name="step">The step of the probe that looks.</param>
    /// <param name="answered">False when the last look failed.</param>
    /// <param name="isTimedOut">True when it takes longer than it may.</param>
    /// <param name="timeout">The code for that.</param>
    /// <param name="nextLookUs">When to look next, monotonic µs.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>Working, or Failed.</returns>
    protected DriverResult AwaitReset(int step, bool answered, bool isTimedOut, FaultCode timeout, long nextLookUs, long nowUs)
    {
        if (isTimedOut)
        {
            return answered ? FailUntilReset(AbsenceReason.SensorFault, timeout, nowUs) : DriverResult.Failed;
        }

        if (!answered && FailedStatus != I2cStatus.AddressNack)
        {
            return DriverResult.Failed;
        }

        _step = step;
        return Continue(nextLookUs);
    }

    /// <summary>The part is not, or no longer, what was configured; only a new probe brings it back.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="code">Its code.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>Failed.</returns>
    protected DriverResult FailUntilReset(AbsenceReason reason, FaultCode code, long nowUs)
    {
        _step = LostStep;
        return Fail(reason, code, nowUs + _faultPauseUs);
    }

    /// <summary>Measure was called on a part that is not configured: the reason of before stands, if there is one.</summary>
    /// <param name="code">The code when there is none.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>Failed.</returns>
    protected DriverResult FailUnconfigured(FaultCode code, long nowUs)
    {
        AbsenceReason reason = Reason == AbsenceReason.None ? AbsenceReason.SensorFault : Reason;
        return FailUntilReset(reason, FaultCode == FaultCode.None ? code : FaultCode, nowUs);
    }

    /// <summary>Reads registers that follow each other, by one transaction.</summary>
    /// <param name="register">The first.</param>
    /// <param name="buffer">Where to put them.</param>
    /// <param name="count">How many bytes.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>False when the transaction failed; reason and code are set, and nothing in the buffer may be used.</returns>
    protected bool ReadRegisters(byte register, byte[] buffer, int count, long nowUs)
    {
        _out[0] = register;
        return Transfer(register, _out, 1, buffer, count, nowUs);
    }

    /// <summary>Reads a register of 16 bits, most significant byte first.</summary>
    /// <param name="register">Which.</param>
    /// <param name="word">0 to 65,535; 0 when the transaction failed.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>False when the transaction failed; reason and code are set.</returns>
    protected bool ReadWord(byte register, out int word, long nowUs)
    {
        bool isRead = ReadRegisters(register, _in, 2, nowUs);
        word = isRead ? (_in[0] << 8) | _in[1] : 0;
        return isRead;
    }

    /// <summary>Writes a register of 8 bits.</summary>
    /// <param name="register">Which.</param>
    /// <param name="value">What.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>False when the transaction failed; reason and code are set.</returns>
    protected bool WriteRegister(byte register, byte value, long nowUs)
    {
        _out[0] = register;
        _out[1] = value;
        return Transfer(register, _out, 2, _in, 0, nowUs);
    }

    /// <summary>Writes a register of 16 bits, most significant byte first.</summary>
    /// <param name="register">Which.</param>
    /// <param name="word">What; the lower 16 bits.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>False when the transaction failed; reason and code are set.</returns>
    protected bool WriteWord(byte register, int word, long nowUs)
    {
        _out[0] = register;
        _out[1] = (byte)(word >> 8);
        _out[2] = (byte)word;
        return Transfer(register, _out, 3, _in, 0, nowUs);
    }

    /// <summary>Reads from a part without registers, by one transaction.</summary>
    /// <param name="buffer">Where to put it.</param>
    /// <param name="count">How many bytes.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>False when the transaction failed; reason and code are set, and nothing in the buffer may be used.</returns>
    protected bool Read(byte[] buffer, int count, long nowUs) => Transfer(NoRegister, _out, 0, buffer, count, nowUs);

    /// <summary>Writes a command to a part without registers.</summary>
    /// <param name="command">The command's bytes.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>False when the transaction failed; reason and code are set.</returns>
    protected bool Write(byte[] command, long nowUs) => Transfer(command[0], command, command.Length, _in, 0, nowUs);

    private bool Transfer(int register, byte[] write, int writeCount, byte[] read, int readCount, long nowUs)
    {
        I2cStatus status = _port.WriteRead(_address, write, 0, writeCount, read, 0, readCount);
        if (status == I2cStatus.Ok)
        {
            _nacks = 0;
            return true;
        }

        FailedStatus = status;
        FailedRegister = register;
        bool isAbsent = status == I2cStatus.AddressNack && IsAbsent(nowUs);
        if (_step != MeasuringStep)
        {
            _step = 0;
        }

        Fail(isAbsent ? AbsenceReason.NotPresent : AbsenceReason.BusFault, isAbsent ? _notPresent : _busFault, nowUs + _faultPauseUs);
        return false;
    }

    // A part that has answered since its probe began is disturbed before it is absent.
    private bool IsAbsent(long nowUs)
    {
        if (_step != MeasuringStep)
        {
            return _step == 0;
        }

        _nackUs = _nacks == 0 ? nowUs : _nackUs;
        _nacks++;
        return _nacks >= NackLimit && nowUs - _nackUs >= NackUs;
    }
}
