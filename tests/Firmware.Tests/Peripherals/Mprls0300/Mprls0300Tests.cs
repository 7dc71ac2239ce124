using Firmware.Core;
using Firmware.Peripherals;

namespace Firmware.Tests.Peripherals;

[TestClass]
public sealed class Mprls0300Tests
{
    [TestMethod]
    public void The_constructor_and_restart_talk_to_nobody()
    {
        Mprls0300Script bus = new Mprls0300Script();
        Mprls0300 driver = new Mprls0300(bus, Mprls0300.DefaultAddress);
        driver.Restart();
        Assert.AreEqual(0, bus.Transactions);
    }

    [TestMethod]
    public void A_conversion_is_published_once_with_the_time_of_its_end()
    {
        Mprls0300Script bus = new Mprls0300Script();
        Mprls0300 driver = new Mprls0300(bus, 0x18);
        Assert.AreEqual(DriverResult.Ready, Run(driver, isProbe: true));
        long begun = driver.NextStepUs;
        Assert.AreEqual(DriverResult.Ready, Run(driver, isProbe: false));
        Assert.AreEqual(begun + Mprls0300.ConversionUs, driver.SampledAtUs);
        Assert.AreEqual(bus.Counts + 2, driver.Counts);
        Assert.AreEqual(150_000, driver.PressureMilliMmHg);
        Assert.AreEqual(begun + Mprls0300.PeriodUs, driver.NextStepUs);
        Assert.AreEqual(DriverResult.Ready, Run(driver, isProbe: false));
        Assert.AreEqual(bus.Counts + 3, driver.Counts);
    }

    [TestMethod]
    public void Each_failing_transaction_has_its_reason_and_publishes_nothing()
    {
        for (int status = 1; status <= 7; status++)
        {
            for (int transaction = 0; transaction < 8; transaction++)
            {
                Mprls0300Script bus = new Mprls0300Script();
                bus.FailingTransaction = transaction;
                bus.FailingStatus = (I2cStatus)status;
                Mprls0300 driver = new Mprls0300(bus, 0x18);
                DriverResult result = Run(driver, isProbe: true);
                if (result == DriverResult.Ready)
                {
                    result = Run(driver, isProbe: false);
                }

                Assert.AreEqual(DriverResult.Failed, result, $"transaction {transaction}, {(I2cStatus)status}");
                bool isAbsent = status == (int)I2cStatus.AddressNack && transaction == 0;
                Assert.AreEqual(isAbsent ? AbsenceReason.NotPresent : AbsenceReason.BusFault, driver.Reason);
                Assert.AreEqual(isAbsent ? FaultCode.Mprls0300NotPresent : FaultCode.Mprls0300BusFault, driver.FaultCode);
                Assert.AreEqual(0, driver.PressureMilliMmHg);
            }
        }
    }

    [TestMethod]
    public void A_transaction_that_failed_costs_one_conversion_and_no_probe()
    {
        Mprls0300Script bus = new Mprls0300Script();
        Mprls0300 driver = new Mprls0300(bus, 0x18);
        Run(driver, isProbe: true);
        bus.FailingTransaction = bus.Transactions + 2; // the first reading of the answer
        bus.FailingStatus = I2cStatus.Timeout;
        Assert.AreEqual(DriverResult.Failed, Run(driver, isProbe: false));
        Assert.AreEqual(DriverResult.Ready, Run(driver, isProbe: false));
    }

    [TestMethod]
    public void A_part_that_hears_no_command_is_lost_until_it_is_probed_anew()
    {
        Mprls0300Script bus = new Mprls0300Script();
        Mprls0300 driver = new Mprls0300(bus, 0x18);
        Run(driver, isProbe: true);
        bus.Hears = false;
        for (int i = 1; i < Mprls0300.MaxUnseenConversions; i++)
        {
            long before = driver.NextStepUs;
            Assert.AreEqual(DriverResult.Failed, driver.Measure(driver.NextStepUs));
            Assert.AreEqual(FaultCode.Mprls0300BusFault, driver.FaultCode); // a pause of the program looks the same
            Assert.AreEqual(before + Mprls0300.RetryUs, driver.NextStepUs);
        }

        Assert.AreEqual(DriverResult.Failed, driver.Measure(driver.NextStepUs));
        Assert.AreEqual(FaultCode.Mprls0300NoConversion, driver.FaultCode);
        bus.Hears = true;
        Assert.AreEqual(DriverResult.Failed, driver.Measure(driver.NextStepUs));
        driver.Restart();
        Assert.AreEqual(DriverResult.Ready, Run(driver, isProbe: true));
        Assert.AreEqual(DriverResult.Ready, Run(driver, isProbe: false));
    }

    [TestMethod]
    public void Every_status_but_powered_is_declared()
    {
        for (int status = 0; status < 256; status++)
        {
            Mprls0300Script bus = new Mprls0300Script();
            Mprls0300 driver = new Mprls0300(bus, 0x18);
            Run(driver, isProbe: true);
            bus.Status = status & ~0x20;
            DriverResult result = Run(driver, isProbe: false);
            Assert.AreEqual(bus.Status == 0x40 ? DriverResult.Ready : DriverResult.Failed, result, $"status {bus.Status}");
        }
    }

    private static DriverResult Run(Mprls0300 driver, bool isProbe)
    {
        DriverResult result = DriverResult.Working;
        for (int i = 0; i < 100 && result == DriverResult.Working; i++)
        {
            result = isProbe ? driver.Probe(driver.NextStepUs) : driver.Measure(driver.NextStepUs);
        }

        return result;
    }
}
