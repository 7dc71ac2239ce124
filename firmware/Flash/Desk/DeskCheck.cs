using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using EdgeGateway.Faults;
using Firmware.Flash.Hardware;
using Firmware.Flash.Images;
using Firmware.Flash.Nanoff;
using Firmware.Flash.Serial;

namespace Firmware.Flash.Desk;

/// <summary>One line of the desk's check.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="Result">PASS, FAIL or SKIP.</param>
/// <param name="Found">What was found.</param>
/// <param name="Next">What to do; empty unless it failed.</param>
public sealed record DeskCheckItem(string Name, string Result, string Found, string Next);

/// <summary>Tests the desk without a board.</summary>
/// <param name="machine">The machine.</param>
public sealed class DeskCheck(FlashMachine machine)
{
    /// <summary>The PowerShell that flash.ps1 needs.</summary>
    public const int PowerShellMajor = 7;

    private readonly List<DeskCheckItem> _items = [];
    private readonly BoardTable _table = BoardTable.Load();

    /// <summary>Looks at everything; nothing ends it early.</summary>
    /// <param name="archive">Folder of runtimes, or null.</param>
    /// <param name="program">The program's file, or null.</param>
    /// <param name="records">Folder of records.</param>
    /// <param name="isOffline">True for a machine without network.</param>
    /// <returns>The lines.</returns>
    public IReadOnlyList<DeskCheckItem> Run(string? archive, string? program, string records, bool isOffline)
    {
        PowerShell();
        bool isDotnet = Environment.Version.Major >= 10;
        Add(".NET", isDotnet, $"{Environment.Version}", "Install the .NET 10 SDK from https://dotnet.microsoft.com/download/dotnet/10.0");
        Nanoff();
        Ports();
        Archive(archive, isOffline);
        Program(program);
        Records(records);
        return _items;
    }

    /// <summary>Exact versions and files, for whoever fetches them elsewhere.</summary>
    /// <returns>The lines.</returns>
    public IReadOnlyList<string> ToFetch()
    {
        List<string> lines =
        [
            string.Create(CultureInfo.InvariantCulture, $".NET SDK 10.0              https://dotnet.microsoft.com/download/dotnet/10.0"),
            $"PowerShell {PowerShellMajor}               https://github.com/PowerShell/PowerShell/releases, or: dotnet tool install -g PowerShell --version 7.6.9",
            $"nanoff {FlashPlan.TestedVersion}                 dotnet tool install -g nanoff --version {FlashPlan.TestedVersion}.* ; offline from a folder with its .nupkg: --add-source FOLDER",
            "driver CP210x             https://www.silabs.com/developer-tools/usb-to-uart-bridge-vcp-drivers (Windows, macOS; Linux has it)",
            "driver CH340, CH9102      https://www.wch-ic.com (Windows; Linux and macOS have it)",
        ];
        lines.AddRange(Targets().Select(t => $"runtime {t} {_table.ImageVersion}  flash.ps1 archive -Archive DIR, which runs: "
            + FlashPlan.Render("nanoff", FlashPlan.UpdateArchive(t, _table.ImageVersion, "DIR"))));
        lines.Add("files of the archive:");
        lines.AddRange(RuntimeArchive.Names(Targets(), _table.ImageVersion).Append(RuntimeArchive.ListName).Select(n => "  " + n));
        return lines;
    }

