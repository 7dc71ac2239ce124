using Firmware.Signals.Optical;

namespace Firmware.Signals.Oscillometry;

/// <summary>
/// Fifth stage: the beats' amplitudes, freed of movement and of outliers and smoothed, as an envelope over the pressure; and where it crosses a level. Hundredths of mmHg.
/// </summary>
internal sealed class OscillometricEnvelope
{
    private const int FarCentiMmHg = 6000;
    private const int SmoothCentiMmHg = 700;

    // So many beats on each side are smoothed over at most: 7 mmHg at the slowest deflation and 110 /min; a pressure that stands has no more to say with more of them.
    private const int MaxNeighbours = 16;

    // The background is the median of so many beats, the ones nearest to the pulse.
    private const int MaxBackgroundBeats = 48;

    // What is neither a beat nor lower than this share of the height is movement, and no background.
    private const int MaxBackgroundPercent = 60;

    // A beat that is not sure is movement when it is higher than this share of the height, and than this share of the sure beats at its pressure. What is lower takes no pressure with it.
    private const int MovementPercent = 35;
    private const int AboveSurePercent = 130;

    private enum Pass : byte
    {
        Rough,
        Keep,
        Clean,
        Smooth,
        Done,
    }

    private readonly CuffBeats _beats;
    private readonly bool[] _isSure;
    private readonly short[] _kept = new short[OscillometricAnalysis.MaxBeats];
    private readonly int[] _clean = new int[OscillometricAnalysis.MaxBeats];
    private readonly int[] _envelope = new int[OscillometricAnalysis.MaxBeats];
    private readonly SortedSample _sample;
    private Pass _pass;
    private int _cursor;
    private int _roughHeight;
    private long _way;

    /// <summary>Stores.</summary>
    /// <param name="beats">The beats.</param>
    /// <param name="shapes">Which of them are sure.</param>
    /// <param name="sample">Used within a call, and from <see cref="BeginBackground"/> to <see cref="SystolicLevel"/>.</param>
    public OscillometricEnvelope(CuffBeats beats, CuffShapes shapes, SortedSample sample)
    {
        _beats = beats;
        _isSure = shapes.IsSure;
        _sample = sample;
    }

    /// <summary>Beats that make it.</summary>
    public int Count { get; private set; }

    /// <summary>The place at its greatest.</summary>
    public int MaxPlace { get; private set; }

    /// <summary>Its height, peak to peak.</summary>
    public int Height { get; private set; }

    /// <summary>The pressure at its greatest: the mean arterial pressure.</summary>
    public int MeanPressure { get; private set; }

    /// <summary>Beats that were outliers.</summary>
    public int Replaced { get; private set; }

    /// <summary>Beats that were movement.</summary>
    public int Dropped => _beats.Count - Count;

    /// <summary>After <see cref="Cross"/>: from the last beat above the level to the first below it, hundredths of mmHg.</summary>
    public int CrossGap { get; private set; }

    /// <summary>After <see cref="Cross"/>: the first place below the level.</summary>
    public int CrossPlace { get; private set; }

    /// <summary>True when it is made.</summary>
    public bool IsDone => _pass == Pass.Done;

    /// <summary>Begins.</summary>
    public void Begin()
    {
        _pass = Pass.Rough;
        _cursor = 0;
        _roughHeight = 0;
        _way = 0;
        Count = 0;
        Replaced = 0;
        Height = 0;
        MaxPlace = 0;
    }

