using System.Text;
using EdgeGateway.Core;
using EdgeGateway.Core.Cuff;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Commands;

/// <summary>Who is measured is asked once per session, and can be asked back for as long as the session is open.</summary>
[TestClass]
public sealed class CuffPatientTests
{
    [TestMethod]
    public void What_was_said_is_told_to_the_pod_asked_back_and_forgotten_with_the_session()
    {
        Rig rig = new(3);
        TestClient pod = rig.Pod(Rig.PodA);
        byte[]? told = null;
        pod.OnReceived = (_, payload) => told = payload[1] == PodCommand.SetPatient ? payload : told;
        pod.Subscribe(Topics.Command(Rig.PodA), rig.NowUs);
        pod.Publish(Topics.State(Rig.PodA), Encoding.UTF8.GetBytes("""{"v":1,"state":"online","boot":1,"epoch":0,"peripherals":[{"name":"MPRLS0300","state":"measuring"}]}"""));
        rig.OpenSession("S1");
        rig.Require(() => pod.Client.IsConnected && pod.Waiting == 0, "the pod is connected");

        Assert.IsNull(rig.Core.Cuff.PatientOf("S1", out CuffPatient? nobody).Code);
        Assert.IsNull(nobody);
        Assert.AreEqual("G2331", rig.Core.Cuff.PatientOf("S2", out _).Code);

        CuffPatient patient = new(PatientCategory.Adult, CuffSize.SmallAdult, true);
        Assert.AreEqual("G2314", rig.Core.Cuff.SetPatient("S1", patient with { Category = PatientCategory.Pediatric }).Code);
        Assert.IsNull(rig.Core.Cuff.SetPatient("S1", patient).Code);
        Assert.IsNull(rig.Core.Cuff.PatientOf("S1", out CuffPatient? said).Code);
        Assert.AreEqual(patient, said);
        rig.Require(() => told is not null, "the pod is told");
        CollectionAssert.AreEqual(new byte[] { 1, 1, 1 }, told![8..]);

        rig.CloseSession("S1");
        Assert.AreEqual("G2331", rig.Core.Cuff.PatientOf("S1", out CuffPatient? gone).Code);
        Assert.IsNull(gone);
        rig.OpenSession("S2");
        Assert.IsNull(rig.Core.Cuff.PatientOf("S2", out CuffPatient? other).Code);
        Assert.IsNull(other);
    }
}
