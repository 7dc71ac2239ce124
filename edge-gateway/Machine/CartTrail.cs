using System;
using System.Globalization;
using System.IO;
using System.Text;
using EdgeGateway.Core.Trail;
using EdgeGateway.Journal.Trail;

namespace EdgeGateway.Machine;

/// <summary>
/// A cart's trail on this machine: the folder <c>audit</c> beside the journal's files, and a note of its head outside of it. Gateway and cartctl both append, each under the folder's lock, so that they never break the chain.
/// </summary>
public sealed class CartTrail
{
    /// <summary>The trail's folder inside the journal's directory.</summary>
    public const string FolderName = "audit";

    /// <summary>The file beside that folder that notes the trail's head: a trail that was restarted or cut is noticed by it. Whoever changes both is told by a published head.</summary>
    public const string HeadFile = "audit.head";

    private readonly string _headFile;
    private readonly TrailWriter _writer;

    /// <summary>Names it; nothing is opened.</summary>
    /// <param name="journalDirectory">The journal's directory.</param>
    public CartTrail(string journalDirectory)
    {
        ArgumentNullException.ThrowIfNull(journalDirectory);
        Folder = new TrailFolder(Path.Combine(journalDirectory, FolderName));
        _headFile = Path.Combine(journalDirectory, HeadFile);
        _writer = new TrailWriter(Folder, Folder.OpenKey);
    }

    /// <summary>Its folder.</summary>
    public TrailFolder Folder { get; }

    /// <summary>The head that was noted last; null when there is none that can be read.</summary>
    public TrailHead? NotedHead
    {
        get
        {
            try
            {
                using FileStream file = new(_headFile, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
                byte[] bytes = new byte[128];
                int count = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
                return TrailHead.TryParse(Encoding.ASCII.GetString(bytes, 0, count).Trim(), out TrailHead head) ? head : null;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }

    /// <summary>Checks the trail against itself, the noted head and others.</summary>
    /// <param name="heads">Heads that were published.</param>
    /// <returns>What was found.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public TrailReport Verify(params ReadOnlySpan<TrailHead> heads) => TrailReader.Verify(Folder, NotedHead is { } noted ? [noted, .. heads] : [.. heads]);

    /// <summary>Appends entries; when it returns they are on the disk.</summary>
    /// <param name="entries">The entries.</param>
    /// <returns>The head with the last of them.</returns>
    /// <exception cref="IOException">They cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public TrailHead Append(params ReadOnlySpan<ReadOnlyMemory<byte>> entries) => _writer.Append(entries.ToArray());

    /// <summary>Appends an act of a program that is not the gateway, and notes the head.</summary>
    /// <param name="act">The act.</param>
    /// <param name="at">When.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public void Record(Act act, DateTimeOffset at) => Note(Append(ActJson.Write(act, (at - DateTimeOffset.UnixEpoch).Ticks / (TimeSpan.TicksPerMillisecond / 1000), 0, 0)));

    /// <summary>Notes a head beside the folder.</summary>
    /// <param name="head">The head.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public void Note(TrailHead head) => CertificateFolder.Replace(_headFile, Encoding.ASCII.GetBytes(head.ToString() + "\n"));

    /// <summary>What a report found, in one line.</summary>
    /// <param name="report">The report.</param>
    /// <returns>The first finding and how many more; null for none.</returns>
    public static string? Summary(TrailReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return report.IsWhole ? null
            : report.Findings[0].Text + (report.Findings.Count > 1 ? string.Create(CultureInfo.InvariantCulture, $"; {report.Findings.Count - 1} more") : string.Empty);
    }
}
