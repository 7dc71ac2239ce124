using System;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;
using EdgeGateway.Machine;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EdgeGateway.Gateway.Hosting;

/// <summary>The command line <c>cart-gateway</c>: runs until SIGTERM or SIGINT, or checks a configuration file.</summary>
public static class GatewayProgram
{
    /// <summary>Stopped cleanly, or the file is right.</summary>
    public const int Done = 0;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>Configuration or machine refused.</summary>
    public const int Refused = 3;

    /// <summary>The gateway broke one of its own rules.</summary>
    public const int Internal = 4;

    /// <summary>Runs the program.</summary>
    /// <param name="arguments">The words after the program's name.</param>
    /// <param name="output">Results: the listeners, "running", "stopped".</param>
    /// <param name="diagnostics">Errors. The log goes to the process's own stderr.</param>
    /// <returns>0 done, 2 usage, 3 refused, 4 internal.</returns>
    public static async Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter diagnostics)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(diagnostics);
        try
        {
            return await ParseAndRunAsync(arguments, output, diagnostics).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            return await BrokenAsync(exception, "en", diagnostics).ConfigureAwait(false);
        }
    }

    /// <summary>Runs the gateway until a signal ends it.</summary>
    /// <param name="options">Configuration, already checked.</param>
    /// <param name="output">Results.</param>
    /// <param name="diagnostics">Errors.</param>
    /// <param name="change">Changes the builder at the end, for tests; null for nothing.</param>
    /// <returns>0 done, 3 refused, 4 internal.</returns>
    internal static async Task<int> ServeAsync(GatewayHostOptions options, TextWriter output, TextWriter diagnostics, Action<WebApplicationBuilder>? change = null)
    {
        Exception? broken;
        CodedError? refusal = null;
        WebApplication application = GatewayApplication.Build(options, TimeProvider.System, change);
        await using (application.ConfigureAwait(false))
        {
            GatewayService gateway = application.Services.GetRequiredService<GatewayService>();
            try
            {
                refusal = await GatewayApplication.TryStartAsync(application).ConfigureAwait(false);
                if (refusal is null)
                {
                    await UntilStoppedAsync(application, gateway, output).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (application.Lifetime.ApplicationStopping.IsCancellationRequested)
            {
                // A signal came while it started, or its logic broke: the latter is said below.
            }

            broken = gateway.Broken.IsCompleted ? await gateway.Broken.ConfigureAwait(false) : null;
        }

        if (broken is not null)
        {
            return await BrokenAsync(broken, options.Language, diagnostics).ConfigureAwait(false);
        }

        if (refusal is not null)
        {
            await diagnostics.WriteLineAsync(refusal.Render(options.Language)).ConfigureAwait(false);
            return Refused;
        }

        await output.WriteLineAsync("stopped").ConfigureAwait(false);
        return Done;
    }

    private static async Task<int> ParseAndRunAsync(string[] arguments, TextWriter output, TextWriter diagnostics)
    {
        Argument<string> file = new("gateway.yaml") { Description = "The configuration file; gateway.example.yaml lists every key." };
        Option<bool> check = new("--check") { Description = "Says whether the gateway could start here with this file, and changes nothing." };
        Option<bool> deep = new("--deep") { Description = "The same, and tries directory, ports, certificates' times and broker, with the gateway stopped; --check=deep says the same." };
        RootCommand root = new("A cart's gateway: takes in what pods measure, keeps it, and delivers it to the session's broker or subscribers. Ends on SIGTERM.") { file, check, deep };
        root.SetAction((parsed, _) => parsed.GetValue(check) || parsed.GetValue(deep) ? CheckAsync(parsed.GetValue(file)!, parsed.GetValue(deep), output, diagnostics) : LoadAndServeAsync(parsed.GetValue(file)!, output, diagnostics));
        ParseResult result = root.Parse([.. arguments.Select(static a => a is "--check=deep" ? "--deep" : a)]);
        if (result.Errors.Count > 0)
        {
            foreach (ParseError error in result.Errors)
            {
                await diagnostics.WriteLineAsync(new CodedError(FaultCodes.GatewayCommandLineWrong, ErrorPlace.None, error.Message.TrimEnd('.')).Render()).ConfigureAwait(false);
            }

            await diagnostics.WriteLineAsync("Try: cart-gateway --help").ConfigureAwait(false);
            return Usage;
        }

        // Signals are the host's.
        return await result.InvokeAsync(
            new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null, Output = output, Error = diagnostics }, CancellationToken.None).ConfigureAwait(false);
    }

    private static async Task<int> CheckAsync(string file, bool isDeep, TextWriter output, TextWriter diagnostics)
    {
        ConfigurationResult configuration = ConfigurationFile.Check(file, isDeep ? TimeProvider.System : null);
        if (configuration.Options is null)
        {
            await diagnostics.WriteLineAsync(CodedError.RenderAll(configuration.Errors)).ConfigureAwait(false);
            return Refused;
        }

        await output.WriteLineAsync($"{file}: the configuration is right.").ConfigureAwait(false);
        foreach (PlannedListener listener in ListenerPlan.Of(configuration.Options))
        {
            await output.WriteLineAsync("  " + listener).ConfigureAwait(false);
        }

        foreach (string note in MachineCheck.Notes(configuration.Options))
        {
            await output.WriteLineAsync("Note: " + note).ConfigureAwait(false);
        }

        return Done;
    }

    private static async Task<int> LoadAndServeAsync(string file, TextWriter output, TextWriter diagnostics)
    {
        ConfigurationResult configuration = ConfigurationFile.Load(file);
        if (configuration.Options is not GatewayHostOptions options)
        {
            await diagnostics.WriteLineAsync(CodedError.RenderAll(configuration.Errors)).ConfigureAwait(false);
            return Refused;
        }

        return await ServeAsync(options, output, diagnostics).ConfigureAwait(false);
    }

    private static async Task UntilStoppedAsync(WebApplication application, GatewayService gateway, TextWriter output)
    {
        foreach (PlannedListener listener in GatewayApplication.ListenersOf(application))
        {
            await output.WriteLineAsync($"{listener.Protocol} {listener.Address}:{listener.Port}").ConfigureAwait(false);
        }

        using ServiceManager manager = ServiceManager.Of(Environment.GetEnvironmentVariable, Environment.ProcessId, TimeProvider.System);
        using CancellationTokenRegistration stops = application.Lifetime.ApplicationStopping.Register(manager.Stopping);
        Task stopping = application.WaitForShutdownAsync();
        if (await Task.WhenAny(gateway.Ready, stopping).ConfigureAwait(false) == gateway.Ready)
        {
            await output.WriteLineAsync("running").ConfigureAwait(false);
            manager.Ready(gateway.Loop);
            GatewayApplication.MakeInstruments(application);
        }

        await stopping.ConfigureAwait(false);
    }

    private static async Task<int> BrokenAsync(Exception exception, string language, TextWriter diagnostics)
    {
        await diagnostics.WriteLineAsync(new CodedError(FaultCodes.InvariantBroken, ErrorPlace.None, exception.ToString()).Render(language)).ConfigureAwait(false);
        return Internal;
    }
}
