using Firmware.Protocol;

namespace Firmware.Pod.Store;

/// <summary>The accounts of all streams, and whether some of them have losses that are not declared yet.</summary>
public sealed class LossLedger
{
    /// <summary>Most pairs of boot and stream that are kept account of.</summary>
    public const int MaxLedgers = 64;

    private readonly StreamLedger[] _ledgers = new StreamLedger[MaxLedgers];

    /// <summary>How many accounts there are.</summary>
    public int Count { get; private set; }

    /// <summary>True when an account may hold a loss that is not declared.</summary>
    public bool HasLosses { get; private set; }

    /// <summary>Says that a loss was put into an account.</summary>
    public void MarkLossesPending() => HasLosses = true;

    /// <summary>Says that all accounts are about to be looked through.</summary>
    public void ClearLossesPending() => HasLosses = false;

    /// <summary>Account of one stream in one boot, or null.</summary>
    /// <param name="bootId">The boot.</param>
    /// <param name="stream">The stream.</param>
    /// <returns>The account.</returns>
    public StreamLedger? Find(uint bootId, int stream)
    {
        for (int i = 0; i < Count; i++)
        {
            if (_ledgers[i].Stream == stream && _ledgers[i].BootId == bootId)
            {
                return _ledgers[i];
            }
        }

        return null;
    }

    /// <summary>Account of one stream in one boot, begun when there is none.</summary>
    /// <param name="bootId">The boot.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="frameClass">The stream's class.</param>
    /// <returns>The account, or null at the bound of <see cref="MaxLedgers"/>.</returns>
    public StreamLedger? FindOrAdd(uint bootId, int stream, FrameClass frameClass)
    {
        StreamLedger? ledger = Find(bootId, stream);
        if (ledger == null && Count < MaxLedgers)
        {
            ledger = new StreamLedger { BootId = bootId, Stream = stream, Class = frameClass };
            _ledgers[Count++] = ledger;
        }

        return ledger;
    }

    /// <summary>One account.</summary>
    /// <param name="index">0 to <see cref="Count"/> - 1.</param>
    /// <returns>The account.</returns>
    public StreamLedger At(int index) => _ledgers[index];

    /// <summary>Ends an account; the last one takes its place.</summary>
    /// <param name="index">Which.</param>
    public void RemoveAt(int index)
    {
        Count--;
        _ledgers[index] = _ledgers[Count];
    }

    /// <summary>Takes a gap record that gives way into the account that it is about.</summary>
    /// <param name="data">Holds its body.</param>
    /// <param name="body">Where the body begins.</param>
    /// <param name="deviceId">This device.</param>
    /// <returns>False when there is no such account: then the record is lost.</returns>
    public bool TakeGap(byte[] data, int body, ulong deviceId)
    {
        StreamLedger? about = Find(GapBody.BootId(data, body), GapBody.Stream(data, body));
        if (about == null || GapBody.DeviceId(data, body) != deviceId)
        {
            return false;
        }

        uint first = GapBody.First(data, body);
        uint last = GapBody.Last(data, body);
        bool exact = GapBody.Unit(data, body) == GapBody.Readings;
        about.AddLoss(
            first,
            last,
            exact ? GapBody.Count(data, body) : 0,
            GapBody.FirstUs(data, body),
            GapBody.LastUs(data, body),
            GapBody.Cause(data, body),
            true);
        return true;
    }
}
