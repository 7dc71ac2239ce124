using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Firmware.Flash.Serial;
using Firmware.Flash.Wire;

namespace Flash.Tests.Calibrations;

/// <summary>Ports whose pod can keep a pressure: five rows a second while a space comes every ten seconds; any other byte ends it. Each space is the next stroke of the hand pump.</summary>
internal sealed class HoldingPorts(ISerialPorts ports, TimeProvider clock) : ISerialPorts
{
    /// <summary>What the sensor reads, thousandths of mmHg, after so many strokes.</summary>
    public Func<int, int> Cuff { get; set; } = _ => 0;

    public int SpreadMilliMmHg { get; set; } = 1;

    public int Holds { get; private set; }

    public int Spaces { get; private set; }

    public bool IsHolding { get; private set; }

    public IReadOnlyList<SerialPortDescription> List() => ports.List();

    public IReadOnlyList<string> WithoutDriver() => ports.WithoutDriver();

    public ISerialLine Open(string name) => new Line(this, ports.Open(name), clock);

    private sealed class Line(HoldingPorts of, ISerialLine line, TimeProvider clock) : ISerialLine
    {
        private readonly Queue<byte> _out = new();
        private int _id;
        private int _rows;
        private int _strokes = -1;
        private long _keyMs;
        private bool _isOffArm;
        private string _typed = string.Empty;

        private long NowMs => clock.GetTimestamp();

        public void Write(byte[] bytes)
        {
            string text = Encoding.ASCII.GetString(bytes);
            if (text == "\u0015")
            {
                _typed = string.Empty; // the line is erased
                return;
            }

            if (of.IsHolding)
            {
                foreach (char key in text)
                {
                    Key(key);
                }

                return;
            }

            text = _typed + text;
            _typed = text.EndsWith('\n') ? string.Empty : text;
            if (_typed.Length > 0)
            {
                return;
            }

            bytes = Encoding.ASCII.GetBytes(text);
            _isOffArm |= text.EndsWith(" CUFF OFF ARM\r\n", StringComparison.Ordinal);
            if (!text.EndsWith(" cuff hold\r\n", StringComparison.Ordinal))
            {
                line.Write(bytes);
                return;
            }

            _id = int.Parse(text.AsSpan(1, text.IndexOf(' ', StringComparison.Ordinal) - 1), CultureInfo.InvariantCulture);
            if (!_isOffArm)
            {
                Say("ERR P1718", "{\"means\":\"the words were not said\",\"next\":\"say them\"}");
                return;
            }

            of.Holds++;
            of.IsHolding = true;
            _rows = 0;
            _keyMs = NowMs;
        }

        public int Read(byte[] buffer, int timeoutMs)
        {
            if (of.IsHolding && NowMs - _keyMs > 10_000)
            {
                of.IsHolding = false;
                Say("ERR P1719", "{\"means\":\"the key was not pressed\",\"next\":\"press it\"}");
            }
            else if (of.IsHolding && _strokes >= 0 && _out.Count == 0)
            {
                int value = of.Cuff(_strokes);
                Say(
                    string.Create(CultureInfo.InvariantCulture, $"PART {++_rows}"),
                    string.Create(CultureInfo.InvariantCulture, $"{{\"ms\":{_rows * 200},\"value\":{value},\"low\":{value - of.SpreadMilliMmHg},\"high\":{value + of.SpreadMilliMmHg},\"leftMs\":100000}}"));
                line.Read(buffer, 200); // the stand-in's clock goes on by it
            }

            if (_out.Count == 0)
            {
                return line.Read(buffer, timeoutMs);
            }

            int count = 0;
            while (count < buffer.Length && _out.TryDequeue(out byte next))
            {
                buffer[count++] = next;
            }

            return count;
        }

        public void Dispose() => line.Dispose();

        private void Key(char key)
        {
            if (!of.IsHolding)
            {
                return;
            }

            if (key == ' ')
            {
                of.Spaces++;
                _strokes++;
                _keyMs = NowMs;
                return;
            }

            of.IsHolding = false;
            Say("OK -", "{\"ended\":\"by a key\"}");
        }

        private void Say(string head, string json) => Array.ForEach(Encoding.ASCII.GetBytes(AnswerLine.Answer(_id, head, json)), _out.Enqueue);
    }
}
