using System;
using System.Collections.Generic;
using System.Threading;
using Firmware.Flash.Hardware;
using Firmware.Flash.Images;
using Firmware.Flash.Nanoff;
using Firmware.Flash.Provisioning;
using Firmware.Flash.Serial;
using Firmware.Flash.Wire;

namespace Firmware.Flash.BringUp;

/// <summary>What all boards of one run have in common.</summary>
internal sealed class BringUpPlan
{
    public required BringUpOptions Options { get; init; }

    public required IReadOnlyList<FlashBoard> Boards { get; init; }

    public required IReadOnlyList<string> SampleParts { get; init; }

    public required ProgramImage Program { get; init; }

    public required BundleSource Bundles { get; init; }

    public required INanoff Nanoff { get; init; }

    public required ISerialPorts Ports { get; init; }

    public required ConsoleFinder Consoles { get; init; }

    public required TimeProvider Clock { get; init; }

    public required string Tool { get; init; }

    public required int StartMs { get; init; }

    public required Action Pause { get; init; }

    /// <summary>Held while nanoff unpacks and writes a runtime.</summary>
    public Lock RuntimeTurn { get; } = new();

    /// <summary>Held while a line is added to the table.</summary>
    public Lock RecordTurn { get; } = new();

    /// <summary>Which port has which chip.</summary>
    public Dictionary<string, string> Macs { get; } = new(StringComparer.Ordinal);

    /// <summary>Which chip has which pod's id; held while it is asked and changed.</summary>
    public Dictionary<string, string> MacOfId { get; } = new(StringComparer.Ordinal);
}
