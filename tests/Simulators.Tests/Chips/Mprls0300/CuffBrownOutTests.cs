using System;
using System.Globalization;
using System.IO;
using System.Text.RegularExpressions;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Chips;
using Simulators.Kernel;

namespace Simulators.Tests.Chips;

/// <summary>
/// The pump starts while the radio sends and the adapter is too weak: 9 V fall, both regulators drop out, the controller resets. The valves must open, and the pump must not start again by itself.
/// Currents are those of hardware/power.md's generated budget; C1 and C20 of the netlists hold the 9 V.
/// </summary>
[TestClass]
public sealed partial class CuffBrownOutTests
{
    private const long StepUs = 20;
    private const double Farads = 570e-6; // C1 100 µF and C20 470 µF
    private const double OpenVolts = 8.5; // 9 V less the diode D2
    private const double SourceOhms = 0.3; // Assumption: adapter's cable, fuse and plug
    private const double DropOutVolts = 7; // the regulators' least input, by the parameters that they are bought by
    private const double ReturnVolts = 7.5; // Assumption: their hysteresis
    private const double Efficiency = 0.85;
    private const double PumpRunsAmperes = 0.5; // hardware/bom.json: the pump while it runs
    private const double PumpStartsAmperes = 1.0; // the same, for the first 50 ms
    private const long PumpStartUs = 50_000;
    private const long BootUs = 400_000; // Assumption: from the return of 3.3 V to the program, which triggers nothing

    [TestMethod]
    public void An_adapter_that_cannot_feed_radio_and_pump_at_once_empties_the_cuff()
    {
        int held = 0, lost = 0;
        foreach (double limit in new[] { 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.5, 2.0, 3.0 })
        {
            for (ulong seed = 0; seed < 4; seed++)
            {
                CuffPneumaticsOptions drawn = CuffPneumaticsOptions.Draw(new SeededRandom(seed).Fork("cuff"));

                // The longest one-shot and the slowest valve that the bill allows.
                Trial trial = new(drawn with { OneShotUs = 500_000, ValveDelayUs = 30_000 }, limit);
                trial.Run();
                string what = string.Create(CultureInfo.InvariantCulture, $"adapter of {limit} A, seed {seed}: lowest {trial.LowestVolts:0.00} V, {trial.Cuff.BladderMmHg:0.0} mmHg after 10 s, highest {trial.Cuff.HighestMmHg:0.0}");
                Assert.IsTrue(trial.Cuff.HighestMmHg <= 330, what);
                if (trial.IsLost)
                {
                    lost++;
                    Assert.IsTrue(trial.Cuff.BladderMmHg < 15 && !trial.Cuff.IsDumpValveCoilPowered, what);
                }
                else
                {
                    held++;
                    Assert.IsTrue(trial.Cuff.BladderMmHg > 100, what);
                }

                // The budget's 1.43 A: an adapter of 1.5 A, half of what the bill asks for, carries everything, and one of 0.8 does not carry the pump beside the radio.
                Assert.IsTrue(trial.IsLost ? limit < 1.5 : limit > 0.8, what);
            }
        }

        Assert.IsTrue(held > 4 && lost > 4, $"{held} held, {lost} lost");
    }

    [TestMethod]
    public void A_program_that_went_on_after_its_reset_would_be_seen()
    {
        Trial trial = new(new CuffPneumaticsOptions(), 0.9) { GoesOnAfterReset = true };
        trial.Run();
        Assert.IsTrue(trial.IsLost && trial.Cuff.BladderMmHg > 15, $"{trial.Cuff.BladderMmHg} mmHg");
    }

    /// <summary>Peak current of a net in the budget, A.</summary>
    private static double Budget(string net)
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Firmware.sln")))
        {
            folder = folder.Parent;
        }

