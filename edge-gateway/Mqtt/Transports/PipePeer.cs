using System;
using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Tasks;
using System.Threading.Tasks.Sources;

namespace EdgeGateway.Mqtt.Transports;

/// <summary>
/// Joins one duplex pipe (TCP, TLS, WebSocket, memory) to a state machine on a loop. Inward, one read at a time is handed to the
/// loop, and the next begins when it is consumed and the outward side is below <see cref="PausePendingBytes"/>: so a peer is held
/// back by its own pipe. Outward, writes go to the pipe at once and are flushed once per turn; while a flush waits for the network
/// they gather here, which the state machine sees as <see cref="PendingBytes"/>. While anything has gathered, all that is written goes behind
/// it: bytes never overtake. An exception anywhere in here, or in the state machine below, ends this connection and not the loop.
/// </summary>
internal abstract class PipePeer : IMqttConnection, IValueTaskSource
{
    /// <summary>Above this many outward bytes nothing more is read from the peer.</summary>
    public const int PausePendingBytes = 512 * 1024;

    /// <summary>A flush of more than this is reported as Drained, since the state machine may have stopped for it.</summary>
    private const int DrainedNoticeBytes = 32 * 1024;

    /// <summary>Room for gathered bytes that is kept for the next time.</summary>
    private const int KeptOverflowBytes = 32 * 1024;