    /// <summary>The images of all boards.</summary>
    /// <returns>Their names.</returns>
    public IReadOnlyList<string> Targets() => [.. _table.Boards.SelectMany(b => b.Targets).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>Writes the lines as JSON.</summary>
    /// <param name="items">The lines.</param>
    /// <returns>One object.</returns>
    public static string Json(IReadOnlyList<DeskCheckItem> items)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes))
        {
            writer.WriteStartObject();
            writer.WriteBoolean("ready", items.All(i => i.Result is not "FAIL"));
            writer.WriteStartArray("checks");
            foreach (DeskCheckItem item in items)
            {
                writer.WriteStartObject();
                writer.WriteString("name", item.Name);
                writer.WriteString("result", item.Result);
                writer.WriteString("found", item.Found);
                writer.WriteString("next", item.Next);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(bytes.ToArray());
    }

    private void PowerShell()
    {
        string? found = machine.PowerShellVersion;
        if (found is null)
        {
            Skip("PowerShell", "not started by flash.ps1");
            return;
        }

        bool isRight = int.TryParse(found.Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int major) && major >= PowerShellMajor;
        Add("PowerShell", isRight, found, "Install PowerShell 7: dotnet tool install -g PowerShell --version 7.6.9, and start flash.ps1 with pwsh");
    }

    private void Nanoff()
    {
        const string Next = "dotnet tool install -g nanoff --version 2.5.*, then a new terminal";
        try
        {
            Version? version = machine.Nanoff.Run(FlashPlan.Ports(), _ => { }, CancellationToken.None).FlasherVersion;
            bool isRight = version is not null && version.Major == FlashPlan.TestedVersion.Major && version.Minor >= FlashPlan.TestedVersion.Minor;
            Add("nanoff", isRight, version is null ? "it does not say its version" : $"{version}, tested is {FlashPlan.TestedVersion}", Next);
        }
        catch (CodedErrorException e)
        {
            Add("nanoff", isRight: false, e.Errors[0].Detail, Next);
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException)
        {
            Add("nanoff", isRight: false, "it does not start: " + e.Message.TrimEnd('.'), Next);
        }
    }

    private void Ports()
    {
        IReadOnlyList<SerialPortDescription> ports = machine.Ports.List();
        IReadOnlyList<string> undriven = machine.Ports.WithoutDriver();
        if (undriven.Count > 0)
        {
            Add("serial driver", isRight: false, "no port for " + string.Join(", ", undriven), "Install the adapter's driver; -Check -Offline names where it is");
        }

        if (ports.Count == 0)
        {
            if (undriven.Count == 0)
            {
                Skip("serial driver", "no serial port: plug the isolated adapters in to have them tested");
            }

            Skip("port rights", "no serial port");
            return;
        }

        string[] adapters = [.. ports.Select(p => p.Name + (p.Adapter.Length > 0 ? " " + p.Adapter : string.Empty))];
        if (undriven.Count == 0)
        {
            Add("serial driver", isRight: true, string.Join(", ", adapters), string.Empty);
        }

        List<string> refused = [];
        foreach (SerialPortDescription port in ports)
        {
            try
            {
                machine.Ports.Open(port.Name).Dispose();
            }
            catch (UnauthorizedAccessException)
            {
                refused.Add(port.Name + " is not this user's, or in use");
            }
            catch (IOException e)
            {
                refused.Add(port.Name + ": " + e.Message.TrimEnd('.'));
            }
        }

        Add("port rights", refused.Count == 0, refused.Count == 0 ? $"{ports.Count} ports open" : string.Join("; ", refused), "Close other programs; on Linux: sudo usermod -aG dialout $USER, then log in again");
    }

    private void Archive(string? archive, bool isOffline)
    {
        if (archive is null)
        {
            if (isOffline)
            {
                Add("archive", isRight: false, "none given", "Bring the folder that flash.ps1 archive made, and name it with -Archive");
            }
            else
            {
                Skip("archive", "none given: nanoff fetches the runtime over the network");
            }

            return;
        }

        IReadOnlyList<string> problems = RuntimeArchive.Problems(archive, Targets(), _table.ImageVersion);
        Add("archive", problems.Count == 0, problems.Count == 0 ? $"{Targets().Count} images of {_table.ImageVersion}, hashes as noted" : string.Join("; ", problems), "Make it again with flash.ps1 archive, where there is a network");
    }

    private void Program(string? program)
    {
        if (program is null)
        {
            Skip("program", "none given: -Image Pod.bin has it tested");
            return;
        }

        try
        {
            ProgramImage image = ProgramImage.Require(program, File.ReadAllBytes(program), _table.Natives);
            Add("program", isRight: true, string.Create(CultureInfo.InvariantCulture, $"{image.Assemblies.Count} assemblies, {image.Length} bytes, native checksums as image {_table.ImageVersion}, SHA-256 {image.Sha256}"), string.Empty);
        }
        catch (CodedErrorException e)
        {
            Add("program", isRight: false, string.Join("; ", e.Errors.Select(x => x.Code + " " + x.Detail)), e.Errors[0].Entry.Do.English);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Add("program", isRight: false, e.Message.TrimEnd('.'), "Correct the path");
        }
    }

    private void Records(string records)
    {
        string probe = Path.Combine(records, ".check");
        try
        {
            bool isNew = !Directory.Exists(records);
            Directory.CreateDirectory(records);
            File.WriteAllBytes(probe, [0]);
            File.Delete(probe);
            if (isNew)
            {
                Directory.Delete(records);
            }

            Add("records", isRight: true, Path.GetFullPath(records), string.Empty);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Add("records", isRight: false, e.Message.TrimEnd('.'), "Name a folder that you may write with -Records");
        }
    }

    private void Add(string name, bool isRight, string found, string next) => _items.Add(new DeskCheckItem(name, isRight ? "PASS" : "FAIL", found, isRight ? string.Empty : next));

    private void Skip(string name, string why) => _items.Add(new DeskCheckItem(name, "SKIP", why, string.Empty));
}
