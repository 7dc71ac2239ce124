using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Firmware.Flash.Calibrations;

/// <summary>What a person types, key by key, for a loop that must not wait for it.</summary>
internal sealed class TypedKeys
{
    private readonly ConcurrentQueue<byte> _read = new();
    private const int LookMs = 20;

    private readonly Queue<byte> _taken = new();
    private readonly Task _reader;

    /// <summary>Begins to read, on a thread of its own.</summary>
    /// <param name="keys">The keyboard.</param>
    public TypedKeys(Stream keys) => _reader = Task.Factory.StartNew(
        () =>
        {
            byte[] buffer = new byte[64];
            for (int count = keys.Read(buffer); count > 0; count = keys.Read(buffer))
            {
                foreach (byte key in buffer.AsSpan(0, count))
                {
                    _read.Enqueue(key);
                }
            }
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    /// <summary>What was typed and not taken yet; what is dequeued is taken.</summary>
    /// <returns>The keys in their order; the same queue each time.</returns>
    public Queue<byte> Take()
    {
        while (_read.TryDequeue(out byte key))
        {
            _taken.Enqueue(key);
        }

        return _taken;
    }

    /// <summary>Waits for a line.</summary>
    /// <param name="question">What is asked.</param>
    /// <param name="echo">Takes the question, and what is typed.</param>
    /// <param name="pause">Waits so many ms.</param>
    /// <returns>The line; null when there are no more keys.</returns>
    public string? ReadLine(string question, Action<string> echo, Action<int> pause)
    {
        StringBuilder line = new();
        echo(question);
        while (true)
        {
            bool isEnd = _reader.IsCompleted;
            Queue<byte> keys = Take();
            while (keys.TryDequeue(out byte key))
            {
                switch (key)
                {
                    case (byte)'\r':
                        echo(Environment.NewLine);
                        return line.ToString();
                    case 0x03:
                        return null;
                    case 0x08 or 0x7F:
                        echo(line.Length > 0 ? "\b \b" : string.Empty);
                        line.Length = Math.Max(0, line.Length - 1);
                        break;
                    case >= (byte)' ' and <= (byte)'~':
                        echo(((char)key).ToString());
                        line.Append((char)key);
                        break;
                    default:
                        break;
                }
            }

            if (isEnd)
            {
                return null;
            }

            pause(LookMs);
        }
    }
}
