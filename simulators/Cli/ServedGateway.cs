using System;
using System.IO;
using System.Net;
using System.Threading.Tasks;
using EdgeGateway.Gateway.Http;
using EdgeGateway.Mqtt;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Simulators.Cart.Gateway;
using Simulators.Cart.World;
using Simulators.Kernel;

namespace Simulators.Cli;

/// <summary>The first cart's gateway on real HTTP, while its world runs.</summary>
internal sealed class ServedGateway : IAsyncDisposable
{
    /// <summary>The port that is tried first.</summary>
    public const int PreferredPort = 8080;

    private readonly WebApplication _web;

    private ServedGateway(WebApplication web) => _web = web;

    public static async Task<ServedGateway> StartAsync(SimulatedWorld world, PacedRun paced, CommandContext here)
    {
        foreach (int port in new[] { PreferredPort, 0 })
        {
            WebApplicationBuilder builder = HttpApi.CreateBuilder();
            builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, port));
            WebApplication web = builder.Build();
            web.UseGateway(new GatewayHandle(new GatewayLoop(world.Carts[0].Gateway, paced), () => world.Carts[0].Gateway.Core) { Time = here.Time });
            try
            {
                await web.StartAsync().ConfigureAwait(false);
            }
            catch (IOException) when (port != 0)
            {
                await web.DisposeAsync().ConfigureAwait(false);
                await here.Diagnostics.WriteLineAsync($"port {port} is taken: using a free one").ConfigureAwait(false);
                continue;
            }

            foreach (string url in web.Urls)
            {
                await here.Diagnostics.WriteLineAsync($"serving {world.Carts[0].Definition.Id} at {url}").ConfigureAwait(false);
            }

            return new ServedGateway(web);
        }

        throw new InvalidOperationException("No free port on 127.0.0.1.");
    }

    public ValueTask DisposeAsync() => _web.DisposeAsync();

    /// <summary>The simulated gateway, on its own clock and in step with the real one, as the owner of connections from outside.</summary>
    private sealed class GatewayLoop(SimulatedGateway gateway, PacedRun paced) : IMqttLoop
    {
        public long NowUs => gateway.NowUs;

        public bool TryPost(Action work) => paced.TryPost(() =>
        {
            work();
            gateway.Wake();
        });
    }
}
