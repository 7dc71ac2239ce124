using System.Collections.Generic;

namespace Firmware.Flash.BringUp;

/// <summary>What a bring-up is to do.</summary>
public sealed record BringUpOptions
{
    /// <summary>The ports that boards are flashed by; one per board.</summary>
    public required IReadOnlyList<string> Ports { get; init; }

    /// <summary>Ports on which consoles are looked for; empty for all that the machine has.</summary>
    public IReadOnlyList<string> ConsolePorts { get; init; } = [];

    /// <summary>The board that is meant, or null for whichever fits the chip.</summary>
    public string? Board { get; init; }

    /// <summary>The runtime's image that is meant, or null for the board's.</summary>
    public string? Target { get; init; }

    /// <summary>The program's file.</summary>
    public required string ProgramFile { get; init; }

    /// <summary>Folder of runtimes fetched before, or null.</summary>
    public string? Archive { get; init; }

    /// <summary>Version of the runtime's image.</summary>
    public required string ImageVersion { get; init; }

    /// <summary>Where records, labels and state files go.</summary>
    public required string Records { get; init; }

    /// <summary>True to erase everything first: identity, calibrations, certificates and unsent readings.</summary>
    public bool IsFactory { get; init; }

    /// <summary>True to provision a pod anew that is provisioned: what the bundle leaves out is taken away, calibrations stay.</summary>
    public bool IsReprovisioned { get; init; }

    /// <summary>True where the gateway is not: the self test's item "gateway", and no other, is not judged, and the record says so.</summary>
    public bool IsWithoutGateway { get; init; }

    /// <summary>True when a person has read the PSRAM's size on the module.</summary>
    public bool IsPsramConfirmed { get; init; }

    /// <summary>The cart's name, for label and configuration.</summary>
    public string CartName { get; init; } = string.Empty;

    /// <summary>What the pod is for; null to keep what it has, and vitals for a pod that has none.</summary>
    public string? Role { get; init; }

    /// <summary>The fitted parts, as the pod's key takes them; null to keep what it has, and those of the sample cart for a pod that has none.</summary>
    public string? Parts { get; init; }
}
