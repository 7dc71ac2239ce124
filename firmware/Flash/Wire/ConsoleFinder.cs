using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using EdgeGateway.Faults;
using Firmware.Flash.Serial;

namespace Firmware.Flash.Wire;

/// <summary>Finds the console of each board among the machine's ports. One at a time: a port that is being asked is not free for another board.</summary>
/// <param name="ports">The machine's ports.</param>
/// <param name="clock">For time-outs.</param>
/// <param name="candidates">The ports to look at; empty for all that there are.</param>
/// <param name="flashPorts">The ports by which boards are flashed; each is asked only for its own board.</param>
public sealed class ConsoleFinder(ISerialPorts ports, TimeProvider clock, IReadOnlyList<string> candidates, IReadOnlyList<string> flashPorts)
{
    // Requests of one open line at most, far above what a bring-up asks.
    private const int IdsPerLine = 10_000;

    // Ports that are asked still when the console was found. Assumption: silent ones take 2 s each, and other boards wait.
    private const int MaxMoreLooks = 6;

    private static int _lines;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, string> _portOfChip = new(StringComparer.Ordinal);

    /// <summary>Looks for a board's console once.</summary>
    /// <param name="mac">The chip's address.</param>
    /// <param name="flashPort">The port by which it is flashed; on boards with native USB also its console.</param>
    /// <param name="knownId">The id that was set on this chip's pod by hand, from its last record; empty for none.</param>
    /// <returns>The console, or null.</returns>
    /// <exception cref="CodedErrorException">Two consoles say that they are this chip.</exception>
    public PlugFinding? Find(string mac, string flashPort, string knownId = "")
    {
        lock (_lock)
        {
            if (_portOfChip.TryGetValue(mac, out string? known))
            {
                PlugFinding again = PlugProbe.Probe(ports, known, clock);
                if (again.IsOf(mac, knownId))
                {
                    return again;
                }
            }

            string[] all = candidates.Count > 0 ? [.. candidates] : [.. ports.List().Select(p => p.Name)];
            string[] taken = [.. _portOfChip.Where(p => !string.Equals(p.Key, mac, StringComparison.Ordinal)).Select(p => p.Value), .. flashPorts];
            List<PlugFinding> consoles = [];
            PlugFinding? found = null;
            int looks = 0;
            foreach (string port in all.Where(p => !taken.Contains(p, StringComparer.Ordinal)).Append(flashPort).Distinct(StringComparer.Ordinal))
            {
                if (found is not null && ++looks > MaxMoreLooks)
                {
                    break;
                }

                PlugFinding finding = PlugProbe.Probe(ports, port, clock);
                if (finding.IsOf(mac, knownId))
                {
                    // The rest is asked too: of two that say the same, one is another pod, and which is not known.
                    found = found is null ? finding : throw new CodedErrorException(new CodedError(
                        FaultCodes.PodIdentityShared, ErrorPlace.None, $"the consoles on {found.Port} and {port} both say that they are {finding.Identity!.Text("deviceId")}"));
                }

                if (finding.Kind == PlugKind.Console)
                {
                    consoles.Add(finding);
                }
            }

            if (found is not null)
            {
                _portOfChip[mac] = found.Port;
                return found;
            }

            // A pod whose id was set by hand and that does not say its address: sure only when there is one board and one console.
            // Never one whose id was made from another chip (FF FE in its middle).
            return consoles.Count == 1 && flashPorts.Count == 1 && consoles[0].Identity!.Text("mac").Length == 0
                && consoles[0].Identity!.Text("deviceId") is { Length: 16 } id && !string.Equals(id.Substring(6, 4), "fffe", StringComparison.OrdinalIgnoreCase) ? consoles[0] : null;
        }
    }

    /// <summary>Asks one port again, whoever answers there.</summary>
    /// <param name="port">The port.</param>
    /// <returns>The console, or null.</returns>
    public PlugFinding? ProbeKnown(string port)
    {
        lock (_lock)
        {
            PlugFinding finding = PlugProbe.Probe(ports, port, clock);
            return finding.Kind == PlugKind.Console ? finding : null;
        }
    }

    /// <summary>Opens a console that was found.</summary>
    /// <param name="port">Its port.</param>
    /// <param name="log">Takes what is asked, without secrets.</param>
    /// <returns>The console.</returns>
    /// <exception cref="CodedErrorException">The port cannot be opened.</exception>
    public PodConsole Open(string port, Action<string> log)
    {
        lock (_lock)
        {
            return Open(ports, clock, port, log);
        }
    }

    /// <summary>Opens a port as a console.</summary>
    /// <param name="ports">The machine's ports.</param>
    /// <param name="clock">For time-outs.</param>
    /// <param name="port">The port.</param>
    /// <param name="log">Takes what is asked, without secrets.</param>
    /// <returns>The console.</returns>
    /// <exception cref="CodedErrorException">The port cannot be opened.</exception>
    public static PodConsole Open(ISerialPorts ports, TimeProvider clock, string port, Action<string> log)
    {
        try
        {
            return new PodConsole(ports.Open(port), clock, port, log, NextFirstId());
        }
        catch (Exception e) when (e is System.IO.IOException or UnauthorizedAccessException)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.SerialPortUnusable, new ErrorPlace(port, 0, null), e.Message.TrimEnd('.')));
        }
    }

    /// <summary>A number from which the requests of a line count, so that two lines of this run have no number in common.</summary>
    /// <returns>The number.</returns>
    public static int NextFirstId() => (int)((uint)Interlocked.Increment(ref _lines) * IdsPerLine % AnswerLine.MaxId);
}
