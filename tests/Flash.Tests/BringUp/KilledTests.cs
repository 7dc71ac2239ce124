using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using Firmware.Flash;
using Flash.Tests.StandIns;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Flash.Tests.BringUp;

/// <summary>A bring-up is killed at every moment at which the board or a file has changed, and the same command is given again: it ends as if nothing had happened.</summary>
[TestClass]
public sealed class KilledTests : IDisposable
{
    private const string Mac = "246f28aa0001";
    private const string ChipId = "246f28fffeaa0001";
    private const string OwnId = "02000000000000a1";
    private const string Calibration = "MP-1;2026-01-01;2027-01-01;0:0,15000:150000";

    private static readonly string[] Endings = [".label.svg", ".state.json", ".log", ".record.json"];

    private readonly TestFolder _folder = new();

    public KilledTests()
    {
        _folder.Write("Pod.bin", SyntheticProgram.Whole());
        _folder.Write("chip.json", TestBundle.Json(ChipId));
        _folder.Write("own.json", TestBundle.Json(OwnId, technicianKey: TestBundle.TechnicianKey));
    }

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    [DataRow("a new board", "chip.json", "", false, DisplayName = "a new board")]
    [DataRow("a new board", "own.json", "", false, DisplayName = "a new board that gets an id of its own")]
    [DataRow("a pod", "chip.json", "-Reprovision", true, DisplayName = "a pod that gets its bundle anew")]
    [DataRow("a pod", "own.json", "-Reprovision", true, DisplayName = "a pod that gets another id")]
    [DataRow("a pod", "chip.json", "-Factory -Confirm FACTORY", true, DisplayName = "a pod that is erased")]
    public void The_same_command_again_ends_as_if_nothing_had_happened(string what, string bundle, string more, bool isProvisioned)
    {
        string[] arguments = ["up", "-Port", "COM1", "-Image", _folder.At("Pod.bin"), "-Bundle", _folder.At(bundle), .. more.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        StandInBoard first = new("COM1", "COM11", Mac);
        if (isProvisioned)
        {
            first.IsRunning = true;
            first.Pod.Build = SyntheticProgram.OtherBuild;
            first.Pod.Target = "ESP32_BLE_REV3";
            first.Pod.ImageVersion = "1.16.0.494";
            first.Pod.Pending = 17;
            foreach ((string key, string value) in new[] { ("gateway.host", "10.0.0.9"), ("parts", "Tmp117,Mprls0300"), ("role", "vitals"), ("technicianKey", TestBundle.TechnicianKey), ("calibration.cuff", Calibration) })
            {
                first.Pod.Set(key, value);
            }
        }

        List<Moment> moments = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        string records = _folder.At("records");
        void Keep(Dictionary<string, byte[]> files)
        {
            Moment moment = new(first.Pod.Copy(), first.IsRunning, files);
            if (seen.Add(moment.Signature()))
            {
                moments.Add(moment);
            }
        }

        using (StandInBench bench = new() { OnMoment = () => Keep(Files(records)) })
        {
            bench.Boards.Add(first);
            (int exit, string output) = Run(bench, arguments, records, () => Keep(Files(records)));
            Assert.AreEqual(0, exit, output);
        }

        // Between the last files: each as if the next was not written any more.
        Dictionary<string, byte[]> last = Files(records);
        Dictionary<string, byte[]> before = moments[^1].Files;
        foreach (string ending in Endings)
        {
            before = new(before, StringComparer.Ordinal) { [Mac + ending] = last[Mac + ending] };
            Keep(before);
        }

        Assert.IsGreaterThanOrEqualTo(20, moments.Count, what);
        Dictionary<string, string> expected = new(first.Pod.Active, StringComparer.Ordinal);
        Assert.AreEqual(isProvisioned && !more.StartsWith("-Factory", StringComparison.Ordinal), expected.ContainsKey("calibration.cuff"));
        for (int i = 0; i < moments.Count; i++)
        {
            Assert.IsFalse(moments[i].Files.ContainsKey(Mac + ".label.svg") && i < moments.Count - Endings.Length, $"moment {i}: a label before the end");
            foreach (bool isUndone in moments[i].Pod.IsOnTrial ? new[] { false, true } : [false])
            {
                string again = _folder.At($"again {i} {isUndone}");
                Directory.CreateDirectory(again);
                foreach ((string name, byte[] bytes) in moments[i].Files)
                {
                    File.WriteAllBytes(Path.Combine(again, name), bytes);
                }

                StandInBoard board = new("COM1", "COM11", Mac) { Pod = moments[i].Pod.Copy(), IsRunning = moments[i].IsRunning };
                if (isUndone)
                {
                    board.Pod.UndoTrial();
                }

                using StandInBench bench = new();
                bench.Boards.Add(board);
                (int exit, string output) = Run(bench, arguments, again, null);
                Assert.AreEqual(0, exit, $"moment {i} of {moments.Count}, undone {isUndone}:\n{output}");
                Assert.IsTrue(board.Pod.IsProvisioned && !board.Pod.IsOnTrial && board.Pod.Build == SyntheticProgram.Build, $"moment {i}\n{output}");
                CollectionAssert.AreEquivalent(expected.ToArray(), board.Pod.Active.ToArray(), $"moment {i}\n{output}");
                Assert.IsTrue(File.Exists(Path.Combine(again, Mac + ".label.svg")), $"moment {i}");
            }
        }
    }

    private static Dictionary<string, byte[]> Files(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder).ToDictionary(f => Path.GetFileName(f), File.ReadAllBytes, StringComparer.Ordinal) : new(StringComparer.Ordinal);

    private static (int Exit, string Output) Run(StandInBench bench, string[] arguments, string records, Action? onLine)
    {
        using LineWriter output = new(onLine);
        int exit = FlashTool.Run([.. arguments, "-Records", records], bench.Machine(output, output), CancellationToken.None);
        return (exit, output.ToString());
    }

    private sealed record Moment(StandInPod Pod, bool IsRunning, Dictionary<string, byte[]> Files)
    {
        public string Signature() => string.Join('|', Pod.Signature(), IsRunning, string.Join(';', Files.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => f.Key + " " + Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(f.Value)))));
    }

    private sealed class LineWriter(Action? onLine) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            onLine?.Invoke();
        }
    }
}
