using System;
using System.Collections.Generic;
using Firmware.Core;
using Firmware.Pod.Console;

namespace Firmware.Tests.Host.Consoles;

/// <summary>The technician's unlock: an answer opens one pod, once, soon.</summary>
[TestClass]
public sealed class UnlockTests
{
    private const string OtherKey = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";

    [TestMethod]
    public void The_right_answer_opens_and_is_of_no_use_a_second_time()
    {
        ConsoleBench bench = ConsoleBench.Provisioned();
        bench.Refuses(FaultCode.ConsoleNeedsUnlock, "config set role bench");
        string challenge = bench.Ok("challenge").GetProperty("challenge").GetString()!;
        Assert.AreEqual(32, challenge.Length);
        string answer = ConsoleBench.Answer(challenge, ConsoleBench.Key);
        bench.Ok("unlock " + answer);
        bench.Ok("config set role bench");
        bench.Ok("lock");
        bench.Refuses(FaultCode.ConsoleNeedsUnlock, "config set role bench");
        bench.Refuses(FaultCode.ConsoleUnlockRefused, "unlock " + answer);
        string next = bench.Ok("challenge").GetProperty("challenge").GetString()!;
        Assert.AreNotEqual(challenge, next);
        bench.Refuses(FaultCode.ConsoleUnlockRefused, "unlock " + answer);
        bench.Run(11);
        CollectionAssert.IsSubsetOf(new[] { FaultCode.ConsoleUnlocked, FaultCode.ConsoleUnlockRefused }, bench.Codes);
    }

    [TestMethod]
    public void An_answer_of_another_pods_key_or_of_a_challenge_before_a_restart_or_too_late_is_refused()
    {
        ConsoleBench bench = ConsoleBench.Provisioned();
        bench.Refuses(FaultCode.ConsoleUnlockRefused, "unlock " + ConsoleBench.Answer(bench.Ok("challenge").GetProperty("challenge").GetString()!, OtherKey));
        string before = ConsoleBench.Answer(bench.Ok("challenge").GetProperty("challenge").GetString()!, ConsoleBench.Key);
        bench.Reboot();
        bench.Run(3);
        bench.Refuses(FaultCode.ConsoleUnlockRefused, "unlock " + before);
        bench.Ok("challenge");
        bench.Refuses(FaultCode.ConsoleUnlockRefused, "unlock " + before);
        string late = ConsoleBench.Answer(bench.Ok("challenge").GetProperty("challenge").GetString()!, ConsoleBench.Key);
        bench.Run((UnlockGate.ChallengeUs / 1e6) + 1);
        bench.Refuses(FaultCode.ConsoleUnlockRefused, "unlock " + late);
        bench.Unlock();
        bench.Run((UnlockGate.IdleUs / 1e6) + 1);
        bench.Refuses(FaultCode.ConsoleNeedsUnlock, "config set role bench");
        bench.Unlock();
        bench.Port.Attach();
        bench.Run(1);
        bench.Refuses(FaultCode.ConsoleNeedsUnlock, "config set role bench");
    }

    [TestMethod]
    public void Five_wrong_answers_lock_for_fifteen_minutes_and_a_restart_does_not_help()
    {
        ConsoleBench bench = ConsoleBench.Provisioned();
        string[] guesses = ["0000000000000000", "", "zz00000000000000", "00000000000000000", "ffffffffffffffff"];
        for (int i = 0; i < guesses.Length; i++)
        {
            bench.Ok("challenge");
            bench.Refuses(i < 4 ? FaultCode.ConsoleUnlockRefused : FaultCode.ConsoleLocked, "unlock \"" + guesses[i] + "\"");
        }

        bench.Refuses(FaultCode.ConsoleLocked, "challenge");
        bench.Reboot();
        bench.Run(3);
        bench.Refuses(FaultCode.ConsoleLocked, "challenge");
        bench.Refuses(FaultCode.ConsoleLocked, "unlock 0000000000000000");
        bench.Run((UnlockGate.LockUs / 1e6) + 1);
        bench.Unlock();
        bench.Ok("config set role bench");
        bench.Reboot();
        bench.Run(3);
        bench.Unlock();
    }

    [TestMethod]
    public void No_challenge_comes_twice_even_when_the_random_bits_do()
    {
        HashSet<string> seen = [];
        for (int boot = 1; boot <= 20; boot++)
        {
            UnlockGate gate = new(new Tests.Pod.SimulatedByteStore(), new Simulators.Cart.Pod.SystemHmac(), new Same());
            for (int i = 0; i < 50; i++)
            {
                Assert.IsTrue(seen.Add(gate.NewChallenge(Convert.FromHexString(ConsoleBench.Key), (uint)boot, 1000)));
            }
        }
    }

    private sealed class Same : IEntropy
    {
        public uint NextUInt32() => 4;
    }
}
