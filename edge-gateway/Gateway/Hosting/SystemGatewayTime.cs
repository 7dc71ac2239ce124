using System;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using EdgeGateway.Core;
using EdgeGateway.Core.Time;
using EdgeGateway.Mqtt;

namespace EdgeGateway.Gateway.Hosting;

/// <summary>
/// The machine's clocks. On Linux the kernel says whether UTC is disciplined, and how wrong it may be at most (adjtimex(2): status
/// STA_UNSYNC and maxerror); elsewhere, and where the kernel says no, UTC counts only when configuration says that it is to be trusted. Whoever vouches: a time that cannot be is not believed.
/// </summary>
public sealed partial class SystemGatewayTime : IGatewayTime
{
    private const int TimexBufferLength = 256;
    private const int StatusUnsynchronised = 0x0040; // STA_UNSYNC, linux/timex.h
    private const long RefreshUs = 1_000_000;

    private readonly IMqttLoop _loop;
    private readonly TimeProvider _time;
    private readonly bool _trusted;
    private readonly long _trustedUncertaintyUs;
    private readonly ClockPlausibility _plausibility = new();
    private readonly byte[] _timex = new byte[TimexBufferLength];
    private long _readUs = long.MinValue;
    private bool _synchronised;
    private long _uncertaintyUs;

    /// <summary>Makes the clocks.</summary>
    /// <param name="loop">The loop, whose monotonic time is the gateway's.</param>
    /// <param name="time">UTC.</param>
    /// <param name="trusted">True to trust UTC when the kernel does not vouch for it.</param>
    /// <param name="trustedUncertaintyUs">Its uncertainty then, µs.</param>
    public SystemGatewayTime(IMqttLoop loop, TimeProvider time, bool trusted, long trustedUncertaintyUs)
    {
        _loop = loop;
        _time = time;
        _trusted = trusted;
        _trustedUncertaintyUs = trustedUncertaintyUs;
    }

    /// <inheritdoc/>
    public long NowUs => _loop.NowUs;

    /// <inheritdoc/>
    public UtcEstimate Utc
    {
        get
        {
            long nowUs = _loop.NowUs;
            if (_readUs == long.MinValue || nowUs - _readUs >= RefreshUs)
            {
                _readUs = nowUs;
                ReadKernel();
            }

            long utcUs = (_time.GetUtcNow().UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / (TimeSpan.TicksPerMillisecond / 1000);
            if (!_synchronised && !_trusted)
            {
                return new UtcEstimate(false, 0, 0);
            }

            long uncertaintyUs = _synchronised ? _uncertaintyUs : _trustedUncertaintyUs;
            return _plausibility.Problem(nowUs, utcUs, uncertaintyUs, mayStep: _synchronised) is { } problem
                ? new UtcEstimate(false, 0, 0, problem)
                : new UtcEstimate(true, utcUs, uncertaintyUs);
        }
    }

    private void ReadKernel()
    {
        _synchronised = false;
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        Array.Clear(_timex); // modes = 0: read only
        if (AdjustTime(_timex) < 0)
        {
            return;
        }

        // struct timex: modes (int), then long fields: offset, freq, maxerror, esterror, then status (int).
        int word = IntPtr.Size;
        long maximumErrorUs = word == 8
            ? BinaryPrimitives.ReadInt64LittleEndian(_timex.AsSpan(24))
            : BinaryPrimitives.ReadInt32LittleEndian(_timex.AsSpan(12));
        int status = BinaryPrimitives.ReadInt32LittleEndian(_timex.AsSpan(word == 8 ? 40 : 20));
        _synchronised = (status & StatusUnsynchronised) == 0;
        _uncertaintyUs = Math.Max(1, maximumErrorUs);
    }

    [LibraryImport("libc", EntryPoint = "adjtimex", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int AdjustTime([In, Out] byte[] timex);
}
