using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Firmware.Flash.Nanoff;
using Flash.Tests.StandIns;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Flash.Tests;

/// <summary>flash.ps1 by PowerShell itself, with a stand-in for nanoff and a pod on a pair of terminals; folders, files and ports have blanks in their names.</summary>
[TestClass]
public sealed class ScriptTests : IDisposable
{
    private const string Mac = "246f28aa0001";

    private readonly TestFolder _folder = new();
    private readonly string _terminals = Directory.CreateTempSubdirectory("pty-").FullName;

    private string Written => _folder.At("written");

    public void Dispose()
    {
        _folder.Dispose();
        Directory.Delete(_terminals, recursive: true);
    }

    [TestMethod]
    public void PowerShell_runs_check_what_if_and_a_whole_bring_up_with_their_exit_codes()
    {
        string tools = Path.Combine(TestFolder.Repository, "artifacts", "tools");
        string path = Environment.GetEnvironmentVariable("PATH") + Path.PathSeparator + tools;
        string? powerShell = NanoffProcess.Find("pwsh", path);
        string? socat = NanoffProcess.Find("socat", path);
        if (powerShell is null || socat is null || OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("pwsh (tests/packages.txt: dotnet tool install --tool-path artifacts/tools PowerShell --version 7.6.9) or socat is absent.");
        }

        // The script beside a published cart-flash, as on a desk without the SDK's packages.
        string script = _folder.At("flash.ps1");
        File.Copy(Path.Combine(TestFolder.Repository, "flash.ps1"), script);
        Directory.CreateSymbolicLink(_folder.At("cart-flash"), Path.Combine(TestFolder.Repository, "artifacts", "bin", "Flash", Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory))));
        _folder.Write("Pod 1.bin", SyntheticProgram.Whole());
        _folder.Write("pod 1.json", TestBundle.Json("246f28fffeaa0001"));
        StandInForNanoff();
        string commands = string.Join('\n',
            "$ErrorActionPreference = 'Continue'",
            "& ./flash.ps1 -Check -Image 'Pod 1.bin' -Records 'rec ords'; \"check $LASTEXITCODE\"",
            "& ./flash.ps1 -Check -Image 'absent 1.bin' 2>$null; \"unready $LASTEXITCODE\"",
            $"& ./flash.ps1 -Port 'tty 1','tty 2' -Image 'Pod 1.bin' -Board esp32-wrover -WhatIf; \"whatif $LASTEXITCODE\"",
            $"& ./flash.ps1 -Port 'tty 1' -ConsolePort {_terminals}/console -Image 'Pod 1.bin' -Bundle 'pod 1.json' -Records 'rec ords' -CartName 'cart 7'; \"up $LASTEXITCODE\"",
            "& ./flash.ps1 -Image 'pod 1.json' 2>$null; \"wrong $LASTEXITCODE\"",
            "& ./flash.ps1 -Nonsense");

        using Process terminals = Start(socat, $"PTY,link={_terminals}/console,raw,echo=0", $"PTY,link={_terminals}/pod,raw,echo=0");
        using CancellationTokenSource end = new();
        try
        {
            while (!File.Exists(_terminals + "/console") || !File.Exists(_terminals + "/pod"))
            {
                Assert.IsFalse(terminals.HasExited, "socat ended");
                Thread.Yield();
            }

            using FileStream podEnd = new(_terminals + "/pod", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
            StandInPod pod = new(Mac) { Target = "ESP32_BLE_REV3", ImageVersion = "1.17.0.60" };
            Task serving = Task.Factory.StartNew(() => Serve(podEnd, pod), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

            ProcessStartInfo start = new(powerShell, ["-NoProfile", "-NonInteractive", "-Command", commands]) { WorkingDirectory = _folder.Path, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
            start.Environment["PATH"] = _folder.Path + Path.PathSeparator + path;
            start.Environment["POWERSHELL_TELEMETRY_OPTOUT"] = "1";
            using Process process = Process.Start(start)!;
            process.StandardInput.Close();
            Task<string> diagnostics = process.StandardError.ReadToEndAsync(CancellationToken.None);
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            string all = output + diagnostics.Result;

            foreach (string line in new[] { "check 0", "unready 1", "whatif 0", "up 0", "wrong 3" })
            {
                Assert.IsTrue(output.ReplaceLineEndings("\n").Split('\n').Contains(line, StringComparer.Ordinal), $"{line} in\n{all}");
            }

            StringAssert.Contains(output, "PASS  PowerShell     7.");
            StringAssert.Contains(output, "tty 2");
            StringAssert.Contains(output, "--image \"Pod 1.bin\"");
            StringAssert.Contains(output, "1 of 1 boards done; exit code 0");
            StringAssert.Contains(diagnostics.Result, "'-Nonsense' is not an option of up");
            Assert.AreNotEqual(0, process.ExitCode);
            Assert.IsTrue(pod.IsProvisioned && !pod.IsOnTrial);
            Assert.IsFalse(all.Contains(TestBundle.Password, StringComparison.Ordinal));
            Assert.IsTrue(File.Exists(Path.Combine(_folder.At("rec ords"), Mac + ".label.svg")));
            CollectionAssert.Contains(File.ReadAllLines(_folder.At("arguments")), "Pod 1.bin", "an argument with a blank stays one");

            using Process file = Start(powerShell, "-NoProfile", "-NonInteractive", "-File", script, "-Image", "pod 1.json");
            file.WaitForExit();
            Assert.AreEqual(3, file.ExitCode);
        }
        finally
        {
            terminals.Kill();
            terminals.WaitForExit();
        }
    }

    private Process Start(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { WorkingDirectory = _folder.Path, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PATH"] = _folder.Path + Path.PathSeparator + start.Environment["PATH"];
        Process process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    // The pod runs as soon as a program was written; until then its console is silent.
    private void Serve(FileStream terminal, StandInPod pod)
    {
        StringBuilder line = new();
        byte[] buffer = new byte[256];
        try
        {
            for (int count = terminal.Read(buffer); count > 0; count = terminal.Read(buffer))
            {
                foreach (byte b in buffer.AsSpan(0, count))
                {
                    if (b is not ((byte)'\r' or (byte)'\n'))
                    {
                        line.Append((char)b);
                        continue;
                    }

                    string request = line.ToString();
                    line.Clear();
                    if (request.Length > 0 && File.Exists(Written))
                    {
                        pod.Build = SyntheticProgram.Build;
                        terminal.Write(Encoding.ASCII.GetBytes(pod.Answer(request)));
                    }
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The terminal was closed: the test is over.
        }
    }

    private void StandInForNanoff()
    {
        string details = new StandInBoard("P", "Q", Mac).Details();
        _folder.Write("details", details + "\n");
        string file = _folder.Write("nanoff", $"""
            #!/bin/sh
            here='{_folder.Path}'
            printf '%s\n' "$@" >> "$here/arguments"
            echo '.NET nanoFramework Firmware Flasher v2.5.130'
            case "$*" in
              *--devicedetails*) cat "$here/details" ;;
              *--deploy*) printf 'Writing at 0x001E0000 [=>] \r 50.0%% 1/2 bytes...\r'; touch "$here/written"; echo 'Flashing deployment partition...OK' ;;
              *--update*) echo 'Flashing firmware...OK' ;;
            esac

            """.ReplaceLineEndings("\n"));
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
