using System;
using System.IO;
using System.Threading;
using Firmware.Flash.Nanoff;
using Firmware.Flash.Serial;

namespace Firmware.Flash;

/// <summary>All that cart-flash asks of the machine it runs on; tests give stand-ins.</summary>
public sealed class FlashMachine
{
    /// <summary>Results.</summary>
    public required TextWriter Output { get; init; }

    /// <summary>Errors, remarks and progress.</summary>
    public required TextWriter Diagnostics { get; init; }

    /// <summary>The person at the keyboard.</summary>
    public required IOperator Operator { get; init; }

    /// <summary>Serial ports.</summary>
    public required ISerialPorts Ports { get; init; }

    /// <summary>The flash tool.</summary>
    public required INanoff Nanoff { get; init; }

    /// <summary>Time.</summary>
    public required TimeProvider Clock { get; init; }

    /// <summary>The PATH on which programs are looked for.</summary>
    public required string Path { get; init; }

    /// <summary>True when progress may be drawn over itself.</summary>
    public bool IsTerminal { get; init; }

    /// <summary>Version of the PowerShell that flash.ps1 runs in; null without it.</summary>
    public string? PowerShellVersion { get; init; }

    /// <summary>How long a board may take to start and answer, ms. Assumption: 60 s, thrice what a start with a full store may take.</summary>
    public int StartMs { get; init; } = 60_000;

    /// <summary>Pause between two looks for a board that starts, ms.</summary>
    public int LookAgainMs { get; init; } = 500;

    /// <summary>Lets so many ms pass.</summary>
    public Action<int> Pause { get; init; } = ms =>
    {
        using ManualResetEvent never = new(initialState: false);
        never.WaitOne(ms);
    };
}
