using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Faults;
using Firmware.Flash.Hardware;
using Firmware.Flash.Images;
using Firmware.Flash.Nanoff;
using Firmware.Flash.Provisioning;
using Firmware.Flash.Wire;

namespace Firmware.Flash.BringUp;

/// <summary>Several boards at once. What is common to them is checked before any of them is touched; then each goes its own way, and the failure of one ends that one.</summary>
public static class BringUpRun
{
    /// <summary>Boards at once. Assumption: more do not fit on a desk, and nanoff's runtimes are written one after the other.</summary>
    public const int MaxBoards = 16;

    /// <summary>Runs a bring-up.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="options">What to do.</param>
    /// <param name="bundles">The bundles.</param>
    /// <param name="view">What a person sees.</param>
    /// <param name="cancellation">Stops it; each board ends where it is, and goes on there next time.</param>
    /// <returns>One record per board, in the order of their ports.</returns>
    /// <exception cref="CodedErrorException">Something common is wrong; no board was touched.</exception>
    public static IReadOnlyList<BringUpRecord> Run(FlashMachine machine, BringUpOptions options, BundleSource bundles, IBringUpView view, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(machine);
        ArgumentNullException.ThrowIfNull(options);
        BoardTable table = BoardTable.Load();
        ProgramImage program = ReadProgram(options.ProgramFile, table);
        CheckNanoff(machine);
        if (options.Archive is not null)
        {
            RuntimeArchive.Require(options.Archive, Targets(table, options), options.ImageVersion);
        }

        BringUpPlan plan = new()
        {
            Options = options,
            Boards = table.Boards,
            SampleParts = BoardTable.SampleCart()[0].Parts,
            Program = program,
            Bundles = bundles,
            Nanoff = machine.Nanoff,
            Ports = machine.Ports,
            Consoles = new ConsoleFinder(machine.Ports, machine.Clock, options.ConsolePorts, options.Ports),
            Clock = machine.Clock,
            Tool = FlashTool.NameAndVersion,
            StartMs = machine.StartMs,
            Pause = () => machine.Pause(machine.LookAgainMs),
        };
        Task<BringUpRecord>[] jobs = [.. options.Ports.Select(p => Task.Factory.StartNew(() => new BoardJob(p, plan, view).Run(cancellation), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        Task.WaitAll(jobs, CancellationToken.None);
        return [.. jobs.Select(j => j.Result)];
    }

    /// <summary>The command lines that a run would give to nanoff, and what it would ask the pod, without touching a board.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="bundles">The bundles.</param>
    /// <returns>The lines.</returns>
    /// <exception cref="CodedErrorException">Something common is wrong.</exception>
    public static IReadOnlyList<string> WhatIf(BringUpOptions options, BundleSource bundles)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(bundles);
        BoardTable table = BoardTable.Load();
        ProgramImage program = ReadProgram(options.ProgramFile, table);
        if (options.Archive is not null)
        {
            RuntimeArchive.Require(options.Archive, Targets(table, options), options.ImageVersion);
        }

        List<string> lines =
        [
            string.Create(CultureInfo.InvariantCulture, $"program  {options.ProgramFile}: {program.Assemblies.Count} assemblies, {program.Length} bytes, SHA-256 {program.Sha256}"),
            options.IsFactory ? "erased   identity, calibrations, certificates, unsent readings (-Factory)" : "kept     identity, calibrations, certificates, unsent readings",
        ];
        foreach (string port in options.Ports)
        {
            FlashBoard? board = table.Boards.FirstOrDefault(b => string.Equals(b.Name, options.Board, StringComparison.Ordinal)) ?? (options.Board is null && table.Boards.Count == 1 ? table.Boards[0] : null);
            string target = options.Target ?? (board?.Targets.Count == 1 ? board.Targets[0] : "<the chip's image>");
            lines.Add($"{port}");
            lines.Add("  " + FlashPlan.Render("nanoff", FlashPlan.Details(port)));
            lines.Add("  " + FlashPlan.Render("nanoff", FlashPlan.Runtime(target, options.ImageVersion, port, options.IsFactory, options.Archive)));
            lines.Add("  " + FlashPlan.Render("nanoff", FlashPlan.Deploy(target, board is null ? "<the board's address>" : board.ApplicationAddress, port, options.ProgramFile)));
            lines.Add("  console: id; it must say a build that stands in the program");
            lines.Add(bundles.Count == 0 ? "  console: not provisioned, no bundle given" : "  console: config set …, config put …, config commit, restart, unlock, config confirm");
            lines.Add("  console: selftest");
        }

        return lines;
    }

    private static IEnumerable<string> Targets(BoardTable table, BringUpOptions options) =>
        options.Target is not null ? [options.Target] : table.Boards.Where(b => options.Board is null || string.Equals(b.Name, options.Board, StringComparison.Ordinal)).SelectMany(b => b.Targets);

    /// <summary>Reads the program's file, and refuses one that no board would start.</summary>
    /// <param name="file">The file.</param>
    /// <param name="table">The runtime's image.</param>
    /// <returns>The program.</returns>
    /// <exception cref="CodedErrorException">It cannot be read, or is refused.</exception>
    public static ProgramImage ReadProgram(string file, BoardTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        try
        {
            FileInfo info = new(file);
            if (!info.Exists)
            {
                throw new CodedErrorException(new CodedError(FaultCodes.FlashFileUnusable, new ErrorPlace(file, 0, null), "there is no such file"));
            }

            if (info.Length > FlashPlan.MaxImageBytes)
            {
                throw new CodedErrorException(new CodedError(FaultCodes.BoardFlashFull, new ErrorPlace(file, 0, null), string.Create(CultureInfo.InvariantCulture, $"it has {info.Length} bytes; a program has at most {FlashPlan.MaxImageBytes}")));
            }

            return ProgramImage.Require(file, File.ReadAllBytes(file), table.Natives);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.FlashFileUnusable, new ErrorPlace(file, 0, null), e.Message.TrimEnd('.')));
        }
    }

    private static void CheckNanoff(FlashMachine machine)
    {
        Version? version = machine.Nanoff.Run(FlashPlan.Ports(), _ => { }, CancellationToken.None).FlasherVersion;
        if (version is null || version.Major != FlashPlan.TestedVersion.Major || version.Minor < FlashPlan.TestedVersion.Minor)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.NanoffVersionWrong, ErrorPlace.None, $"it says {version?.ToString() ?? "no version"}, tested is {FlashPlan.TestedVersion}"));
        }
    }
}
