using System;
using System.Globalization;
using System.IO;
using System.Text;
using System.Threading.Tasks;
using EdgeGateway.Faults;
using Simulators.Cart.Report;
using Simulators.Cart.Scenario;
using Simulators.Cart.World;
using Simulators.Kernel;
using Simulators.Patient;

namespace Simulators.Cli;

/// <summary>What to run and how.</summary>
/// <param name="What">Scenario or recording.</param>
internal sealed record RunRequest(string What)
{
    public bool IsRecording { get; init; }

    public ulong? Seed { get; init; }

    public RecordedTimeUnit TimeUnit { get; init; }

    public bool Serve { get; init; }

    public bool RealTime { get; init; }

    public bool Table { get; init; }

    public string? TraceFile { get; init; }

    public string? LayersFile { get; init; }

    public bool Json { get; init; }
}

/// <summary><c>cart-sim run</c>, <c>cart-sim play</c>, and cart-sim alone.</summary>
internal static class RunCommand
{
    public static async Task<int> RunAsync(CommandContext here, RunRequest request)
    {
        (ScenarioDefinition scenario, string? folder) = request.IsRecording
            ? (PlayedRecording.Definition(request.What, request.TimeUnit), null)
            : ScenarioLibrary.Load(request.What);
        ulong seed = request.Seed ?? scenario.Seed;
        await here.Diagnostics.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{scenario.Name}: {scenario.Summary}")).ConfigureAwait(false);
        await here.Diagnostics.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"seed {seed}")).ConfigureAwait(false);
        using Stream? trace = OpenTrace(request.TraceFile);
        using Stream? layers = OpenTrace(request.LayersFile);

        // A recording's trace would be its largest cost: it is made only when it is asked for.
        bool traced = !request.IsRecording || trace is not null;
        using SimulatedWorld world = new(scenario, seed, traced, trace, folder);
        long startStamp = here.Time.GetTimestamp();
        if (request.RealTime || request.Serve)
        {
            await LiveAsync(here, request, world).ConfigureAwait(false);
        }
        else
        {
            world.Kernel.Run(scenario.DurationUs, () => here.Stop.IsCancellationRequested);
        }

        RunReport report = world.Report();
        if (layers is not null)
        {
            await layers.WriteAsync(Encoding.UTF8.GetBytes(string.Join('\n', [TraceLayers.Heading, .. report.TraceLayers]) + "\n")).ConfigureAwait(false);
        }

        double seconds = here.Time.GetElapsedTime(startStamp).TotalSeconds;
        await here.Output.WriteAsync(request.Json ? ReportText.Json(report, seconds) : ReportText.Lines(report, seconds)).ConfigureAwait(false);
        bool cutShort = report.EndUs < scenario.DurationUs;
        if (cutShort)
        {
            await here.Diagnostics.WriteLineAsync("stopped before the end: the expectations were not compared").ConfigureAwait(false);
            return ExitCode.Missed;
        }

        foreach (CodedError missed in report.Missed)
        {
            await here.Diagnostics.WriteLineAsync(missed.Render()).ConfigureAwait(false);
        }

        return report.Missed.Count == 0 ? ExitCode.Done : ExitCode.Missed;
    }

    private static async Task LiveAsync(CommandContext here, RunRequest request, SimulatedWorld world)
    {
        using PacedRun paced = new(world.Kernel, here.Time);
        ServedGateway? served = request.Serve ? await ServedGateway.StartAsync(world, paced, here).ConfigureAwait(false) : null;
        try
        {
            long endUs = world.Scenario.DurationUs;
            if (!request.RealTime)
            {
                // Served at full speed: what comes over HTTP is taken in between events.
                world.Kernel.Run(endUs, () => here.Stop.IsCancellationRequested);
                return;
            }

            using LiveTable table = new(here, world, request);
            table.Begin();
            await paced.RunAsync(endUs, here.Stop).ConfigureAwait(false);
            table.End();
        }
        finally
        {
            if (served is not null)
            {
                await served.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private static FileStream? OpenTrace(string? path)
    {
        if (path is null)
        {
            return null;
        }

        try
        {
            return new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.TraceFileUnwritable, new ErrorPlace(path, 0, null), e.Message.TrimEnd('.')));
        }
    }
}

/// <summary><c>cart-sim list</c>.</summary>
internal static class ListCommand
{
    public static int Run(CommandContext here, bool json)
    {
        if (json)
        {
            here.Output.WriteLine(ReportText.ListJson());
            return ExitCode.Done;
        }

        foreach (string name in ScenarioLibrary.Names)
        {
            here.Output.WriteLine($"{name,-22} {ScenarioLibrary.Load(name).Scenario.Summary}");
        }

        return ExitCode.Done;
    }
}
