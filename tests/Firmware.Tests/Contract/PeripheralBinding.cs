using System;
using System.Collections.Generic;
using Firmware.Core;
using Simulators.Buses;
using Simulators.Cart.Pod;
using Simulators.Chips;
using Simulators.Kernel;

namespace Firmware.Tests.Contract;

/// <summary>One value that a driver published, beside what was true.</summary>
/// <param name="Value">What the driver said.</param>
/// <param name="Expected">What was right, in the same unit.</param>
internal readonly record struct Published(long Value, long Expected)
{
    public long Error => Math.Abs(Value - Expected);
}

/// <summary>A bus, a simulated chip on it and the unchanged driver. Made anew for every run.</summary>
internal abstract class PeripheralWorld
{
    protected PeripheralWorld(int speedHz = 400_000)
    {
        Bus = new SimulatedI2cBus(Clock, speedHz);
        Port = new SimulatedI2cPort(Bus);
    }

    public ManualClock Clock { get; } = new();

    public SimulatedI2cBus Bus { get; }

    public SimulatedI2cPort Port { get; }

    /// <summary>The address that the simulated chip is attached by.</summary>
    public abstract int Address { get; }

    public abstract IDriver Driver { get; }

    /// <summary>Sets the simulated chip's stimulus input.</summary>
    /// <param name="truth">In the binding's unit.</param>
    public abstract void SetTruth(long truth);

    /// <summary>Called after each Ready of Measure: adds what the driver published.</summary>
    /// <param name="published">Where to add.</param>
    /// <param name="afterGap">True when, since the last call, the driver failed or was restarted, so that readings may be missing.</param>
    public abstract void Collect(List<Published> published, bool afterGap);

    /// <summary>Called after each Ready: null when the chip is set as the driver believes, else what differs.</summary>
    /// <returns>The difference.</returns>
    public virtual string? Misconfiguration() => null;
}

/// <summary>What the contract suite must know of a peripheral. Bind a new one by deriving from this; see README.md.</summary>
internal abstract class PeripheralBinding
{
    /// <summary>The folder's name under firmware/Peripherals.</summary>
    public abstract string Name { get; }

    /// <summary>True when the chip sends a checksum: then every flipped bit must be found.</summary>
    public abstract bool HasChecksum { get; }

    /// <summary>True when the chip has an identity register: then another part at its address must be called <see cref="AbsenceReason.WrongPart"/>.</summary>
    public virtual bool HasIdentity => true;

    /// <summary>What the driver publishes, with the tolerance that counts as right.</summary>
    public abstract PhysicalRange Range { get; }

    /// <summary>A truth in the middle, for all runs with faults.</summary>
    public abstract long TypicalTruth { get; }

    /// <summary>Another truth, so far from the first that an old value is a wrong one.</summary>
    public abstract long OtherTruth { get; }

    /// <summary>Truths outside the published range, for which nothing may be published.</summary>
    public virtual IReadOnlyList<long> OutsideTruths => [];

    /// <summary>Readings (Ready of Measure) that make a run.</summary>
    public virtual int Readings => 3;

    /// <summary>Longest time without either a reading or a named absence, µs.</summary>
    public abstract long PatienceUs { get; }

    /// <summary>Longest time from the end of a fault to the next reading, µs.</summary>
    public abstract long RecoveryUs { get; }

    /// <summary>True when the chip offers a way to notice that its insides hang.</summary>
    public abstract bool NoticesFrozen { get; }

    /// <summary>For chips without checksum: flips that pass as a wrong value, of all tried. The suite measures them and must find exactly this.</summary>
    public virtual int DeclaredWrongFlips => 0;

    /// <summary>For chips without checksum: flips after which a right value is published twice or under a wrong setting. Measured as well.</summary>
    public virtual int DeclaredIrregularFlips => 0;

    /// <summary>For chips without checksum: the largest error of a value published after a flip, in the range's unit.</summary>
    public virtual long DeclaredLargestError => 0;

    /// <summary>Names of parts that differ as the datasheet allows (clock, noise, undefined bits), beside the typical part.</summary>
    public virtual IReadOnlyList<string> Variants => [];

    /// <summary>A fresh world, powered, with the typical truth.</summary>
    /// <param name="variant">One of <see cref="Variants"/>, or null for the typical part.</param>
    /// <returns>The world.</returns>
    public abstract PeripheralWorld Create(string? variant);
}
