using System;
using System.Threading;
using Firmware.Flash;
using Firmware.Flash.Nanoff;
using Firmware.Flash.Serial;

string path = Environment.GetEnvironmentVariable("PATH") ?? string.Empty;
using CancellationTokenSource stop = new();
Console.CancelKeyPress += (_, e) =>
{
    // Each board ends behind its step, and its state file says where.
    e.Cancel = true;
    stop.Cancel();
};
return FlashTool.Run(args, new FlashMachine
{
    Output = Console.Out,
    Diagnostics = Console.Error,
    Operator = new ConsoleOperator(),
    Ports = new MachinePorts(),
    Nanoff = new NanoffProcess(path),
    Clock = TimeProvider.System,
    Path = path,
    IsTerminal = !Console.IsOutputRedirected,
    PowerShellVersion = Environment.GetEnvironmentVariable("CART_FLASH_POWERSHELL"),
}, stop.Token);
