using System.Collections.Generic;
using Firmware.Core;
using Firmware.Peripherals;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Chips;
using Simulators.Kernel;

namespace Firmware.Tests.Contract;

[TestClass]
public sealed class Tmp117ContractTests : PeripheralContractTests
{
    private protected override PeripheralBinding Binding { get; } = new Tmp117Binding();

    private sealed class Tmp117Binding : PeripheralBinding
    {
        // Source: SNOSD82D 6.5: a conversion takes 13 to 17.5 ms, typically 15.5 ms.
        private const string SlowClock = "conversions of 17.5 ms";
        private const string FastClock = "conversions of 13 ms";

        public override string Name => "Tmp117";

        public override bool HasChecksum => false;

        public override PhysicalRange Range => SimulatedTmp117.Range with { Low = Tmp117.MedicalMinimumMilliCelsius, High = Tmp117.MedicalMaximumMilliCelsius };

        public override long TypicalTruth => 36_600;

        public override long OtherTruth => 20_000;

        public override IReadOnlyList<long> OutsideTruths => [-300_000, -60_000, -20_100, 50_100, 160_000, 300_000];

        public override long PatienceUs => 3_000_000;

        public override long RecoveryUs => 15_000_000;

        public override bool NoticesFrozen => true; // DATA_READY stays set although the result was read

        public override int DeclaredIrregularFlips => 17; // DATA_READY flipped to 1 between two conversions

        public override long DeclaredLargestError => 2;

        public override IReadOnlyList<string> Variants => [SlowClock, FastClock];

        public override PeripheralWorld Create(string? variant)
        {
            var world = new World(new Tmp117Options { ClockErrorPpm = variant switch { SlowClock => -114_000, FastClock => 190_000, _ => 0 } });
            world.SetTruth(TypicalTruth);
            return world;
        }
    }

    private sealed class World : PeripheralWorld
    {
        // 1 s cycle, 8 averages, continuous: what the driver's README promises, in the bits of SNOSD82D 7.6.
        private const int CycleBits = 0x0FE0;
        private const int OneSecondEightAverages = 0x0220;

        private readonly SimulatedTmp117 _simulated;
        private readonly Tmp117 _driver;
        private long _truth;
        private long _lastResult;
        private bool _isRepeated;
        private readonly bool _isUndisturbed;
        private bool _isSkipped;

        public World(Tmp117Options options)
        {
            _isUndisturbed = options.ClockErrorPpm != 0; // with a fault a reading may be missed, without one it may not
            _simulated = new SimulatedTmp117(Clock, new SeededRandom(1), options);
            Bus.Attach(_simulated.Address, _simulated);
            Clock.Advance(SimulatedTmp117.PowerUpUs);
            _driver = new Tmp117(Port, _simulated.Address);
        }

        public override int Address => _simulated.Address;

        public override IDriver Driver => _driver;

        public override void SetTruth(long truth)
        {
            _truth = truth;
            _simulated.SetTemperature(truth);
        }

        public override void Collect(List<Published> published, bool afterGap)
        {
            published.Add(new Published(_driver.TemperatureMilliCelsius, _truth));
            _isRepeated = _simulated.CompletedConversions == _lastResult;
            _isSkipped |= _isUndisturbed && _lastResult > 0 && _simulated.CompletedConversions > _lastResult + 1;
            _lastResult = _simulated.CompletedConversions;
        }

        public override string? Misconfiguration() =>
            _isRepeated ? "one conversion was published twice"
            : _isSkipped ? "a conversion was never read"
            : (_simulated.Settings & CycleBits) != OneSecondEightAverages ? $"the cycle is 0x{_simulated.Settings & CycleBits:X4}"
            : _simulated.OffsetCount != 0 ? $"the offset is {_simulated.OffsetCount}" : null;
    }
}
