using System;
using Firmware.Core;
using Firmware.Tests.Pod;

namespace Firmware.Tests.Host;

/// <summary>
/// An oximeter's driver on light that a test makes up: what is the LED's goes with its current, what is the room's does not. 50 samples a second; a changed current costs
/// two samples, as of the real driver.
/// </summary>
internal sealed class LitFinger : FakeDriver, ILightSource
{
    private const int FullScale = 262_143;
    private const double PeriodSeconds = 0.02;

    private readonly Func<double, (double Red, double Infrared)> _own;
    private readonly Func<double, double> _room;
    private readonly Random _noise;
    private long _nextUs = -1;
    private int _askedRed = 0x20;
    private int _askedInfrared = 0x20;

    /// <summary>Light.</summary>
    /// <param name="own">The LEDs' own light at 6.4 mA, counts, by seconds.</param>
    /// <param name="room">The room's light that the part did not cancel, counts, by seconds; below 0 it takes from what is counted.</param>
    /// <param name="seed">For the converter's noise.</param>
    public LitFinger(Func<double, (double Red, double Infrared)> own, Func<double, double> room, int seed)
    {
        _own = own;
        _room = room;
        _noise = new Random(seed);
        PeriodUs = 100_000;
    }

    public int Changes { get; private set; }

    public int HighestCode { get; private set; }

    public override string PartName => "MAX30102";

    public int SampleCount { get; private set; }

    public int[] Red { get; } = new int[32];

    public int[] Infrared { get; } = new int[32];

    public long FirstSampleUs { get; private set; }

    public int SamplePeriodUs => 20_000;

    public int LostSamples { get; private set; }

    public bool LostIsLowerBound => false;

    public SampleLoss LossCause => LostSamples > 0 ? SampleLoss.Settling : SampleLoss.None;

    public bool AmbientLightOverflow => false;

    public int RedCurrentCode { get; private set; } = 0x20;

    public int InfraredCurrentCode { get; private set; } = 0x20;

    public bool DieTemperatureReady => false;

    public int DieTemperatureMilliCelsius => 31_000;

    public void SetLedCurrent(int redCode, int infraredCode)
    {
        _askedRed = redCode;
        _askedInfrared = infraredCode;
    }

    protected override void Make(long nowUs)
    {
        _nextUs = _nextUs < 0 ? nowUs - PeriodUs : _nextUs;
        LostSamples = 0;
        if (_askedRed != RedCurrentCode || _askedInfrared != InfraredCurrentCode)
        {
            RedCurrentCode = _askedRed;
            InfraredCurrentCode = _askedInfrared;
            HighestCode = Math.Max(HighestCode, Math.Max(_askedRed, _askedInfrared));
            Changes++;
            LostSamples = 2;
            _nextUs += 2 * 20_000;
        }

        FirstSampleUs = _nextUs;
        int count = 0;
        while (_nextUs < nowUs && count < Red.Length)
        {
            double seconds = _nextUs / 1e6;
            (double red, double infrared) = _own(seconds);
            double room = _room(seconds);
            Red[count] = Counted((red * RedCurrentCode / 32) + room);
            Infrared[count] = Counted((infrared * InfraredCurrentCode / 32) + room);
            count++;
            _nextUs += (long)(PeriodSeconds * 1e6);
        }

        SampleCount = count;
    }

    // The sum of two is enough of a bell for a converter of a count or two.
    private int Counted(double light) => (int)Math.Clamp(Math.Round(light + ((_noise.NextDouble() + _noise.NextDouble() - 1) * 4)), 0, FullScale);
}
