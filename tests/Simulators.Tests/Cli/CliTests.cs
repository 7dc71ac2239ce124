using System;
using System.IO;
using System.Text.Json;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cli;

namespace Simulators.Tests.Cli;

[TestClass]
public sealed class CliTests
{
    [TestMethod]
    [DataRow(2, "S3101", "bogus")]
    [DataRow(2, "S3101", "run")]
    [DataRow(2, "S3101", "run", "no-session", "--speed", "fast")]
    [DataRow(2, "S3101", "broker", "--port", "70000")]
    [DataRow(2, "S3101", "broker", "--profile", "mosquitto")]
    [DataRow(2, "S3101", "pod", "--gateway", "nowhere", "--device", "02a1b2fffe000001")]
    [DataRow(2, "S3101", "pod", "--gateway", "localhost:1883", "--device", "12")]
    [DataRow(3, "S3011", "run", "no-sesion")]
    [DataRow(3, "S3001", "run", "/nowhere/at-all.yaml")]
    [DataRow(3, "S3201", "play", "/nowhere/at-all.csv")]
    [DataRow(3, "S3102", "run", "no-session", "--trace", "/nowhere/at/all")]
    public async Task A_refusal_has_its_exit_code_its_code_and_a_next_step_and_nothing_on_stdout(int exit, string code, params string[] args)
    {
        (int ended, string output, string diagnostics) = await RunAsync(args);
        Assert.AreEqual(exit, ended, diagnostics);
        Assert.AreEqual(string.Empty, output);
        Assert.Contains("error " + code, diagnostics);
        Assert.Contains("next: ", diagnostics);
    }

    [TestMethod]
    public async Task A_pod_as_a_process_has_its_console_on_a_pseudo_terminal()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Inconclusive("A pseudo-terminal needs Linux.");
        }

        using StringWriter output = new();
        using TextWriter shared = TextWriter.Synchronized(output);
        Task<int> pod = CartSim.RunAsync(["pod", "--gateway", "localhost:1", "--device", "02a1b2fffe000001", "--console", "pty", "--duration", "6"], shared, TextWriter.Null, TimeProvider.System);
        await UntilAsync(() => output.ToString().Contains('\n', StringComparison.Ordinal));
        string path = output.ToString().Split('\n')[0]["console ".Length..].Trim();
        using FileStream terminal = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, 1);
        System.Text.StringBuilder text = new();
        Task reader = Task.Run(() =>
        {
            byte[] bytes = new byte[256];
            try
            {
                for (int count; (count = terminal.Read(bytes)) > 0;)
                {
                    lock (text)
                    {
                        text.Append(System.Text.Encoding.ASCII.GetString(bytes, 0, count));
                    }
                }
            }
            catch (IOException)
            {
                // The pod ended, and its terminal with it.
            }
        });
        string Text()
        {
            lock (text)
            {
                return text.ToString();
            }
        }

        await UntilAsync(() => Text().Contains("pod> ", StringComparison.Ordinal));
        Assert.Contains("pod 02a1b2fffe000001", Text());
        Assert.Contains("ISOLATED USB ADAPTER ONLY", Text());
        terminal.Write("@7 id\r\n"u8);
        await UntilAsync(() => Text().Contains("@7 OK - {\"deviceId\":\"02a1b2fffe000001\"", StringComparison.Ordinal));

        // The pod restarts with what was set, over the same terminal.
        terminal.Write("config set role bench\rconfig commit\r"u8);
        await UntilAsync(() => Text().Contains("role bench", StringComparison.Ordinal));
        Assert.AreEqual(ExitCode.Done, await pod);
        await reader;
    }

    private static async Task UntilAsync(Func<bool> fact)
    {
        for (int i = 0; i < 400 && !fact(); i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(25), TimeProvider.System);
        }

        Assert.IsTrue(fact());
    }

    [TestMethod]
    public async Task A_misspelt_scenario_gets_a_suggestion()
    {
        (_, _, string diagnostics) = await RunAsync("run", "no-sesion");
        Assert.Contains("Did you mean 'no-session'?", diagnostics);
    }

    [TestMethod]
    public async Task Json_is_one_object_and_the_seed_stands_on_stderr_at_the_start()
    {
        (int ended, string output, string diagnostics) = await RunAsync("run", "no-session", "--seed", "99", "--json");
        Assert.AreEqual(ExitCode.Done, ended, diagnostics);
        Assert.Contains("seed 99", diagnostics);
        using JsonDocument json = JsonDocument.Parse(output);
        Assert.AreEqual(99, json.RootElement.GetProperty("seed").GetInt64());
        Assert.IsTrue(json.RootElement.GetProperty("met").GetBoolean());
        Assert.AreEqual(0, json.RootElement.GetProperty("unaccounted").GetInt64());
    }

    [TestMethod]
    public async Task A_missed_expectation_ends_with_1_and_says_which()
    {
        string file = Path.Combine(Path.GetTempPath(), $"cart-sim-{Environment.ProcessId}.yaml");
        await File.WriteAllTextAsync(file, """
            name: too-much
            summary: Nobody is connected and much is expected.
            durationS: 3
            carts:
              - id: c
                pods: [{id: p, device: "02a1b2fffe0000aa"}]
            expect: {minDelivered: 10}
            """);
        (int ended, string output, string diagnostics) = await RunAsync("run", file);
        File.Delete(file);
        Assert.AreEqual(ExitCode.Missed, ended, diagnostics);
        Assert.Contains("S3020", diagnostics);
        Assert.Contains("expect.minDelivered", diagnostics);
        Assert.Contains("1 expectations missed", output);
    }

    [TestMethod]
    public async Task List_names_every_scenario()
    {
        (int ended, string output, _) = await RunAsync("list");
        Assert.AreEqual(ExitCode.Done, ended);
        foreach (string name in Simulators.Cart.Scenario.ScenarioLibrary.Names)
        {
            Assert.Contains(name, output);
        }

        Assert.IsGreaterThanOrEqualTo(8, Simulators.Cart.Scenario.ScenarioLibrary.Names.Count);
    }

    private static async Task<(int Exit, string Output, string Diagnostics)> RunAsync(params string[] args)
    {
        using StringWriter output = new();
        using StringWriter diagnostics = new();
        int exit = await CartSim.RunAsync(args, output, diagnostics, TimeProvider.System);
        return (exit, output.ToString(), diagnostics.ToString());
    }
}
