using System.Collections.Generic;

namespace EdgeGateway.Journal;

/// <content>How sequences of disk operations run: each activity has at most one operation under way and goes on when it ends.</content>
public sealed partial class JournalLog
{
    private readonly List<DiskActivity> _waiting = [];
    private DiskActivity? _current;

    /// <inheritdoc/>
    public void Dispose() => _ring?.Dispose();

    /// <summary>How the running activity's last operation ended.</summary>
    private DiskResult Last => _current!.Result;

    private void Start(IEnumerator<Op> steps)
    {
        var activity = new DiskActivity();
        activity.Steps.Push(steps);
        Advance(activity);
    }

    private void Advance(DiskActivity activity)
    {
        DiskActivity? outer = _current;
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

    private void Issue(DiskActivity activity, in Op op)
    {
        long ticket = ++_ticket;
        _running.Add(ticket, activity);
        IDisk disk = op.OnKeys ? _ring!.Disk : _disk;
        switch (op.Kind)
        {
            case OpKind.Create:
                disk.Create(op.File, ticket);
                break;
            case OpKind.Append:
                disk.Append(op.File, op.Data, ticket);
                break;
            case OpKind.Sync:
                disk.Sync(op.File, ticket);
                break;
            case OpKind.Read:
                disk.Read(op.File, op.Position, op.Target, ticket);
                break;
            case OpKind.Delete:
                disk.Delete(op.File, ticket);
                break;
            case OpKind.List:
                disk.List(ticket);
                break;
            default:
                disk.SyncDirectory(ticket);
                break;
        }
    }

    private void OnCompleted(in DiskResult result)
    {
        if (!_running.Remove(result.Ticket, out DiskActivity? activity))
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

    private bool Ready(long waitsFor) => _failing || (waitsFor == Op.Quiet ? !_writing : SyncedIndex >= waitsFor);

    // Continues what waits for a sync that has come, or that will not come for now.
    private void Wake()
    {
        for (int i = 0; i < _waiting.Count;)
        {
            DiskActivity activity = _waiting[i];
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
}
