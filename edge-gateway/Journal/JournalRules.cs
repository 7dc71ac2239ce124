using System;
using System.Collections.Generic;
using System.IO;

namespace EdgeGateway.Journal;

/// <summary>
/// What counts, what is torn and what is damage: the one set of rules that the start of a journal and its inspection share, so that both say the same of one directory.
/// <see cref="SegmentContent"/> finds the records in a segment's bytes; here it is said what they mean.
/// </summary>
internal static class JournalRules
{
    /// <summary>The files that are looked at. Whatever is no regular file is left alone, and named when its name is one of the journal's.</summary>
    /// <param name="listed">The listing.</param>
    /// <param name="ignored">Names that look like the journal's and are not read.</param>
    /// <returns>The regular files.</returns>
    public static IReadOnlyList<DiskFile> Regular(IReadOnlyList<DiskFile> listed, out List<string> ignored)
    {
        ignored = [];
        var files = new List<DiskFile>(listed.Count);
        foreach (DiskFile file in listed)
        {
            FileKind kind = JournalFormat.KindOf(file.Name, out _, out _);
            if (file.IsRegular && (kind != FileKind.Other || !LooksLikeOurs(file.Name)))
            {
                files.Add(file);
            }
            else if (kind != FileKind.Other || LooksLikeOurs(file.Name))
            {
                ignored.Add(file.Name);
            }
        }

        return files;
    }

    /// <summary>Lists a directory as <see cref="IDisk.List"/> does: links are not followed.</summary>
    /// <param name="directory">Its path.</param>
    /// <returns>All entries but the lock, in ordinal order of names.</returns>
    public static List<DiskFile> List(string directory)
    {
        var files = new List<DiskFile>();
        foreach (FileSystemInfo entry in new DirectoryInfo(directory).EnumerateFileSystemInfos())
        {
            if (string.Equals(entry.Name, JournalFormat.LockFile, StringComparison.Ordinal))
            {
                continue;
            }

            bool regular = entry is FileInfo && (entry.Attributes & (FileAttributes.ReparsePoint | FileAttributes.Directory | FileAttributes.Device)) == FileAttributes.None;
            if (regular && !OperatingSystem.IsWindows())
            {
                // Pipes, sockets and devices have no attribute of their own here; none of them has a length, and an empty regular file can be opened to tell.
                regular = ((FileInfo)entry).Length > 0 || UnixFile.IsRegular(entry.FullName);
            }

            files.Add(new DiskFile(entry.Name, regular ? ((FileInfo)entry).Length : 0, regular));
        }

        files.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return files;
    }

    /// <summary>How an operation ended, for the log.</summary>
    public static string StatusText(DiskStatus status) => status switch
    {
        DiskStatus.Full => "no space left",
        DiskStatus.Failed => "the medium failed",
        DiskStatus.NotFound => "the file is gone",
        DiskStatus.Exists => "the file exists already",
        _ => "not completed",
    };

    /// <summary>Whether one generation of a segment may count: one that was appended to as it is, a copy only when it is whole.</summary>
    public static bool MayCount(SegmentName name, long length, bool wholeCopy) => name.Copy ? wholeCopy : length > JournalFormat.HeaderBytes;

    /// <summary>Whether a copy is whole: its seal alone proves nothing, since a cut of power may have kept the last block and not the ones before it.</summary>
    public static bool IsWholeCopy(SegmentContent content) =>
        content.Seal is not null && content.HeaderWhole && content.Damage.Count == 0 && content.Counts.AsSpan().SequenceEqual(content.Seal.Counts);

    /// <summary>The last index that a segment stands for: what is missing up to it is a loss.</summary>
    /// <param name="content">Its bytes, searched.</param>
    /// <param name="limit">The index before the next segment, or <see cref="long.MaxValue"/> for the newest.</param>
    /// <param name="line">What the checkpoint knows of it, or null.</param>
    /// <param name="checkpointIndex">The index of the checkpoint, 0 without one.</param>
    /// <returns>The index.</returns>
    public static long StandsFor(SegmentContent content, long limit, ManifestLine? line, long checkpointIndex)
    {
        long expected = content.Seal?.Last ?? (limit != long.MaxValue ? limit : Math.Max(line?.Last ?? 0, content.StandsFor));
        return content.Name.Copy && content.Seal is null && limit == long.MaxValue ? Math.Max(expected, checkpointIndex) : expected;
    }

    /// <summary>Bytes of an unfinished write at the end, of which nothing was ever acknowledged.</summary>
    /// <param name="content">The segment's bytes, searched.</param>
    /// <param name="standsFor">What <see cref="StandsFor"/> says.</param>
    /// <returns>How many bytes are cut.</returns>
    public static int TornBytes(SegmentContent content, long standsFor) => content.Seal is null && standsFor <= content.StandsFor ? content.TailBytes : 0;

    /// <summary>Below the checkpoint a missing file is damage when the checkpoint knows of it; above it, every missing index is.</summary>
    /// <param name="manifest">The checkpoint's list.</param>
    /// <param name="segments">What there is, in order: first and last index.</param>
    /// <param name="checkpointIndex">The index of the checkpoint, 0 without one.</param>
    /// <param name="lastIndex">The newest index of any segment.</param>
    /// <returns>The missing ranges.</returns>
    public static List<(long First, long Last)> Missing(
        IReadOnlyList<ManifestLine> manifest, IReadOnlyList<(long First, long Last)> segments, long checkpointIndex, long lastIndex)
    {
        var missing = new List<(long First, long Last)>();
        foreach (ManifestLine line in manifest)
        {
            bool there = false;
            foreach ((long first, _) in segments)
            {
                there |= first == line.Name.First;
            }

            if (!there)
            {
                missing.Add((line.Name.First, line.Last));
            }
        }

        long next = 1;
        foreach ((long first, long last) in segments)
        {
            if (first > next && first - 1 > checkpointIndex)
            {
                missing.Add((Math.Max(next, checkpointIndex + 1), first - 1));
            }

            next = Math.Max(next, last + 1);
        }

        // The newest segment's file is never removed, so the list must reach the checkpoint.
        foreach (ManifestLine line in manifest)
        {
            next = Math.Max(next, line.Last + 1);
        }

        long end = Math.Max(checkpointIndex, lastIndex);
        if (next <= end)
        {
            missing.Add((next, end));
        }

        return missing;
    }

    private static bool LooksLikeOurs(string name)
    {
        string lower = name.ToLowerInvariant();
        return !string.Equals(lower, name, StringComparison.Ordinal) && JournalFormat.KindOf(lower, out _, out _) is not FileKind.Other;
    }
}
