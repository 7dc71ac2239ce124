using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using EdgeGateway.Faults;

namespace Firmware.Flash.BringUp;

/// <summary>The steps of a bring-up, in their order.</summary>
public enum BringUpStep
{
    /// <summary>What chip is it.</summary>
    Chip,

    /// <summary>What the pod was before.</summary>
    Before,

    /// <summary>The runtime is written.</summary>
    Runtime,

    /// <summary>The program is written.</summary>
    Program,

    /// <summary>The pod says what it runs.</summary>
    ReadBack,

    /// <summary>The pod has its configuration.</summary>
    Provision,

    /// <summary>The pod tests itself.</summary>
    SelfTest,

    /// <summary>Record and label are written.</summary>
    Record,
}

/// <summary>What a pod must still be after it was flashed.</summary>
/// <param name="DeviceId">Its id.</param>
/// <param name="IsProvisioned">True when it has a configuration.</param>
/// <param name="Calibrations">Its calibrations as its console shows them; empty without.</param>
/// <param name="Unsent">Readings in its store, or null when it does not say.</param>
/// <param name="BootId">Number of the boot that said so.</param>
public sealed record PodSnapshot(string DeviceId, bool IsProvisioned, string Calibrations, long? Unsent, long BootId);

/// <summary>
/// How far a board has come: one small file per chip, named by its address, so that the port may change. Written to a new file and renamed, so that a cut of power leaves the old or the new one.
/// A step that writes counts as done only for the same program and image; what the board says is always asked again.
/// </summary>
public sealed class BoardState
{
    private const int Version = 1;
    private readonly string _file;
    private readonly HashSet<BringUpStep> _done = [];

    private BoardState(string file, string key)
    {
        _file = file;
        Key = key;
    }

    /// <summary>What was to be written: program, image, version.</summary>
    public string Key { get; }

    /// <summary>What the pod was before the first write of this bring-up; null for a board that said nothing.</summary>
    public PodSnapshot? Before { get; set; }

    /// <summary>The id that this bring-up gives the pod; empty before it commits one.</summary>
    public string GivenId { get; private set; } = string.Empty;

    /// <summary>Where the state of a chip stands.</summary>
    /// <param name="folder">The folder of records.</param>
    /// <param name="mac">The chip's address.</param>
    /// <returns>The file.</returns>
    public static string FileOf(string folder, string mac) => Path.Combine(folder, mac + ".state.json");

    /// <summary>Reads a chip's state.</summary>
    /// <param name="folder">The folder of records.</param>
    /// <param name="mac">The chip's address.</param>
    /// <param name="key">What is to be written; a state for something else begins anew, but keeps what the pod was.</param>
    /// <returns>The state.</returns>
    /// <exception cref="CodedErrorException">The file is damaged or cannot be read.</exception>
    public static BoardState Load(string folder, string mac, string key)
    {
        string file = FileOf(folder, mac);
        BoardState state = new(file, key);
        try
        {
            if (!File.Exists(file))
            {
                return state;
            }

            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
            JsonElement root = document.RootElement;
            if (root.GetProperty("v").GetInt32() != Version)
            {
                throw new JsonException("its version is not 1");
            }

            if (root.TryGetProperty("before", out JsonElement before) && before.ValueKind == JsonValueKind.Object)
            {
                state.Before = new PodSnapshot(
                    before.GetProperty("deviceId").GetString()!, before.GetProperty("provisioned").GetBoolean(), before.GetProperty("calibrations").GetString()!,
                    before.GetProperty("unsent").ValueKind == JsonValueKind.Number ? before.GetProperty("unsent").GetInt64() : null, before.GetProperty("bootId").GetInt64());
            }

            state.GivenId = root.TryGetProperty("given", out JsonElement given) ? given.GetString() ?? string.Empty : string.Empty;
            if (string.Equals(root.GetProperty("key").GetString(), key, StringComparison.Ordinal))
            {
                // A bring-up that reached its record is over: of it only the program counts, which read back proves again.
                BringUpStep[] done = [.. root.GetProperty("done").EnumerateArray().Select(d => Enum.Parse<BringUpStep>(d.GetString()!))];
                state._done.UnionWith(done.Contains(BringUpStep.Record) ? done.Where(static d => d == BringUpStep.Program) : done);
            }

            return state;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException or FormatException)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.FlashRecordUnwritable, new ErrorPlace(file, 0, null), e.Message.TrimEnd('.')));
        }
    }

    /// <summary>True when a step was done.</summary>
    /// <param name="step">The step.</param>
    /// <returns>True when it was.</returns>
    public bool IsDone(BringUpStep step) => _done.Contains(step);

    /// <summary>Notes that a step was done, or is to be done again, and writes the file.</summary>
    /// <param name="step">The step.</param>
    /// <param name="isDone">True when it was done.</param>
    /// <exception cref="CodedErrorException">The file cannot be written.</exception>
    public void Mark(BringUpStep step, bool isDone = true)
    {
        _ = isDone ? _done.Add(step) : _done.Remove(step);
        Save();
    }

    /// <summary>Writes the file.</summary>
    /// <exception cref="CodedErrorException">It cannot be written.</exception>
    public void Save() => RecordFiles.Write(_file, writer =>
    {
        writer.WriteStartObject();
        writer.WriteNumber("v", Version);
        writer.WriteString("key", Key);
        writer.WriteStartArray("done");
        foreach (BringUpStep step in _done.Order())
        {
            writer.WriteStringValue(step.ToString());
        }

        writer.WriteEndArray();
        if (GivenId.Length > 0)
        {
            writer.WriteString("given", GivenId);
        }

        if (Before is PodSnapshot before)
        {
            writer.WriteStartObject("before");
            writer.WriteString("deviceId", before.DeviceId);
            writer.WriteBoolean("provisioned", before.IsProvisioned);
            writer.WriteString("calibrations", before.Calibrations);
            if (before.Unsent is long unsent)
            {
                writer.WriteNumber("unsent", unsent);
            }
            else
            {
                writer.WriteNull("unsent");
            }

            writer.WriteNumber("bootId", before.BootId);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    });

    /// <summary>Notes the id that the pod is about to get, before it gets it.</summary>
    /// <param name="deviceId">The id.</param>
    /// <exception cref="CodedErrorException">The file cannot be written.</exception>
    public void Give(string deviceId)
    {
        GivenId = deviceId;
        Save();
    }

    /// <summary>The bring-up is over: what the pod was before no longer matters.</summary>
    /// <exception cref="CodedErrorException">The file cannot be written.</exception>
    public void Finish()
    {
        Before = null;
        GivenId = string.Empty;
        Mark(BringUpStep.Record);
    }
}
