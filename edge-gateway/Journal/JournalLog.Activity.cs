using System;
using System.Collections.Generic;

namespace EdgeGateway.Journal;

/// <content>How sequences of disk operations run: each activity has at most one operation under way and goes on when it ends.</content>
public sealed partial class JournalLog
{
    private const long Quiet = long.MaxValue;

    private readonly List<Activity> _waiting = [];
    private Activity? _current;

    private enum OpKind
    {
        Create,
        Append,
        Sync,
        Read,
        Delete,
        List,
        SyncDirectory,
        Call,
        Wait,
    }

    /// <summary>How the running activity's last operation ended.</summary>
    private DiskResult Last => _current!.Result;

    private void Start(IEnumerator<Op> steps)
    {
        var activity = new Activity();
        activity.Steps.Push(steps);
        Advance(activity);
    }

    private void Advance(Activity activity)
    {
        Activity? outer = _current;
        while (activity.Steps.Count > 0)
        {
            _current = activity;
            IEnumerator<Op> steps = activity.Steps.Peek();
            if (!steps.MoveNext())
            {
                steps.Dispose();
                activity.Steps.Pop();
                continue;
            }

            Op op = steps.Current;
            if (op.Kind == OpKind.Call)
            {
                activity.Steps.Push(op.Steps!);
                continue;
            }

            if (op.Kind == OpKind.Wait)
            {
                if (Ready(op.Position))
                {
                    continue;
                }

                activity.WaitsFor = op.Position;
                _waiting.Add(activity);
                break;
            }

            Issue(activity, in op);
            break;
        }

        _current = outer;
    }

    private void Issue(Activity activity, in Op op)
    {
        long ticket = ++_ticket;
        _running.Add(ticket, activity);
        switch (op.Kind)
        {
            case OpKind.Create:
                _disk.Create(op.File, ticket);
                break;
            case OpKind.Append:
                _disk.Append(op.File, op.Data, ticket);
                break;
            case OpKind.Sync:
                _disk.Sync(op.File, ticket);
                break;
            case OpKind.Read:
                _disk.Read(op.File, op.Position, op.Target, ticket);
                break;
            case OpKind.Delete:
                _disk.Delete(op.File, ticket);
                break;
            case OpKind.List:
                _disk.List(ticket);
                break;
            default:
                _disk.SyncDirectory(ticket);
                break;
        }
    }

    private void OnCompleted(in DiskResult result)
    {
        if (!_running.Remove(result.Ticket, out Activity? activity))
        {
            return; // of a journal before this one on the same disk
        }

        if (result.Status is DiskStatus.Full or DiskStatus.Failed)
        {
            _status = _status with { DiskErrors = _status.DiskErrors + 1 };
        }

        activity.Result = result;
        Advance(activity);
    }

    private bool Ready(long waitsFor) => _failing || (waitsFor == Quiet ? !_writing : SyncedIndex >= waitsFor);

    // Continues what waits for a sync that has come, or that will not come for now.
    private void Wake()
    {
        for (int i = 0; i < _waiting.Count;)
        {
            Activity activity = _waiting[i];
            if (Ready(activity.WaitsFor))
            {
                _waiting.RemoveAt(i);
                Advance(activity);
                i = 0;
            }
            else
            {
                i++;
            }
        }
    }

    private readonly record struct Op(OpKind Kind, string File, long Position, ReadOnlyMemory<byte> Data, Memory<byte> Target, IEnumerator<Op>? Steps)
    {
        public static Op Create(string file) => new(OpKind.Create, file, 0, default, default, null);

        public static Op Append(string file, ReadOnlyMemory<byte> data) => new(OpKind.Append, file, 0, data, default, null);

        public static Op Sync(string file) => new(OpKind.Sync, file, 0, default, default, null);

        public static Op Read(string file, long position, Memory<byte> target) => new(OpKind.Read, file, position, default, target, null);

        public static Op Delete(string file) => new(OpKind.Delete, file, 0, default, default, null);

        public static Op List() => new(OpKind.List, "", 0, default, default, null);

        public static Op SyncDirectory() => new(OpKind.SyncDirectory, "", 0, default, default, null);

        /// <summary>Runs another sequence to its end first.</summary>
        public static Op Call(IEnumerator<Op> steps) => new(OpKind.Call, "", 0, default, default, steps);

        /// <summary>Waits until this index is synced, or the disk fails.</summary>
        public static Op WaitSynced(long index) => new(OpKind.Wait, "", index, default, default, null);

        /// <summary>Waits until nothing is being appended, or the disk fails.</summary>
        public static Op WaitQuiet() => new(OpKind.Wait, "", Quiet, default, default, null);
    }

    private sealed class Activity
    {
        public Stack<IEnumerator<Op>> Steps { get; } = new();

        public DiskResult Result { get; set; }

        public long WaitsFor { get; set; }
    }
}
