using System;
using System.Diagnostics;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using EdgeGateway.Gateway.Hosting;
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
        Assert.AreEqual(file + ": the configuration is right." + Environment.NewLine, output);
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
    public async Task A_taken_port_is_3_with_a_code()
    {
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        string file = await WriteAsync(Yaml.Replace("httpPort: 0", "httpPort: " + ((IPEndPoint)taken.LocalEndpoint).Port, StringComparison.Ordinal));
        (int exit, string output, string diagnostics) = await RunAsync(file);
        Assert.AreEqual(GatewayProgram.Refused, exit);
        Assert.AreEqual(string.Empty, output);
        StringAssert.Contains(diagnostics, "fault G2080: ");
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
        using Process process = Process.Start(start)!;
        Task<string> log = process.StandardError.ReadToEndAsync();
        string mqtt = (await process.StandardOutput.ReadLineAsync().WaitAsync(LiveGateway.Patience))!;
        string http = (await process.StandardOutput.ReadLineAsync().WaitAsync(LiveGateway.Patience))!;
        StringAssert.StartsWith(mqtt, "mqtt 127.0.0.1:");
        StringAssert.StartsWith(http, "http 127.0.0.1:");
        Assert.AreEqual("running", await process.StandardOutput.ReadLineAsync().WaitAsync(LiveGateway.Patience));

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

    private async Task<string> WriteAsync(string yaml)
    {
        string file = Path.Combine(_folder, "gateway.yaml");
        await File.WriteAllTextAsync(file, yaml);
        return file;
    }
}
