using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading.Tasks;

namespace Benchmarks;

/// <summary>One contestant with its own folder, remote broker, subscriber and publisher, all on loopback.</summary>
internal sealed class Rig : IDisposable
{
    /// <summary>Readings that pass all the way before anything is measured: the way is up, and code that is compiled when used has been used.</summary>
    private const int WarmUp = 500;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private readonly Contestant _contestant;
    private readonly string _folder;
    private readonly int _capacity;
    private readonly int _localPort = ChildProcess.FreePort();
    private readonly int _httpPort = ChildProcess.FreePort();
    private readonly int _remotePort = ChildProcess.FreePort();
    private readonly string _remoteFile;
    private readonly string[] _command;
    private ChildProcess? _remote;

    private Rig(Contestant contestant, int capacity)
    {
        _contestant = contestant;
        _capacity = capacity + WarmUp + 1;
        _folder = Directory.CreateTempSubdirectory("cart-bench-").FullName;
        string data = Directory.CreateDirectory(Path.Combine(_folder, "remote")).FullName;
        _remoteFile = Path.Combine(_folder, "remote.conf");
        File.WriteAllText(
            _remoteFile,
            string.Create(CultureInfo.InvariantCulture, $"user root\nlistener {_remotePort} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {data}/\nmax_queued_messages 0\n"));
        _command = contestant.Prepare(_folder, _localPort, _httpPort, _remotePort);
    }

    /// <summary>First sequence number after the warm-up.</summary>
    public static uint First => WarmUp + 1;

    public ChildProcess Local { get; private set; } = null!;

    public Publisher Publisher { get; private set; } = null!;

    public Subscriber Subscriber { get; private set; } = null!;

    /// <summary>Starts everything and lets the warm-up pass through.</summary>
    /// <param name="contestant">Who.</param>
    /// <param name="capacity">Readings after the warm-up.</param>
    /// <param name="traceFile">Where strace writes the syncs of the local part, or null to run without it.</param>
    public static async Task<Rig> StartAsync(Contestant contestant, int capacity, string? traceFile = null)
    {
        Rig rig = new(contestant, capacity);
        try
        {
            await rig.StartRemoteAsync().ConfigureAwait(false);
            rig.Subscriber = new Subscriber(rig._remotePort, contestant.Filter, rig._capacity);
            await rig.Subscriber.Ready.ConfigureAwait(false);
            string[] trace = traceFile is null ? [] : [ChildProcess.Find("strace")!, "-f", "--seccomp-bpf", "-qq", "-o", traceFile, "-e", "trace=fsync,fdatasync"];
            rig.Local = ChildProcess.Start([.. trace, .. rig._command]);
            await contestant.StartedAsync(rig.Local, rig._localPort, rig._httpPort, again: false).ConfigureAwait(false);
            await rig.StartPublisherAsync().ConfigureAwait(false);
            rig.Publisher.Make(1, WarmUp);
            await rig.Publisher.PublishAsync(1, WarmUp, 1, WarmUp).ConfigureAwait(false);
            if (!await rig.Subscriber.UntilAsync(() => rig.Subscriber.State.Count >= WarmUp, Patience).ConfigureAwait(false))
            {
                throw new InvalidOperationException($"{contestant.Name}: {rig.Subscriber.State.Count} of {WarmUp} readings passed.\n{rig.Local.Printed()}");
            }

            return rig;
        }
        catch
        {
            rig.Dispose();
            throw;
        }
    }

    public Task StopRemoteAsync() => _remote!.StopAsync();

    /// <summary>Starts the remote broker; done when it takes connections.</summary>
    public async Task StartRemoteAsync()
    {
        _remote?.Dispose();
        _remote = ChildProcess.Start([ChildProcess.Find("mosquitto")!, "-c", _remoteFile]);
        await _remote.ListensAsync(_remotePort).ConfigureAwait(false);
    }

    /// <summary>Starts the local part again in the folder it left, with a new publisher's connection.</summary>
    public async Task<Publisher> RestartLocalAsync()
    {
        Local.Dispose();
        Local = ChildProcess.Start(_command);
        await _contestant.StartedAsync(Local, _localPort, _httpPort, again: true).ConfigureAwait(false);
        Publisher before = Publisher;
        await StartPublisherAsync().ConfigureAwait(false);
        return before;
    }

    public void Dispose()
    {
        Publisher?.Dispose();
        Subscriber?.Dispose();
        Local?.Dispose();
        _remote?.Dispose();
        try
        {
            Directory.Delete(_folder, recursive: true);
        }
        catch (IOException)
        {
            // A dying process may still hold its files; the system's temporary folder is cleaned by others.
        }
    }

    private async Task StartPublisherAsync()
    {
        Publisher = new Publisher(_contestant.ClientId, _localPort, _contestant.Topic, _contestant.Commands, _capacity);
        await Publisher.Ready.ConfigureAwait(false);
    }
}
