using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Readings;
using EdgeGateway.Core.Records;
using EdgeGateway.Core.Time;
using EdgeGateway.Faults;
using EdgeGateway.Journal;
using EdgeGateway.Mqtt;
using Firmware.Protocol;

namespace EdgeGateway.Core.Ingest;

/// <summary>
/// Takes in messages of frames: proves each frame, drops what is known, appends the rest, and acknowledges when it is on the disk. Messages are
/// handled and acknowledged in the order in which they came.
/// </summary>
internal sealed class PodIngest : IGatewayPart
{
    /// <summary>What a full disk keeps out is declared at once when so many messages wait for it: no more than a pod sends without an answer.</summary>
    private const int MaxUndeclared = 4;

    /// <summary>HighWaterMark of a message whose declaration is still to be appended.</summary>
    private const long Undeclared = long.MaxValue;

    /// <summary>Most frames appended per step when held messages are taken in, so that a step stays short.</summary>
    private const int MaxHeldPerStep = 16;

    private readonly IMqttServer _server;
    private readonly Pods _pods;
    private readonly Action<Pod, byte[]> _sayStored;
    private readonly FrameProof _proof;
    private readonly FrameIntake _frames;
    private readonly UnstoredReadings _unstored;
    private readonly JournalWriter _journal;
    private readonly HealthIssues _issues;
    private readonly GatewayClock _clock;
    private readonly int _maxHeld;
    private readonly Queue<Held> _held = new();
    private readonly Queue<Acknowledgement> _acknowledgements = new();
    private int _undeclared; // messages that wait for the declaration
    private bool _more;

    /// <summary>Makes it.</summary>
    /// <param name="server">Where messages are acknowledged.</param>
    /// <param name="pods">The pods.</param>
    /// <param name="sayStored">Says to a pod that a message which came again is stored; takes its <see cref="MessageIdentity"/>.</param>
    /// <param name="proof">Proves frames.</param>
    /// <param name="frames">Takes them in.</param>
    /// <param name="unstored">What a full disk keeps out.</param>
    /// <param name="journal">What is on the disk, and what it takes now.</param>
    /// <param name="issues">Sent of pods that have to wait.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="maxHeld">Most messages that wait for the journal.</param>
    public PodIngest(
        IMqttServer server,
        Pods pods,
        Action<Pod, byte[]> sayStored,
        FrameProof proof,
        FrameIntake frames,
        UnstoredReadings unstored,
        JournalWriter journal,
        HealthIssues issues,
        GatewayClock clock,
        int maxHeld)
    {
        _server = server;
        _pods = pods;
        _sayStored = sayStored;
        _proof = proof;
        _frames = frames;
        _unstored = unstored;
        _journal = journal;
        _issues = issues;
        _clock = clock;
        _maxHeld = maxHeld;
    }

    /// <summary>Messages since the start.</summary>
    public long Messages { get; private set; }

    /// <summary>Pods disconnected since the start because too many messages waited.</summary>
    public long HeldOverflows { get; private set; }

    public int HeldCount => _held.Count;

    /// <summary>A message on <c>pod/{id}/up</c>.</summary>
    /// <param name="clientId">The pod's client identifier.</param>
    /// <param name="deviceId">The device of the topic, which is the client's.</param>
    /// <param name="payload">Frames back to back; valid during the call.</param>
    /// <param name="token">The server's token; 0 for QoS 0, which is never acknowledged.</param>
    public void Message(string clientId, ulong deviceId, ReadOnlyMemory<byte> payload, long token)
    {
        Messages++;
        Pod pod = _pods.Of(deviceId);
        pod.Messages++;
        pod.LastReceivedUs = _clock.NowUs;

        // What the journal cannot take now waits, and everything behind it too, so that order and acknowledgements stay simple.
        if (_held.Count == 0 && TryTake(deviceId, ArrayOf(payload), token))
        {
            return;
        }

        if (_held.Count >= _maxHeld)
        {
            // The pod's ring still has it: after the reconnection it sends again.
            HeldOverflows++;
            _issues.Raise(FaultCodes.PodHeldBack, HealthSubject.Pod(deviceId), Invariant.Text(_held.Count) + " messages wait for the journal");
            _server.Disconnect(clientId, 0x97, _clock.NowUs);
            return;
        }

        _held.Enqueue(new Held(deviceId, payload.ToArray(), token));
    }

