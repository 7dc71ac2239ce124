using Firmware.Core;
using Firmware.Peripherals;

namespace Firmware.Tests.Peripherals;

[TestClass]
public sealed class Tmp117Tests
{
    private const int DataReady = 0x2000;

    [TestMethod]
    public void The_constructor_and_restart_talk_to_nobody()
    {
        Tmp117Script bus = new Tmp117Script();
        Tmp117 driver = new Tmp117(bus, Tmp117.DefaultAddress);
        driver.Restart();
        Assert.AreEqual(0, bus.Transactions);
    }

    [TestMethod]
    public void It_is_configured_for_one_medical_result_per_second()
    {
        Tmp117Script bus = new Tmp117Script();
        Tmp117 driver = new Tmp117(bus, 0x48);
        Assert.AreEqual(DriverResult.Ready, Probe(driver));
        Assert.AreEqual(0x0224, bus.Registers[0x01]);
    }

    [TestMethod]
    public void A_busy_memory_is_awaited_and_not_for_ever()
    {
        Tmp117Script bus = new Tmp117Script();
        bus.BusyReads = 5;
        Assert.AreEqual(DriverResult.Ready, Probe(new Tmp117(bus, 0x48)));

        bus = new Tmp117Script();
        bus.BusyReads = 1000;
        Tmp117 driver = new Tmp117(bus, 0x48);
        Assert.AreEqual(DriverResult.Failed, Probe(driver));
        Assert.AreEqual(FaultCode.Tmp117ResetTimeout, driver.FaultCode);
    }

    [TestMethod]
    public void Without_a_new_conversion_it_goes_on_looking()
    {
        Tmp117Script bus = new Tmp117Script();
        Tmp117 driver = new Tmp117(bus, 0x48);
        Probe(driver);
        Assert.AreEqual(DriverResult.Working, driver.Measure(driver.NextStepUs));
        bus.Registers[0x01] |= DataReady;
        Assert.AreEqual(DriverResult.Ready, driver.Measure(driver.NextStepUs));
        Assert.AreEqual(36625, driver.TemperatureMilliCelsius);
        Assert.AreEqual((short)4688, driver.TemperatureCount);
        Assert.AreEqual(DriverResult.Working, driver.Measure(driver.NextStepUs));
    }

    [TestMethod]
    public void Each_failing_transaction_has_its_reason_and_publishes_nothing()
    {
        for (int status = 1; status <= 7; status++)
        {
            for (int transaction = 0; transaction < 12; transaction++)
            {
                Tmp117Script bus = new Tmp117Script();
                bus.FailingTransaction = transaction;
                bus.FailingStatus = (I2cStatus)status;
                Tmp117 driver = new Tmp117(bus, 0x48);
                DriverResult result = Probe(driver);
                if (result == DriverResult.Ready)
                {
                    bus.Registers[0x01] |= DataReady;
                    result = driver.Measure(driver.NextStepUs);
                }

                bool isAbsent = status == (int)I2cStatus.AddressNack && transaction == 0;
                if (status == (int)I2cStatus.AddressNack && transaction == 2)
                {
                    Assert.AreEqual(DriverResult.Ready, result); // a part in reset need not answer
                    continue;
                }

                if (bus.Transactions <= transaction)
                {
                    continue;
                }

                Assert.AreEqual(DriverResult.Failed, result);
                Assert.AreEqual(isAbsent ? AbsenceReason.NotPresent : AbsenceReason.BusFault, driver.Reason);
                Assert.AreEqual(isAbsent ? FaultCode.Tmp117NotPresent : FaultCode.Tmp117BusFault, driver.FaultCode);
                Assert.AreEqual(0, driver.TemperatureMilliCelsius);
            }
        }
    }

    [TestMethod]
    public void A_value_is_never_published_twice_when_the_part_repeats_itself()
    {
        Tmp117Script bus = new Tmp117Script();
        Tmp117 driver = new Tmp117(bus, 0x48);
        Probe(driver);
        bus.Registers[0x01] |= DataReady;
        Assert.AreEqual(DriverResult.Ready, driver.Measure(1_000_000));
        Assert.AreEqual(DriverResult.Working, driver.Measure(2_000_000));
        Assert.AreEqual(DriverResult.Failed, driver.Measure(3_600_000));
        Assert.AreEqual(AbsenceReason.SensorFault, driver.Reason);
        Assert.AreEqual(FaultCode.Tmp117NoConversion, driver.FaultCode);
        Assert.AreEqual(DriverResult.Failed, driver.Measure(4_600_000)); // until it is probed anew
        Assert.AreEqual(DriverResult.Ready, Probe(driver));
    }

    private static DriverResult Probe(Tmp117 driver)
    {
        DriverResult result = DriverResult.Working;
        for (int i = 0; i < 100 && result == DriverResult.Working; i++)
        {
            result = driver.Probe(driver.NextStepUs);
        }

        return result;
    }
}
