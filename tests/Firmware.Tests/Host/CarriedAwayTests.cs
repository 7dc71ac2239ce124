using Firmware.Core;
using Firmware.Pod.Supervision;
using Firmware.Protocol;
using Firmware.Tests.Pod;

namespace Firmware.Tests.Host;

/// <summary>A pod without a link keeps its epoch only while a sensor stays on the patient.</summary>
[TestClass]
public sealed class CarriedAwayTests
{
    private const long Second = 1_000_000;

    [TestMethod]
    // The link, a sensor on the patient, each from one second to another; then when it is over, -1 for never.
    [DataRow(10, 500, 0, 500, -1, DisplayName = "worn without a link")]
    [DataRow(10, 500, 0, 20, 140, DisplayName = "taken off after the loss")]
    [DataRow(100, 500, 0, 50, 170, DisplayName = "taken off before the loss")]
    [DataRow(300, 500, 0, 50, 310, DisplayName = "off for long when the link went, and the grace of a short loss")]
    [DataRow(300, 305, 0, 50, -1, DisplayName = "a short loss")]
    [DataRow(500, 500, 0, 0, -1, DisplayName = "with a link the gateway decides")]
    public void It_is_over_when(int lostAtS, int backAtS, int onFromS, int onUntilS, int overAtS)
    {
        CarriedAway carried = new(120_000);
        carried.OnPatientNamed(0);
        int firstS = -1;
        for (int s = 0; s < 600; s++)
        {
            bool isConnected = s < lostAtS || s >= backAtS;
            bool isOver = carried.IsOver(isConnected, s >= onFromS && s <= onUntilS, s * Second);
            firstS = isOver && firstS < 0 ? s : firstS;
        }

        Assert.AreEqual(overAtS, firstS);
    }

    [TestMethod]
    public void A_finger_that_comes_after_the_time_does_not_begin_it_anew()
    {
        CarriedAway carried = new(120_000);
        carried.OnPatientNamed(0);
        Assert.IsFalse(carried.IsOver(true, true, Second));
        for (int s = 2; s < 121; s++)
        {
            Assert.IsFalse(carried.IsOver(false, false, s * Second));
        }

        Assert.IsTrue(carried.IsOver(false, true, 121 * Second));
        Assert.IsTrue(carried.IsOver(false, true, 122 * Second));
        carried.OnPatientNamed(200 * Second);
        Assert.IsFalse(carried.IsOver(false, false, 201 * Second));
    }

    [TestMethod]
    public void Epoch_that_is_sent_again_at_a_reconnection_names_no_patient()
    {
        PodBench bench = new PodBench(null).Start();
        bench.Temperature.TemperatureMilliCelsius = 22_000;
        bench.Link.Connect();
        bench.Run(2 * Second);
        bench.SetEpoch(5);
        bench.Run(100 * Second);
        bench.Link.Drop();
        bench.Run(Second);
        bench.Link.Connect();
        bench.SetEpoch(5);
        bench.Run(4 * Second);
        bench.Link.Drop();
        bench.Run(40 * Second);
        Assert.AreEqual(0u, bench.Host.Epoch, "no sensor was on anybody for 120 s");
    }

    [TestMethod]
    public void A_whole_pod_gives_its_epoch_back_says_so_and_takes_another_one_alone()
    {
        PodBench bench = new PodBench(null).Start();
        bench.Temperature.TemperatureMilliCelsius = 22_000;
        bench.Link.Connect();
        bench.Run(2 * Second);
        bench.SetEpoch(5);
        bench.Run(Second);
        Assert.AreEqual(5u, bench.Host.Epoch);
        bench.Link.Drop();
        bench.Run(118 * Second);
        Assert.AreEqual(5u, bench.Host.Epoch);
        bench.Run(2 * Second);
        Assert.AreEqual(0u, bench.Host.Epoch);
        bench.Link.Connect();
        bench.SetEpoch(5);
        bench.Run(Second);
        Assert.AreEqual(0u, bench.Host.Epoch, "whoever wears the sensors now may be somebody else");
        bench.SetEpoch(6);
        bench.Run(Second);
        Assert.AreEqual(6u, bench.Host.Epoch);
    }

    [TestMethod]
    public void A_thermometer_knows_that_it_was_laid_on_and_taken_off()
    {
        // m°C from the first on, and whether it is on skin then: a warm and a cold patient, a room of 30 °C, one that was on when the power came, a slow cooling.
        foreach ((int[] milliCelsius, bool isOn) in new (int[], bool)[]
        {
            ([22_000, 22_100, 21_900, 23_800], false), ([22_000, 22_100, 24_200], true), ([22_000, 34_000, 34_100, 33_000], true), ([22_000, 34_000, 34_100, 32_100], false),
            ([30_000, 31_900], false), ([30_000, 33_000], true), ([34_000, 34_100], true), ([34_000, 33_000, 31_900], false), ([22_000, 27_500, 28_000, 27_000], true),
            ([22_000, 34_000, 33_000, 31_900, 28_000, 24_000, 22_000, 23_000], false), ([22_000, 34_000, 31_000, 22_000, 30_000], true),
        })
        {
            PodBench bench = new PodBench(null).Start();
            bench.Temperature.TemperatureMilliCelsius = milliCelsius[0];
            bench.Link.Connect();
            bench.Run(2 * Second);
            foreach (int value in milliCelsius)
            {
                bench.Temperature.TemperatureMilliCelsius = value;
                bench.Run(Second);
            }

            // Seen from outside: with the link gone the epoch is kept or given back.
            bench.SetEpoch(5);
            bench.Run(Second);
            bench.Link.Drop();
            bench.Run(130 * Second);
            Assert.AreEqual(isOn ? 5u : 0u, bench.Host.Epoch, string.Join(", ", milliCelsius));
        }
    }
}
