using Firmware.Signals.Optical;

namespace Firmware.Signals.Oscillometry;

/// <summary>
/// Fourth stage: the beats' amplitudes, freed of outliers and smoothed, as an envelope over the pressure; and where it crosses a level. Hundredths of mmHg.
/// </summary>
internal sealed class OscillometricEnvelope
{
    private const int FarCentiMmHg = 6000;
    private const int SmoothCentiMmHg = 700;

    private readonly CuffBeats _beats;
    private readonly int[] _pressure;
    private readonly int[] _amplitude;
    private readonly int[] _clean = new int[OscillometricAnalysis.MaxBeats];
    private readonly int[] _envelope = new int[OscillometricAnalysis.MaxBeats];
    private readonly int[] _sort;

    /// <summary>Stores.</summary>
    /// <param name="beats">The stage before.</param>
    /// <param name="sort">Room for as many numbers as there are beats, used within a call only.</param>
    public OscillometricEnvelope(CuffBeats beats, int[] sort)
    {
        _beats = beats;
        _pressure = beats.Pressure;
        _amplitude = beats.Amplitude;
        _sort = sort;
    }

    /// <summary>The beat at its greatest.</summary>
    public int MaxBeat { get; private set; }

    /// <summary>Its height, peak to peak.</summary>
    public int Height { get; private set; }

    /// <summary>The pressure at its greatest: the mean arterial pressure.</summary>
    public int MeanPressure { get; private set; }

    /// <summary>Beats that were outliers.</summary>
    public int Replaced { get; private set; }

    /// <summary>Makes it.</summary>
    public void Make()
    {
        Replaced = Clean();
        Smooth();
        MaxBeat = 0;
        for (int i = 1; i < _beats.Count; i++)
        {
            MaxBeat = _envelope[i] > _envelope[MaxBeat] ? i : MaxBeat;
        }

        Height = _envelope[MaxBeat];
        MeanPressure = Vertex();
    }

    /// <summary>Its height at a beat.</summary>
    /// <param name="beat">Which.</param>
    /// <returns>Hundredths of mmHg.</returns>
    public int At(int beat) => _envelope[beat];

    /// <summary>
    /// The level of the systolic pressure. What is independent adds by squares: the share is taken of the height without the background, and the background laid on again.
    /// </summary>
    /// <returns>Hundredths of mmHg.</returns>
    public int SystolicLevel()
    {
        int background = Background();
        long pulse = ((long)Height * Height) - ((long)background * background);
        long level = (pulse * OscillometricAnalysis.SystolicPermille / 1000 * OscillometricAnalysis.SystolicPermille / 1000) + ((long)background * background);
        return (int)IntegerMath.SquareRoot(level);
    }

    /// <summary>From the greatest outwards to where the envelope first falls below a level.</summary>
    /// <param name="direction">-1 towards the higher pressures, 1 towards the lower ones.</param>
    /// <param name="level">The level.</param>
    /// <returns>The pressure there; 0 when it never does.</returns>
    public int Cross(int direction, int level)
    {
        int before = MaxBeat;
        for (int i = MaxBeat + direction; i >= 0 && i < _beats.Count; i += direction)
        {
            if (_envelope[i] < level)
            {
                int fall = _envelope[before] - _envelope[i];
                int part = _envelope[before] - level;
                return _pressure[before] + (int)((long)(_pressure[i] - _pressure[before]) * part / (fall == 0 ? 1 : fall));
            }

            before = i;
        }

        return 0;
    }

    /// <summary>Its ups and downs, percent of those of one hill. What a pulse under a deflating cuff leaves is one hill: up once, down once. A moving arm leaves several.</summary>
    /// <returns>100 or more; <see cref="int.MaxValue"/> for no hill at all.</returns>
    public int UnevenPercent()
    {
        long way = 0;
        for (int i = 1; i < _beats.Count; i++)
        {
            int step = _envelope[i] - _envelope[i - 1];
            way += step < 0 ? -step : step;
        }

        int hill = (2 * Height) - _envelope[0] - _envelope[_beats.Count - 1];
        return hill <= 0 ? int.MaxValue : (int)(way * 100 / hill);
    }

    // Hampel filter over seven beats: three scaled deviations from the median, at least 15 % of it.
    private int Clean()
    {
        int replaced = 0;
        for (int i = 0; i < _beats.Count; i++)
        {
            int from = i - 3 < 0 ? 0 : i - 3;
            int to = i + 3 >= _beats.Count ? _beats.Count - 1 : i + 3;
            int count = to - from + 1;
            for (int j = 0; j < count; j++)
            {
                _sort[j] = _amplitude[from + j];
            }

            int median = Medians.Of(_sort, count);
            for (int j = 0; j < count; j++)
            {
                int off = _amplitude[from + j] - median;
                _sort[j] = off < 0 ? -off : off;
            }

            int limit = Medians.Of(_sort, count) * 445 / 100;
            limit = limit < median * 15 / 100 ? median * 15 / 100 : limit;
            int away = _amplitude[i] - median;
            bool isOutlier = away > limit || -away > limit;
            _clean[i] = isOutlier ? median : _amplitude[i];
            replaced += isOutlier ? 1 : 0;
        }

        return replaced;
    }

    // A triangle over the pressure, not over the beats: a slow pulse must not smooth more than a fast one.
    private void Smooth()
    {
        for (int i = 0; i < _beats.Count; i++)
        {
            long sum = 0;
            long weights = 0;
            for (int j = 0; j < _beats.Count; j++)
            {
                int distance = _pressure[j] - _pressure[i];
                int weight = SmoothCentiMmHg - (distance < 0 ? -distance : distance);
                if (weight > 0)
                {
                    sum += (long)weight * _clean[j];
                    weights += weight;
                }
            }

            _envelope[i] = (int)(sum / weights);
        }
    }

    // The envelope's greatest, found again as the middle between where it has 95 % of its height on both sides.
    private int Vertex()
    {
        int level = Height * 95 / 100;
        int high = Cross(-1, level);
        int low = Cross(1, level);
        return high == 0 || low == 0 ? _pressure[MaxBeat] : (high + low) / 2;
    }

    /// <summary>
    /// Far above the envelope's greatest the artery is closed, and what still oscillates (the edge of the cuff, a tremor, the pump's table) is no pulse under it:
    /// the median amplitude there.
    /// </summary>
    private int Background()
    {
        int count = 0;
        for (int i = 0; i < _beats.Count; i++)
        {
            if (_pressure[i] > MeanPressure + FarCentiMmHg)
            {
                _sort[count++] = _amplitude[i];
            }
        }

        int background = count < 3 ? 0 : Medians.Of(_sort, count);
        int most = Height * 75 / 100;
        return background > most ? most : background;
    }
}
