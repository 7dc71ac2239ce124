using System;
using System.Collections.Generic;
using EdgeGateway.Mqtt;
using Simulators.Kernel;

namespace Simulators.Network;

/// <summary>
/// One end of a simulated connection. Bytes travel in the chunks in which they were written; each chunk leaves when the path is free,
/// arrives after the path's delay, and never before an earlier one.
/// </summary>
public sealed class SimulatedConnectionEnd : IMqttConnection
{
    /// <summary>Most bytes under way in one direction. Above it the connection is reset, as by a sender that gives up.</summary>
    public const int MaxUnderWayBytes = 4 * 1024 * 1024;

    /// <summary>How soon TCP tries again after a cut is over, µs. Assumption: one retransmission after the path is back.</summary>
    public const long RetransmitUs = 200_000;

    private readonly Connection _connection;
    private readonly int _direction;
    private readonly Queue<Chunk> _underWay = new();
    private readonly KernelTimer _arrival;
    private INetworkPeer? _peer;
    private long _lastArrivalUs;
    private bool _closing;
    private bool _answersForGone = true;

    internal SimulatedConnectionEnd(Connection connection, int direction)
    {
        _connection = connection;
        _direction = direction;
        _arrival = new KernelTimer(connection.Network.Kernel, Arrive);
    }

    /// <summary>True while bytes may be written.</summary>
    public bool IsOpen => !_closing && !IsOver;

    /// <inheritdoc/>
    public int PendingBytes { get; private set; }

    /// <inheritdoc/>
    /// <remarks>Who dials over one path stands at one address.</remarks>
    public string? Address => Path.Name;

    /// <summary>The path it runs over.</summary>
    public NetworkPath Path => _connection.Path;

    internal bool IsOver { get; private set; }

    private SimulatedConnectionEnd Other => _direction == 0 ? _connection.Far : _connection.Near;

    /// <summary>Sets who is told of what arrives at this end; once, before anything can arrive.</summary>
    /// <param name="peer">Who.</param>
    public void SetPeer(INetworkPeer peer) => _peer = peer;

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (!IsOpen || bytes.IsEmpty)
        {
            return;
        }

        if (PendingBytes + bytes.Length > MaxUnderWayBytes)
        {
            Reset();
            Other.Reset();
            return;
        }

        PendingBytes += bytes.Length;
        Send(new Chunk(bytes.ToArray(), 0));
    }

    /// <inheritdoc/>
    public void Close()
    {
        if (IsOpen)
        {
            _closing = true;
            Send(new Chunk(null, 0));
            _connection.Network.Kernel.After(0, TellClosed); // A closed socket's reader ends at once.
        }
    }

    /// <summary>
    /// The end is gone without a word (its power was cut): nothing more is sent, what arrives is lost. The other end learns of it when it
    /// sends, if somebody is there to answer for the address.
    /// </summary>
    /// <param name="someoneAnswers">True when the machine is up again or was never down: it answers what arrives with a reset.</param>
    public void Vanish(bool someoneAnswers)
    {
        if (!IsOver)
        {
            _answersForGone = someoneAnswers;
            End();
        }
    }

    /// <summary>This end resets the connection: the other end is told after the path's delay (process killed, socket closed by its system).</summary>
    public void Abort()
    {
        if (IsOver)
        {
            return;
        }

        End();
        _answersForGone = true;
        SendReset();
    }

    internal void Reset()
    {
        if (IsOver)
        {
            return;
        }

        End();
        _connection.Network.Kernel.After(0, TellClosed);
    }

    internal void PathCameBack()
    {
        if (_underWay.Count > 0)
        {
            _arrival.Set(_connection.Network.Kernel.NowUs + RetransmitUs + _connection.Path.DelayUs());
        }
    }

    private void Send(Chunk chunk)
    {
        NetworkPath path = _connection.Path;
        long nowUs = _connection.Network.Kernel.NowUs;
        int length = chunk.Bytes?.Length ?? 0;
        long leavesUs = Math.Max(nowUs, path.BusyUntilUs[_direction]) + path.TransmitUs(length);
        path.BusyUntilUs[_direction] = leavesUs;
        _lastArrivalUs = Math.Max(_lastArrivalUs, leavesUs + path.DelayUs());
        _underWay.Enqueue(chunk with { ArrivesUs = _lastArrivalUs });
        if (_underWay.Count == 1)
        {
            _arrival.Set(_lastArrivalUs);
        }
    }

    private void Arrive()
    {
        if (_connection.Path.State == PathState.Silent)
        {
            return; // Stays under way; goes on when the path is back.
        }

        long nowUs = _connection.Network.Kernel.NowUs;
        while (_underWay.TryPeek(out Chunk chunk) && chunk.ArrivesUs <= nowUs)
        {
            _underWay.Dequeue();
            if (chunk.Bytes is null)
            {
                Trace("close").End();
                Other.OtherClosed();
                End();
                return;
            }

            PendingBytes -= chunk.Bytes.Length;
            if (Other.IsOver)
            {
                if (Other._answersForGone)
                {
                    Other.SendReset();
                }

                continue;
            }

            Trace("bytes").AddDigest(chunk.Bytes).End();
            if (!Other._closing)
            {
                Other._peer?.Received(chunk.Bytes);
            }
        }

        if (!IsOver && _underWay.TryPeek(out Chunk next))
        {
            _arrival.Set(next.ArrivesUs);
        }
    }

    private void OtherClosed()
    {
        if (IsOver)
        {
            return;
        }

        End();
        TellClosed();
    }

    private void TellClosed()
    {
        INetworkPeer? peer = _peer;
        _peer = null;
        peer?.Closed();
    }

    private void SendReset()
    {
        SimulatedConnectionEnd other = Other;
        _connection.Network.Kernel.After(_connection.Path.DelayUs(), () =>
        {
            if (_connection.Path.State != PathState.Silent && !other.IsOver)
            {
                _connection.Network.Trace?.Begin(_connection.Path.Name, "reset").Add("c", _connection.Id).End();
                other.End();
                other.TellClosed();
            }
        });
    }

    private void End()
    {
        IsOver = true;
        _underWay.Clear();
        PendingBytes = 0;
        _arrival.Stop();
        _connection.Network.Ended(_connection);
    }

    private TraceLine Trace(string what) => new(_connection.Network.Trace, _connection, _direction, what);

    private readonly record struct Chunk(byte[]? Bytes, long ArrivesUs);

    private readonly struct TraceLine
    {
        private readonly TraceWriter? _trace;

        public TraceLine(TraceWriter? trace, Connection connection, int direction, string what) =>
            _trace = trace?.Begin(connection.Path.Name, what).Add("c", connection.Id).Add("d", direction);

        public TraceLine AddDigest(ReadOnlySpan<byte> bytes)
        {
            _trace?.AddDigest(bytes);
            return this;
        }

        public void End() => _trace?.End();
    }
}
