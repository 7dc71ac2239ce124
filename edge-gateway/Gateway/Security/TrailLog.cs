using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using EdgeGateway.Core.Trail;
using EdgeGateway.Journal.Trail;
using EdgeGateway.Machine;

namespace EdgeGateway.Gateway.Security;

/// <summary>
/// Writes the trail on a thread of its own, so that a slow or full disk holds up nobody: the loop hands entries over and goes on. At the start the whole trail is read and checked. While it cannot be written, entries wait up
/// to a bound; those beyond it are counted, and the count becomes an entry as soon as one can be written.
/// </summary>
public sealed class TrailLog : ITrail, IDisposable
{
    /// <summary>Entries that wait at once.</summary>
    public const int MaxWaiting = 1024;

    /// <summary>How long an end waits for what has not been written yet.</summary>
    public static readonly TimeSpan MaxEnd = TimeSpan.FromSeconds(1);

    private const int MaxBatch = 128;
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    // Assumption: a cut of power may cost the note the last minute; the chain itself and a published head still tell.
    private static readonly TimeSpan NotePeriod = TimeSpan.FromMinutes(1);

    private readonly CartTrail _trail;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Queue<ReadOnlyMemory<byte>> _waiting = new();
    private readonly ManualResetEventSlim _wake = new(false);
    private readonly ManualResetEventSlim _ended = new(false);
    private readonly Thread _thread;
    private TrailHead _head = TrailHead.None;
    private long _taken;
    private long _written;
    private long _lost;
    private long _notedAt;
    private volatile string? _problem;
    private volatile string? _finding;
    private bool _isEnding;

    /// <summary>Begins to read and write.</summary>
    /// <param name="trail">The trail.</param>
    /// <param name="time">The clock.</param>
    public TrailLog(CartTrail trail, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(trail);
        ArgumentNullException.ThrowIfNull(time);
        (_trail, _time) = (trail, time);
        _thread = new Thread(Work) { IsBackground = true, Name = "trail" };
        _thread.Start();
    }

    /// <inheritdoc/>
    public TrailHead Head
    {
        get
        {
            lock (_gate)
            {
                return _head;
            }
        }
    }

    /// <inheritdoc/>
    public long WrittenTicket => Volatile.Read(ref _written);

    /// <inheritdoc/>
    public string? Problem => _problem;

    /// <inheritdoc/>
    public string? Finding => _finding;

    /// <inheritdoc/>
    public long Write(ReadOnlyMemory<byte> entry)
    {
        lock (_gate)
        {
            if (_isEnding || _waiting.Count >= MaxWaiting)
            {
                _lost++;
                return 0;
            }

            _waiting.Enqueue(entry);
            _taken++;
            _wake.Set();
            return _taken;
        }
    }

    /// <summary>Writes what waits, for at most <see cref="MaxEnd"/>, and ends.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isEnding)
            {
                return;
            }

            _isEnding = true;
        }

        _ended.Set();
        _wake.Set();
        if (_thread.Join(MaxEnd))
        {
            _wake.Dispose();
            _ended.Dispose();
        }
    }

    private void Work()
    {
        Check();
        while (true)
        {
            _wake.Wait();
            ReadOnlyMemory<byte>[] batch;
            long lost;
            bool isEnding;
            lock (_gate)
            {
                batch = new ReadOnlyMemory<byte>[Math.Min(_waiting.Count, MaxBatch)];
                int at = 0;
                foreach (ReadOnlyMemory<byte> entry in _waiting)
                {
                    if (at == batch.Length)
                    {
                        break;
                    }

                    batch[at++] = entry;
                }

                lost = _lost;
                isEnding = _isEnding;
                if (batch.Length == 0 && lost == 0)
                {
                    _wake.Reset();
                }
            }

            if (batch.Length == 0 && lost == 0)
            {
                if (isEnding)
                {
                    Note(isForced: true);
                    return;
                }

                continue;
            }

            if (TryAppend(batch, lost))
            {
                Note(isForced: false);
            }
            else if (_ended.Wait(RetryPause))
            {
                return; // it ends, and cannot be written
            }
        }
    }

    private bool TryAppend(ReadOnlyMemory<byte>[] batch, long lost)
    {
        try
        {
            ReadOnlyMemory<byte>[] all = lost == 0 ? batch : [.. batch, Own(new Act(ActNames.ActsLost, ActAuthor.Gateway) { Count = lost })];
            TrailHead head = _trail.Append(all);
            lock (_gate)
            {
                for (int i = 0; i < batch.Length; i++)
                {
                    _waiting.Dequeue();
                }

                _lost -= lost;
                _head = head;
            }

            Interlocked.Add(ref _written, batch.Length);
            _problem = null;
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            _problem = e.Message.TrimEnd('.');
            return false;
        }
    }

    private void Check()
    {
        try
        {
            TrailReport report = _trail.Verify();
            if (CartTrail.Summary(report) is { } finding)
            {
                _finding = finding;
                TrailFinding first = report.Findings[0];
                Write(Own(new Act(ActNames.TrailFault, ActAuthor.Gateway) { Subject = first.Fault.ToString() + ":" + first.First.ToString(System.Globalization.CultureInfo.InvariantCulture) }));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _problem = e.Message.TrimEnd('.');
        }
    }

    private ReadOnlyMemory<byte> Own(Act act) => ActJson.Write(act, (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / (TimeSpan.TicksPerMillisecond / 1000), 0, 0);

    private void Note(bool isForced)
    {
        long now = _time.GetTimestamp();
        if (Head is not { Index: > 0 } head || (!isForced && _notedAt != 0 && _time.GetElapsedTime(_notedAt, now) < NotePeriod))
        {
            return;
        }

        try
        {
            _trail.Note(head);
            _notedAt = now;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The chain itself is written; the note is tried again with the next entries.
        }
    }
}