    /// <summary>One bounded piece.</summary>
    /// <returns>What it cost: about as many times ten operations.</returns>
    public int Step()
    {
        int i = _cursor++;
        int cost = 1;
        int end = _pass == Pass.Rough || _pass == Pass.Keep ? _beats.Count : Count;
        if (i >= end)
        {
            _cursor = 0;
            _pass = (Pass)((int)_pass + 1);
            return 1;
        }

        switch (_pass)
        {
            case Pass.Rough:
                _envelope[i] = Rough(i);
                _roughHeight = _envelope[i] > _roughHeight ? _envelope[i] : _roughHeight;
                cost = MaxNeighbours * 16 / 10;
                break;
            case Pass.Keep:
                Keep(i);
                break;
            case Pass.Clean:
                Clean(i);
                cost = 15;
                break;
            case Pass.Smooth:
                Smooth(i);
                cost = MaxNeighbours * 16 / 10;
                break;
            default:
                break;
        }

        return cost;
    }

    /// <summary>The beat at a place.</summary>
    /// <param name="place">Which.</param>
    /// <returns>Its number among all beats.</returns>
    public int Beat(int place) => _kept[place];

    /// <summary>The pressure at a place.</summary>
    /// <param name="place">Which.</param>
    /// <returns>Hundredths of mmHg.</returns>
    public int Pressure(int place) => _beats.Pressure[_kept[place]];

    /// <summary>Its height at a place.</summary>
    /// <param name="place">Which.</param>
    /// <returns>Hundredths of mmHg.</returns>
    public int At(int place) => _envelope[place];

    /// <summary>How far the beat at a place is from it.</summary>
    /// <param name="place">Which.</param>
    /// <returns>Hundredths of mmHg, not below 0.</returns>
    public int Distance(int place)
    {
        int distance = _beats.Amplitude[_kept[place]] - _envelope[place];
        return distance < 0 ? -distance : distance;
    }

    /// <summary>How much the beats grow or shrink from before a place to behind it, outliers apart.</summary>
    /// <param name="place">Which.</param>
    /// <returns>Hundredths of mmHg, not below 0.</returns>
    public int StepAt(int place)
    {
        int step = place < 1 || place + 1 >= Count ? 0 : _clean[place + 1] - _clean[place - 1];
        return step < 0 ? -step : step;
    }

    /// <summary>Finds the mean arterial pressure: the middle between where it has 95 % of its height on both sides.</summary>
    public void FindMean()
    {
        int level = Height * 95 / 100;
        int high = Cross(-1, level);
        int low = Cross(1, level);
        MeanPressure = high == 0 || low == 0 ? Pressure(MaxPlace) : (high + low) / 2;
    }

    /// <summary>
    /// Begins to find the background: far above the envelope's greatest the artery is closed, and what still oscillates (the edge of the cuff, a tremor, the pump's table) is no
    /// pulse under it.
    /// </summary>
    public void BeginBackground()
    {
        _sample.Clear();
        _cursor = _kept[MaxPlace];
    }

    /// <summary>One more beat of the background.</summary>
    /// <returns>True when there are no more.</returns>
    public bool AddBackground()
    {
        if (_cursor < 0 || _sample.Count == MaxBackgroundBeats)
        {
            return true;
        }

        if (_beats.Pressure[_cursor] > MeanPressure + FarCentiMmHg && (_isSure[_cursor] || _beats.Amplitude[_cursor] * 100L <= Height * (long)MaxBackgroundPercent))
        {
            _sample.Insert(_beats.Amplitude[_cursor]);
        }

        _cursor--;
        return false;
    }

    /// <summary>
    /// The level of the systolic pressure. What is independent adds by squares: the share is taken of the height without the background (the median amplitude there), and the
    /// background laid on again.
    /// </summary>
    /// <returns>Hundredths of mmHg.</returns>
    public int SystolicLevel()
    {
        int background = _sample.Count < 3 ? 0 : _sample.Median;
        int most = Height * 75 / 100;
        background = background > most ? most : background;
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
        int before = MaxPlace;
        for (int i = MaxPlace + direction; i >= 0 && i < Count; i += direction)
        {
            if (_envelope[i] < level)
            {
                int fall = _envelope[before] - _envelope[i];
                int part = _envelope[before] - level;
                CrossGap = direction * (Pressure(before) - Pressure(i));
                CrossPlace = i;
                return Pressure(before) + (int)((long)(Pressure(i) - Pressure(before)) * part / (fall == 0 ? 1 : fall));
            }

            before = i;
        }

        return 0;
    }

