using System;
using System.Collections.Generic;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Core.Health;
using EdgeGateway.Core.Records;
using EdgeGateway.Journal;

namespace EdgeGateway.Core;

/// <summary>What the journal tells its owner, passed to whom it concerns.</summary>
internal sealed class JournalEvents(GatewayLife life) : IJournalHandler
{
    private JournalReader? _reader;
    private DiskHealth? _disk;
    private HealthChecks? _checks;
    private LossDeclarations? _losses;
    private Action? _closed;
    private long _closeTicket;

    /// <summary>Says who is told: the journal wants its handler before there can be any of them.</summary>
    /// <param name="reader">Ends of reads.</param>
    /// <param name="disk">What the disk says.</param>
    /// <param name="checks">That the disk refuses.</param>
    /// <param name="losses">What the journal gives up.</param>
    public void Attach(JournalReader reader, DiskHealth disk, HealthChecks checks, LossDeclarations losses)
    {
        _reader = reader;
        _disk = disk;
        _checks = checks;
        _losses = losses;
    }

    /// <summary>Closes the journal.</summary>
    /// <param name="journal">The journal.</param>
    /// <param name="closed">Called once, when all is on the disk.</param>
    public void Close(IJournal journal, Action closed)
    {
        _closed = closed;
        _closeTicket = _reader!.NextTicket();
        journal.BeginClose(_closeTicket);
    }

    /// <inheritdoc/>
    public void Opened(JournalOpened opened)
    {
        if (life.State == GatewayState.Opening)
        {
            life.State = GatewayState.Booting;
        }

        _disk!.Opened(opened);
    }

    /// <inheritdoc/>
    public void Synced(long throughIndex)
    {
    }

    /// <inheritdoc/>
    public void Failing(DiskStatus status, string text)
    {
        _disk!.Failing(status, text);
        _checks!.DiskRefused();
    }

    /// <inheritdoc/>
    public void Recovered() => _disk!.Recovered();

    /// <inheritdoc/>
    public void IntakeChanged(JournalIntake intake, string reason) => _disk!.IntakeChanged(intake, reason);

    /// <inheritdoc/>
    public bool Lost(in JournalLoss loss, IReadOnlyList<JournalRecord> records)
    {
        _disk!.Lost(loss);
        return !loss.Damaged && records.Count == 0 ? _disk.UnreadGivenUp(loss) : _losses!.Lost(loss, records);
    }

    /// <inheritdoc/>
    public void Read(long ticket, IReadOnlyList<JournalRecord> records, long nextIndex)
    {
        if (!_reader!.TryEnd(ticket, records, nextIndex) && ticket == _closeTicket && life.State == GatewayState.Stopping)
        {
            life.State = GatewayState.Stopped;
            _closed?.Invoke();
        }
    }
}
