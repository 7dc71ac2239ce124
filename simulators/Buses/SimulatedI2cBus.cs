using System;
using System.Collections.Generic;
using Simulators.Kernel;

namespace Simulators.Buses;

/// <summary>
/// An I2C bus with one controller, byte by byte (UM10204). It never retries. A transaction takes no virtual time by itself: how long the
/// wires would have been busy stands in <see cref="I2cTransaction.DurationNs"/>, for whoever budgets it.
/// </summary>
public sealed class SimulatedI2cBus
{
    /// <summary>Upper bound of the log, in transactions; beyond it the oldest is dropped and counted.</summary>
    public const int MaxLogTransactions = 4096;

    /// <summary>Upper bound of attached parts: the 112 addresses that UM10204 leaves to targets.</summary>
    public const int MaxTargets = 112;

    /// <summary>Clocks that the controller sends when it finds SDA low. Source: UM10204 3.1.16.</summary>
    public const int RecoveryClocks = 9;

    /// <summary>How long the controller lets a target stretch SCL, µs. Source: SMBus 3.1, tTIMEOUT,MIN.</summary>
    public const long ClockStretchLimitUs = 25_000;

    private const int ClocksPerByte = 9;
    private const byte PulledUp = 0xFF;

    private readonly ISimulationClock _clock;
    private readonly List<Slot> _slots = [];
    private readonly Queue<I2cTransaction> _log = new();
    private I2cFaultPlan? _faults;
    private long _heldUntilUs;
    private long _heldClocks;
    private bool _isHeld;
    private int _noisePerMillion;
    private SeededRandom? _noise;

