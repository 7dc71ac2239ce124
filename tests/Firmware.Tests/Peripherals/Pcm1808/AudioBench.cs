using Firmware.Core;
using Firmware.Peripherals;

namespace Firmware.Tests.Peripherals;

/// <summary>
/// The driver on the script, called when it asks to be, with an account of every sample: what is delivered equals what the microphone made, in order, each once, and
/// what is not delivered is declared before the next batch.
/// </summary>
public sealed class AudioBench
{
    private readonly Pcm1808 _driver;
    private long _expected = -1;
    private bool _restarted;

    /// <summary>Makes both.</summary>
    /// <param name="script">The converter.</param>
    public AudioBench(AudioScript script)
    {
        Script = script;
        _driver = new Pcm1808(script);
    }

    /// <summary>The converter.</summary>
    public AudioScript Script { get; }

    /// <summary>The driver.</summary>
    public Pcm1808 Driver => _driver;

    /// <summary>Added to every call's time: the loop's delay, µs.</summary>
    public long DelayUs { get; set; }

    /// <summary>Samples delivered.</summary>
    public long Delivered { get; private set; }

    /// <summary>Samples declared lost.</summary>
    public long Lost { get; private set; }

    /// <summary>Causes of the losses.</summary>
    public SampleLoss Causes { get; private set; }

    /// <summary>The last fault.</summary>
    public FaultCode Fault { get; private set; }

    /// <summary>The last fault's reason.</summary>
    public AbsenceReason Reason { get; private set; }

    /// <summary>Faults so far.</summary>
    public int Faults { get; private set; }

    /// <summary>Batches so far.</summary>
    public int Batches { get; private set; }

    /// <summary>Largest difference of a batch's time from the truth, µs; lag is positive.</summary>
    public long LargestLagUs { get; private set; } = long.MinValue;

    /// <summary>Largest lead of a batch's time before the truth, µs.</summary>
    public long LargestLeadUs { get; private set; } = long.MinValue;

    /// <summary>True once the driver was restarted after a fault.</summary>
    public bool WasRestarted { get; private set; }

    /// <summary>Forgets the largest errors of time.</summary>
    public void ForgetTimes()
    {
        LargestLagUs = long.MinValue;
        LargestLeadUs = long.MinValue;
    }

    /// <summary>Probes until it is ready.</summary>
    /// <returns>Ready or Failed.</returns>
    public DriverResult Probe()
    {
        DriverResult result;
        do
        {
            Script.NowUs = _driver.NextStepUs > Script.NowUs ? _driver.NextStepUs + DelayUs : Script.NowUs;
            result = _driver.Probe(Script.NowUs);
        }
        while (result == DriverResult.Working);
        return result;
    }

    /// <summary>Measures as a supervisor would: a lost part is probed again, at once.</summary>
    /// <param name="us">For how long.</param>
    public void Run(long us)
    {
        long endUs = Script.NowUs + us;
        while (true)
        {
            long next = _driver.NextStepUs + DelayUs;
            if (next > endUs)
            {
                Script.NowUs = endUs;
                return;
            }

            Script.NowUs = next > Script.NowUs ? next : Script.NowUs;
            Take(_driver.Measure(Script.NowUs));
            if (_restarted)
            {
                _restarted = false;
                WasRestarted = true;
                _driver.Restart();
                if (Probe() != DriverResult.Ready)
                {
                    return;
                }
            }
        }
    }

    /// <summary>One call.</summary>
    /// <returns>Its result.</returns>
    public DriverResult Step()
    {
        Script.NowUs = _driver.NextStepUs > Script.NowUs ? _driver.NextStepUs + DelayUs : Script.NowUs;
        DriverResult result = _driver.Measure(Script.NowUs);
        Take(result);
        return result;
    }

    private void Take(DriverResult result)
    {
        if (result == DriverResult.Failed)
        {
            Faults++;
            Fault = _driver.FaultCode;
            Reason = _driver.Reason;
            Assert.AreNotEqual(0, (int)Fault);
            Assert.AreNotEqual(0, (int)Reason);
            Assert.AreEqual(0, _driver.SampleCount);
            _restarted = Reason == AbsenceReason.SensorFault;
            return;
        }

        if (result != DriverResult.Ready)
        {
            Assert.AreEqual(0, _driver.SampleCount);
            return;
        }

        int count = _driver.SampleCount;
        Assert.IsTrue(count > 0);
        Batches++;
        Lost += _driver.LostSamples;
        Causes |= _driver.LossCause;
        bool isLoss = _driver.LostSamples > 0;
        Assert.AreEqual(isLoss, _driver.LossCause != SampleLoss.None);
        long first = Find(isLoss);
        Assert.IsTrue(first >= 0, "A batch that the microphone never made.");
        for (int i = 0; i < count; i++)
        {
            Assert.AreEqual(AudioScript.Truth(first + i), _driver.Samples[i]);
        }

        Delivered += count;
        _expected = first + count;
        long lagUs = _driver.FirstSampleUs - Script.TakenUs(first);
        LargestLagUs = lagUs > LargestLagUs ? lagUs : LargestLagUs;
        LargestLeadUs = -lagUs > LargestLeadUs ? -lagUs : LargestLeadUs;
    }

    // Where the batch lies: exactly behind the last one and what is declared lost; where the number is a lower bound, later.
    private long Find(bool isLoss)
    {
        long least = _expected < 0 ? Script.Base : _expected + _driver.LostSamples;
        if (_expected >= 0 && !(isLoss && _driver.LostIsLowerBound))
        {
            return least;
        }

        if (least < Script.Base)
        {
            least = Script.Base; // a converter that was started again numbers anew
        }

        for (long at = least; at < Script.NextIndex; at++)
        {
            bool same = true;
            for (int i = 0; i < _driver.SampleCount && same; i++)
            {
                same = AudioScript.Truth(at + i) == _driver.Samples[i];
            }

            if (same)
            {
                return at;
            }
        }

        return -1;
    }
}
