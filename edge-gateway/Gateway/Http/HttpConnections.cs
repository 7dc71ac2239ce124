using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Pipelines;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Connections;

namespace EdgeGateway.Gateway.Http;

/// <summary>One HTTP connection in the book.</summary>
internal sealed class HttpConnectionEntry(IPAddress? remote, Action abort)
{
    /// <summary>Who is at the other end; null when not known.</summary>
    public IPAddress? Remote { get; } = remote;

    /// <summary>Ends the connection.</summary>
    public Action Abort { get; } = abort;

    /// <summary>Its place among the silent or the idle ones; null while a request is in progress, or when it is gone.</summary>
    public LinkedListNode<HttpConnectionEntry>? Place { get; set; }

    /// <summary>True while a request is in progress.</summary>
    public bool IsBusy { get; set; }

    /// <summary>True while it counts for its address.</summary>
    public bool IsCounted { get; set; }
}

/// <summary>
/// The book of HTTP connections. Whoever says nothing, or keeps a connection without using it, gives way to whoever comes: the oldest first. So a STOP finds a
/// place beside any number of idle connections, and two places more than all requests in progress may take. Any thread.
/// </summary>
internal sealed class HttpConnections
{
    /// <summary>Requests in progress at once, WebSockets included; a further one is refused with G2093, a STOP is not.</summary>
    public const int MaxBusy = 256;

    /// <summary>Places beyond those, for STOP.</summary>
    public const int StopPlaces = 2;

    /// <summary>Connections that have not sent a byte; at the bound the oldest is closed.</summary>
    public const int MaxSilent = 64;

    /// <summary>Connections of one address other than loopback and trusted proxies; a further one is closed at once.</summary>
    public const int MaxPerAddress = 32;

    /// <summary>How long a connection may take to its first byte.</summary>
    public static readonly TimeSpan FirstByteTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How long a request's head may take.</summary>
    public static readonly TimeSpan HeadTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection is kept between two requests.</summary>
    public static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly LinkedList<HttpConnectionEntry> _silent = new();
    private readonly LinkedList<HttpConnectionEntry> _idle = new();
    private readonly Dictionary<IPAddress, int> _byAddress = [];
    private readonly Func<IPAddress, bool> _isTrusted;
    private int _busy;
    private long _closed;

    /// <summary>Makes an empty book.</summary>
    /// <param name="isTrusted">True for the address of a trusted proxy, which has no bound of its own.</param>
    public HttpConnections(Func<IPAddress, bool> isTrusted) => _isTrusted = isTrusted;

    /// <summary>Connections closed because they gave way or were too many.</summary>
    public long Closed => Interlocked.Read(ref _closed);

    /// <summary>Connections without a first byte, between requests, and with one in progress.</summary>
    public (int Silent, int Idle, int Busy) Counts
    {
        get
        {
            lock (_gate)
            {
                return (_silent.Count, _idle.Count, _busy);
            }
        }
    }

    /// <summary>A connection was accepted.</summary>
    /// <param name="remote">Who.</param>
    /// <param name="abort">Ends it.</param>
    /// <returns>Its entry, or null when it must be closed at once.</returns>
    public HttpConnectionEntry? Accept(IPAddress? remote, Action abort)
    {
        HttpConnectionEntry entry = new(remote, abort);
        HttpConnectionEntry? oldest = null;
        lock (_gate)
        {
            if (remote is not null && !IPAddress.IsLoopback(remote) && !_isTrusted(remote))
            {
                int count = _byAddress.GetValueOrDefault(remote);
                if (count >= MaxPerAddress)
                {
                    _closed++;
                    return null;
                }

                _byAddress[remote] = count + 1;
                entry.IsCounted = true;
            }

            entry.Place = _silent.AddLast(entry);
            if (_silent.Count > MaxSilent)
            {
                oldest = _silent.First!.Value;
                Remove(oldest);
                _closed++;
            }
        }

        oldest?.Abort();
        return entry;
    }

    /// <summary>A connection sent its first byte.</summary>
    /// <param name="entry">Which.</param>
    public void Spoke(HttpConnectionEntry entry)
    {
        HttpConnectionEntry? oldest = null;
        lock (_gate)
        {
            if (entry.Place is null)
            {
                return;
            }

            Unplace(entry);
            entry.Place = _idle.AddLast(entry);
            if (_idle.Count + _busy > MaxBusy + StopPlaces && _idle.First!.Value != entry)
            {
                oldest = _idle.First!.Value;
                Remove(oldest);
                _closed++;
            }
        }

        oldest?.Abort();
    }

    /// <summary>A request begins.</summary>
    /// <param name="entry">On which connection.</param>
    /// <param name="isStop">True for a STOP.</param>
    /// <returns>False when too many are in progress.</returns>
    public bool Begin(HttpConnectionEntry entry, bool isStop)
    {
        lock (_gate)
        {
            if (!isStop && _busy >= MaxBusy)
            {
                return false;
            }

            Unplace(entry);
            entry.IsBusy = true;
            _busy++;
            return true;
        }
    }

    /// <summary>A request ended.</summary>
    /// <param name="entry">On which connection.</param>
    public void End(HttpConnectionEntry entry)
    {
        lock (_gate)
        {
            if (entry.IsBusy)
            {
                entry.IsBusy = false;
                _busy--;
                entry.Place = _idle.AddLast(entry);
            }
        }
    }

    /// <summary>A connection is gone.</summary>
    /// <param name="entry">Which.</param>
    public void Gone(HttpConnectionEntry entry)
    {
        lock (_gate)
        {
            Remove(entry);
        }
    }

    /// <summary>Serves one connection: waits for its first byte, then hands it on.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="next">What speaks HTTP on it.</param>
    /// <param name="time">The clock.</param>
    /// <returns>When it is over.</returns>
    public async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next, TimeProvider time)
    {
        HttpConnectionEntry? entry = Accept((connection.RemoteEndPoint as IPEndPoint)?.Address, () => connection.Abort());
        if (entry is null)
        {
            connection.Abort();
            return;
        }

        connection.Features.Set(entry);
        try
        {
            if (await HasSpokenAsync(connection, time).ConfigureAwait(false))
            {
                Spoke(entry);
                await next(connection).ConfigureAwait(false);
            }
        }
        finally
        {
            Gone(entry);
        }
    }

    private static async Task<bool> HasSpokenAsync(ConnectionContext connection, TimeProvider time)
    {
        PipeReader input = connection.Transport.Input;
        using CancellationTokenSource patience = new(FirstByteTimeout, time);
        try
        {
            ReadResult first = await input.ReadAsync(patience.Token).ConfigureAwait(false);

            // Nothing is consumed and nothing examined: the next reader sees it at once.
            input.AdvanceTo(first.Buffer.Start);
            return !first.Buffer.IsEmpty;
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or InvalidOperationException)
        {
            connection.Abort();
            return false;
        }
    }

    private static void Unplace(HttpConnectionEntry entry)
    {
        entry.Place?.List?.Remove(entry.Place);
        entry.Place = null;
    }

    private void Remove(HttpConnectionEntry entry)
    {
        Unplace(entry);
        if (entry.IsBusy)
        {
            entry.IsBusy = false;
            _busy--;
        }

        if (entry.IsCounted)
        {
            entry.IsCounted = false;
            int left = _byAddress[entry.Remote!] - 1;
            if (left == 0)
            {
                _byAddress.Remove(entry.Remote!);
            }
            else
            {
                _byAddress[entry.Remote!] = left;
            }
        }
    }
}
