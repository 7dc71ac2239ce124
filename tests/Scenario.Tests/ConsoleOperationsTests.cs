using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Security.Cryptography;
using Benchmarks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Pod;
using Simulators.Cart.Scenario;
using Simulators.Cart.World;

namespace Scenario.Tests;

/// <summary>
/// The console's worst step by its executed instructions, with what a person or a program may send to make it long. The console answers within 100 ms when no flush runs, and the pod's loop stands for as long as one of
/// its steps. Estimated: no board was used.
/// </summary>
[TestClass]
[DoNotParallelize]
public sealed class ConsoleOperationsTests
{
    // 100 ms on the slowest board, as PodOperations turns counts into time.
    private static readonly long MaxStep = (long)(100 / (PodOperations.AnchorMs * PodOperations.MaxBoardFactor) * PodOperations.AnchorPerSecond);

    private static readonly (string Name, string Sent)[] Inputs =
    [
        ("an unknown word of 24 letters", new string('s', 24) + "\r"),
        ("an unknown word near the longest names", "reboot-reasom sensor streem\r"),
        ("two unknown words near many names", "confog sot\r"),
        ("1,000 bytes after log follow", "log follow\r" + new string('x', 1000) + "\u0003"),
        ("64 blanks", new string(' ', 64) + "\r"),
        ("the longest completion", "c\tconfig set \t\t\u0003"),
        ("the longest line, all quotation marks", new string('"', 511) + "\r"),
        ("a line that is too long", new string('y', 1020) + "\r"),
        ("arrows over a long line", "memo " + new string('z', 110) + "\r" + string.Concat(Enumerable.Repeat("\u001b[A\u001b[B", 40)) + "\u0015"),
        ("the banner again and again", new string('\f', 40)),
        ("all of help", "help\r"),
        ("a bundle", "bundle\r"),
        ("a bundle for a program", "@1 bundle\r\n"),
        ("the self test", "selftest\r"),
        ("a calibration of 16 points", "CUFF OFF ARM\rcalibration set cuff MP-1 2026-11-29 2027-11-29 " + string.Join(',', Enumerable.Range(0, 16).Select(i => $"{i * 1800}:{(i * 18000) + 150}")) + "\r"),
        ("what changed", "config diff\r"),
        ("a certificate in pieces", "config put tls.ca 1 2 " + new string('A', 400) + "\r"),
    ];

    [TestMethod]
    public void No_step_of_the_console_takes_longer_than_its_answer_may()
    {
        string folder = AppContext.BaseDirectory;
        WovenContext context = new(folder);
        Assembly inside = context.LoadFromAssemblyPath(typeof(ConsoleOperationsTests).Assembly.Location);
        context.Firmware = OperationWeaver.Weave(Path.Combine(folder, "Firmware.dll"), typeof(OperationCounter), "Firmware.Pod.Console.ServiceConsole::Step", out string[] groups, "SoftwareCrc32");
        MethodInfo measure = inside.GetType(typeof(ConsoleOperationsTests).FullName!, throwOnError: true)!.GetMethod(nameof(Measure), BindingFlags.Static | BindingFlags.NonPublic)!;
        (string Name, long Worst)[] counts = [.. Inputs.Zip((long[])measure.Invoke(null, [Inputs.Select(i => i.Sent).ToArray(), groups.Length])!, (i, c) => (i.Name, c))];
        string said = string.Join('\n', counts.OrderByDescending(c => c.Worst).Select(c => $"{c.Worst,9:#,0} of {MaxStep:#,0}: {c.Name}"));
        Console.WriteLine(said);
        Assert.IsTrue(counts.All(c => c.Worst > 100), "each input was worked on\n" + said);
        Assert.IsTrue(counts.All(c => c.Worst <= MaxStep), said);
    }

    /// <summary>Runs one pod with a console and counts; called in the context of the woven pod.</summary>
    /// <param name="inputs">What is sent, one after the other.</param>
    /// <param name="groups">How many groups there are.</param>
    /// <returns>The worst step of the console with each.</returns>
    internal static long[] Measure(string[] inputs, int groups)
    {
        const string Key = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
        using SimulatedWorld world = new(
            ScenarioFile.Parse("console.yaml", """
                name: console
                summary: "A pod whose console is counted."
                seed: 1
                durationS: 300
                carts:
                  - id: cart-a
                    pods:
                      - id: bedside
                        device: "02a1b2fffe0000d1"
                        chips: [tmp117, mprls0300]
                expect:
                  minDelivered: 0

                """),
            1,
            traced: false);
        SimulatedPod pod = world.Carts[0].Pods[0];
        SimulatedConsolePort port = new();
        pod.FitConsole(port, [0x02, 0xa1, 0xb2, 0, 0, 0xd1], "1.2.3");
        long nowUs = 0;
        void Run(double seconds) => world.Kernel.Run(nowUs += (long)(seconds * 1e6));
        string Sends(string line, double seconds = 0.6)
        {
            port.Send(line + "\r");
            Run(seconds);
            return port.Take();
        }

        Run(1);
        foreach (string line in new[] { "role vitals", "parts Tmp117,Mprls0300", "gateway.host cart", "wifi.ssid cart", "wifi.password long-enough", "technicianKey " + Key })
        {
            Sends("config set " + line);
        }

        Sends("config commit", 6);
        string challenge = Sends("challenge").Split("challenge")[^1].Trim()[..32];
        Sends("unlock " + Convert.ToHexStringLower(HMACSHA256.HashData(Convert.FromHexString(Key), Convert.FromHexString(challenge)).AsSpan(0, 8)));
        Sends("config confirm");
        List<long> worst = [];
        foreach (string input in inputs)
        {
            port.Take();
            OperationCounter.Begin(groups);
            port.Send(input);
            Run(8);
            worst.Add(OperationCounter.WorstStep);
            port.Send("\u0003");
            Run(0.5);
        }

        return pod.Host is { } && port.IsWritten("pod#") ? [.. worst] : throw new InvalidOperationException("The console was not unlocked, or the pod is gone.");
    }
}
