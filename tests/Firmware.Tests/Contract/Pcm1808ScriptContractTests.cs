using System.Collections.Generic;
using Firmware.Core;
using Firmware.Tests.Peripherals;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Firmware.Tests.Contract;

/// <summary>The audio contract on the scripted converter of the driver's own tests.</summary>
[TestClass]
public sealed class Pcm1808ScriptContractTests : AudioContractTests
{
    private protected override AudioBinding Binding { get; } = new Script();

    /// <summary>The scripted converter and what can be broken of it.</summary>
    internal sealed class Script : AudioBinding
    {
        public override IReadOnlyList<AudioFault> Faults { get; } =
        [
            new("the clock stands still", [FaultCode.Pcm1808ClockLost]),
            new("the port says that its clock stands still", [FaultCode.Pcm1808ClockLost]),
            new("the port was closed", [FaultCode.Pcm1808PortNotOpen]),
            new("the port fails", [FaultCode.Pcm1808PortFailed]),
            new("zeros", [FaultCode.Pcm1808SlotDead], IsSilence: true),
            new("ones", [FaultCode.Pcm1808SlotDead], IsSilence: true),
            new("stuck at the upper end", [FaultCode.Pcm1808StuckAtRail], IsSilence: true),
            new("stuck at the lower end", [FaultCode.Pcm1808StuckAtRail], IsSilence: true),
            new("a swinging cable", [FaultCode.Pcm1808CableLoose, FaultCode.Pcm1808StuckAtRail]),
            new("the slots are exchanged", [FaultCode.Pcm1808SlotsSwapped, FaultCode.Pcm1808SlotDead], NamedAfterUs: 1_400_000),
            new("an overrun", []),
            new("an overrun of unknown size", []),
        ];

        public override AudioWorld Create() => new World();
    }

    private sealed class World : AudioWorld
    {
        private readonly AudioScript _script = new();
        private long _hidden;

        public override long HiddenLosses => _hidden;

        public override IAudioPort Port => _script;

        public override void AdvanceTo(long nowUs) => _script.NowUs = nowUs;

        public override void Begin(string fault)
        {
            switch (fault)
            {
                case "the clock stands still":
                    _script.Freeze(true);
                    break;
                case "the port says that its clock stands still":
                    Answer(AudioStatus.ClockLost);
                    break;
                case "the port was closed":
                    Answer(AudioStatus.NotOpen);
                    break;
                case "the port fails":
                    Answer(AudioStatus.Failed);
                    break;
                case "zeros":
                    Give(0);
                    break;
                case "ones":
                    Give(-1);
                    break;
                case "stuck at the upper end":
                    Give(short.MaxValue);
                    break;
                case "stuck at the lower end":
                    Give(short.MinValue);
                    break;
                case "a swinging cable":
                    _script.SwingFrom = 0;
                    break;
                case "the slots are exchanged":
                    _script.Swapped = true;
                    break;
                default:
                    _script.HidesNumber = fault == "an overrun of unknown size";
                    long lost = _script.Overrun();
                    _hidden += _script.HidesNumber ? lost : 0;
                    break;
            }
        }

        public override void End(string fault)
        {
            _script.Freeze(false);
            _script.Next = AudioStatus.Ok;
            _script.DeadFrom = -1;
            _script.SwingFrom = -1;
            _script.Swapped = false;
        }

        private void Answer(AudioStatus status)
        {
            _script.Next = status;
            _script.NextTimes = int.MaxValue;
        }

        private void Give(short value)
        {
            _script.DeadValue = value;
            _script.DeadFrom = 0;
        }
    }
}