    /// <summary>Its ups and downs, percent of those of one hill. What a pulse under a deflating cuff leaves is one hill: up once, down once. A moving arm leaves several.</summary>
    /// <returns>100 or more; <see cref="int.MaxValue"/> for no hill at all.</returns>
    public int UnevenPercent()
    {
        int hill = (2 * Height) - _envelope[0] - _envelope[Count - 1];
        return hill <= 0 ? int.MaxValue : (int)(_way * 100 / hill);
    }

    // The mean of the sure beats around a beat; 0 where there is none.
    private int Rough(int i)
    {
        long sum = 0;
        int weights = 0;
        int from = i - MaxNeighbours < 0 ? 0 : i - MaxNeighbours;
        int to = i + MaxNeighbours >= _beats.Count ? _beats.Count - 1 : i + MaxNeighbours;
        for (int j = from; j <= to; j++)
        {
            int weight = _isSure[j] ? Weight(j, i) : 0;
            if (weight > 0)
            {
                sum += (long)weight * _beats.Amplitude[j];
                weights += weight;
            }
        }

        return weights == 0 ? 0 : (int)(sum / weights);
    }

    private void Keep(int i)
    {
        int amplitude = _beats.Amplitude[i];
        if (_isSure[i] || amplitude * 100L <= _roughHeight * (long)MovementPercent || amplitude * 100L <= _envelope[i] * (long)AboveSurePercent)
        {
            _kept[Count++] = (short)i;
        }
    }

    // Hampel filter over seven beats: three scaled deviations from the median, at least 15 % of it.
    private void Clean(int i)
    {
        int from = i - 3 < 0 ? 0 : i - 3;
        int to = i + 3 >= Count ? Count - 1 : i + 3;
        _sample.Clear();
        for (int j = from; j <= to; j++)
        {
            _sample.Insert(_beats.Amplitude[_kept[j]]);
        }

        int median = _sample.Median;
        _sample.Clear();
        for (int j = from; j <= to; j++)
        {
            int off = _beats.Amplitude[_kept[j]] - median;
            _sample.Insert(off < 0 ? -off : off);
        }

        int limit = _sample.Median * 445 / 100;
        limit = limit < median * 15 / 100 ? median * 15 / 100 : limit;
        int away = _beats.Amplitude[_kept[i]] - median;
        bool isOutlier = away > limit || -away > limit;
        _clean[i] = isOutlier ? median : _beats.Amplitude[_kept[i]];
        Replaced += isOutlier ? 1 : 0;
    }

    // A triangle over the pressure, not over the beats: a slow pulse must not smooth more than a fast one.
    private void Smooth(int i)
    {
        long sum = 0;
        int weights = 0;
        int from = i - MaxNeighbours < 0 ? 0 : i - MaxNeighbours;
        int to = i + MaxNeighbours >= Count ? Count - 1 : i + MaxNeighbours;
        for (int j = from; j <= to; j++)
        {
            int weight = Weight(_kept[j], _kept[i]);
            if (weight > 0)
            {
                sum += (long)weight * _clean[j];
                weights += weight;
            }
        }

        _envelope[i] = (int)(sum / weights);
        int step = i == 0 ? 0 : _envelope[i] - _envelope[i - 1];
        _way += step < 0 ? -step : step;
        if (_envelope[i] > Height && _isSure[_kept[i]])
        {
            Height = _envelope[i];
            MaxPlace = i;
        }
    }

    private int Weight(int beat, int at)
    {
        int distance = _beats.Pressure[beat] - _beats.Pressure[at];
        return SmoothCentiMmHg - (distance < 0 ? -distance : distance);
    }
}
