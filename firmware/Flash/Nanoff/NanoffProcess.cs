using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Faults;

namespace Firmware.Flash.Nanoff;

/// <summary>nanoff as a process of its own, found on PATH.</summary>
/// <param name="path">The PATH on which it is looked for.</param>
public sealed class NanoffProcess(string path) : INanoff
{
    /// <summary>Longest run. Assumption: a whole flash at 115,200 baud takes a quarter of an hour.</summary>
    public static readonly TimeSpan MaxRun = TimeSpan.FromMinutes(20);

    /// <summary>Finds a program on a PATH.</summary>
    /// <param name="name">Its name without an ending.</param>
    /// <param name="path">The PATH.</param>
    /// <returns>The file, or null.</returns>
    public static string? Find(string name, string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string[] endings = OperatingSystem.IsWindows() ? [".exe", ".cmd", ".bat"] : [string.Empty];
        return path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).SelectMany(folder => endings.Select(ending => Path.Combine(folder, name + ending))).FirstOrDefault(File.Exists);
    }

    /// <inheritdoc/>
    public NanoffResult Run(IReadOnlyList<string> arguments, Action<string> line, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(line);
        string program = Find("nanoff", path) ?? throw new CodedErrorException(new CodedError(FaultCodes.NanoffMissing, ErrorPlace.None, "there is no nanoff on PATH"));
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        using CancellationTokenSource bound = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        bound.CancelAfter(MaxRun);
        using Process process = new() { StartInfo = start };
        List<string> kept = [];
        void Take(string text)
        {
            lock (kept)
            {
                if (kept.Count < NanoffResult.MaxLines && NanoffResult.Percent(text) is null)
                {
                    kept.Add(text);
                }

                line(text);
            }
        }

        process.Start();
        process.StandardInput.Close();
        using CancellationTokenRegistration kill = bound.Token.Register(() => process.Kill(entireProcessTree: true));
        Task[] pumps = [Task.Run(() => Pump(process.StandardOutput, Take), CancellationToken.None), Task.Run(() => Pump(process.StandardError, Take), CancellationToken.None)];
        process.WaitForExit();
        Task.WaitAll(pumps, CancellationToken.None);
        return new NanoffResult(bound.IsCancellationRequested ? -1 : process.ExitCode, kept);
    }

    // nanoff ends progress lines with a carriage return alone.
    private static void Pump(StreamReader reader, Action<string> take)
    {
        StringBuilder line = new();
        for (int next = reader.Read(); next >= 0; next = reader.Read())
        {
            if (next is '\r' or '\n')
            {
                if (line.Length > 0)
                {
                    take(line.ToString().TrimEnd());
                    line.Clear();
                }
            }
            else if (line.Length < 1000)
            {
                line.Append((char)next);
            }
        }

        if (line.Length > 0)
        {
            take(line.ToString().TrimEnd());
        }
    }
}
