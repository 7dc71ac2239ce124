using System;
using System.Globalization;
using System.IO;
using System.Net.Http;
using System.Threading.Tasks;
using Firmware.Protocol;

namespace Benchmarks;

/// <summary>A local part that takes readings in and hands them to the remote broker.</summary>
internal abstract class Contestant
{
    /// <summary>Its name in the table.</summary>
    public abstract string Name { get; }

    /// <summary>Where readings are published.</summary>
    public abstract string Topic { get; }

    /// <summary>Where they arrive.</summary>
    public abstract string Filter { get; }

    /// <summary>The publisher's client identifier.</summary>
    public virtual string ClientId => "bench-pod";

    /// <summary>Where the publisher gets its binding epoch, or null.</summary>
    public virtual string? Commands => null;

    /// <summary>Most readings it is asked to queue, because it slows down with the queue.</summary>
    public virtual int MaxQueued => int.MaxValue;

    /// <summary>Writes its configuration.</summary>
    /// <returns>The command that starts it.</returns>
    public abstract string[] Prepare(string folder, int localPort, int httpPort, int remotePort);

    /// <summary>Waits until it takes readings.</summary>
    public abstract Task StartedAsync(ChildProcess process, int localPort, int httpPort, bool again);
}

/// <summary>Our gateway with a session's broker.</summary>
internal sealed class GatewayContestant : Contestant
{
    public override string Name => "cart-gateway";

    public override string Topic => Topics.Up(Readings.Device);

    public override string Filter => "cart/cart-1/session/S1/wave/+/+";

    public override string ClientId => "pod-" + Topics.DeviceText(Readings.Device);

    public override string? Commands => Topics.Command(Readings.Device);

    /// <summary>The program as it was built beside this one: artifacts/bin/project/configuration/.</summary>
    public static string Program
    {
        get
        {
            DirectoryInfo own = new(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
            return Path.Combine(own.Parent!.Parent!.FullName, "Gateway", own.Name, "cart-gateway.dll");
        }
    }

    public override string[] Prepare(string folder, int localPort, int httpPort, int remotePort)
    {
        string file = Path.Combine(folder, "gateway.yaml");
        File.WriteAllText(
            file,
            string.Create(
                CultureInfo.InvariantCulture,
                $"""
                cart:
                  id: cart-1
                  gatewayId: "0200000000000001"
                  production: false
                listen:
                  mqttPort: {localPort}
                  httpPort: {httpPort}
                journal:
                  directory: ./journal
                sessionBroker:
                  host: 127.0.0.1
                  port: {remotePort}
                time:
                  trustSystemClock: true

                """));
        return [ChildProcess.Find("dotnet") ?? "dotnet", Program, file];
    }

    public override async Task StartedAsync(ChildProcess process, int localPort, int httpPort, bool again)
    {
        await process.PrintsAsync("running").ConfigureAwait(false);
        if (again)
        {
            // The session is in the journal.
            return;
        }

        using HttpClient http = new() { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{httpPort}")) };
        using StringContent nothing = new(string.Empty);
        using HttpResponseMessage answer = await http.PutAsync(new Uri("/api/session/S1", UriKind.Relative), nothing).ConfigureAwait(false);
        answer.EnsureSuccessStatusCode();
    }
}

/// <summary>A mosquitto that bridges to the remote broker.</summary>
internal sealed class BridgeContestant(string name, int maxQueued, params string[] lines) : Contestant
{
    public override string Name => name;

    public override string Topic => "sensors/light";

    public override string Filter => "sensors/#";

    public override int MaxQueued => maxQueued;

    public override string[] Prepare(string folder, int localPort, int httpPort, int remotePort)
    {
        string file = Path.Combine(folder, "bridge.conf");
        string data = Directory.CreateDirectory(Path.Combine(folder, "bridge")).FullName;
        string more = lines.Length == 0 ? string.Empty : string.Join('\n', lines) + "\n";
        File.WriteAllText(
            file,
            string.Create(
                CultureInfo.InvariantCulture,
                $"""
                user root
                listener {localPort} 127.0.0.1
                allow_anonymous true
                persistence true
                persistence_location {data}/
                max_queued_messages 0
                {more}connection up
                address 127.0.0.1:{remotePort}
                topic sensors/# out 1
                cleansession false
                clientid edge1
                local_clientid edge1-local
                bridge_protocol_version mqttv311
                restart_timeout 1
                notifications false
                try_private false

                """));
        return [ChildProcess.Find("mosquitto")!, "-c", file];
    }

    public override Task StartedAsync(ChildProcess process, int localPort, int httpPort, bool again) => process.ListensAsync(localPort);
}
