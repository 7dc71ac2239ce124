using Firmware.Core;
using Firmware.Peripherals;

namespace Firmware.Tests.Peripherals;

/// <summary>What every driver on the bus inherits: the order of the probe, and what a failed transaction means.</summary>
[TestClass]
public sealed class I2cDriverTests
{
    [TestMethod]
    public void A_probe_goes_step_by_step_and_measuring_follows()
    {
        TwoSteps driver = new TwoSteps(new Script());
        Assert.AreEqual(DriverResult.Working, driver.Probe(0));
        Assert.AreEqual(10L, driver.NextStepUs);
        Assert.AreEqual(DriverResult.Ready, driver.Probe(10));
        Assert.AreEqual(DriverResult.Ready, driver.Measure(20));
        Assert.AreEqual(0x1234, driver.Word);
        Assert.AreEqual(1, driver.Forgotten);
    }

    [TestMethod]
    public void A_failed_transaction_names_register_and_status_and_begins_the_probe_again()
    {
        Script bus = new Script();
        TwoSteps driver = new TwoSteps(bus);
        Assert.AreEqual(I2cDriver.NoRegister, driver.FailedRegister);
        driver.Probe(0);
        bus.Status = I2cStatus.Timeout;
        Assert.AreEqual(DriverResult.Failed, driver.Probe(10));
        Assert.AreEqual(I2cStatus.Timeout, driver.FailedStatus);
        Assert.AreEqual(0x02, driver.FailedRegister);
        Assert.AreEqual(AbsenceReason.BusFault, driver.Reason);
        Assert.AreEqual(FaultCode.Tmp117BusFault, driver.FaultCode);
        Assert.AreEqual(10L + TwoSteps.PauseUs, driver.NextStepUs);
        bus.Status = I2cStatus.AddressNack;
        Assert.AreEqual(DriverResult.Failed, driver.Probe(20));
        Assert.AreEqual(0x01, driver.FailedRegister, "the probe began again");
        Assert.AreEqual(AbsenceReason.NotPresent, driver.Reason);
        Assert.AreEqual(FaultCode.Tmp117NotPresent, driver.FaultCode);
        driver.Restart();
        Assert.AreEqual(I2cStatus.Ok, driver.FailedStatus);
        Assert.AreEqual(AbsenceReason.None, driver.Reason);
    }

    [TestMethod]
    public void A_failed_transaction_while_measuring_leaves_the_part_configured()
    {
        Script bus = new Script();
        TwoSteps driver = new TwoSteps(bus);
        driver.Probe(0);
        driver.Probe(10);
        bus.Status = I2cStatus.DataNack;
        Assert.AreEqual(DriverResult.Failed, driver.Measure(20));
        bus.Status = I2cStatus.Ok;
        Assert.AreEqual(DriverResult.Ready, driver.Measure(30));
        driver.Drop(40);
        Assert.AreEqual(DriverResult.Failed, driver.Measure(50));
        Assert.AreEqual(AbsenceReason.WrongPart, driver.Reason, "the reason of before stands until the next probe");
        Assert.AreEqual(FaultCode.Tmp117WrongPart, driver.FaultCode);
        driver.Restart();
        Assert.AreEqual(DriverResult.Failed, driver.Measure(60));
        Assert.AreEqual(AbsenceReason.SensorFault, driver.Reason);
        Assert.AreEqual(FaultCode.Tmp117ConfigurationLost, driver.FaultCode);
    }

    [TestMethod]
    public void One_nack_while_measuring_is_a_disturbance_and_only_one_that_repeats_itself_is_an_absent_part()
    {
        Script bus = new Script();
        TwoSteps driver = new TwoSteps(bus);
        driver.Probe(0);
        driver.Probe(10);
        long us = 1_000_000;
        for (int i = 0; i < 50; i++)
        {
            // Never three in a row.
            bus.Status = i % 3 == 2 ? I2cStatus.Ok : I2cStatus.AddressNack;
            Assert.AreEqual(i % 3 == 2 ? DriverResult.Ready : DriverResult.Failed, driver.Measure(us));
            Assert.AreEqual(i % 3 == 2 ? AbsenceReason.None : AbsenceReason.BusFault, driver.Reason);
            Assert.AreEqual(i % 3 == 2 ? FaultCode.None : FaultCode.Tmp117BusFault, driver.FaultCode);
            us += I2cDriver.NackUs;
        }

        // Many in a row, all of them in a burst.
        bus.Status = I2cStatus.Ok;
        driver.Measure(us);
        bus.Status = I2cStatus.AddressNack;
        long firstUs = us + 1000;
        for (us = firstUs; us - firstUs < I2cDriver.NackUs; us += 10_000)
        {
            Assert.AreEqual(DriverResult.Failed, driver.Measure(us));
            Assert.AreEqual(AbsenceReason.BusFault, driver.Reason);
        }

        Assert.AreEqual(DriverResult.Failed, driver.Measure(us));
        Assert.AreEqual(AbsenceReason.NotPresent, driver.Reason);
        Assert.AreEqual(FaultCode.Tmp117NotPresent, driver.FaultCode);
    }

    private sealed class Script : II2cPort
    {
        public I2cStatus Status { get; set; }

        public I2cStatus WriteRead(int address, byte[] write, int writeOffset, int writeCount, byte[] read, int readOffset, int readCount)
        {
            for (int i = 0; i < readCount; i++)
            {
                read[readOffset + i] = (byte)(0x12 + (0x22 * i));
            }

            return Status;
        }
    }

    private sealed class TwoSteps : I2cDriver
    {
        public const int PauseUs = 500;

        public TwoSteps(II2cPort port)
            : base(port, 0x40, FaultCode.Tmp117NotPresent, FaultCode.Tmp117BusFault, PauseUs)
        {
        }

        public override string PartName => "two steps";

        public int Word { get; private set; }

        public int Forgotten { get; private set; }

        public override DriverResult Measure(long nowUs)
        {
            if (!IsMeasuring)
            {
                return FailUnconfigured(FaultCode.Tmp117ConfigurationLost, nowUs);
            }

            if (!ReadWord(0x03, out int word, nowUs))
            {
                return DriverResult.Failed;
            }

            Word = word;
            return Succeed(nowUs + 10);
        }

        public void Drop(long nowUs) => FailUntilReset(AbsenceReason.WrongPart, FaultCode.Tmp117WrongPart, nowUs);

        protected override void Forget() => Forgotten++;

        protected override DriverResult ProbeStep(int step, long nowUs)
        {
            if (step == 0)
            {
                return WriteRegister(0x01, 7, nowUs) ? EndProbeStep(nowUs + 10) : DriverResult.Failed;
            }

            return WriteWord(0x02, 7, nowUs) ? EndProbe(nowUs + 10) : DriverResult.Failed;
        }
    }
}
