using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Firmware.Flash.Wire;

namespace Firmware.Flash.Calibrations;

/// <summary>
/// The points of a cuff's calibration while the pod keeps the pressure that a hand pump makes. What the person types decides: the space bar goes to the pod as it is, which asks for it every ten seconds; a number and
/// Enter is what the manometer shows; any other key goes to the pod too, and opens the valves. Nothing is typed for the person: who walks away lets the pod open them.
/// </summary>
/// <param name="order">The pressures to be set, mmHg, in their order.</param>
/// <param name="given">The reference's values where a rig sets them, as many; null to take what is typed.</param>
/// <param name="say">Takes lines for the person.</param>
/// <param name="echo">Takes what is typed of a number.</param>
internal sealed class HeldPoints(IReadOnlyList<int> order, IReadOnlyList<decimal>? given, Action<string> say, Action<string> echo)
{
    /// <summary>Rows behind Enter that make a point: five a second.</summary>
    public const int RowsPerPoint = 5;

    private const int WarnMs = 30_000;
    private const byte Space = (byte)' ';
    private const byte Other = (byte)'q';

    private readonly StringBuilder _typed = new();
    private decimal _shown;
    private bool _isEntered;
    private bool _isWarned;
    private bool _isEnding;
    private int _rows;
    private long _sum;
    private int _low;
    private int _high;

    /// <summary>The manometer's values so far, hundredths of mmHg.</summary>
    public List<int> ReferenceCentiMmHg { get; } = [];

    /// <summary>The sensor's, thousandths of mmHg.</summary>
    public List<int> ReadingMilliMmHg { get; } = [];

    /// <summary>True when all points are there.</summary>
    public bool IsDone => ReferenceCentiMmHg.Count == order.Count;

    /// <summary>Why a point makes no calibration; null while all do.</summary>
    public string? Unusable { get; private set; }

    /// <summary>What is to be done next.</summary>
    public string Next => string.Create(
        CultureInfo.InvariantCulture,
        $"{ReferenceCentiMmHg.Count + 1}/{order.Count}: about {order[ReferenceCentiMmHg.Count]} mmHg by the hand pump; the space bar at least every 10 s; {(given is null ? "what the manometer shows (mmHg) and Enter" : "Enter when it is there")}");

    /// <summary>Another hold begins where the one before stopped.</summary>
    public void Begin()
    {
        _typed.Clear();
        _isEntered = false;
        _isWarned = false;
        _isEnding = false;
        say(Next);
    }

    /// <summary>A row of the pod, or a pause.</summary>
    /// <param name="row">The row; null in a pause.</param>
    /// <param name="keys">What was typed and not taken.</param>
    /// <returns>What goes to the pod.</returns>
    public byte[] Turn(JsonElement? row, Queue<byte> keys)
    {
        if (row is { } element)
        {
            Row(element);
        }

        if (_isEnding)
        {
            return []; // one key opens the valves; another one would stand before the next request
        }

        if (IsDone || Unusable is not null)
        {
            _isEnding = true;
            return [Other]; // nothing more is asked for: the valves open
        }

        while (!_isEntered && keys.TryDequeue(out byte key))
        {
            if (key == Space)
            {
                return [Space];
            }

            if (!Take(key))
            {
                _isEnding = true;
                return [key];
            }
        }

        return [];
    }

    // A key of a number, or Enter; false for one that is neither.
    private bool Take(byte key)
    {
        switch (key)
        {
            case >= (byte)'0' and <= (byte)'9' or (byte)'.' or (byte)',' or (byte)'-':
                _typed.Append((char)key);
                echo(((char)key).ToString());
                return true;
            case 0x08 or 0x7F:
                echo(_typed.Length > 0 ? "\b \b" : string.Empty);
                _typed.Length = Math.Max(0, _typed.Length - 1);
                return true;
            case (byte)'\n':
                return true;
            case (byte)'\r':
                Enter();
                return true;
            default:
                return false;
        }
    }

    private void Enter()
    {
        string text = _typed.ToString().Replace(',', '.');
        _typed.Clear();
        if (text.Length == 0 && given is not null)
        {
            _shown = given[ReferenceCentiMmHg.Count];
        }
        else if (!decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _shown) || _shown is < -5 or > 299)
        {
            say("a number from -5 to 299, then Enter");
            return;
        }

        _isEntered = true;
        _rows = 0;
        _sum = 0;
    }

    private void Row(JsonElement row)
    {
        if (!_isWarned && Number(row, "leftMs") is int left && left < WarnMs && Number(row, "ms") is > 90_000)
        {
            _isWarned = true;
            say("less than 30 s are left of this hold; the valves open then, and it goes on where it stopped");
        }

        if (!_isEntered || Number(row, "value") is not int value || Number(row, "low") is not int low || Number(row, "high") is not int high)
        {
            return;
        }

        _low = _rows == 0 || low < _low ? low : _low;
        _high = _rows == 0 || high > _high ? high : _high;
        _sum += value;
        if (++_rows < RowsPerPoint)
        {
            return;
        }

        _isEntered = false;
        if (_high - _low > CalibrationRun.MaxSpreadMilliMmHg)
        {
            Unusable = string.Create(CultureInfo.InvariantCulture, $"at {_shown} mmHg the reading moved by {(_high - _low) / 1000m} mmHg");
            return;
        }

        ReferenceCentiMmHg.Add((int)(_shown * 100));
        ReadingMilliMmHg.Add((int)Math.Round((decimal)_sum / RowsPerPoint));
        say(string.Create(CultureInfo.InvariantCulture, $"{_shown} mmHg: the sensor reads {ReadingMilliMmHg[^1] / 1000m:0.00}"));
        if (!IsDone)
        {
            say(Next);
        }
    }

    private static int? Number(JsonElement row, string name) =>
        int.TryParse(PodAnswer.Text(row, name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) ? value : null;
}