        Match row = Row().Match(File.ReadAllText(Path.Combine(folder!.FullName, "hardware", "power.md")).Replace("| " + net + " |", "| THIS |", StringComparison.Ordinal));
        Assert.IsTrue(row.Success, "the budget has no row for " + net);
        return int.Parse(row.Groups["mA"].Value, CultureInfo.InvariantCulture) / 1000.0;
    }

    [GeneratedRegex(@"\| THIS \| (?<mA>\d+) mA \|", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Row();

    private sealed class Trial
    {
        private readonly double _limit;
        private readonly double _radio = Budget("+3V3");
        private readonly double _pumpAndValves = Budget("+5VC");
        private double _volts = OpenVolts;
        private long _us;
        private long _runningUs;
        private bool _hasRails = true;
        private bool _isRunning = true;
        private long _railsSinceUs = long.MinValue / 2;
        private long _pumpSinceUs = long.MaxValue;

        public Trial(CuffPneumaticsOptions options, double limit)
        {
            _limit = limit;
            Cuff = new CuffPneumatics(options);
            Cuff.PowerOn();
            Cuff.SetBleedValve(0);
            Cuff.SetPump(1000);
            while (Cuff.BladderMmHg < 280)
            {
                Trigger();
                _us += 1_000;
                Cuff.AdvanceTo(_us);
            }

            Cuff.SetPump(0);
        }

        public CuffPneumatics Cuff { get; }

        /// <summary>True: a program that is wrong, and triggers the one-shot with a closed bleed valve after its reset.</summary>
        public bool GoesOnAfterReset { get; init; }

        public bool IsLost { get; private set; }

        public double LowestVolts { get; private set; } = OpenVolts;

        /// <summary>The pump starts beside the radio; 300 ms in steps of 20 µs, then what is left of 10 s in steps of 1 ms.</summary>
        public void Run()
        {
            long start = _us;
            _pumpSinceUs = _us;
            Cuff.SetPump(100);
            while (_us < start + 300_000)
            {
                _us += StepUs;
                Electric();
                if (_us % 1_000 == 0)
                {
                    Pneumatic();
                }
            }

            while (_us < start + 10_000_000)
            {
                _us += 1_000;
                for (int i = 0; i < 5; i++)
                {
                    Electric(0.0002);
                }

                Pneumatic();
                if (!IsLost && _us == start + 301_000)
                {
                    Cuff.SetPump(0);
                    _pumpSinceUs = long.MaxValue;
                }
            }
        }

        private void Electric(double seconds = StepUs / 1e6)
        {
            bool isPumping = Cuff.IsDumpValveCoilPowered && _pumpSinceUs != long.MaxValue;
            double pump = !isPumping ? 0 : _us - _pumpSinceUs < PumpStartUs ? PumpStartsAmperes : PumpRunsAmperes;
            double cuff = _hasRails && Cuff.IsDumpValveCoilPowered ? _pumpAndValves - PumpStartsAmperes + pump : 0;
            double power = _hasRails ? 5 * ((_isRunning ? _radio : 0.1) + cuff) / Efficiency : 0;
            double supply = Math.Clamp((OpenVolts - _volts) / SourceOhms, 0, _limit);
            _volts += (supply - (power / Math.Max(_volts, 1))) / Farads * seconds;
            _volts = Math.Max(_volts, 0);
            LowestVolts = Math.Min(LowestVolts, _volts);
            if (_hasRails && _volts < DropOutVolts)
            {
                // No current in any coil, no program; pins float.
                _hasRails = false;
                _isRunning = false;
                IsLost = true;
                _pumpSinceUs = long.MaxValue;
                Cuff.PowerOff();
            }
            else if (!_hasRails && _volts > ReturnVolts)
            {
                _hasRails = true;
                _railsSinceUs = _us;
                Cuff.PowerOn();
            }
            else if (_hasRails && !_isRunning && _us - _railsSinceUs > BootUs)
            {
                _isRunning = true;
            }
        }

        private void Pneumatic()
        {
            if (_isRunning && (!IsLost || GoesOnAfterReset) && _us - _runningUs >= 10_000)
            {
                if (IsLost)
                {
                    Cuff.SetBleedValve(0);
                }

                Trigger();
            }

            Cuff.AdvanceTo(_us);
        }

        private void Trigger()
        {
            _runningUs = _us;
            Cuff.TriggerOneShot();
        }
    }
}
