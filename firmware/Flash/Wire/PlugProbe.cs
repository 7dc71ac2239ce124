using System;
using System.Buffers.Binary;
using System.IO;
using System.Linq;
using System.Text;
using EdgeGateway.Faults;
using Firmware.Flash.Hardware;
using Firmware.Flash.Images;
using Firmware.Flash.Serial;

namespace Firmware.Flash.Wire;

/// <summary>What a serial port leads to.</summary>
public enum PlugKind
{
    /// <summary>Nothing answered.</summary>
    Silent,

    /// <summary>The pod's console.</summary>
    Console,

    /// <summary>UART0, which belongs to the runtime's debugger: the plug for flashing.</summary>
    Debugger,

    /// <summary>The boot loader speaks: a chip without a runtime, or one that restarts again and again.</summary>
    Loader,

    /// <summary>The port cannot be opened.</summary>
    Unusable,
}

/// <summary>What was found behind a port.</summary>
/// <param name="Port">The port.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Identity">The pod's answer to id; null unless it is a console.</param>
/// <param name="About">Why it is unusable, in a clause; empty otherwise.</param>
public sealed record PlugFinding(string Port, PlugKind Kind, PodAnswer? Identity, string About)
{
    /// <summary>One line for a person.</summary>
    public string Says => Kind switch
    {
        PlugKind.Console => $"the pod's console: {Identity!.Text("deviceId")}, {(Identity.Text("role").Length > 0 ? Identity.Text("role") : "no role")}, version {Identity.Text("version")}, {Identity.Text("state")}",
        PlugKind.Debugger => "UART0, the debugger's plug: for flashing, not the console",
        PlugKind.Loader => "UART0, the boot loader speaks: no runtime on this board, or it restarts again and again",
        PlugKind.Unusable => PlainText.Clean(About),
        _ => "nothing answers: no pod, no power, or a cable without data lines",
    };

    /// <summary>True when this console is that of the chip with this address.</summary>
    /// <param name="mac">Twelve hexadecimal digits.</param>
    /// <param name="knownId">The id that was set on this chip's pod by hand, from its last record; empty for none.</param>
    /// <returns>True when it is.</returns>
    public bool IsOf(string mac, string knownId = "")
    {
        if (Kind != PlugKind.Console)
        {
            return false;
        }

        string said = Identity!.Text("mac");
        string id = Identity.Text("deviceId");
        return ChipDetails.IsFrom(said.Length > 0 ? said : id, mac) || (said.Length == 0 && knownId.Length > 0 && string.Equals(id, knownId, StringComparison.Ordinal));
    }
}

/// <summary>Finds out which plug is which. UART0 speaks the debugger's wire protocol; the console has a UART of its own, or the S3's native USB.</summary>
public static class PlugProbe
{
    private const int MaxWordSigns = 40;
    private const int AnswerMs = 700;
    private const int PingMs = 500;

    private static readonly string[] Words = ["role", "board", "target", "version", "build", "image", "bootId", "reset", "state", "provisioned"];

    /// <summary>Asks a port what it is: the console first, then the debugger. Opening a port may restart a board whose adapter drives its reset line.</summary>
    /// <param name="ports">The machine's ports.</param>
    /// <param name="name">The port.</param>
    /// <param name="clock">For time-outs.</param>
    /// <returns>What was found.</returns>
    public static PlugFinding Probe(ISerialPorts ports, string name, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(ports);
        ArgumentNullException.ThrowIfNull(clock);
        try
        {
            using ISerialLine line = ports.Open(name);
            PodConsole console = new(line, clock, name, _ => { }, ConsoleFinder.NextFirstId());
            try
            {
                PodAnswer answer = console.Ask("id", timeoutMs: AnswerMs);
                if (answer.IsOk)
                {
                    return IsWhole(answer) ? new PlugFinding(name, PlugKind.Console, answer, string.Empty)
                        : new PlugFinding(name, PlugKind.Unusable, null, "a console whose id, version or state has not the form that a pod's has");
                }
            }
            catch (CodedErrorException e) when (e.Errors[0].Code is FaultCodes.ConsoleSilent or FaultCodes.ConsoleAnswerDamaged)
            {
                // No console: the debugger is asked next.
            }

            line.Write(Ping());
            string text = string.Empty;
            byte[] buffer = new byte[512];
            long start = clock.GetTimestamp();
            while (clock.GetElapsedTime(start).TotalMilliseconds < PingMs && text.Length < 8192)
            {
                text += Encoding.Latin1.GetString(buffer, 0, line.Read(buffer, PingMs));
                if (text.Contains("NFPKTV1", StringComparison.Ordinal) || text.Contains("NFDBGV1", StringComparison.Ordinal))
                {
                    return new PlugFinding(name, PlugKind.Debugger, null, string.Empty);
                }
            }

            // Source: Espressif, ESP-IDF, boot messages of the ROM loader.
            bool isLoader = text.Contains("rst:0x", StringComparison.Ordinal) || text.Contains("waiting for download", StringComparison.Ordinal) || text.Contains("invalid header", StringComparison.Ordinal);
            return new PlugFinding(name, isLoader ? PlugKind.Loader : PlugKind.Silent, null, string.Empty);
        }
        catch (CodedErrorException e)
        {
            return new PlugFinding(name, PlugKind.Unusable, null, "cannot be used: " + e.Errors[0].Detail);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new PlugFinding(name, PlugKind.Unusable, null, "cannot be opened: " + e.Message.TrimEnd('.'));
        }
    }

    // What the pod says of itself goes into records, file names and labels: each has its form.
    private static bool IsWhole(PodAnswer answer) =>
        answer.Text("deviceId") is { Length: 16 } id && id.All(char.IsAsciiHexDigit) && answer.Text("mac") is { Length: <= 17 } mac && mac.All(c => char.IsAsciiHexDigit(c) || c is ':' or '-')
        && Words.All(w => answer.Text(w) is { Length: <= MaxWordSigns } word && word.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '+'));

    /// <summary>
    /// A ping of the debugger's wire protocol: head of 32 bytes with both checksums, and who asks. Source: nf-interpreter, WireProtocol.h, WP_Packet and Monitor_Ping_Source_Host.
    /// </summary>
    /// <returns>40 bytes.</returns>
    public static byte[] Ping()
    {
        const uint Host = 0x0001_0002;
        byte[] packet = new byte[40];
        "NFPKTV1\0"u8.CopyTo(packet);
        BinaryPrimitives.WriteUInt16LittleEndian(packet.AsSpan(20), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(packet.AsSpan(28), 8);
        BinaryPrimitives.WriteUInt32LittleEndian(packet.AsSpan(32), Host);
        BinaryPrimitives.WriteUInt32LittleEndian(packet.AsSpan(12), ProgramImage.Crc(packet.AsSpan(32)));
        BinaryPrimitives.WriteUInt32LittleEndian(packet.AsSpan(8), ProgramImage.Crc(packet.AsSpan(0, 32)));
        return packet;
    }
}
