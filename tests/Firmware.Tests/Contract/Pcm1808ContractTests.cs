using System.Collections.Generic;
using Firmware.Core;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Pod;
using Simulators.Chips;
using Simulators.Kernel;

namespace Firmware.Tests.Contract;

/// <summary>The audio contract on the converter's simulated chip, written from the datasheet apart from the driver.</summary>
[TestClass]
public sealed class Pcm1808ContractTests : AudioContractTests
{
    private protected override AudioBinding Binding { get; } = new Simulated();

    private sealed class Simulated : AudioBinding
    {
        public override IReadOnlyList<AudioFault> Faults { get; } =
        [
            new("the clocks stand still", [FaultCode.Pcm1808ClockLost, FaultCode.Pcm1808SlotDead]), // afterwards the part gives a second of zeros
            new("the port says that its clock stands still", [FaultCode.Pcm1808ClockLost]),
            new("the port was closed", [FaultCode.Pcm1808PortNotOpen]),
            new("the port fails", [FaultCode.Pcm1808PortFailed]),
            new("the data wire at ground", [FaultCode.Pcm1808SlotDead], IsSilence: true),
            new("the data wire at the supply", [FaultCode.Pcm1808SlotDead], IsSilence: true),
            new("an open cable", [FaultCode.Pcm1808CableLoose, FaultCode.Pcm1808StuckAtRail]),
            new("an amplifier at its supply", [FaultCode.Pcm1808CableLoose, FaultCode.Pcm1808StuckAtRail], NamedAfterUs: 1_400_000),
            new("the slots are exchanged", [FaultCode.Pcm1808SlotsSwapped, FaultCode.Pcm1808SlotDead], NamedAfterUs: 1_400_000),
        ];

        public override AudioWorld Create() => new World();
    }

    private sealed class World : AudioWorld
    {
        private readonly ManualClock _clock = new();
        private readonly SimulatedPcm1808 _simulated;
        private readonly SimulatedAudioPort _port;

        public World()
        {
            _simulated = new SimulatedPcm1808(_clock, new SeededRandom(3), new Pcm1808Options { DriftPpm = 30 });
            _port = new SimulatedAudioPort(_simulated);

            // A triangle of 100 Hz and 40 mV, so that no two chunks are alike and nothing clips.
            _simulated.SetInput(ns => (((ns % 10_000_000) < 5_000_000 ? ns % 10_000_000 : 10_000_000 - (ns % 10_000_000)) * 16) - 40_000_000 + (ns / 10_000_000 % 97 * 100_000));
        }

        public override IAudioPort Port => _port;

        public override void AdvanceTo(long nowUs) => _clock.AdvanceTo(nowUs);

        public override void Begin(string fault)
        {
            switch (fault)
            {
                case "the port says that its clock stands still":
                    _port.Answer = AudioStatus.ClockLost;
                    break;
                case "the port was closed":
                    _port.Answer = AudioStatus.NotOpen;
                    break;
                case "the port fails":
                    _port.Answer = AudioStatus.Failed;
                    break;
                default:
                    _simulated.Fault = fault switch
                    {
                        "the clocks stand still" => Pcm1808Fault.ClockHalted,
                        "the data wire at ground" => Pcm1808Fault.DataStuckLow,
                        "the data wire at the supply" => Pcm1808Fault.DataStuckHigh,
                        "an open cable" => Pcm1808Fault.CableLoose,
                        "an amplifier at its supply" => Pcm1808Fault.AmplifierAtRail,
                        _ => Pcm1808Fault.SlotsSwapped,
                    };
                    break;
            }
        }

        public override void End(string fault)
        {
            _port.Answer = AudioStatus.Ok;
            _simulated.Fault = Pcm1808Fault.None;
        }
    }
}
