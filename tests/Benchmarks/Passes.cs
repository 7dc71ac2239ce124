using System;
using System.IO;
using System.Linq;
using System.Threading.Tasks;

namespace Benchmarks;

/// <summary>What is measured. Each pass starts from an empty folder.</summary>
internal static class Passes
{
    private static readonly TimeSpan DrainPatience = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);

    /// <summary>Ingest while the remote broker is away, then the drain.</summary>
    public static async Task OutageAsync(Contestant contestant, int count, Figures figures)
    {
        using Rig rig = await Rig.StartAsync(contestant, count).ConfigureAwait(false);
        await rig.StopRemoteAsync().ConfigureAwait(false);
        await IngestAsync(rig, count, 1, figures).ConfigureAwait(false);

        int before = rig.Subscriber.State.Count;
        rig.Subscriber.Mark();
        await rig.StartRemoteAsync().ConfigureAwait(false);
        long up = TimeProvider.System.GetTimestamp();
        ProcessSample start = rig.Local.Sample();
        bool all = await rig.Subscriber.UntilAsync(() => rig.Subscriber.State.Count - before >= count, DrainPatience).ConfigureAwait(false);
        ProcessSample end = rig.Local.Sample();
        (int now, int duplicates, long firstAt, long lastAt) = rig.Subscriber.State;
        figures.Add(Row.DrainArrived, 100.0 * (now - before) / count);
        figures.Add(Row.DrainDuplicates, duplicates);
        if (all)
        {
            figures.Add(Row.UpToFirst, Seconds(up, firstAt));
            figures.Add(Row.Drain, (count - 1) / Seconds(firstAt, lastAt));
            figures.Add(Row.DrainCpu, (double)(end.CpuUs - start.CpuUs) / count);
        }
    }

    /// <summary>Ingest in messages of 3,000 bytes while the remote broker is away.</summary>
    public static async Task FullMessagesAsync(Contestant contestant, int count, Figures figures)
    {
        using Rig rig = await Rig.StartAsync(contestant, count).ConfigureAwait(false);
        await rig.StopRemoteAsync().ConfigureAwait(false);
        await IngestAsync(rig, count, Readings.PerFullMessage, figures).ConfigureAwait(false);
    }

    /// <summary>Memory with so many readings queued, as many as fit the time.</summary>
    public static async Task MemoryAsync(Contestant contestant, int count, Figures figures)
    {
        using Rig rig = await Rig.StartAsync(contestant, count).ConfigureAwait(false);
        await rig.StopRemoteAsync().ConfigureAwait(false);
        rig.Publisher.Make(Rig.First, count);
        figures.Add(Row.RssEmpty, rig.Local.Sample().RssBytes / 1e6);
        try
        {
            await rig.Publisher.PublishAsync(Rig.First, count, 1, count).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // As many as fit the time; the row says how many.
        }

        figures.Add(Row.RssQueued, rig.Local.Sample().RssBytes / 1e6);
        figures.Add(Row.Queued, rig.Publisher.Count - (int)(Rig.First - 1));
    }

    /// <summary>The local part is killed in the midst of the ingest with the remote broker away; what was acknowledged and never comes is lost.</summary>
    public static async Task KillAsync(Contestant contestant, int count, Figures figures)
    {
        using Rig rig = await Rig.StartAsync(contestant, count).ConfigureAwait(false);
        await rig.StopRemoteAsync().ConfigureAwait(false);
        rig.Publisher.Make(Rig.First, count);
        await rig.Publisher.PublishAsync(Rig.First, count, 1, count / 2).ConfigureAwait(false);
        rig.Local.Kill();
        await rig.Publisher.Gone.ConfigureAwait(false);

        await rig.StartRemoteAsync().ConfigureAwait(false);
        Publisher killed = await rig.RestartLocalAsync().ConfigureAwait(false);
        uint last = Rig.First + (uint)count;
        uint[] acknowledged = [.. Enumerable.Range((int)Rig.First, count).Select(static n => (uint)n).Where(killed.IsAcknowledged)];
        killed.Dispose();

        // A reading published now shows that the way is open again; then all that comes has to come without a pause.
        rig.Publisher.Make(last, 1);
        await rig.Publisher.PublishAsync(last, 1, 1, 1).ConfigureAwait(false);
        int checkedThrough = 0;
        await rig.Subscriber.UntilAsync(IsOver, DrainPatience).ConfigureAwait(false);
        int lost = acknowledged.Count(n => !rig.Subscriber.Has(n));
        figures.Add(Row.KillAcknowledged, acknowledged.Length);
        figures.Add(Row.KillLost, lost);
        figures.Add(Row.KillLostShare, 100.0 * lost / acknowledged.Length);
        figures.Add(Row.KillDuplicates, rig.Subscriber.State.Duplicates);

        bool IsOver()
        {
            while (checkedThrough < acknowledged.Length && rig.Subscriber.Has(acknowledged[checkedThrough]))
            {
                checkedThrough++;
            }

            return checkedThrough == acknowledged.Length
                || (rig.Subscriber.Has(last) && TimeProvider.System.GetElapsedTime(rig.Subscriber.State.LastAt) >= Quiet);
        }
    }

    /// <summary>Syncs of the local part while it takes readings in, counted by strace in a run of its own.</summary>
    public static async Task SyncsAsync(Contestant contestant, int count, int perMessage, Row row, Figures figures)
    {
        string trace = Path.GetTempFileName();
        try
        {
            using Rig rig = await Rig.StartAsync(contestant, count, trace).ConfigureAwait(false);
            await rig.StopRemoteAsync().ConfigureAwait(false);
            rig.Publisher.Make(Rig.First, count);
            int before = Syncs(trace);
            await rig.Publisher.PublishAsync(Rig.First, count, perMessage, count).ConfigureAwait(false);
            figures.Add(row, (double)(Syncs(trace) - before) / count);
        }
        finally
        {
            File.Delete(trace);
        }
    }

    private static async Task IngestAsync(Rig rig, int count, int perMessage, Figures figures)
    {
        bool single = perMessage == 1;
        rig.Publisher.Make(Rig.First, count);
        ProcessSample start = rig.Local.Sample();
        TimeSpan own = Environment.CpuUsage.TotalTime;
        long begin = TimeProvider.System.GetTimestamp();
        await rig.Publisher.PublishAsync(Rig.First, count, perMessage, count).ConfigureAwait(false);
        double seconds = TimeProvider.System.GetElapsedTime(begin).TotalSeconds;
        ProcessSample end = rig.Local.Sample();
        figures.Add(single ? Row.Ingest : Row.IngestFull, count / seconds);
        figures.Add(single ? Row.IngestCpu : Row.IngestFullCpu, (double)(end.CpuUs - start.CpuUs) / count);
        figures.Add(single ? Row.IngestOwnCpu : Row.IngestFullOwnCpu, (Environment.CpuUsage.TotalTime - own).TotalMicroseconds / count);
        figures.Add(single ? Row.Written : Row.WrittenFull, (double)(end.WriteBytes - start.WriteBytes) / count);
    }

    // One line per call; a call that was interrupted in the log has a second line that says "resumed".
    private static int Syncs(string trace)
    {
        using FileStream file = new(trace, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using StreamReader reader = new(file);
        int count = 0;
        while (reader.ReadLine() is string line)
        {
            count += line.Contains("fsync(", StringComparison.Ordinal) || line.Contains("fdatasync(", StringComparison.Ordinal) ? 1 : 0;
        }

        return count;
    }

    private static double Seconds(long from, long to) => TimeProvider.System.GetElapsedTime(from, to).TotalSeconds;
}
