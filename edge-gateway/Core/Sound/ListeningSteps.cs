using System;

namespace EdgeGateway.Core.Sound;

/// <summary>What a listener, or the gateway itself, tells of the way in one moment.</summary>
/// <param name="LagMs">How far the newest chunk received lies behind the newest made, ms.</param>
/// <param name="LossPermille">Chunks missing of those made since the report before, in thousandths.</param>
public readonly record struct ListeningReport(int LagMs, int LossPermille);

/// <summary>
/// The steps for a low-bandwidth network as a state machine without a clock of its own: down when the reports are bad for a while, up again after a longer
/// while of good ones, and later each time an attempt upwards failed, so that it does not flap.
/// </summary>
public sealed class ListeningSteps
{
    /// <summary>A report is bad above this lag, ms. The lag holds the report's own way back and up to one chunk, so the sound itself is late by less.</summary>
    public const int BadLagMs = 500;

    /// <summary>A report is good below this lag, ms.</summary>
    public const int GoodLagMs = 350;

    /// <summary>A report is bad above this loss, thousandths. Source: lung sounds tolerate about 2 % (Kamolphiwong et al., IntechOpen 74680).</summary>
    public const int BadLossPermille = 20;

    /// <summary>Bad for this long: one step down, µs.</summary>
    public const long DownAfterUs = 2_000_000;

    /// <summary>Good for this long: one step up, µs.</summary>
    public const long UpAfterUs = 10_000_000;

    /// <summary>Longest wait before a step up after failed ones, µs.</summary>
    public const long LongestUpAfterUs = 160_000_000;

    /// <summary>A step up that is taken back within this time has failed, µs.</summary>
    public const long TrialUs = 15_000_000;

    private long _badSinceUs = -1;
    private long _goodSinceUs = -1;
    private long _upSinceUs = -1;
    private long _changedUs;

    /// <summary>The step in force.</summary>
    public ListeningStep Step { get; private set; }

    /// <summary>How long reports must be good before the next step up, µs.</summary>
    public long UpDelayUs { get; private set; } = UpAfterUs;

    /// <summary>Steps taken since the start, both ways.</summary>
    public int Changes { get; private set; }

    /// <summary>Listening starts again: full, whatever was before.</summary>
    public void Reset()
    {
        Step = ListeningStep.Full;
        UpDelayUs = UpAfterUs;
        _badSinceUs = -1;
        _goodSinceUs = -1;
        _upSinceUs = -1;
    }

    /// <summary>Takes one report.</summary>
    /// <param name="report">What was reported; of several listeners the worst.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>True when the step changed.</returns>
    public bool Take(ListeningReport report, long nowUs)
    {
        bool bad = report.LagMs > BadLagMs || report.LossPermille > BadLossPermille;
        bool good = report.LagMs < GoodLagMs && report.LossPermille == 0;
        _badSinceUs = !bad ? -1 : _badSinceUs < 0 ? nowUs : _badSinceUs;
        _goodSinceUs = !good ? -1 : _goodSinceUs < 0 ? nowUs : _goodSinceUs;
        if (_upSinceUs >= 0 && nowUs - _upSinceUs >= TrialUs)
        {
            // The step up has held: the way is what it was before it became thin.
            _upSinceUs = -1;
            UpDelayUs = UpAfterUs;
        }

        if (bad && nowUs - _badSinceUs >= DownAfterUs && Step < ListeningStep.ClipsOnly)
        {
            if (_upSinceUs >= 0)
            {
                UpDelayUs = Math.Min(UpDelayUs * 2, LongestUpAfterUs);
                _upSinceUs = -1;
            }

            Change(Step + 1, nowUs);
            return true;
        }

        if (good && nowUs - _goodSinceUs >= UpDelayUs && Step > ListeningStep.Full)
        {
            _upSinceUs = nowUs;
            Change(Step - 1, nowUs);
            return true;
        }

        return false;
    }

    /// <summary>While no live sound goes out nobody can report of it: after the wait for a step up it is tried.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>True when the step changed.</returns>
    public bool Tick(long nowUs)
    {
        if (Step != ListeningStep.ClipsOnly || nowUs - _changedUs < UpDelayUs)
        {
            return false;
        }

        _upSinceUs = nowUs;
        Change(Step - 1, nowUs);
        return true;
    }

    // What was reported of the step before says nothing of this one.
    private void Change(ListeningStep step, long nowUs)
    {
        Step = step;
        _changedUs = nowUs;
        Changes++;
        _badSinceUs = -1;
        _goodSinceUs = -1;
    }
}
