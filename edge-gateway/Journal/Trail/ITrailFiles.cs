using System;
using System.Collections.Generic;

namespace EdgeGateway.Journal.Trail;

/// <summary>A file of the trail's folder.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Length">Its bytes.</param>
public readonly record struct TrailFile(string Name, long Length);

/// <summary>The trail's folder. Every call waits until it is done; what fails throws <see cref="System.IO.IOException"/> or <see cref="UnauthorizedAccessException"/>.</summary>
public interface ITrailFiles
{
    /// <summary>Takes the folder for one append: one program at a time, and never after the program's end.</summary>
    /// <returns>To be disposed when the append is done.</returns>
    /// <exception cref="System.IO.IOException">Another program has it and does not give it back in time.</exception>
    IDisposable Lock();

    /// <summary>The regular files of the folder, in any order.</summary>
    /// <returns>Empty when there is no folder.</returns>
    IReadOnlyList<TrailFile> List();

    /// <summary>Reads a file whole.</summary>
    /// <param name="file">Its name.</param>
    /// <returns>Its bytes.</returns>
    byte[] Read(string file);

    /// <summary>Makes an empty file.</summary>
    /// <param name="file">Its name; no file may have it.</param>
    void Create(string file);

    /// <summary>Appends to a file.</summary>
    /// <param name="file">Its name.</param>
    /// <param name="bytes">What is appended.</param>
    void Append(string file, ReadOnlySpan<byte> bytes);

    /// <summary>Ends when the file's bytes are on the disk.</summary>
    /// <param name="file">Its name.</param>
    void Sync(string file);

    /// <summary>Deletes a file.</summary>
    /// <param name="file">Its name.</param>
    void Delete(string file);

    /// <summary>Ends when what was created and deleted is on the disk.</summary>
    void SyncFolder();
}
