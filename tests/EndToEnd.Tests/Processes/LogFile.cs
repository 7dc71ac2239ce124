using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace EndToEnd.Tests.Processes;

/// <summary>A log that another process appends to, read as it grows. Only whole lines count.</summary>
internal sealed class LogFile
{
    private readonly string _path;
    private readonly List<string> _lines = [];
    private long _position;

    public LogFile(string path) => _path = path;

    public IReadOnlyList<string> Lines
    {
        get
        {
            ReadMore();
            return _lines;
        }
    }

    /// <summary>Looks at the log until it shows the fact; the patience only bounds a failure.</summary>
    public async Task<T> UntilAsync<T>(Func<IReadOnlyList<string>, T> look, Func<T, bool> isFact, TimeSpan patience, Func<string> explain)
    {
        using CancellationTokenSource end = new(patience);
        using PeriodicTimer again = new(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            T seen = look(Lines);
            if (isFact(seen))
            {
                return seen;
            }

            try
            {
                await again.WaitForNextTickAsync(end.Token);
            }
            catch (OperationCanceledException e)
            {
                throw new TimeoutException($"{Path.GetFileName(_path)} never showed the fact waited for; {explain()}", e);
            }
        }
    }

    private void ReadMore()
    {
        if (!File.Exists(_path))
        {
            return;
        }

        using FileStream file = new(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        file.Position = _position;
        byte[] bytes = new byte[file.Length - _position];
        file.ReadExactly(bytes);
        int end = Array.LastIndexOf(bytes, (byte)'\n');
        if (end < 0)
        {
            return;
        }

        _position += end + 1;
        _lines.AddRange(System.Text.Encoding.UTF8.GetString(bytes, 0, end).Split('\n'));
    }
}
