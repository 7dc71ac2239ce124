using System;
using Firmware.Core;
using Firmware.Peripherals;

namespace Firmware.Tests.Peripherals;

[TestClass]
public sealed class Max30102Tests
{
    [TestMethod]
    public void The_constructor_and_restart_talk_to_nobody()
    {
        SilentPort bus = new SilentPort(I2cStatus.AddressNack);
        Max30102 driver = new Max30102(bus, Max30102.DefaultAddress);
        driver.Restart();
        Assert.AreEqual(0, bus.Transactions);
    }

    [TestMethod]
    public void Each_status_of_the_bus_has_its_reason()
    {
        for (int status = 1; status <= 7; status++)
        {
            Max30102 driver = new Max30102(new SilentPort((I2cStatus)status), 0x57);
            bool isAbsent = status == (int)I2cStatus.AddressNack;
            Assert.AreEqual(DriverResult.Failed, driver.Probe(0));
            Assert.AreEqual(isAbsent ? AbsenceReason.NotPresent : AbsenceReason.BusFault, driver.Reason);
            Assert.AreEqual(isAbsent ? FaultCode.Max30102NotPresent : FaultCode.Max30102BusFault, driver.FaultCode);
            Assert.IsTrue(driver.NextStepUs > 0);
        }
    }

    [TestMethod]
    public void Measured_without_a_probe_it_fails_with_a_reason_and_no_traffic()
    {
        SilentPort bus = new SilentPort(I2cStatus.Ok);
        Max30102 driver = new Max30102(bus, 0x57);
        Assert.AreEqual(DriverResult.Failed, driver.Measure(0));
        Assert.AreEqual(AbsenceReason.SensorFault, driver.Reason);
        Assert.AreEqual(FaultCode.Max30102ConfigurationLost, driver.FaultCode);
        Assert.AreEqual(0, bus.Transactions);
    }

    [TestMethod]
    [DataRow(-1, 0)]
    [DataRow(0, -1)]
    [DataRow(256, 0)]
    [DataRow(0, 256)]
    public void A_current_that_has_no_code_is_refused(int red, int infrared)
    {
        Max30102 driver = new Max30102(new SilentPort(I2cStatus.Ok), 0x57);
        bool refused = false;
        try
        {
            driver.SetLedCurrent(red, infrared);
        }
        catch (ArgumentOutOfRangeException)
        {
            refused = true;
        }

        Assert.IsTrue(refused, "a current outside 0 to 255 was taken");
    }

    /// <summary>A bus on which every transaction ends alike and reads 0.</summary>
    private sealed class SilentPort : II2cPort
    {
        private readonly I2cStatus _status;

        public SilentPort(I2cStatus status)
        {
            _status = status;
        }

        public int Transactions { get; private set; }

        public I2cStatus WriteRead(int address, byte[] write, int writeOffset, int writeCount, byte[] read, int readOffset, int readCount)
        {
            Transactions++;
            for (int i = 0; i < readCount; i++)
            {
                read[readOffset + i] = 0;
            }

            return _status;
        }
    }
}
