using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Simulators.Cart.Ledger;
using Simulators.Cart.Pod;
using Simulators.Cart.Subscribers;
using Simulators.Cart.World;

namespace Scenario.Tests.Golden;

/// <summary>
/// Watches a world and sums up what it measured: per device and stream what the pods made, and what the sessions' subscribers received. It reads frame v1 and the JSON of readings by
/// themselves, as they stand on the wire, so that it says the same whatever the code around them is called.
/// </summary>
internal sealed class ValueTap
{
    private const int BodyOffset = 36;
    private const int CrcLength = 4;
    private const int SamplesOffset = 12;
    private const byte Numeric = 1;
    private const byte Waveform = 2;
    private const byte Sound = 4;
    private const byte Clock = 7;

    // What a reading says; when it was measured, of which session it is and how it travelled is the trace's.
    private static readonly string[] Members = ["code", "value", "absent", "quality", "window", "ratio", "status", "stream", "argument", "beat", "lost", "cause"];

    private readonly SortedDictionary<(ulong Device, int Stream), Sum> _made = [];
    private readonly SortedDictionary<ReadingId, (byte[] Value, bool IsAbsent)> _received = [];

    /// <summary>Begins to watch.</summary>
    /// <param name="world">A world that has not run yet.</param>
    public ValueTap(SimulatedWorld world)
    {
        foreach (SimulatedCart cart in world.Carts)
        {
            foreach (SimulatedPod pod in cart.Pods)
            {
                pod.FrameProduced += (buffer, offset, length) => Made(buffer.AsSpan(offset, length));
            }

            foreach (SimulatedSubscriber subscriber in cart.Subscribers)
            {
                subscriber.Received += (in Delivery delivery) => Received(delivery.Id, delivery.Payload);
            }
        }
    }

    internal ValueTap()
    {
    }

    /// <summary>A pod made a frame.</summary>
    /// <param name="frame">All its bytes.</param>
    public void Made(ReadOnlySpan<byte> frame)
    {
        // An exchange of clocks measures the network, not the patient.
        if (frame[1] == Clock)
        {
            return;
        }

        (ulong, int) key = (BinaryPrimitives.ReadUInt64LittleEndian(frame[4..]), BinaryPrimitives.ReadUInt16LittleEndian(frame[16..]));
        if (!_made.TryGetValue(key, out Sum? sum))
        {
            _made.Add(key, sum = new Sum());
        }

        sum.Add(ValueOf(frame, out bool isAbsent), isAbsent);
    }

    /// <summary>A subscriber received a reading. One that came before, with another time or to somebody else, takes the place of the first.</summary>
    /// <param name="id">Which.</param>
    /// <param name="payload">A frame or JSON.</param>
    public void Received(ReadingId id, ReadOnlyMemory<byte> payload)
    {
        if (payload.Span[0] != (byte)'{')
        {
            if (payload.Span[1] != Clock)
            {
                _received[id] = (ValueOf(payload.Span, out bool isAbsent), isAbsent);
            }

            return;
        }

        using JsonDocument document = JsonDocument.Parse(payload);
        StringBuilder text = new();
        foreach (string name in Members)
        {
            if (document.RootElement.TryGetProperty(name, out JsonElement member))
            {
                JsonElement said = name is "code" && member.ValueKind == JsonValueKind.Object ? member.GetProperty("mdc") : member;
                text.Append(name).Append('=').Append(said.GetRawText()).Append('\n');
            }
        }

        bool absent = document.RootElement.TryGetProperty("absent", out JsonElement reason) && reason.ValueKind == JsonValueKind.String;
        _received[id] = (Encoding.UTF8.GetBytes(text.ToString()), absent);
    }

    /// <summary>What was seen so far.</summary>
    /// <param name="source">The scenario or recording.</param>
    /// <returns>Lines of the file, pods first, by device and stream.</returns>
    public List<string> Lines(string source)
    {
        SortedDictionary<(ulong Device, int Stream), Sum> received = [];
        foreach ((ReadingId id, (byte[] value, bool isAbsent)) in _received)
        {
            if (!received.TryGetValue((id.Device, id.Stream), out Sum? sum))
            {
                received.Add((id.Device, id.Stream), sum = new Sum());
            }

            sum.Add(value, isAbsent);
        }

        List<string> lines = [];
        foreach ((string layer, SortedDictionary<(ulong Device, int Stream), Sum> sums) in new[] { ("pod", _made), ("session", received) })
        {
            foreach (((ulong device, int stream), Sum sum) in sums)
            {
                lines.Add(sum.Line(source, string.Create(CultureInfo.InvariantCulture, $"{layer}/{device:x16}/{stream}")));
            }
        }

        return lines;
    }

    /// <summary>The bytes of a frame that are its value: flags and body, of waveforms and sound the samples alone, however they are cut into frames.</summary>
    private static byte[] ValueOf(ReadOnlySpan<byte> frame, out bool isAbsent)
    {
        const int FlagsOffset = 18;
        const int AbsenceOffset = 9;
        byte kind = frame[1];
        ReadOnlySpan<byte> body = frame[BodyOffset..^CrcLength];
        isAbsent = kind == Numeric && body[AbsenceOffset] != 0;
        return kind is Waveform or Sound ? body[SamplesOffset..].ToArray() : [.. frame.Slice(FlagsOffset, 2), .. body];
    }

    /// <summary>How many values, how many absences among them, and the CRC-32 over all in order.</summary>
    internal sealed class Sum
    {
        private static readonly uint[] Table = MakeTable();
        private uint _crc = uint.MaxValue;
        private long _count;
        private long _absences;

        public void Add(ReadOnlySpan<byte> value, bool isAbsent)
        {
            foreach (byte one in value)
            {
                _crc = Table[(byte)(_crc ^ one)] ^ (_crc >> 8);
            }

            _count++;
            _absences += isAbsent ? 1 : 0;
        }

        public string Line(string source, string stream) => string.Create(CultureInfo.InvariantCulture, $"{source},{stream},{_count},{_absences},{~_crc:x8}");

        // Source: IEEE 802.3, 3.2.9, the polynomial reflected.
        private static uint[] MakeTable()
        {
            uint[] table = new uint[256];
            for (uint i = 0; i < table.Length; i++)
            {
                uint crc = i;
                for (int bit = 0; bit < 8; bit++)
                {
                    crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
                }

                table[i] = crc;
            }

            return table;
        }
    }
}
