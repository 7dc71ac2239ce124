using System;
using System.Collections.Generic;

namespace Simulators.Buses;

/// <summary>
/// What goes wrong on a bus, and when. Rules name a transaction by its number, counted from 0 from the moment when the plan
/// was given to the bus, over all addresses or over one (<see cref="OnlyAddress"/>). Rules of one transaction all act, in the order in
/// which they were added. A plan belongs to one bus.
/// </summary>
public sealed class I2cFaultPlan
{
    /// <summary>Upper bound of the number of rules; one more is refused with an exception.</summary>
    public const int MaxRules = 4096;

    private readonly List<Rule> _rules = [];

    internal enum Action : byte
    {
        Refuse,
        Flip,
        Unplug,
        Replug,
        BrownOut,
        Freeze,
        Thaw,
        HoldForUs,
        HoldForClocks,
    }

    /// <summary>When set, only transactions to this address are counted and touched.</summary>
    public int? OnlyAddress { get; init; }

    /// <summary>How many transactions the plan has seen.</summary>
    public int SeenTransactions { get; internal set; }

    /// <summary>How often a rule has acted.</summary>
    public int ActedRules { get; internal set; }

    internal List<Rule> RulesFor(int transaction) => _rules.FindAll(rule => rule.Covers(transaction));

    /// <summary>Ends transactions with a status.</summary>
    /// <param name="transaction">The first one, from 0.</param>
    /// <param name="outcome">Any status but <see cref="BusOutcome.Ok"/>.</param>
    /// <param name="afterBytes">
    /// How many data bytes (written and read together) pass before the fault; the target has seen or given those. A transaction with
    /// fewer bytes fails at its end. Not used for AddressNack, BusStuck and NotOpen, in which no data byte passes.
    /// </param>
    /// <param name="count">How many transactions in a row; <see cref="int.MaxValue"/> for all that follow.</param>
    /// <returns>This plan.</returns>
    public I2cFaultPlan Refuse(int transaction, BusOutcome outcome, int afterBytes = 0, int count = 1)
    {
        if (outcome is BusOutcome.Ok)
        {
            throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "A refusal needs a status other than Ok.");
        }

        return Add(new Rule(Action.Refuse, transaction, count) { Outcome = outcome, Byte = afterBytes });
    }

    /// <summary>The target refuses one data byte that was written to it, and does not take it.</summary>
    /// <param name="transaction">Which transaction, from 0.</param>
    /// <param name="writtenByte">Which written byte, from 0.</param>
    /// <returns>This plan.</returns>
    public I2cFaultPlan NackData(int transaction, int writtenByte) => Refuse(transaction, BusOutcome.DataNack, writtenByte);

    /// <summary>The transaction ends early.</summary>
    /// <param name="transaction">Which transaction, from 0.</param>
    /// <param name="afterBytes">How many data bytes pass, written and read together.</param>
    /// <returns>This plan.</returns>
    public I2cFaultPlan CutShort(int transaction, int afterBytes) => Refuse(transaction, BusOutcome.Partial, afterBytes);

    /// <summary>Turns one bit over on its way; both sides see an undisturbed transaction.</summary>
    /// <param name="transaction">Which transaction, from 0.</param>
    /// <param name="direction">Of the written or of the read bytes.</param>
    /// <param name="byteIndex">Which of them, from 0.</param>
    /// <param name="bit">Which bit, 0 (least significant) to 7.</param>
    /// <returns>This plan.</returns>
    public I2cFaultPlan FlipBit(int transaction, BusDirection direction, int byteIndex, int bit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(byteIndex);
        ArgumentOutOfRangeException.ThrowIfNegative(bit);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bit, 7);
        return Add(new Rule(Action.Flip, transaction, 1) { Direction = direction, Byte = byteIndex, Bit = bit });
    }

    /// <summary>
    /// Takes the addressed part off the bus. Bytes read from then on are 0xFF, since the pull-up holds SDA high and the controller itself
    /// acknowledges them; bytes written are refused.
    /// </summary>
    /// <param name="transaction">Which transaction, from 0.</param>
    /// <param name="afterBytes">-1: before the address byte; otherwise after so many data bytes.</param>
    /// <returns>This plan.</returns>
    public I2cFaultPlan Unplug(int transaction, int afterBytes = -1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(afterBytes, -1);
        return Add(new Rule(Action.Unplug, transaction, 1) { Byte = afterBytes });
    }

    /// <summary>Puts the addressed part back before a transaction; it starts from power-on.</summary>
    /// <param name="transaction">Which transaction, from 0.</param>
    /// <returns>This plan.</returns>
    public I2cFaultPlan Replug(int transaction) => Add(new Rule(Action.Replug, transaction, 1));

    /// <summary>A dip of the addressed part's supply before a transaction: its registers return to their power-on values.</summary>
    /// <param name="transaction">Which transaction, from 0.</param>
    /// <returns>This plan.</returns>
    public I2cFaultPlan BrownOut(int transaction) => Add(new Rule(Action.BrownOut, transaction, 1));

    /// <summary>Hangs the addressed part's insides before a transaction (<see cref="II2cTarget.IsFrozen"/>).</summary>
    /// <param name="transaction">Which transaction, from 0.</param>
    /// <returns>This plan.</returns>
    public I2cFaultPlan Freeze(int transaction) => Add(new Rule(Action.Freeze, transaction, 1));

    /// <summary>Ends a freeze before a transaction.</summary>
    /// <param name="transaction">Which transaction, from 0.</param>
    /// <returns>This plan.</returns>
    public I2cFaultPlan Thaw(int transaction) => Add(new Rule(Action.Thaw, transaction, 1));

    /// <summary>Holds SDA low from before a transaction on, for a time.</summary>
    /// <param name="transaction">Which transaction, from 0.</param>
    /// <param name="durationUs">How long, µs.</param>
    /// <returns>This plan.</returns>
    public I2cFaultPlan HoldSdaLow(int transaction, long durationUs)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(durationUs);
        return Add(new Rule(Action.HoldForUs, transaction, 1) { Amount = durationUs });
    }

    /// <summary>Holds SDA low from before a transaction on, until the controller has sent so many clocks to free it.</summary>
    /// <param name="transaction">Which transaction, from 0.</param>
    /// <param name="clocks">How many clocks.</param>
    /// <returns>This plan.</returns>
    public I2cFaultPlan HoldSdaLowUntilClocks(int transaction, int clocks)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(clocks);
        return Add(new Rule(Action.HoldForClocks, transaction, 1) { Amount = clocks });
    }

    private I2cFaultPlan Add(Rule rule)
    {
        if (_rules.Count == MaxRules)
        {
            throw new InvalidOperationException($"A fault plan holds at most {MaxRules} rules.");
        }

        _rules.Add(rule);
        return this;
    }

    internal sealed class Rule(Action action, int first, int count)
    {
        public Action Action { get; } = action;

        public int First { get; } = first >= 0 ? first : throw new ArgumentOutOfRangeException(nameof(first), first, "Transactions are counted from 0.");

        public int Count { get; } = count > 0 ? count : throw new ArgumentOutOfRangeException(nameof(count), count, "A rule covers at least one transaction.");

        public BusOutcome Outcome { get; init; }

        public BusDirection Direction { get; init; }

        public int Byte { get; init; }

        public int Bit { get; init; }

        public long Amount { get; init; }

        public bool Covers(int transaction) => transaction >= First && transaction - First < Count;
    }
}
