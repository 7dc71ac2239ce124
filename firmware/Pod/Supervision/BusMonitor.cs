using Firmware.Core;
using Firmware.Pod.Diagnostics;

namespace Firmware.Pod.Supervision;

/// <summary>Called when the bus was found held or stood still.</summary>
/// <param name="nowUs">Monotonic µs.</param>
public delegate void BusHeldHandler(long nowUs);

/// <summary>
/// Stands between the drivers and the bus, and counts. A transaction on a held bus stops the whole pod for up to a second, so behind one the bus is left alone for some seconds, for all its parts:
/// each transaction is answered here. Then the bus is freed when the adapter can, and used again only when its lines are high. It never retries.
/// </summary>
public sealed class BusMonitor : II2cPort
{
    /// <summary>How long the bus is left alone, µs. Assumption: three times what one transaction on a held bus can cost.</summary>
    public const long FirstAloneUs = 3_000_000;

    /// <summary>The longest time for which it is left alone, µs; each standstill soon after another doubles it.</summary>
    public const long LongestAloneUs = 24_000_000;

    /// <summary>A bus that was used for this long since it was left alone last counts as sound again, µs.</summary>
    public const long StableUs = 30_000_000;

    private readonly II2cPort _bus;
    private readonly II2cRecovery? _recovery;
    private readonly PodCounters _counters;
    private readonly EventReporter _events;
    private readonly IMonotonicClock? _clock;
    private bool _isAlone;
    private long _aloneUs;

    /// <summary>No I/O.</summary>
    /// <param name="bus">The bus.</param>
    /// <param name="counters">The counters.</param>
    /// <param name="events">Where faults are reported.</param>
    /// <param name="clock">Tells how long a transaction stood; null: the step's time is used.</param>
    public BusMonitor(II2cPort bus, PodCounters counters, EventReporter events, IMonotonicClock? clock)
    {
        _bus = bus;
        _recovery = bus as II2cRecovery;
        _counters = counters;
        _events = events;
        _clock = clock;
    }

    /// <summary>The bus was found held, or stood still. Raised before anything else is done about it: whoever holds pressure by what this bus says opens its valves.</summary>
    public event BusHeldHandler? Held;

    /// <summary>The present step's time, monotonic µs; moved on by a transaction that stood.</summary>
    public long NowUs { get; set; }

    /// <summary>True while the bus is left alone.</summary>
    public bool IsLeftAlone => _isAlone && NowUs < AloneUntilUs;

    /// <summary>When the bus is looked at again, monotonic µs.</summary>
    public long AloneUntilUs { get; private set; }

    /// <inheritdoc/>
    public I2cStatus WriteRead(int address, byte[] write, int writeOffset, int writeCount, byte[] read, int readOffset, int readCount)
    {
        if (_isAlone && (NowUs < AloneUntilUs || !TryOpen()))
        {
            return I2cStatus.BusStuck;
        }

        I2cStatus status = _bus.WriteRead(address, write, writeOffset, writeCount, read, readOffset, readCount);
        _counters.BusTransactions++;
        if (status == I2cStatus.Ok)
        {
            return status;
        }

        _counters.BusErrors++;
        if (status == I2cStatus.BusStuck || status == I2cStatus.Timeout)
        {
            OnHeld();
        }
        else if (status == I2cStatus.NotOpen)
        {
            _events.Report(FaultCode.BusNotOpen, 0, NowUs);
        }

        return status;
    }

    private void OnHeld()
    {
        bool isSoon = _aloneUs != 0 && NowUs - AloneUntilUs < StableUs;
        if (_clock != null)
        {
            NowUs = _clock.NowUs;
        }

        Held?.Invoke(NowUs);
        _aloneUs = !isSoon ? FirstAloneUs : _aloneUs * 2 < LongestAloneUs ? _aloneUs * 2 : LongestAloneUs;
        AloneUntilUs = NowUs + _aloneUs;
        _isAlone = true;
        _counters.BusStuck++;
        _events.Report(FaultCode.BusStuck, 0, NowUs);
    }

    // Looking at the lines as pins costs no standstill, so it is done as often as the shortest pause allows.
    private bool TryOpen()
    {
        if (_recovery != null)
        {
            if (!_recovery.TryFree())
            {
                AloneUntilUs = NowUs + FirstAloneUs;
                _events.Report(FaultCode.BusStuck, 0, NowUs);
                return false;
            }

            _counters.BusFreed++;
            _events.Report(FaultCode.BusFreed, 0, NowUs);
        }

        _isAlone = false;
        return true;
    }
}
