using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Buses;
using Simulators.Chips;
using Simulators.Kernel;

namespace Simulators.Tests.Chips;

/// <summary>Random bus traffic, light and faults: no sample appears from nowhere, none vanishes untold, and a seed repeats itself.</summary>
[TestClass]
public sealed class SimulatedMax30102PropertyTests
{
    private const int Operations = 400;

    [TestMethod]
    public void Whatever_is_done_every_sample_is_accounted_for()
    {
        for (ulong seed = 0; seed < 60; seed++)
        {
            var definition = new Definition(seed);
            definition.Run();
            Assert.AreEqual(definition.Stored, definition.Ended + definition.Simulated.UnreadSamples, $"seed {seed}");
            Assert.IsGreaterThan(50, definition.Stored, $"seed {seed}: nothing was measured");
        }
    }

    [TestMethod]
    public void The_same_seed_gives_the_same_bytes()
    {
        for (ulong seed = 0; seed < 10; seed++)
        {
            var first = new Definition(seed);
            var second = new Definition(seed);
            first.Run();
            second.Run();
            CollectionAssert.AreEqual(first.Trace, second.Trace, $"seed {seed}");
        }
    }

    [TestMethod]
    public void When_it_is_looked_at_changes_nothing()
    {
        // Lazy work must not show: a simulated chip that is asked every millisecond makes the same samples as one asked once.
        List<FifoEvent> often = Samples(1_000);
        List<FifoEvent> once = Samples(600_000);
        CollectionAssert.AreEqual(once, often);
        Assert.HasCount(30, once);

        static List<FifoEvent> Samples(long lookEveryUs)
        {
            var clock = new ManualClock();
            var made = new List<FifoEvent>();
            var simulated = new SimulatedMax30102(clock, new SeededRandom(5), new Max30102Options { ClockErrorPpm = -7_300, NoiseCounts = 30 }) { Light = new Rising() };
            simulated.FifoChanged += made.Add;
            var bus = new SimulatedI2cBus(clock);
            bus.Attach(SimulatedMax30102.Address, simulated);
            clock.Advance(SimulatedMax30102.PowerUpUs);
            bus.Transfer(SimulatedMax30102.Address, [0x08, 0x20, 0x03, 0x27], []);
            bus.Transfer(SimulatedMax30102.Address, [0x0C, 0x20, 0x20], []);
            for (long t = 0; t < 600_000; t += lookEveryUs)
            {
                clock.Advance(lookEveryUs);
                simulated.CatchUp();
            }

            clock.Advance(10_000);
            simulated.CatchUp();
            return made;
        }
    }

    private sealed class Rising : ILightStimulus
    {
        public LightSample At(long us) => LightSample.FromCounts(100_000 + (us / 1_000), 150_000 + (us / 700));
    }

    private sealed class Definition
    {
        private readonly ManualClock _clock = new();
        private readonly SeededRandom _random;
        private readonly SimulatedI2cBus _bus;
        private readonly HashSet<long> _ended = [];

        public Definition(ulong seed)
        {
            _random = new SeededRandom(seed);
            _bus = new SimulatedI2cBus(_clock);
            Simulated = new SimulatedMax30102(_clock, _random.Fork("part"), new Max30102Options { NoiseCounts = 10 }) { Light = new Rising() };
            Simulated.FifoChanged += Note;
            _bus.Attach(SimulatedMax30102.Address, Simulated);
        }

        public SimulatedMax30102 Simulated { get; }

        public List<string> Trace { get; } = [];

        public int Stored { get; private set; }

        /// <summary>Samples read, overwritten or discarded at least once.</summary>
        public int Ended => _ended.Count;

        public void Run()
        {
            for (int i = 0; i < Operations; i++)
            {
                _clock.Advance(_random.NextInt32(60_000));
                Act(_random.NextInt32(100));
                Assert.IsTrue(Simulated.UnreadSamples is >= 0 and <= SimulatedMax30102.FifoDepth);
                byte[] pointers = new byte[3];
                if (_bus.Transfer(SimulatedMax30102.Address, [0x04], pointers) == BusOutcome.Ok)
                {
                    Assert.AreEqual(Simulated.UnreadSamples & 31, (pointers[0] - pointers[2]) & 31);
                    Assert.IsTrue(pointers.All(p => p < 32));
                }

                Trace.Add(_bus.Log.Last().ToString());
            }

            // A read pointer that was put back shows samples again that have ended; reading all leaves none such behind.
            _bus.Transfer(SimulatedMax30102.Address, [0x07], new byte[6 * 32]);
        }

        private void Act(int dice)
        {
            switch (dice)
            {
                case < 50:
                    _bus.Transfer(SimulatedMax30102.Address, [0x07], new byte[1 + _random.NextInt32(60)]);
                    break;
                case < 60:
                    _bus.Faults = new I2cFaultPlan().CutShort(0, _random.NextInt32(20));
                    _bus.Transfer(SimulatedMax30102.Address, [0x07], new byte[18]);
                    _bus.Faults = null;
                    break;
                case < 70:
                    Write(0x06, _random.NextInt32(32));
                    break;
                case < 74:
                    Write(0x04, _random.NextInt32(32));
                    break;
                case < 84:
                    Write(0x08, _random.NextInt32(0x60));
                    break;
                case < 96:
                    Write(0x0A, 0x20 | _random.NextInt32(0x10));
                    Write(0x09, 3);
                    break;
                case < 98:
                    Write(0x09, 0x40);
                    break;
                default:
                    _bus.BrownOut(SimulatedMax30102.Address);
                    break;
            }
        }

        private void Write(int register, int value) => _bus.Transfer(SimulatedMax30102.Address, [(byte)register, (byte)value], []);

        private void Note(FifoEvent sample)
        {
            switch (sample.Fate)
            {
                case FifoFate.Stored:
                    Stored++;
                    break;
                case FifoFate.Read or FifoFate.Overwritten or FifoFate.Discarded:
                    _ended.Add(sample.Ordinal);
                    break;
            }
        }
    }
}
