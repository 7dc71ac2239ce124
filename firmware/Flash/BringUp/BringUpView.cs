using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;

namespace Firmware.Flash.BringUp;

/// <summary>Lines, and below them one progress bar per board that is being written. Where there is no terminal, lines alone, and each quarter of a step as one.</summary>
public sealed class BringUpView : IBringUpView
{
    private const int BarSigns = 30;
    private readonly Lock _lock = new();
    private readonly TextWriter _writer;
    private readonly bool _isTerminal;
    private readonly int _portSigns;
    private readonly SortedDictionary<string, (string Step, int Percent)> _bars = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _quarters = new(StringComparer.Ordinal);
    private int _drawn;

    /// <summary>No I/O.</summary>
    /// <param name="writer">Where it goes.</param>
    /// <param name="isTerminal">True when bars may be drawn over themselves (ANSI).</param>
    /// <param name="ports">The boards' ports, for the width of the first column.</param>
    public BringUpView(TextWriter writer, bool isTerminal, IEnumerable<string> ports)
    {
        _writer = writer;
        _isTerminal = isTerminal;
        _portSigns = ports.Append(string.Empty).Max(p => p.Length);
    }

    /// <summary>A progress bar: "[######      ]  42 %".</summary>
    /// <param name="percent">0 to 100; other values are bounded.</param>
    /// <returns>The bar.</returns>
    public static string Bar(int percent)
    {
        int bounded = Math.Clamp(percent, 0, 100);
        int full = bounded * BarSigns / 100;
        return string.Create(CultureInfo.InvariantCulture, $"[{new string('#', full)}{new string(' ', BarSigns - full)}] {bounded,3} %");
    }

    /// <inheritdoc/>
    public void Line(string port, string step, string text)
    {
        lock (_lock)
        {
            Erase();
            _bars.Remove(port);
            _quarters.Remove(port);
            _writer.WriteLine(Row(port, step, text));
            Draw();
        }
    }

    /// <inheritdoc/>
    public void Progress(string port, string step, int percent)
    {
        lock (_lock)
        {
            if (_isTerminal)
            {
                Erase();
                _bars[port] = (step, percent);
                Draw();
            }
            else if (percent < 100 && percent / 25 > _quarters.GetValueOrDefault(port))
            {
                _quarters[port] = percent / 25;
                _writer.WriteLine(Row(port, step, string.Create(CultureInfo.InvariantCulture, $"{percent / 25 * 25} %")));
            }
        }
    }

    private string Row(string port, string step, string text) => $"{port.PadRight(_portSigns)}  {step,-9}  {text}".TrimEnd();

    private void Erase()
    {
        // ECMA-48: cursor up, erase to the end of the screen.
        if (_drawn > 0)
        {
            _writer.Write(string.Create(CultureInfo.InvariantCulture, $"\u001b[{_drawn}A\u001b[0J"));
            _drawn = 0;
        }
    }

    private void Draw()
    {
        foreach ((string port, (string step, int percent)) in _bars)
        {
            _writer.WriteLine(Row(port, step, Bar(percent)));
            _drawn++;
        }

        _writer.Flush();
    }
}
