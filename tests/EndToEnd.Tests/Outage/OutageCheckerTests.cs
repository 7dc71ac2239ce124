using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace EndToEnd.Tests.Outage;

/// <summary>The checker finds each thing that it is there to find.</summary>
[TestClass]
public sealed class OutageCheckerTests
{
    private static readonly string[] Pod =
    [
        "produced d.1.16.1 7 1", "acknowledged d.1.16.1",
        "produced d.1.16.2 7 1", "acknowledged d.1.16.2",
        "produced d.1.16.3 7 1",
        "produced d.1.3.1 7 7", "acknowledged d.1.3.1",
        "produced d.1.2.1 0 5", "acknowledged d.1.2.1",
    ];

    [TestMethod]
    public void Everything_acknowledged_and_received_in_order_is_clean()
    {
        OutageVerdict verdict = OutageChecker.Check(Pod, ["received 1 d.1.16.1 vital new dup=0 order=ok", "received 2 d.1.16.2 vital new dup=0 order=ok"]);
        Assert.AreEqual(2, verdict.Acknowledged);
        Assert.AreEqual(2, verdict.Received);
        Assert.IsEmpty(verdict.Missing);
        Assert.AreEqual(0, verdict.Duplicates);
        Assert.IsEmpty(verdict.Disordered);
    }

    [TestMethod]
    public void A_missing_reading_is_named()
    {
        OutageVerdict verdict = OutageChecker.Check(Pod, ["received 1 d.1.16.1 vital new dup=0 order=ok"]);
        Assert.AreEqual("d.1.16.2", string.Join(' ', verdict.Missing));
    }

    [TestMethod]
    public void A_declared_loss_is_not_missing()
    {
        OutageVerdict verdict = OutageChecker.Check(Pod, ["received 1 d.1.16.1 vital new dup=0 order=ok", "lost d.1.16.2 2 exactly JournalFull"]);
        Assert.IsEmpty(verdict.Missing);
        Assert.AreEqual(1, verdict.Declared);
    }

    [TestMethod]
    public void A_gap_of_another_stream_declares_nothing() =>
        Assert.HasCount(2, OutageChecker.Check(Pod, ["lost d.1.17.1 9 exactly RingFull", "lost d.2.16.1 9 exactly RingFull"]).Missing);

    [TestMethod]
    public void Disorder_and_duplicates_are_counted()
    {
        OutageVerdict verdict = OutageChecker.Check(
            Pod,
            [
                "received 1 d.1.16.2 vital new dup=0 order=ok",
                "received 2 d.1.16.1 vital new dup=0 order=late",
                "received 3 d.1.16.1 vital again dup=1 order=ok",
                "received 4 d.1.16.1 vital corrected dup=0 order=ok",
            ]);
        Assert.AreEqual("d.1.16.1", string.Join(' ', verdict.Disordered));
        Assert.AreEqual(1, verdict.Duplicates);
    }
}
