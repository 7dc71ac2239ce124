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
        // Guess: the datasheet gives no limits for the sample clock; other parts of the family are within 5 %.
        private const string SlowClock = "a sample clock 5 % slow";
        private const string FastClock = "a sample clock 5 % fast";
        private const string Noise = "noise of 200 counts";

        public override string Name => "Max30102";

        public override bool HasChecksum => false;

        public override PhysicalRange Range => Max30102Twin.Range;

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

    /// <summary>Every sample that the twin makes is kept, and what the driver publishes is compared with it count for count, in order.</summary>
    private sealed class World : PeripheralWorld
    {
        private const int SamplePeriodUs = 20_000;
        private const int FullScaleNanoamperes = 4096;

        private readonly Max30102Twin _twin;
        private readonly Max30102 _driver;
        private readonly List<FifoEvent> _made = [];
        private int _next;
        private string? _lossMisdeclared;

        public World(long truth, Max30102Options options)
        {
            _twin = new Max30102Twin(Clock, new SeededRandom(1), options) { Light = new Ramp(truth) };
            _twin.FifoChanged += sample =>
            {
                if (sample.Fate is FifoFate.Stored or FifoFate.Refused)
                {
                    _made.Add(sample);
                }
            };
            Bus.Attach(Max30102Twin.Address, _twin);
            Clock.Advance(Max30102Twin.PowerUpUs);
            _driver = new Max30102(Port, Max30102Twin.Address);
        }

        public override int Address => Max30102Twin.Address;

        public override IDriver Driver => _driver;

        public override void SetTruth(long truth) => _twin.Light = new Ramp(truth);

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
                published.Add(new Published(_driver.Red[i], isMade ? _made[start + i].First : Max30102Twin.MaxCount * 2L));
                published.Add(new Published(_driver.Infrared[i], isMade ? _made[start + i].Second : Max30102Twin.MaxCount * 2L));
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

            int rateHz = _twin.ConversionRateHz;
            bool isPaced = rateHz > 0 && 1_000_000 / rateHz * _twin.ConversionsPerSample == SamplePeriodUs;
            return !isPaced ? $"{rateHz} Hz by {_twin.ConversionsPerSample}"
                : _twin.RedLedMicroamperes != _driver.RedCurrentCode * 200 ? $"red LED at {_twin.RedLedMicroamperes} uA"
                : _twin.InfraredLedMicroamperes != _driver.InfraredCurrentCode * 200 ? $"infrared LED at {_twin.InfraredLedMicroamperes} uA"
                : _twin.FullScaleNanoamperes != FullScaleNanoamperes ? $"full scale {_twin.FullScaleNanoamperes} nA"
                : _twin.ResolutionBits != 18 ? $"{_twin.ResolutionBits} bits" : null;
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
