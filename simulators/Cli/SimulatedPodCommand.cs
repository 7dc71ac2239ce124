using System;
using System.Globalization;
using System.IO;
using System.Threading.Tasks;
using EdgeGateway.Faults;
using Firmware.Pod.Diagnostics;
using Firmware.Protocol;
using Simulators.Cart.Ledger;
using Simulators.Cart.Pod;
using Simulators.Cart.Scenario;
using Simulators.Cart.World;
using Simulators.Kernel;

namespace Simulators.Cli;

/// <summary><c>cart-sim pod</c>: one simulated pod as a process of its own, in real time, over real TCP.</summary>
internal static class SimulatedPodCommand
{
    public static async Task<int> RunAsync(
        CommandContext here, HostAndPort gateway, ulong device, string? logFile, string? storeFolder, double? durationSeconds, ulong seed, bool hasConsole)
    {
        using PtyConsolePort? console = hasConsole ? OpenConsole() : null;
        using LineLog log = new(logFile, null);
        using DirectoryByteStore? store = Open(storeFolder);
        using WorldServices world = new(seed, traced: false);
        using PacedRun paced = new(world.Kernel, here.Time);
        await here.Diagnostics.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"seed {seed}")).ConfigureAwait(false);
        PodDefinition definition = new() { Id = "pod", DeviceId = device, DriftPpb = 5000, TouchUs = 0, HandshakeUs = 0 };
        TcpConnector? connector = null;
        SimulatedPod pod = new(
            world,
            "process",
            definition,
            (now, wake) => connector = new TcpConnector(gateway, new PacedLoop(world.Kernel, paced), here.Time, now, wake),
            store);
        if (console is not null)
        {
            pod.FitConsole(console, Mac(device), Version());
            await here.Output.WriteLineAsync("console " + console.Path).ConfigureAwait(false);
            await here.Output.FlushAsync().ConfigureAwait(false);
        }

        pod.FrameProduced += (buffer, offset, length) => log.Line(string.Create(
            CultureInfo.InvariantCulture, $"produced {ReadingId.Of(buffer, offset)} {Frame.BindingEpoch(buffer, offset)} {(int)Frame.Kind(buffer, offset)}"));
        pod.FrameAcknowledged += (buffer, offset, length) => log.Line($"acknowledged {ReadingId.Of(buffer, offset)}");
        pod.FrameEvicted += (buffer, offset, length) => log.Line($"evicted {ReadingId.Of(buffer, offset)}");
        world.Kernel.At(0, pod.PowerOn);
        world.Kernel.At(0, () => pod.Skin.Touch(0));
        long endUs = durationSeconds is double seconds ? (long)(seconds * 1e6) : Oscillator.MaxElapsedUs / 2;
        await paced.RunAsync(endUs, here.Stop).ConfigureAwait(false);
        connector?.Dispose();
        if (pod.Host is null)
        {
            await here.Output.WriteLineAsync("safe mode, or between two starts: nothing is measured").ConfigureAwait(false);
            return ExitCode.Done;
        }

        PodCounters counters = pod.Host.Counters;
        await here.Output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"produced {counters.Produced} recovered {counters.Recovered} acknowledged {counters.Acknowledged} pending {counters.Pending} evicted {counters.Evicted}")).ConfigureAwait(false);
        return ExitCode.Done;
    }

    // The chip's MAC is what stands around FF FE in an EUI-64 that was made of one.
    private static byte[] Mac(ulong device) =>
        [(byte)(device >> 56), (byte)(device >> 48), (byte)(device >> 40), (byte)(device >> 16), (byte)(device >> 8), (byte)device];

    private static string Version() => typeof(SimulatedPodCommand).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    private static PtyConsolePort OpenConsole()
    {
        if (OperatingSystem.IsLinux())
        {
            try
            {
                return PtyConsolePort.Open();
            }
            catch (IOException e)
            {
                throw new CodedErrorException(new CodedError(FaultCodes.SimulatorStoreUnusable, ErrorPlace.None, e.Message));
            }
        }

        throw new CodedErrorException(new CodedError(FaultCodes.SimulatorStoreUnusable, ErrorPlace.None, "a console on a pseudo-terminal needs Linux"));
    }

    private static DirectoryByteStore? Open(string? folder)
    {
        try
        {
            return folder is null ? null : new DirectoryByteStore(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.SimulatorStoreUnusable, new ErrorPlace(folder, 0, null), e.Message.TrimEnd('.')));
        }
    }
}
