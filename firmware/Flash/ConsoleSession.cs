using System;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Faults;
using Firmware.Flash.Serial;
using Firmware.Flash.Wire;

namespace Firmware.Flash;

/// <summary>Finds the console's port and joins a terminal to it.</summary>
internal static class ConsoleSession
{
    private const byte Leave = 0x1D;

    /// <summary>Finds the one console.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="port">The port that was named, or null.</param>
    /// <returns>The console.</returns>
    /// <exception cref="CodedErrorException">There is none, or several; each port is said with what it is.</exception>
    public static PlugFinding Find(FlashMachine machine, string? port)
    {
        string[] ports = port is not null ? [port] : [.. machine.Ports.List().Select(p => p.Name)];
        PlugFinding[] findings = [.. ports.Select(p => PlugProbe.Probe(machine.Ports, p, machine.Clock))];
        PlugFinding[] consoles = [.. findings.Where(f => f.Kind == PlugKind.Console)];
        if (consoles.Length == 1)
        {
            return consoles[0];
        }

        string found = findings.Length == 0 ? "there is no serial port" : string.Join("; ", findings.Select(f => SerialPortDescription.Of(machine.Ports, f.Port).Called + " is " + f.Says));
        throw new CodedErrorException(new CodedError(
            findings.Length > 0 && findings.All(f => f.Kind == PlugKind.Unusable) ? FaultCodes.SerialPortUnusable : FaultCodes.ConsoleSilent, ErrorPlace.None, found,
            consoles.Length > 1 ? "Name one of the consoles with -Port." : null));
    }

    /// <summary>Sends one command and prints its answer.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="port">The console's port.</param>
    /// <param name="command">The command.</param>
    public static void Send(FlashMachine machine, string port, string command)
    {
        string[] words = [.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static w => w.Trim('"'))];
        if (words is ["unlock", ..] or ["config", _, "wifi.password" or "technicianKey" or "tls.key", ..])
        {
            throw new CodedErrorException(new CodedError(FaultCodes.FlashCommandLineIncomplete, ErrorPlace.None, "--send takes no secret: arguments can be read by every user of this machine", "Give a bundle, or type it in the console."));
        }

        if (command.Any(c => c is < ' ' or > '~') || command.Length > AnswerLine.MaxRequestBytes - 12)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.FlashCommandLineIncomplete, ErrorPlace.None, "--send takes printable ASCII, at most 500 signs"));
        }

        using PodConsole console = ConsoleFinder.Open(machine.Ports, machine.Clock, port, _ => { });
        PodAnswer answer = console.Require(command, isRepeatable: false);
        foreach (System.Text.Json.JsonElement part in answer.Parts)
        {
            machine.Output.WriteLine(part.GetRawText());
        }

        if (answer.Json is System.Text.Json.JsonElement json)
        {
            machine.Output.WriteLine(json.GetRawText());
        }
    }

    /// <summary>Joins input and output to the console until Ctrl-] or the end of input. Of what the pod writes only text, line ends and its colours are shown.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="port">The console's port.</param>
    /// <param name="input">What is typed, byte by byte.</param>
    public static void Join(FlashMachine machine, string port, Stream input)
    {
        using JoinedLine line = new(machine, port);
        using CancellationTokenSource end = new();
        Task reader = Task.Factory.StartNew(() => Copy(machine, line, end.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        byte[] typed = new byte[64];
        for (int count = input.Read(typed); count > 0 && !reader.IsCompleted; count = input.Read(typed))
        {
            int leave = Array.IndexOf(typed, Leave, 0, count);
            byte[] sent = typed[..(leave < 0 ? count : leave)];
            if (sent.Length > 0)
            {
                line.Write(sent);
            }

            if (leave >= 0)
            {
                break;
            }
        }

        end.Cancel();
        reader.GetAwaiter().GetResult();
    }

    private static void Copy(FlashMachine machine, JoinedLine line, CancellationToken end)
    {
        TerminalFilter filter = new();
        byte[] buffer = new byte[512];
        while (!end.IsCancellationRequested)
        {
            int count = line.Read(buffer, 200, end);
            machine.Output.Write(filter.Take(buffer.AsSpan(0, count)));
            machine.Output.Flush();
        }
    }
}