    /// <summary>How long a peer may take for the last bytes after a close.</summary>
    private static readonly TimeSpan CloseGrace = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long a peer may take to close after our last words. Until then what it sends is read and thrown away: closing a socket with
    /// unread bytes resets it, and the reason for the close would be lost with the reset.
    /// </summary>
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);

    /// <summary>Pause between attempts to post to a full loop, and how many there are.</summary>
    private static readonly TimeSpan PostRetry = TimeSpan.FromMilliseconds(10);
    private const int PostAttempts = 500;

    private readonly IDuplexPipe _pipe;
    private readonly TimeProvider _time;
    private readonly Action _deliver;
    private readonly Action _flush;
    private readonly Action _flushed;
    private readonly Action _endInput;
    private readonly Action _finish;
    private Action? _abort;
    private ArrayBufferWriter<byte>? _overflow;
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ManualResetValueTaskSourceCore<bool> _consumed = new() { RunContinuationsAsynchronously = true };
    private ReadOnlySequence<byte> _buffer;
    private int _unflushedBytes;
    private int _flushingBytes;
    private bool _flushScheduled;
    private bool _flushing;
    private bool _flushBroken;
    private bool _paused;
    private bool _closing;
    private bool _lingers;
    private bool _inputEnded;
    private bool _completed;

    protected PipePeer(IDuplexPipe pipe, IMqttLoop loop, TimeProvider time)
    {
        _pipe = pipe;
        Loop = loop;
        _time = time;
        _deliver = () => Guarded(Deliver);
        _flush = () => Guarded(Flush);
        _flushed = () => Guarded(OnFlushed);
        _endInput = () => Guarded(EndInput);
        _finish = () => Guarded(Finish);
    }

    public int PendingBytes => _unflushedBytes + _flushingBytes + OverflowBytes;

    private int OverflowBytes => _overflow?.WrittenCount ?? 0;

    public string? Address { get; init; }

    public MqttTransport Transport { get; init; }

    protected IMqttLoop Loop { get; }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (_closing || _completed)
        {
            return;
        }

        if (_flushing || OverflowBytes > 0)
        {
            // Also between the end of a flush and the next one: what gathered meanwhile goes first.
            (_overflow ??= new()).Write(bytes);
            return;
        }

        _pipe.Output.Write(bytes);
        _unflushedBytes += bytes.Length;
        ScheduleFlush();
    }

    public void Close()
    {
        if (!_closing)
        {
            _closing = true;
            _lingers = PendingBytes > 0 && !_inputEnded;
            ScheduleFlush();
            Resume();
            if (_lingers)
            {
                _ = EndLingerAsync();
            }
            else
            {
                _pipe.Input.CancelPendingRead();
            }
        }
    }

    void IValueTaskSource.GetResult(short token) => _consumed.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _consumed.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _consumed.OnCompleted(continuation, state, token, flags);

    /// <summary>Runs the connection from the first byte to the last.</summary>
    /// <param name="abort">Ends the transport when it does not take the last bytes in time.</param>
    public async Task RunAsync(Action abort)
    {
        _abort = abort;
        if (await PostAsync(() => Guarded(Opened)).ConfigureAwait(false))
        {
            await ReadAsync().ConfigureAwait(false);
            if (await PostAsync(_endInput).ConfigureAwait(false))
            {
                try
                {
                    await _finished.Task.WaitAsync(CloseGrace, _time).ConfigureAwait(false);
                }
                catch (TimeoutException)
                {
                    abort();
                    await PostAsync(_finish).ConfigureAwait(false);
                }
            }
            else
            {
                abort();
            }
        }
        else
        {
            abort();
        }

        await _pipe.Input.CompleteAsync().ConfigureAwait(false);
    }

    /// <summary>An exception was caught in the handling of this connection; called once at most, on the loop. The transport ends by itself.</summary>
    protected abstract void Faulted(Exception exception, long nowUs);

    protected abstract void Opened();

    protected abstract void Received(ReadOnlySpan<byte> bytes, long nowUs);

    protected abstract void Drained(long nowUs);

    /// <summary>The transport is gone; called once, unless this side closed before.</summary>
    protected abstract void TransportClosed(long nowUs);

    private async Task ReadAsync()
    {
        try
        {
            while (true)
            {
                ReadResult result = await _pipe.Input.ReadAsync().ConfigureAwait(false);
                if (result.IsCanceled)
                {
                    return;
                }

                if (!result.Buffer.IsEmpty)
                {
                    _buffer = result.Buffer;
                    _consumed.Reset();
                    if (!await PostAsync(_deliver).ConfigureAwait(false))
                    {
                        return;
                    }

                    await new ValueTask(this, _consumed.Version).ConfigureAwait(false);
                }

                _pipe.Input.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                {
                    return;
                }
            }
        }
        catch (Exception)
        {
            return; // a reset by the peer is a close, and so is whatever else a transport can throw: the caller tells the state machine
        }
    }

    private async ValueTask<bool> PostAsync(Action work)
    {
        for (int i = 0; i < PostAttempts; i++)
        {
            if (Loop.TryPost(work))
            {
                return true;
            }

            await Task.Delay(PostRetry, _time).ConfigureAwait(false);
        }

        return false;
    }

    /// <summary>Runs one piece of work for this connection on the loop.</summary>
    private void Guarded(Action work)
    {
        try
        {
            work();
        }
        catch (Exception e)
        {
            Break(e);
        }
    }

    /// <summary>Ends this connection after an exception: no more bytes either way, the reader is released, the transport is cut.</summary>
    private void Break(Exception exception)
    {
        bool first = !_completed;
        _closing = true;
        _completed = true;
        _overflow = null;
        try
        {
            if (first)
            {
                Faulted(exception, Loop.NowUs);
            }

            _pipe.Output.CancelPendingFlush();
            _pipe.Output.Complete();
        }
        catch (Exception)
        {
            // The pipe is as broken as the connection; the abort below ends it.
        }

        _finished.TrySetResult();
        Resume();
        _pipe.Input.CancelPendingRead();
        _abort?.Invoke();
    }

    private void Deliver()
    {
        try
        {
            foreach (ReadOnlyMemory<byte> segment in _buffer)
            {
                if (!_closing)
                {
                    Received(segment.Span, Loop.NowUs);
                }
            }
        }
        finally
        {
            _buffer = default;
            _paused = true; // also after an exception: the reader waits to be released
        }

        if (_closing || PendingBytes <= PausePendingBytes)
        {
            Resume();
        }
    }

    /// <summary>Lets the reader go on.</summary>
    private void Resume()
    {
        if (_paused)
        {
            _paused = false;
            _consumed.SetResult(true);
        }
    }

    private async Task EndLingerAsync()
    {
        await Task.Delay(Linger, _time).ConfigureAwait(false);
        _pipe.Input.CancelPendingRead();
    }

    private void EndInput()
    {
        _inputEnded = true;
        if (!_closing)
        {
            TransportClosed(Loop.NowUs);
            Close();
        }

        ScheduleFlush();
    }

    private void ScheduleFlush()
    {
        if (!_flushScheduled)
        {
            _flushScheduled = true;
            if (!Loop.TryPost(_flush))
            {
                Flush();
            }
        }
    }

    private void Flush()
    {
        _flushScheduled = false;
        if (_flushing || _completed)
        {
            return;
        }

        if (_overflow is { WrittenCount: > 0 } overflow)
        {
            _pipe.Output.Write(overflow.WrittenSpan);
            _unflushedBytes += overflow.WrittenCount;
            if (overflow.Capacity > KeptOverflowBytes)
            {
                _overflow = null; // one long wait is no reason to hold its room for ever
            }
            else
            {
                overflow.ResetWrittenCount();
            }
        }

        if (_unflushedBytes > 0)
        {
            _flushingBytes = _unflushedBytes;
            _unflushedBytes = 0;
            _flushing = true;
            ValueTask<FlushResult> flush = _pipe.Output.FlushAsync();
            if (!flush.IsCompletedSuccessfully)
            {
                _ = AwaitFlushAsync(flush);
                return;
            }

            _flushBroken = flush.Result.IsCompleted;
            OnFlushed();
            return;
        }

        if (_closing && (!_lingers || _inputEnded))
        {
            Finish();
        }
    }

    private async Task AwaitFlushAsync(ValueTask<FlushResult> flush)
    {
        bool broken = true;
        try
        {
            broken = (await flush.ConfigureAwait(false)).IsCompleted;
        }
        catch (Exception)
        {
            broken = true; // the reader side of the transport is gone; what was to be sent is lost with the connection
        }

        _flushBroken = broken;
        await PostAsync(_flushed).ConfigureAwait(false);
    }

    private void OnFlushed()
    {
        int flushed = _flushingBytes;
        _flushing = false;
        _flushingBytes = 0;
        if (_flushBroken)
        {
            EndInput();
            Finish();
            return;
        }

        if (OverflowBytes > 0 || _closing)
        {
            ScheduleFlush();
        }

        if (PendingBytes <= PausePendingBytes)
        {
            Resume();
        }

        if (flushed > DrainedNoticeBytes && !_closing)
        {
            Drained(Loop.NowUs);
        }
    }

    private void Finish()
    {
        if (!_completed && !_flushing)
        {
            _completed = true;
            _pipe.Output.Complete();
            _finished.TrySetResult();
        }
    }
}
