namespace Firmware.Core;

/// <summary>The files of one drive, as a file system gives them. Nothing throws. One file is open for appending at a time.</summary>
public interface IFileDrive
{
    /// <summary>Whether the drive is there.</summary>
    bool IsMounted { get; }

    /// <summary>Opens a file for appending, creating it when absent.</summary>
    /// <param name="name">File name.</param>
    /// <returns>False when it could not be opened; then none is open.</returns>
    bool Open(string name);

    /// <summary>Appends to the open file.</summary>
    /// <param name="buffer">The bytes.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="count">How many.</param>
    /// <returns>False when it failed; how much was written is not known then.</returns>
    bool Write(byte[] buffer, int offset, int count);

    /// <summary>Closes the open file, which is what commits on littlefs. Afterwards none is open, whatever the answer.</summary>
    /// <returns>False when it failed.</returns>
    bool Close();

    /// <summary>Reads a part of a file that is not open.</summary>
    /// <param name="name">File name.</param>
    /// <param name="position">First byte in the file.</param>
    /// <param name="buffer">Where the bytes are put.</param>
    /// <param name="offset">First place.</param>
    /// <param name="count">Most bytes.</param>
    /// <returns>How many were read; -1 when it failed.</returns>
    int Read(string name, int position, byte[] buffer, int offset, int count);

    /// <summary>The length of a file that is not open.</summary>
    /// <param name="name">File name.</param>
    /// <returns>Bytes; -1 when there is no such file, or it failed.</returns>
    int Length(string name);

    /// <summary>Removes a file that is not open.</summary>
    /// <param name="name">File name.</param>
    /// <returns>False when it failed.</returns>
    bool Delete(string name);

    /// <summary>Names of all files, in any order.</summary>
    /// <returns>The names; empty when it failed.</returns>
    string[] List();
}
