using System;
using System.Buffers;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;

namespace EdgeGateway.Mqtt.Transports;

/// <summary>
/// A transport of bytes as a duplex pipe. Inward, nothing more is received while <see cref="InboundPauseBytes"/> wait to be read: the peer is then held back
/// by its own TCP window. Outward, a flush waits while <see cref="OutboundPauseBytes"/> are not yet with the network.
/// </summary>
internal abstract class TransportPipe : IDuplexPipe
{
    /// <summary>Received bytes that wait to be read, at most.</summary>
    public const int InboundPauseBytes = 64 * 1024;

    /// <summary>Bytes to be sent that wait for the network, before a flush waits.</summary>
    public const int OutboundPauseBytes = 64 * 1024;

    /// <summary>Room asked for at each receive, bytes.</summary>
    private const int ReceiveBytes = 4 * 1024;

    private readonly Pipe _inbound = new(new PipeOptions(
        pauseWriterThreshold: InboundPauseBytes, resumeWriterThreshold: InboundPauseBytes / 2, useSynchronizationContext: false));

    private readonly Pipe _outbound = new(new PipeOptions(
        pauseWriterThreshold: OutboundPauseBytes, resumeWriterThreshold: OutboundPauseBytes / 2, useSynchronizationContext: false));

    private readonly TaskCompletionSource _sent = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What arrives; the MQTT side reads it.</summary>
    public PipeReader Input => _inbound.Reader;

    /// <summary>What is to be sent; the MQTT side writes it.</summary>
    public PipeWriter Output => _outbound.Writer;

    /// <summary>Completed when all that the MQTT side has given was sent, or cannot be sent any more.</summary>
    public Task Sent => _sent.Task;

    /// <summary>Carries bytes both ways until the MQTT side has completed its output or either end is gone, then closes.</summary>
    /// <param name="cancellation">Ends it at once.</param>
    /// <returns>When both ways have ended. Nothing is thrown for a peer that goes away.</returns>
    public async Task RunAsync(CancellationToken cancellation)
    {
        Task inward = InwardAsync(cancellation);
        await OutwardAsync(cancellation).ConfigureAwait(false);
        await inward.ConfigureAwait(false);
    }

    /// <summary>Waits for bytes of the peer.</summary>
    /// <param name="room">Where they go.</param>
    /// <param name="cancellation">Ends it at once.</param>
    /// <returns>How many came; 0 for none yet; null when no more will come.</returns>
    protected abstract ValueTask<int?> ReceiveAsync(Memory<byte> room, CancellationToken cancellation);

    /// <summary>Sends all of some bytes.</summary>
    /// <param name="bytes">The bytes, at least one.</param>
    /// <param name="cancellation">Ends it at once.</param>
    protected abstract ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation);

    /// <summary>Says to the peer that no more will be sent.</summary>
    /// <param name="cancellation">Ends it at once.</param>
    protected abstract ValueTask EndSendAsync(CancellationToken cancellation);

    private async Task InwardAsync(CancellationToken cancellation)
    {
        PipeWriter writer = _inbound.Writer;
        try
        {
            while (await ReceiveAsync(writer.GetMemory(ReceiveBytes), cancellation).ConfigureAwait(false) is { } count)
            {
                if (count > 0)
                {
                    writer.Advance(count);
                    if ((await writer.FlushAsync(cancellation).ConfigureAwait(false)).IsCompleted)
                    {
                        break; // the MQTT side reads no more
                    }
                }
            }
        }
        catch (Exception)
        {
            // A peer that is gone without a close is the same as one that closed, and so is anything else that one transport can throw.
        }

        await writer.CompleteAsync().ConfigureAwait(false);
    }

    private async Task OutwardAsync(CancellationToken cancellation)
    {
        PipeReader reader = _outbound.Reader;
        try
        {
            while (true)
            {
                ReadResult read = await reader.ReadAsync(cancellation).ConfigureAwait(false);
                ReadOnlySequence<byte> rest = read.Buffer;
                while (!rest.IsEmpty)
                {
                    ReadOnlyMemory<byte> segment = rest.First;
                    rest = rest.Slice(segment.Length);
                    if (!segment.IsEmpty)
                    {
                        await SendAsync(segment, cancellation).ConfigureAwait(false);
                    }
                }

                reader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    break;
                }
            }

            await EndSendAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // What could not be sent is lost with the connection; the session's QoS sends it again.
        }

        await reader.CompleteAsync().ConfigureAwait(false);
        _sent.SetResult();
    }
}