    public void Step(long nowUs)
    {
        _more = false;
        for (int i = 0; _held.Count > 0; i++)
        {
            if (i == MaxHeldPerStep)
            {
                _more = true;
                break;
            }

            Held held = _held.Peek();
            if (!TryTake(held.DeviceId, new ArraySegment<byte>(held.Payload), held.Token))
            {
                break;
            }

            _held.Dequeue();
            if (_held.Count == 0)
            {
                foreach (Pod pod in _pods.All)
                {
                    _issues.Clear(FaultCodes.PodHeldBack, HealthSubject.Pod(pod.DeviceId));
                }
            }
        }

        if (_unstored.Any && (nowUs >= _unstored.DueUs || _journal.Intake == JournalIntake.Everything))
        {
            DeclareUnstored();
        }

        while (_acknowledgements.Count > 0 && _acknowledgements.Peek().HighWaterMark <= _journal.SyncedIndex)
        {
            Acknowledgement due = _acknowledgements.Dequeue();
            _server.Acknowledge(due.Token, 0, nowUs);
            if (due.Again is not null)
            {
                _sayStored(_pods.Of(due.DeviceId), due.Again);
            }
        }
    }

    /// <inheritdoc/>
    bool IGatewayPart.StepsWhileStopping => true;

    /// <inheritdoc/>
    long IGatewayPart.Step(long nowUs)
    {
        Step(nowUs);
        return NextUs;
    }

    /// <summary>When it has something to do without an event.</summary>
    public long NextUs => _more ? 0 : _unstored.DueUs;

    // The frames' proofs are shared with the pods, which have arrays and offsets.
    private static ArraySegment<byte> ArrayOf(ReadOnlyMemory<byte> payload) =>
        MemoryMarshal.TryGetArray(payload, out ArraySegment<byte> array) ? array : new ArraySegment<byte>(payload.ToArray());

    private bool TryTake(ulong deviceId, ArraySegment<byte> payload, long token)
    {
        if (!_frames.IsOpen)
        {
            return false;
        }

        int refused = payload.Count == 0 ? 1 : 0;
        int taken = 0;
        long duplicates = _frames.Duplicates;
        int offset = payload.Offset;
        while (offset < payload.Offset + payload.Count)
        {
            if (!_proof.TryNext(payload, deviceId, ref offset, out ReadOnlySpan<byte> frame))
            {
                refused++;
                continue;
            }

            if (!_frames.TryTake(frame))
            {
                return false;
            }

            taken++;
            if (frame[1] == (byte)FrameKind.Health)
            {
                _pods.Of(deviceId).TakeHealth(FrameHead.Read(frame), frame);
            }

            if (_unstored.IsFull)
            {
                DeclareUnstored();
            }
        }

        if (refused > 0)
        {
            _proof.Refuse(deviceId, refused, payload.Count);
        }

        if (token != 0)
        {
            // A duplicate is acknowledged when its original is on the disk, which may still be on its way there.
            // What is not stored counts as taken when its declaration is.
            bool isAgain = refused == 0 && _frames.Duplicates - duplicates == taken;
            _acknowledgements.Enqueue(new Acknowledgement(deviceId, token, _unstored.Any ? Undeclared : _journal.LastIndex, isAgain ? NameOf(payload) : null));
            if (_unstored.Any && ++_undeclared >= MaxUndeclared)
            {
                DeclareUnstored();
            }
        }

        return true;
    }

    private static byte[] NameOf(ArraySegment<byte> message)
    {
        byte[] name = new byte[MessageIdentity.Length];
        MessageIdentity.Write(name, 0, message.ToArray());
        return name;
    }

    // What finds no room stays, and the acknowledgements behind it wait: nothing is acknowledged that is neither on the disk nor declared there.
    private void DeclareUnstored()
    {
        if (!_unstored.TryDeclare())
        {
            return;
        }

        _undeclared = 0;
        for (int i = _acknowledgements.Count; i > 0; i--)
        {
            Acknowledgement waiting = _acknowledgements.Dequeue();
            _acknowledgements.Enqueue(waiting with { HighWaterMark = Math.Min(waiting.HighWaterMark, _journal.LastIndex) });
        }
    }

    private readonly record struct Held(ulong DeviceId, byte[] Payload, long Token);

    /// <summary>An answer that is owed.</summary>
    /// <param name="DeviceId">The pod.</param>
    /// <param name="Token">The server's token.</param>
    /// <param name="HighWaterMark">The index that has to be on the disk first.</param>
    /// <param name="Again">The message's name when all of it was known already; else null.</param>
    private readonly record struct Acknowledgement(ulong DeviceId, long Token, long HighWaterMark, byte[]? Again);
}
