using System.Collections.Generic;
using Firmware.Core;
using Firmware.Peripherals;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Chips;
using Simulators.Kernel;

namespace Firmware.Tests.Contract;

[TestClass]
public sealed class Mprls0300ContractTests : PeripheralContractTests
{
    private protected override PeripheralBinding Binding { get; } = new Mprls0300Binding();

    private sealed class Mprls0300Binding : PeripheralBinding
    {
        // Source: 32332628, Table 3: 5 ms is typical; no limits are given. Assumption: a third to either side.
        private const string SlowPart = "conversions of 8 ms";
        private const string FastPart = "conversions of 3.5 ms";
        private const string QuietPart = "a converter that wanders by one count";

        public override string Name => "Mprls0300";

        public override bool HasChecksum => false;

        public override bool HasIdentity => false;

        // Noise of 30 counts is 3 thousandths of mmHg, the rounding of either side 1.
        public override PhysicalRange Range => new(0, Mprls0300Decoder.FullScaleMilliMmHg, 4, "MilliMmHg");

        public override long TypicalTruth => 120_000;

        public override long OtherTruth => 60_000;

        public override IReadOnlyList<long> OutsideTruths => [-30_000, -16_000, 310_000, 600_000];

        public override int Readings => 4;

        public override long PatienceUs => 100_000;

        public override long RecoveryUs => 2_000_000;

        public override bool NoticesFrozen => true; // a frozen part does not turn busy

        public override int DeclaredWrongFlips => 0;

        public override int DeclaredIrregularFlips => 0;

        public override long DeclaredLargestError => 2;

        public override IReadOnlyList<string> Variants => [SlowPart, FastPart, QuietPart];

        public override PeripheralWorld Create(string? variant)
        {
            var world = new World(new Mprls0300Options { ConversionUs = variant switch { SlowPart => 8_000, FastPart => 3_500, _ => 5_000 } }, variant == QuietPart);
            world.SetTruth(TypicalTruth);
            return world;
        }
    }

    private sealed class World : PeripheralWorld
    {
        private readonly SimulatedMprls0300 _simulated;
        private readonly Mprls0300 _driver;
        private readonly bool _isQuiet;
        private long _truth;
        private long _lastResult;
        private bool _isRepeated;

        public World(Mprls0300Options options, bool isQuiet)
        {
            _isQuiet = isQuiet;
            _simulated = new SimulatedMprls0300(Clock, new SeededRandom(1), isQuiet ? options with { HasNoise = false } : options);
            Bus.Attach(SimulatedMprls0300.Address, _simulated);
            Clock.Advance(SimulatedMprls0300.PowerUpUs);
            _driver = new Mprls0300(Port, Mprls0300.DefaultAddress);
        }

        public override int Address => SimulatedMprls0300.Address;

        public override IDriver Driver => _driver;

        public override void SetTruth(long truth)
        {
            _truth = truth;
            // Without noise the pressure itself must move by a count, 0.09 thousandths of mmHg, or the word stands still as that of a part that hangs.
            _simulated.SetPressure(us => (truth * 1000) + (_isQuiet ? 90 * (us / 10_000 % 2) : 0));
        }

        public override void Collect(List<Published> published, bool afterGap)
        {
            published.Add(new Published(_driver.PressureMilliMmHg, _truth));
            _isRepeated = _simulated.CompletedConversions == _lastResult;
            _lastResult = _simulated.CompletedConversions;
        }

        public override string? Misconfiguration() => _isRepeated ? "one conversion was published twice" : null;
    }
}
