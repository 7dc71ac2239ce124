using Firmware.Pod.Cuff;

namespace Firmware.Tests.Pod;

[TestClass]
public sealed class CuffTableTests
{
    // Written again by hand, not taken from the table: columns Start, StartTired, Rested, Zeroed, Reached, Held, Measured, Fault, Stop, Emptied, EmptiedRepeat, NotEmptied.
    // Next state: I idle, R rest, Z zero check, P inflate, H hold, B bleed, D dump, U unconfirmed, E done. Action: . none, o open, p pump, h hold, b bleed, z zero, w warn.
    [TestMethod]
    [DataRow(CuffState.Idle, "ZRIIIIIEIIII", "zo.....oo...")]
    [DataRow(CuffState.Rest, "RRZRRRREERRR", "..z....oo...")]
    [DataRow(CuffState.ZeroCheck, "ZZZPZZZEEZZZ", "...p...oo...")]
    [DataRow(CuffState.Inflate, "PPPPHPPDDPPP", "....h..oo...")]
    [DataRow(CuffState.Hold, "HHHHHBHDDHHH", ".....b.oo...")]
    [DataRow(CuffState.Bleed, "BBBBBBDDDBBB", "......ooo...")]
    [DataRow(CuffState.Dump, "DDDDDDDDDERU", ".......oooow")]
    [DataRow(CuffState.Unconfirmed, "UUUUUUUUUEEU", ".......oooo.")]
    [DataRow(CuffState.Done, "ZREEEEEEEEEE", "zo.....oo...")]
    public void Every_pair_of_state_and_event_leads_where_it_should(CuffState state, string states, string actions)
    {
        Assert.AreEqual(CuffTable.Events, states.Length);
        for (int i = 0; i < CuffTable.Events; i++)
        {
            CuffState next = CuffTable.Next(state, (CuffEvent)i, out CuffAction action);
            Assert.AreEqual("IRZPHBDUE".IndexOf(states[i]), (int)next, $"{state}, {(CuffEvent)i}");
            Assert.AreEqual(".ophbzw".IndexOf(actions[i]), (int)action, $"{state}, {(CuffEvent)i}");
        }
    }

    [TestMethod]
    public void From_every_state_with_air_a_fault_and_a_stop_open_the_valves_and_nothing_pumps_before_the_cuff_was_empty()
    {
        foreach (CuffState state in new[] { CuffState.Inflate, CuffState.Hold, CuffState.Bleed, CuffState.Dump })
        {
            foreach (CuffEvent happened in new[] { CuffEvent.Fault, CuffEvent.Stop })
            {
                Assert.AreEqual(CuffState.Dump, CuffTable.Next(state, happened, out CuffAction action));
                Assert.AreEqual(CuffAction.Open, action);
            }
        }

        // Whatever happens to it, the dump ends in a rest, a warning or the end.
        for (int i = 0; i < CuffTable.Events; i++)
        {
            CuffTable.Next(CuffState.Dump, (CuffEvent)i, out CuffAction action);
            Assert.AreNotEqual(CuffAction.Pump, action);
            CuffTable.Next(CuffState.Unconfirmed, (CuffEvent)i, out action);
            Assert.AreNotEqual(CuffAction.Pump, action);
        }
    }

    [TestMethod]
    public void The_pump_is_reached_through_a_zero_check_only()
    {
        int pumps = 0;
        for (int state = 0; state < CuffTable.States; state++)
        {
            for (int i = 0; i < CuffTable.Events; i++)
            {
                CuffTable.Next((CuffState)state, (CuffEvent)i, out CuffAction action);
                if (action == CuffAction.Pump)
                {
                    Assert.AreEqual((int)CuffState.ZeroCheck, state);
                    Assert.AreEqual((int)CuffEvent.Zeroed, i);
                    pumps++;
                }
            }
        }

        Assert.AreEqual(1, pumps);
    }
}
