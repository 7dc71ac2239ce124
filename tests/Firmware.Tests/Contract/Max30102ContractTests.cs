using System.Collections.Generic;
using Firmware.Core;
using Firmware.Peripherals;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Chips;
using Simulators.Kernel;

namespace Firmware.Tests.Contract;

[TestClass]
public sealed class Max30102ContractTests : PeripheralContractTests
{
    private protected override PeripheralBinding Binding { get; } = new Max30102Binding();

    private sealed class Max30102Binding : PeripheralBinding
    {
        // Assumption: the datasheet gives no limits for the sample clock; other parts of the family are within 5 %.
        private const string SlowClock = "a sample clock 5 % slow";
        private const string FastClock = "a sample clock 5 % fast";
        private const string Noise = "noise of 200 counts";

        public override string Name => "Max30102";

        public override bool HasChecksum => false;

        public override PhysicalRange Range => SimulatedMax30102.Range;

        public override long TypicalTruth => 120_000;

        public override long OtherTruth => 200_000;

        public override long PatienceUs => 1_000_000;

        public override long RecoveryUs => 5_000_000;

        public override bool NoticesFrozen => true;

        public override IReadOnlyList<string> Variants => [SlowClock, FastClock, Noise];

        public override PeripheralWorld Create(string? variant) => new World(TypicalTruth, variant switch
        {
            SlowClock => new Max30102Options { ClockErrorPpm = -50_000 },
            FastClock => new Max30102Options { ClockErrorPpm = 50_000 },
            Noise => new Max30102Options { NoiseCounts = 200 },
            _ => new Max30102Options(),
        });
    }

    /// <summary>Every sample that the simulated chip makes is kept, and what the driver publishes is compared with it count for count, in order.</summary>
    private sealed class World : PeripheralWorld
    {
        private const int SamplePeriodUs = 20_000;
        private const int FullScaleNanoamperes = 4096;

        private readonly SimulatedMax30102 _simulated;
        private readonly Max30102 _driver;
        private readonly List<FifoEvent> _made = [];
        private int _next;
        private string? _lossMisdeclared;

        public World(long truth, Max30102Options options)
        {
            _simulated = new SimulatedMax30102(Clock, new SeededRandom(1), options) { Light = new Ramp(truth) };
            _simulated.FifoChanged += sample =>
            {
                if (sample.Fate is FifoFate.Stored or FifoFate.Refused)
                {
                    _made.Add(sample);
                }
            };
            Bus.Attach(SimulatedMax30102.Address, _simulated);
            Clock.Advance(SimulatedMax30102.PowerUpUs);
            _driver = new Max30102(Port, SimulatedMax30102.Address);
        }

        public override int Address => SimulatedMax30102.Address;

        public override IDriver Driver => _driver;

        public override void SetTruth(long truth) => _simulated.Light = new Ramp(truth);

        public override void Collect(List<Published> published, bool afterGap)
        {
            int lost = _driver.LostSamples;
            int start = _next + lost;
            if (afterGap || _driver.LostIsLowerBound)
            {
                start = Find(_next + lost);
                if (start < 0)
                {
                    start = System.Math.Max(_next, Find(_next));
                    _lossMisdeclared ??= $"{lost} samples were declared lost where {start - _next} were";
                }
            }

            for (int i = 0; i < _driver.SampleCount; i++)
            {
                bool isMade = start + i < _made.Count;
                published.Add(new Published(_driver.Red[i], isMade ? _made[start + i].First : SimulatedMax30102.MaxCount * 2L));
                published.Add(new Published(_driver.Infrared[i], isMade ? _made[start + i].Second : SimulatedMax30102.MaxCount * 2L));
            }

            _next = start + _driver.SampleCount;
        }

        public override string? Misconfiguration()
        {
            if (_lossMisdeclared is not null)
            {
                return _lossMisdeclared;
            }

            if (!Bus.IsPlugged(Address))
            {
                return null; // pulled after the last byte: what was read was right
            }

            int rateHz = _simulated.ConversionRateHz;
            bool isPaced = rateHz > 0 && 1_000_000 / rateHz * _simulated.ConversionsPerSample == SamplePeriodUs;
            return !isPaced ? $"{rateHz} Hz by {_simulated.ConversionsPerSample}"
                : _simulated.RedLedMicroamperes != _driver.RedCurrentCode * 200 ? $"red LED at {_simulated.RedLedMicroamperes} uA"
                : _simulated.InfraredLedMicroamperes != _driver.InfraredCurrentCode * 200 ? $"infrared LED at {_simulated.InfraredLedMicroamperes} uA"
                : _simulated.FullScaleNanoamperes != FullScaleNanoamperes ? $"full scale {_simulated.FullScaleNanoamperes} nA"
                : _simulated.ResolutionBits != 18 ? $"{_simulated.ResolutionBits} bits" : null;
        }

        private int Find(int from)
        {
            for (int i = from; i < _made.Count; i++)
            {
                if (_made[i].First == _driver.Red[0] && _made[i].Second == _driver.Infrared[0])
                {
                    return i;
                }
            }

            return -1;
        }

        /// <summary>Rises with time, so that no two samples are alike.</summary>
        private sealed class Ramp(long truth) : ILightStimulus
        {
            public LightSample At(long us) => LightSample.FromCounts(truth + (us / 5_000 * 3), truth + (us / 5_000 * 5));
        }
    }
}
