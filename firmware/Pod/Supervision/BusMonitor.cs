using Firmware.Core;
using Firmware.Pod.Diagnostics;

namespace Firmware.Pod.Supervision;

/// <summary>
/// Stands between the drivers and the bus: counts, reports a stuck bus once, and frees it when the adapter can. It never retries.
/// </summary>
public sealed class BusMonitor : II2cPort
{
    /// <summary>Shortest time between two attempts to free the bus, µs.</summary>
    public const long FreePeriodUs = 1_000_000;

    private readonly II2cPort _bus;
    private readonly II2cRecovery? _recovery;
    private readonly PodCounters _counters;
    private readonly EventReporter _events;
    private long _freeUs;
    private bool _stuck;

    /// <summary>No I/O.</summary>
    /// <param name="bus">The bus.</param>
    /// <param name="counters">The counters.</param>
    /// <param name="events">Where faults are reported.</param>
    public BusMonitor(II2cPort bus, PodCounters counters, EventReporter events)
    {
        _bus = bus;
        _recovery = bus as II2cRecovery;
        _counters = counters;
        _events = events;
    }

    /// <summary>The present step's time, monotonic µs.</summary>
    public long NowUs { get; set; }

    /// <inheritdoc/>
    public I2cStatus WriteRead(int address, byte[] write, int writeOffset, int writeCount, byte[] read, int readOffset, int readCount)
    {
        I2cStatus status = _bus.WriteRead(address, write, writeOffset, writeCount, read, readOffset, readCount);
        _counters.BusTransactions++;
        if (status == I2cStatus.Ok)
        {
            _stuck = false;
            return status;
        }

        _counters.BusErrors++;
        if (status == I2cStatus.BusStuck)
        {
            if (!_stuck)
            {
                _stuck = true;
                _counters.BusStuck++;
                _events.Report(FaultCode.BusStuck, 0, NowUs);
            }

            if (_recovery != null && NowUs >= _freeUs)
            {
                _freeUs = NowUs + FreePeriodUs;
                if (_recovery.TryFree())
                {
                    _stuck = false;
                    _counters.BusFreed++;
                    _events.Report(FaultCode.BusFreed, 0, NowUs);
                }
            }
        }
        else if (status == I2cStatus.NotOpen)
        {
            _events.Report(FaultCode.BusNotOpen, 0, NowUs);
        }

        return status;
    }
}