    /// <summary>Makes an empty bus.</summary>
    /// <param name="clock">The world's time.</param>
    /// <param name="speedHz">SCL frequency: 100,000 (standard mode) to 1,000,000 (fast mode plus).</param>
    public SimulatedI2cBus(ISimulationClock clock, int speedHz = 400_000)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentOutOfRangeException.ThrowIfLessThan(speedHz, 10_000);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(speedHz, 1_000_000);
        _clock = clock;
        SpeedHz = speedHz;
    }

    /// <summary>SCL frequency, Hz.</summary>
    public int SpeedHz { get; }

    /// <summary>What goes wrong; null for nothing. Setting it starts the plan's count of transactions.</summary>
    public I2cFaultPlan? Faults
    {
        get => _faults;
        set
        {
            _faults = value;
            if (value is not null)
            {
                value.SeenTransactions = 0;
                value.ActedRules = 0;
            }
        }
    }

    /// <summary>The latest transactions, oldest first.</summary>
    public IReadOnlyCollection<I2cTransaction> Log => _log;

    /// <summary>How many transactions fell out of the log.</summary>
    public long DroppedFromLog { get; private set; }

    /// <summary>How many transactions there have been.</summary>
    public long TransactionCount { get; private set; }

    /// <summary>How long the wires have been busy altogether, ns.</summary>
    public long BusyNs { get; private set; }

    /// <summary>True while SDA is held low.</summary>
    public bool IsHeldLow => HeldForUs > 0;

    /// <summary>For how long SDA is held low from now, µs; <see cref="long.MaxValue"/> where no time ends it.</summary>
    public long HeldForUs => _isHeld || _heldClocks > 0 ? long.MaxValue : Math.Max(0, _heldUntilUs - _clock.NowUs);

    /// <summary>
    /// True when each transaction that finds SDA low sends <see cref="RecoveryClocks"/>, as UM10204 3.1.16 asks; false for a controller whose driver does not, so that only <see cref="TryFree"/> does.
    /// </summary>
    public bool ClearsWhenHeld { get; init; } = true;

    /// <summary>How many transactions were refused by noise (<see cref="SetNoise"/>).</summary>
    public long NoiseCount { get; private set; }

    /// <summary>Called with each transaction when it is over.</summary>
    public event Action<I2cTransaction>? Completed;

    /// <summary>Wires a part to the bus and powers it.</summary>
    /// <param name="address">The address it is known by in fault rules and <see cref="Unplug"/>; what it answers to is its own business.</param>
    /// <param name="target">The part.</param>
    public void Attach(int address, II2cTarget target)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentOutOfRangeException.ThrowIfLessThan(address, 0x08);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(address, 0x77);
        if (_slots.Count == MaxTargets)
        {
            throw new InvalidOperationException($"A bus holds at most {MaxTargets} parts.");
        }

        _slots.Add(new Slot(address, target));
        target.PowerOn();
    }

    /// <summary>Takes a part off the bus and its supply. Nothing happens when it is off already.</summary>
    /// <param name="address">The address it was attached by.</param>
    public void Unplug(int address)
    {
        foreach (Slot slot in Slots(address))
        {
            if (slot.Present)
            {
                slot.Present = false;
                slot.Selected = false;
                slot.Target.PowerOff();
            }
        }
    }

    /// <summary>Puts a part back; it starts from power-on. Nothing happens when it is on already.</summary>
    /// <param name="address">The address it was attached by.</param>
    public void Replug(int address)
    {
        foreach (Slot slot in Slots(address))
        {
            if (!slot.Present)
            {
                slot.Present = true;
                slot.Target.PowerOn();
            }
        }
    }

    /// <summary>True when a part is plugged in.</summary>
    /// <param name="address">The address it was attached by.</param>
    /// <returns>True when one of that address is.</returns>
    public bool IsPlugged(int address)
    {
        foreach (Slot slot in Slots(address))
        {
            if (slot.Present)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A dip of the supply of a plugged part: its registers return to their power-on values.</summary>
    /// <param name="address">The address it was attached by.</param>
    public void BrownOut(int address)
    {
        foreach (Slot slot in Slots(address))
        {
            if (slot.Present)
            {
                slot.Selected = false;
                slot.Target.PowerOff();
                slot.Target.PowerOn();
            }
        }
    }

    /// <summary>Hangs or frees a part's insides (<see cref="II2cTarget.IsFrozen"/>).</summary>
    /// <param name="address">The address it was attached by.</param>
    /// <param name="frozen">True to hang.</param>
    public void SetFrozen(int address, bool frozen)
    {
        foreach (Slot slot in Slots(address))
        {
            slot.Target.IsFrozen = frozen;
        }
    }

    /// <summary>Noise on the wires: a share of the transactions is refused at one of their bytes, the address included, whichever is drawn.</summary>
    /// <param name="perMillion">How many of a million transactions, 0 (none) to 1,000,000.</param>
    /// <param name="random">What is drawn from.</param>
    public void SetNoise(int perMillion, SeededRandom random)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(perMillion);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(perMillion, 1_000_000);
        _noisePerMillion = perMillion;
        _noise = random;
    }

    /// <summary>Holds SDA low, whatever is clocked, or ends that.</summary>
    /// <param name="isHeld">True for low.</param>
    public void SetHeldLow(bool isHeld) => _isHeld = isHeld;

    /// <summary>The lines as pins: up to <see cref="RecoveryClocks"/> clocks, then a STOP (UM10204 3.1.16).</summary>
    /// <returns>True when SDA is high afterwards.</returns>
    public bool TryFree()
    {
        _heldClocks = Math.Max(0, _heldClocks - RecoveryClocks);
        return !IsHeldLow;
    }

    /// <summary>Holds SDA low for a time from now.</summary>
    /// <param name="durationUs">How long, µs.</param>
    public void HoldSdaLow(long durationUs)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(durationUs);
        _heldUntilUs = Math.Max(_heldUntilUs, _clock.NowUs + durationUs);
    }

    /// <summary>Holds SDA low until the controller has sent so many clocks (<see cref="ClearsWhenHeld"/>, <see cref="TryFree"/>).</summary>
    /// <param name="clocks">How many.</param>
    public void HoldSdaLowUntilClocks(int clocks)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(clocks);
        _heldClocks = clocks;
    }

    /// <summary>
    /// One transaction: START, address and <paramref name="write"/> if there is any of it; then (repeated) START, address and
    /// <paramref name="read"/> if there is any of it; STOP. With neither, the address alone is sent with the write bit.
    /// </summary>
    /// <param name="address">0 to 127.</param>
    /// <param name="write">The bytes to write.</param>
    /// <param name="read">Filled with what was read; bytes not transferred are 0xFF.</param>
    /// <returns>How it ended.</returns>
    public BusOutcome Transfer(int address, ReadOnlySpan<byte> write, Span<byte> read)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(address);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(address, 0x7F);
        var run = new Run(this, address);
        read.Fill(PulledUp);
        run.Draw(write.Length);
        BusOutcome outcome = run.Begin();
        if (outcome == BusOutcome.Ok && (write.Length > 0 || read.Length == 0))
        {
            outcome = run.Write(write);
        }

        if (outcome == BusOutcome.Ok && read.Length > 0)
        {
            outcome = run.Read(read);
        }

        outcome = run.End(outcome);
        Record(new I2cTransaction(TransactionCount, _clock.NowUs, address, write.ToArray(), read.ToArray(), run.Transferred, outcome, run.Faulted, run.Clocks * (1_000_000_000L / SpeedHz) + run.ExtraNs));
        return outcome;
    }

    private void Record(I2cTransaction transaction)
    {
        TransactionCount++;
        BusyNs += transaction.DurationNs;
        if (_log.Count == MaxLogTransactions)
        {
            _log.Dequeue();
            DroppedFromLog++;
        }

        _log.Enqueue(transaction);
        Completed?.Invoke(transaction);
    }

    private IEnumerable<Slot> Slots(int address)
    {
        foreach (Slot slot in _slots)
        {
            if (slot.Address == address)
            {
                yield return slot;
            }
        }
    }

    private sealed class Slot(int address, II2cTarget target)
    {
        public int Address { get; } = address;

        public II2cTarget Target { get; } = target;

        public bool Present { get; set; } = true;

        public bool Selected { get; set; }
    }

    /// <summary>One transaction under way.</summary>
    private sealed class Run
    {
        private static readonly List<I2cFaultPlan.Rule> NoRules = [];

        private readonly SimulatedI2cBus _bus;
        private readonly int _address;
        private readonly I2cFaultPlan? _plan;
        private readonly List<I2cFaultPlan.Rule> _rules = NoRules;
        private I2cFaultPlan.Rule? _refusal;
        private int _nackAt = -1;

        public Run(SimulatedI2cBus bus, int address)
        {
            _bus = bus;
            _address = address;
            I2cFaultPlan? plan = bus._faults;
            if (plan is not null && (plan.OnlyAddress is null || plan.OnlyAddress == address))
            {
                _plan = plan;
                _rules = plan.RulesFor(plan.SeenTransactions++);
            }
        }

        public int Transferred { get; private set; }

        public bool Faulted { get; private set; }

        public long Clocks { get; private set; }

        public long ExtraNs { get; private set; }

        public BusOutcome Begin()
        {
            foreach (I2cFaultPlan.Rule rule in _rules)
            {
                ApplyBefore(rule);
            }

            if (_refusal is { Outcome: BusOutcome.NotOpen })
            {
                return BusOutcome.NotOpen;
            }

            if (_bus.IsHeldLow || _refusal is { Outcome: BusOutcome.BusStuck })
            {
                if (_bus.ClearsWhenHeld)
                {
                    _bus._heldClocks = Math.Max(0, _bus._heldClocks - RecoveryClocks);
                    Clocks += RecoveryClocks;
                }

                return BusOutcome.BusStuck;
            }

            return _refusal is { Outcome: BusOutcome.AddressNack } || _nackAt == 0 ? Acknowledge(false) : BusOutcome.Ok;
        }

        // Bytes read are acknowledged by the controller itself, so noise strikes where the target acknowledges: the address, or a byte that is written to it.
        public void Draw(int writtenBytes)
        {
            if (_bus._noisePerMillion > 0 && _bus._noise!.NextInt32(1_000_000) < _bus._noisePerMillion)
            {
                _nackAt = _bus._noise.NextInt32(writtenBytes + 1);
                _bus.NoiseCount++;
                Faulted = true;
            }
        }

        public BusOutcome Write(ReadOnlySpan<byte> bytes)
        {
            BusOutcome outcome = Start(BusDirection.Write);
            for (int i = 0; i < bytes.Length && outcome == BusOutcome.Ok; i++)
            {
                outcome = BeforeByte();
                if (outcome != BusOutcome.Ok)
                {
                    break;
                }

                byte onTheWire = Flipped(BusDirection.Write, i, bytes[i]);
                bool acknowledged = false;
                foreach (Slot slot in _bus._slots)
                {
                    acknowledged |= _nackAt != i + 1 && slot.Selected && slot.Target.Write(onTheWire);
                }

                Clocks += ClocksPerByte;
                outcome = acknowledged ? BusOutcome.Ok : BusOutcome.DataNack;
                Transferred += acknowledged ? 1 : 0;
            }

            return outcome;
        }

        public BusOutcome Read(Span<byte> bytes)
        {
            BusOutcome outcome = Start(BusDirection.Read);
            for (int i = 0; i < bytes.Length && outcome == BusOutcome.Ok; i++)
            {
                outcome = BeforeByte();
                if (outcome != BusOutcome.Ok)
                {
                    break;
                }

                byte wiredAnd = PulledUp;
                foreach (Slot slot in _bus._slots)
                {
                    wiredAnd &= slot.Selected ? slot.Target.Read() : PulledUp;
                }

                bytes[i] = Flipped(BusDirection.Read, i, wiredAnd);
                Clocks += ClocksPerByte;
                Transferred++;
            }

            return outcome;
        }

        public BusOutcome End(BusOutcome outcome)
        {
            if (outcome == BusOutcome.Ok)
            {
                // A part may vanish after the last byte, and a refusal set beyond the end strikes at the end.
                outcome = BeforeByte();
                if (outcome == BusOutcome.Ok && _refusal is not null)
                {
                    outcome = Strike();
                }
            }

            foreach (Slot slot in _bus._slots)
            {
                if (slot.Selected)
                {
                    slot.Selected = false;
                    slot.Target.Stop();
                }
            }

            Clocks++;
            return outcome;
        }

        private BusOutcome Start(BusDirection direction)
        {
            bool acknowledged = false;
            foreach (Slot slot in _bus._slots)
            {
                slot.Selected = slot.Present && slot.Target.Start(_address, direction);
                acknowledged |= slot.Selected;
            }

            return Acknowledge(acknowledged);
        }

        private BusOutcome Acknowledge(bool acknowledged)
        {
            Clocks += 1 + ClocksPerByte;
            return acknowledged ? BusOutcome.Ok : BusOutcome.AddressNack;
        }

        private BusOutcome BeforeByte()
        {
            foreach (I2cFaultPlan.Rule rule in _rules)
            {
                if (rule.Action == I2cFaultPlan.Action.Unplug && rule.Byte == Transferred && _bus.IsPlugged(_address))
                {
                    Acted();
                    _bus.Unplug(_address);
                }
            }

            return _refusal is not null && _refusal.Byte == Transferred ? Strike() : BusOutcome.Ok;
        }

        private BusOutcome Strike()
        {
            BusOutcome outcome = _refusal!.Outcome;
            if (outcome == BusOutcome.Timeout)
            {
                ExtraNs += ClockStretchLimitUs * 1000;
            }

            _refusal = null;
            return outcome;
        }

        private byte Flipped(BusDirection direction, int index, byte value)
        {
            foreach (I2cFaultPlan.Rule rule in _rules)
            {
                if (rule.Action == I2cFaultPlan.Action.Flip && rule.Direction == direction && rule.Byte == index)
                {
                    Acted();
                    value ^= (byte)(1 << rule.Bit);
                }
            }

            return value;
        }

        private void ApplyBefore(I2cFaultPlan.Rule rule)
        {
            switch (rule.Action)
            {
                case I2cFaultPlan.Action.Refuse:
                    _refusal ??= rule;
                    break;
                case I2cFaultPlan.Action.Unplug when rule.Byte < 0:
                    _bus.Unplug(_address);
                    break;
                case I2cFaultPlan.Action.Replug:
                    _bus.Replug(_address);
                    break;
                case I2cFaultPlan.Action.BrownOut:
                    _bus.BrownOut(_address);
                    break;
                case I2cFaultPlan.Action.Freeze:
                    _bus.SetFrozen(_address, true);
                    break;
                case I2cFaultPlan.Action.Thaw:
                    _bus.SetFrozen(_address, false);
                    break;
                case I2cFaultPlan.Action.HoldForUs:
                    _bus.HoldSdaLow(rule.Amount);
                    break;
                case I2cFaultPlan.Action.HoldForClocks:
                    _bus.HoldSdaLowUntilClocks((int)rule.Amount);
                    break;
                default:
                    return; // acts later in the transaction
            }

            Acted();
        }

        private void Acted()
        {
            Faulted = true;
            _plan!.ActedRules++;
        }
    }
}
