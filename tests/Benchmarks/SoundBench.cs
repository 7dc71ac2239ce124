using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading.Tasks;
using EdgeGateway.Core.Auscultation;

namespace Benchmarks;

/// <summary>
/// How many stethoscopes one core follows in real time: each stream gets its sound in pieces of 100 ms and is analysed once a second over its last 6 s, as the gateway does while
/// somebody listens. Streams take turns on one thread, so that the figure is that of one core.
/// </summary>
internal static class SoundBench
{
    private const int RateHz = 8000;
    private const int ChunkSamples = 800;
    private const int Streams = 8;
    private const int Seconds = 30;
    private const int ChunksPerSecond = 10;

    /// <summary>Measures and prints.</summary>
    /// <param name="rounds">How often.</param>
    public static async Task RunAsync(int rounds)
    {
        short[][] sounds = [.. Enumerable.Range(0, Streams).Select(i => Sound(55 + (9 * i), (uint)i + 1))];
        List<double> streams = [];
        List<double> analysisMs = [];
        Pass(sounds, [], 8); // what is compiled on first use is not what is measured
        for (int round = 0; round < rounds; round++)
        {
            long began = TimeProvider.System.GetTimestamp();
            Pass(sounds, analysisMs, Seconds);
            streams.Add(Streams * Seconds / TimeProvider.System.GetElapsedTime(began).TotalSeconds);
        }

        streams.Sort();
        analysisMs.Sort();
        await Console.Out.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"| streams of 8 kHz that one core analyses in real time | median {streams[streams.Count / 2]:0} [{streams[0]:0}..{streams[^1]:0}] |\n"
            + $"| one analysis of 6 s, ms | median {analysisMs[analysisMs.Count / 2]:0.00}, 99 % {analysisMs[analysisMs.Count * 99 / 100]:0.00} |\n"
            + $"{rounds} rounds of {Streams} streams of {Seconds} s, one thread; {Environment.ProcessorCount} processors.")).ConfigureAwait(false);
    }

    private static void Pass(short[][] sounds, List<double> analysisMs, int seconds)
    {
        LiveAuscultation[] live = [.. sounds.Select(static _ => new LiveAuscultation(RateHz))];
        for (int chunk = 0; chunk < seconds * ChunksPerSecond; chunk++)
        {
            for (int stream = 0; stream < live.Length; stream++)
            {
                long began = TimeProvider.System.GetTimestamp();
                if (live[stream].Add(sounds[stream].AsSpan(chunk * ChunkSamples, ChunkSamples), chunk * 100_000L))
                {
                    analysisMs.Add(TimeProvider.System.GetElapsedTime(began).TotalMilliseconds);
                }
            }
        }
    }

    // Damped tones at a rate, and noise: what the analysis costs hardly depends on what is heard.
    private static short[] Sound(int perMinute, uint seed)
    {
        short[] samples = new short[RateHz * Seconds];
        double period = 60.0 / perMinute;
        uint state = seed * 2_654_435_761u;
        for (int i = 0; i < samples.Length; i++)
        {
            double inBeat = (i / (double)RateHz) % period;
            double second = inBeat - (0.4 * period);
            double value = 6000 * Math.Exp(-inBeat / 0.03) * Math.Sin(2 * Math.PI * 50 * inBeat);
            value += second >= 0 ? 4000 * Math.Exp(-second / 0.03) * Math.Sin(2 * Math.PI * 70 * second) : 0;
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            samples[i] = (short)Math.Round(value + ((state / (double)uint.MaxValue * 400) - 200));
        }

        return samples;
    }
}
