using Firmware.Core;
using Firmware.Pod.Store;

namespace Firmware.Pod.Link;

/// <summary>
/// The earliest that it can be now, for TLS: a board has no clock while it is off, and a certificate that is not valid yet would never be. The newest of the program's release, its certificate's
/// beginning and one day, and the last time that was known. It never stamps a reading. Times are s since 1970-01-01 UTC; the last known one is the name of a file.
/// </summary>
public sealed class ClockFloor
{
    /// <summary>From one stored time to the next, µs.</summary>
    public const long PeriodUs = 3_600_000_000;

    private const uint Day = 86_400;
    private const string Prefix = "utc-";

    private readonly IByteStore _store;
    private readonly uint _floor;
    private long _nextUs = PeriodUs;

    /// <summary>Reads the last known time.</summary>
    /// <param name="store">The store.</param>
    /// <param name="released">When the program was released.</param>
    /// <param name="certificateFrom">Since when its certificate is valid; 0 for none.</param>
    public ClockFloor(IByteStore store, uint released, uint certificateFrom)
    {
        _store = store;
        uint floor = certificateFrom == 0 || certificateFrom + Day < released ? released : certificateFrom + Day;
        string[] names = store.List();
        for (int i = 0; i < names.Length; i++)
        {
            long known = SegmentLog.NumberOf(Prefix, names[i]);
            floor = known > floor ? (uint)known : floor;
        }

        _floor = floor;
    }

    /// <summary>The floor, s.</summary>
    public uint Floor => _floor;

    /// <summary>The time to set the clock to.</summary>
    /// <param name="clock">What the clock says, s.</param>
    /// <returns>The later of both.</returns>
    public uint Correct(uint clock) => clock > _floor ? clock : _floor;

    /// <summary>Whether an hour has passed since a time was stored.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>True when it has.</returns>
    public bool IsDue(long nowUs) => nowUs >= _nextUs;

    /// <summary>Stores what the clock says, when it is later than the floor. Not while the cuff holds pressure: it writes.</summary>
    /// <param name="clock">s.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>True when it is stored.</returns>
    public bool Keep(uint clock, long nowUs)
    {
        _nextUs = nowUs + PeriodUs;
        return clock > _floor && Write(clock);
    }

    private bool Write(uint utc)
    {
        string[] names = _store.List();
        string name = SegmentLog.NameOf(Prefix, utc);
        byte[] content = new byte[1];
        if (_store.Append(name, content, 0, 1) != StoreStatus.Ok || _store.Flush(name) != StoreStatus.Ok)
        {
            return false;
        }

        for (int i = 0; i < names.Length; i++)
        {
            long known = SegmentLog.NumberOf(Prefix, names[i]);
            if (known >= 0 && known != utc)
            {
                _store.Delete(names[i]);
            }
        }

        return true;
    }
}
