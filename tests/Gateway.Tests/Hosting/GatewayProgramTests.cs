using System;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Gateway.Hosting;
using EdgeGateway.Gateway.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Hosting;

/// <summary>The command line: its exit codes, what it prints, and the program as a process.</summary>
[TestClass]
public sealed class GatewayProgramTests : IDisposable
{
    private const string Yaml = """
        cart:
          id: cart-1
          gatewayId: "0200000000000001"
          production: false
        listen:
          mqttPort: 0
          httpPort: 0
        journal:
          directory: ./journal

        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("gateway-program-").FullName;

    public TestContext TestContext { get; set; } = null!;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    [DataRow("")]
    [DataRow("a.yaml b.yaml")]
    [DataRow("a.yaml --chek")]
    [DataRow("--check")]
    public async Task A_wrong_command_line_is_2_with_a_code_and_a_next_step(string arguments)
    {
        (int exit, string output, string diagnostics) = await RunAsync(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.AreEqual(GatewayProgram.Usage, exit);
        Assert.AreEqual(string.Empty, output);
        StringAssert.Contains(diagnostics, "error G2012: ");
        StringAssert.Contains(diagnostics, "\n  next: ");
        StringAssert.EndsWith(diagnostics, "Try: cart-gateway --help" + Environment.NewLine);
    }

    [TestMethod]
    public async Task Help_and_version_are_0()
    {
        (int exit, string output, _) = await RunAsync("--help");
        Assert.AreEqual(GatewayProgram.Done, exit);
        StringAssert.Contains(output, "gateway.yaml");
        StringAssert.Contains(output, "--check");
        Assert.AreEqual(GatewayProgram.Done, (await RunAsync("--version")).Exit);
    }

    [TestMethod]
    public async Task A_file_is_checked_and_nothing_is_started()
    {
        string file = await WriteAsync(Yaml);
        (int exit, string output, string diagnostics) = await RunAsync(file, "--check");
        Assert.AreEqual(GatewayProgram.Done, exit, diagnostics);
        StringAssert.StartsWith(output, file + ": the configuration is right." + Environment.NewLine);
        StringAssert.Contains(output, "  mqtt 127.0.0.1:0, plain: this machine alone");
        Assert.HasCount(4, output.TrimEnd().Split('\n'), "and each listener, and a note");
        StringAssert.EndsWith(output, "Note: No accounts are set up (access.accounts): loopback keeps foreign pages out, and no program of this machine." + Environment.NewLine);
        string wrong = await WriteAsync(Yaml + "windowMesages: 3\nlisen:\n  x: 1\n");
        foreach (string[] arguments in new[] { new[] { wrong }, [wrong, "--check"], [Path.Combine(_folder, "absent.yaml")], ["--check", Path.Combine(_folder, "absent.yaml")] })
        {
            (exit, output, diagnostics) = await RunAsync(arguments);
            Assert.AreEqual(GatewayProgram.Refused, exit);
            Assert.AreEqual(string.Empty, output);
            StringAssert.Contains(diagnostics, arguments[^1] == wrong || arguments[0] == wrong ? "G2003" : "G2001");
        }
    }

    [TestMethod]
    public async Task A_taken_port_is_3_with_a_code_and_a_deep_check_says_it_before()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        string file = await WriteAsync(Yaml.Replace("httpPort: 0", "httpPort: " + ((IPEndPoint)taken.LocalEndpoint).Port, StringComparison.Ordinal));
        Assert.AreEqual(GatewayProgram.Done, (await RunAsync(file, "--check")).Exit);
        Assert.AreEqual(GatewayProgram.Done, (await RunAsync("--check=deep", await WriteAsync(Yaml))).Exit);
        file = await WriteAsync(Yaml.Replace("httpPort: 0", "httpPort: " + ((IPEndPoint)taken.LocalEndpoint).Port, StringComparison.Ordinal));
        foreach (string[] deep in new[] { new[] { file, "--check=deep" }, ["--check=deep", file], [file, "--check", "--deep"] })
        {
            (int checkedExit, _, string found) = await RunAsync(deep);
            Assert.AreEqual(GatewayProgram.Refused, checkedExit, found);
            StringAssert.Contains(found, "error G2014: ");
        }

        (int exit, string output, string diagnostics) = await RunAsync(file);
        Assert.AreEqual(GatewayProgram.Refused, exit);
        Assert.AreEqual(string.Empty, output);
        StringAssert.Contains(diagnostics, "fault G2080: ");
    }

    /// <summary>Logic that breaks is no signal: its record is on stderr, and the exit says so, whenever it breaks.</summary>
    [TestMethod]
    [DataRow(Moment.Starting)]
    [DataRow(Moment.Start)]
    [DataRow(Moment.Started)]
    [DataRow(Moment.Running)]
    public async Task Logic_that_breaks_is_4_with_its_record(Moment moment)
    {
        (int exit, string output, string diagnostics) = await ServeAsync(moment, static (services, _) =>
        {
            services.GetRequiredService<GatewayService>().Loop.TryPost(static () => throw new InvalidOperationException("a rule was broken"));
        });
        Assert.AreEqual(GatewayProgram.Internal, exit, diagnostics);
        StringAssert.Contains(diagnostics, "fault G2083: ");
        StringAssert.Contains(diagnostics, "InvalidOperationException: a rule was broken");
        Assert.IsFalse(output.Contains("stopped", StringComparison.Ordinal), output);
    }

    [TestMethod]
    [DataRow(Moment.Starting)]
    [DataRow(Moment.Start)]
    [DataRow(Moment.Started)]
    [DataRow(Moment.Running)]
    public async Task A_signal_is_a_clean_stop_also_while_it_starts(Moment moment)
    {
        GatewayService? service = null;
        (int exit, string output, string diagnostics) = await ServeAsync(moment, (services, lifetime) =>
        {
            service = services.GetRequiredService<GatewayService>();
            lifetime.StopApplication();
        });
        Assert.AreEqual(GatewayProgram.Done, exit, diagnostics);
        Assert.AreEqual(string.Empty, diagnostics);
        StringAssert.EndsWith(output, "stopped" + Environment.NewLine);
        Assert.IsTrue(service!.IsStoppedCleanly, "the journal is closed");
    }

    [TestMethod]
    public async Task Whatever_else_is_thrown_is_4_with_its_record()
    {
        await using StringWriter diagnostics = new();
        await using ClosedWriter output = new();
        int exit = await GatewayProgram.RunAsync([await WriteAsync(Yaml), "--check"], output, diagnostics);
        Assert.AreEqual(GatewayProgram.Internal, exit, diagnostics.ToString());
        StringAssert.Contains(diagnostics.ToString(), "fault G2083: ");
        StringAssert.Contains(diagnostics.ToString(), "nobody reads");
    }

    /// <summary>The instruments are made when it runs; nobody waits for them before.</summary>
    [TestMethod]
    public async Task The_instruments_are_there_when_it_runs()
    {
        TaskCompletionSource<(IMeterFactory Own, IHostApplicationLifetime Lifetime)> running = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<(int Exit, string Output, string Diagnostics)> served = ServeAsync(Moment.Running, (services, lifetime) => running.SetResult((services.GetRequiredService<IMeterFactory>(), lifetime)));
        (IMeterFactory own, IHostApplicationLifetime lifetime) = await running.Task.WaitAsync(LiveGateway.Patience);
        TaskCompletionSource made = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == GatewayTelemetry.Name && ReferenceEquals(instrument.Meter.Scope, own))
            {
                made.TrySetResult();
            }
        };
        listener.Start();
        await made.Task.WaitAsync(LiveGateway.Patience);
        lifetime.StopApplication();
        Assert.AreEqual(GatewayProgram.Done, (await served).Exit);
    }

    /// <summary>Settings of ASP.NET and .NET in the environment and in files beside it change nothing; SIGTERM ends it with 0 within 5 s.</summary>
    [TestMethod]
    public async Task The_process_says_where_it_listens_logs_on_stderr_and_ends_on_SIGTERM()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("Windows has no SIGTERM.");
        }

        await File.WriteAllTextAsync(Path.Combine(_folder, "appsettings.json"), """{"Urls":"http://127.0.0.1:1","Kestrel":{"Endpoints":{"More":{"Url":"http://127.0.0.1:2"}}},"Logging":{"LogLevel":{"Default":"Trace"}}}""");
        ProcessStartInfo start = new("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "cart-gateway.dll"), await WriteAsync(Yaml)])
        {
            WorkingDirectory = _folder,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:3";
        start.Environment["DOTNET_ENVIRONMENT"] = "Development";
        using Socket manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 60_000 };
        manager.Bind(new UnixDomainSocketEndPoint(Path.Combine(_folder, "notify")));
        start.Environment["NOTIFY_SOCKET"] = Path.Combine(_folder, "notify");
        byte[] told = new byte[64];
        using Process process = Process.Start(start)!;
        Task<string> log = process.StandardError.ReadToEndAsync();
        string mqtt = (await process.StandardOutput.ReadLineAsync().WaitAsync(LiveGateway.Patience))!;
        string http = (await process.StandardOutput.ReadLineAsync().WaitAsync(LiveGateway.Patience))!;
        StringAssert.StartsWith(mqtt, "mqtt 127.0.0.1:");
        StringAssert.StartsWith(http, "http 127.0.0.1:");
        Assert.AreEqual("running", await process.StandardOutput.ReadLineAsync().WaitAsync(LiveGateway.Patience));

        Assert.AreEqual("READY=1", Encoding.UTF8.GetString(told, 0, manager.Receive(told)), "the unit has started");

        // An open connection that wants nothing does not hold the stop.
        using TcpClient pod = new();
        await pod.ConnectAsync(IPAddress.Loopback, int.Parse(mqtt.AsSpan(mqtt.LastIndexOf(':') + 1), System.Globalization.CultureInfo.InvariantCulture));
        long began = TimeProvider.System.GetTimestamp();
        using (Process kill = Process.Start("kill", ["-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync();
        }

        Assert.AreEqual("stopped", await process.StandardOutput.ReadLineAsync().WaitAsync(LiveGateway.Patience));
        await process.WaitForExitAsync().WaitAsync(LiveGateway.Patience);
        TestContext.WriteLine($"ended {TimeProvider.System.GetElapsedTime(began).TotalMilliseconds:F0} ms after SIGTERM; target 5000 ms");
        Assert.AreEqual(GatewayProgram.Done, process.ExitCode);
        Assert.AreEqual("STOPPING=1", Encoding.UTF8.GetString(told, 0, manager.Receive(told)));
        string lines = await log;
        StringAssert.Contains(lines, " info G2200 The gateway started and takes in readings.");
        foreach (string line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            StringAssert.Matches(line, new System.Text.RegularExpressions.Regex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (info|warning|error|fault) [GJ]\d{4} .+ \| ", System.Text.RegularExpressions.RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)));
        }
    }

    private static async Task<(int Exit, string Output, string Diagnostics)> RunAsync(params string[] arguments)
    {
        await using StringWriter output = new();
        await using StringWriter diagnostics = new();
        int exit = await GatewayProgram.RunAsync(arguments, output, diagnostics);
        return (exit, output.ToString(), diagnostics.ToString());
    }

    private async Task<(int Exit, string Output, string Diagnostics)> ServeAsync(Moment moment, Action<IServiceProvider, IHostApplicationLifetime> act)
    {
        await using StringWriter output = new();
        await using StringWriter diagnostics = new();
        int exit = await GatewayProgram.ServeAsync(LiveGateway.Options(_folder), TextWriter.Synchronized(output), diagnostics, b =>
        {
            b.Logging.ClearProviders();
            b.Services.AddSingleton<IHostedService>(s => new At(moment, s, act));
        }).WaitAsync(LiveGateway.Patience);
        return (exit, output.ToString(), diagnostics.ToString());
    }

    private sealed class ClosedWriter : StringWriter
    {
        public override Task WriteLineAsync(string? value) => throw new InvalidOperationException("nobody reads");
    }

    /// <summary>When something happens in the life of the program.</summary>
    public enum Moment
    {
        /// <summary>Before the listeners open.</summary>
        Starting,

        /// <summary>While they open.</summary>
        Start,

        /// <summary>When they are open.</summary>
        Started,

        /// <summary>When readings are taken in.</summary>
        Running,
    }

    /// <summary>Acts at a moment; within the start it holds the start until it is given up.</summary>
    private sealed class At(Moment moment, IServiceProvider services, Action<IServiceProvider, IHostApplicationLifetime> act) : IHostedLifecycleService
    {
        public Task StartingAsync(CancellationToken cancellationToken) => ActAsync(Moment.Starting, cancellationToken);

        public Task StartAsync(CancellationToken cancellationToken) => ActAsync(Moment.Start, cancellationToken);

        public Task StartedAsync(CancellationToken cancellationToken)
        {
            if (moment == Moment.Running)
            {
                _ = services.GetRequiredService<GatewayService>().Ready.ContinueWith(_ => act(services, services.GetRequiredService<IHostApplicationLifetime>()), TaskScheduler.Default);
            }

            return ActAsync(Moment.Started, cancellationToken);
        }

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        private async Task ActAsync(Moment now, CancellationToken cancellation)
        {
            if (now == moment)
            {
                act(services, services.GetRequiredService<IHostApplicationLifetime>());
                await new TaskCompletionSource().Task.WaitAsync(cancellation);
            }
        }
    }

    private async Task<string> WriteAsync(string yaml)
    {
        string file = Path.Combine(_folder, "gateway.yaml");
        await File.WriteAllTextAsync(file, yaml);
        return file;
    }
}
