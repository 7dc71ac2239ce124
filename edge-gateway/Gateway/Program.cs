using System;
using System.Runtime.InteropServices;
using System.Threading.Tasks;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Hosting;

// cart-gateway <gateway.yaml> [--check]: exit 0 stopped cleanly (or the file is right), 2 usage, 3 configuration or machine refused, 4 internal.
const int Done = 0, Usage = 2, Refused = 3, Internal = 4;

bool check = Array.IndexOf(args, "--check") >= 0;
string[] files = Array.FindAll(args, static a => !a.StartsWith("--", StringComparison.Ordinal));
bool unknown = Array.Exists(args, static a => a.StartsWith("--", StringComparison.Ordinal) && !string.Equals(a, "--check", StringComparison.Ordinal));
if (files.Length != 1 || unknown)
{
    await Console.Error.WriteLineAsync("usage: cart-gateway <gateway.yaml> [--check]\nTry: cart-gateway gateway.example.yaml --check").ConfigureAwait(false);
    return Usage;
}

ConfigurationResult configuration = check ? ConfigurationCheck.Run(files[0]) : GatewayConfiguration.Load(files[0]);
if (configuration.Options is not GatewayHostOptions options)
{
    await Console.Error.WriteLineAsync(CodedError.RenderAll(configuration.Errors)).ConfigureAwait(false);
    return Refused;
}

if (check)
{
    await Console.Out.WriteLineAsync($"{files[0]}: the configuration is right.").ConfigureAwait(false);
    return Done;
}

HostLog log = new(Console.Error, options.Language, TimeProvider.System);
GatewayHost host = new(options, log, TimeProvider.System);
await using (host.ConfigureAwait(false))
{
    TaskCompletionSource stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
    void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        stop.TrySetResult();
    }

    using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
    using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
    CodedError? refusal = await host.StartAsync(default).ConfigureAwait(false);
    if (refusal is not null)
    {
        await Console.Error.WriteLineAsync(refusal.Render(options.Language)).ConfigureAwait(false);
        return Refused;
    }

    await Console.Out.WriteLineAsync($"mqtt {options.MqttAddress}:{host.MqttPort}").ConfigureAwait(false);
    await Console.Out.WriteLineAsync($"http {options.HttpAddress}:{host.HttpPort}").ConfigureAwait(false);
    if (await Task.WhenAny(host.Ready, stop.Task, host.Broken).ConfigureAwait(false) == host.Ready)
    {
        await Console.Out.WriteLineAsync("running").ConfigureAwait(false);
    }

    if (await Task.WhenAny(stop.Task, host.Broken).ConfigureAwait(false) == host.Broken)
    {
        Exception broken = await host.Broken.ConfigureAwait(false);
        await Console.Error.WriteLineAsync(new CodedError(FaultCodes.InvariantBroken, ErrorPlace.None, broken.ToString()).Render(options.Language)).ConfigureAwait(false);
        return Internal;
    }

    await host.StopAsync().ConfigureAwait(false);
    await Console.Out.WriteLineAsync("stopped").ConfigureAwait(false);
    return Done;
}
