using System;
using System.Buffers;
using System.IO;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using EdgeGateway.Faults;

namespace Firmware.Flash.BringUp;

/// <summary>Files of records: each is written whole under another name and then renamed.</summary>
public static class RecordFiles
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a JSON file.</summary>
    /// <param name="file">The file; its folder is made.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="CodedErrorException">It cannot be written.</exception>
    public static void Write(string file, Action<Utf8JsonWriter> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        ArrayBufferWriter<byte> bytes = new();
        using (Utf8JsonWriter writer = new(bytes, Options))
        {
            write(writer);
        }

        bytes.Write("\n"u8);
        Write(file, bytes.WrittenSpan.ToArray());
    }

    /// <summary>Writes a file.</summary>
    /// <param name="file">The file; its folder is made.</param>
    /// <param name="content">Its bytes.</param>
    /// <exception cref="CodedErrorException">It cannot be written.</exception>
    public static void Write(string file, byte[] content)
    {
        Guard(file, () =>
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
            string fresh = file + ".new";
            using (FileStream stream = new(fresh, FileMode.Create, FileAccess.Write))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }

            File.Move(fresh, file, overwrite: true);
        });
    }

    /// <summary>Adds a line to a table, with its head when the file is new.</summary>
    /// <param name="file">The file.</param>
    /// <param name="head">The head.</param>
    /// <param name="row">The line.</param>
    /// <exception cref="CodedErrorException">It cannot be written.</exception>
    public static void Append(string file, string head, string row) => Guard(file, () =>
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        bool isNew = !File.Exists(file);
        File.AppendAllText(file, (isNew ? head + "\n" : string.Empty) + row + "\n", new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
    });

    private static void Guard(string file, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.FlashRecordUnwritable, new ErrorPlace(file, 0, null), e.Message.TrimEnd('.')));
        }
    }
}
