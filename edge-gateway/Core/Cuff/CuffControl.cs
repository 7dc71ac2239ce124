using System;
using System.Buffers.Binary;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Sessions;
using EdgeGateway.Faults;
using Firmware.Protocol;

namespace EdgeGateway.Core.Cuff;

/// <summary>The cuff at the bedside: patient context, start, self test. Commands go to pods that are connected now; none is kept for later, except the patient context.</summary>
public sealed class CuffControl : IGatewayPart
{
    private readonly SessionControl _control;
    private readonly SessionProjection _sessions;
    private readonly Pods _pods;
    private readonly PodCommands _commands;
    private readonly CuffStop _stop;

    /// <summary>Makes it.</summary>
    /// <param name="control">Whether a session is the open one.</param>
    /// <param name="sessions">The sessions.</param>
    /// <param name="pods">The pods.</param>
    /// <param name="commands">Sends commands to them.</param>
    /// <param name="stop">When STOP was pressed last.</param>
    internal CuffControl(SessionControl control, SessionProjection sessions, Pods pods, PodCommands commands, CuffStop stop)
    {
        _control = control;
        _sessions = sessions;
        _pods = pods;
        _commands = commands;
        _stop = stop;
    }

    /// <summary>The patient context of the open session; null while nobody has stated it.</summary>
    public CuffPatient? Patient { get; private set; }

    /// <summary>The patient context of a session.</summary>
    /// <param name="sessionId">The open session's name.</param>
    /// <param name="patient">Who; null while nobody said.</param>
    /// <returns>Done, or G2331 no such open session, G2305 the gateway is starting or stopping.</returns>
    public SessionResult PatientOf(string sessionId, out CuffPatient? patient)
    {
        ArgumentNullException.ThrowIfNull(sessionId);
        SessionResult? refused = _control.NotOpen(sessionId);
        patient = refused is null ? Patient : null;
        return refused ?? SessionResult.Done(sessionId);
    }

    /// <summary>States the patient context, once per session. Sent to a pod again when it comes back; forgotten with the session.</summary>
    /// <param name="sessionId">The open session's name.</param>
    /// <param name="patient">Who.</param>
    /// <returns>Done, or G2331 no such open session, G2311 no cuff on this cart, G2313 no category, G2314 a category that no cuff of this cart measures, G2305 the gateway is starting or stopping.</returns>
    public SessionResult SetPatient(string sessionId, CuffPatient patient)
    {
        ArgumentNullException.ThrowIfNull(sessionId);
        if ((_control.NotOpen(sessionId) ?? Missing(sessionId, mustConnect: false)) is { } refused)
        {
            return refused;
        }

        if (patient.Category == PatientCategory.Unknown || patient.CuffSize == CuffSize.Unknown)
        {
            return new SessionResult(FaultCodes.PatientNotStated, "category and cuff size are needed", sessionId);
        }

        if ((patient.Category != PatientCategory.Adult || patient.CuffSize == CuffSize.Child) && !_pods.AnyProvides(Capabilities.PediatricBloodPressure))
        {
            return new SessionResult(FaultCodes.PatientCategoryNotMeasured, "the built-in cuff measures adults only", sessionId);
        }

        Patient = patient;
        foreach (Pod pod in _pods.All)
        {
            Tell(pod);
        }

        return SessionResult.Done(sessionId);
    }

    /// <summary>Starts one measurement, now or never.</summary>
    /// <param name="sessionId">The open session's name.</param>
    /// <returns>Done when it was sent; what became of it the pod tells. Else G2331, G2311, G2312 its pod is not connected, G2313 nobody said who is measured, G2305 the gateway is starting or stopping.</returns>
    public SessionResult Start(string sessionId)
    {
        ArgumentNullException.ThrowIfNull(sessionId);
        if ((_control.NotOpen(sessionId) ?? Missing(sessionId, mustConnect: true)) is { } refused)
        {
            return refused;
        }

        if (Patient is null)
        {
            return new SessionResult(FaultCodes.PatientNotStated, "nobody has said who is measured", sessionId);
        }

        byte[] epoch = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(epoch, _sessions.Open!.Epoch);
        Send(PodCommand.StartCuff, epoch);
        return SessionResult.Done(sessionId);
    }

    /// <summary>Starts one measurement unless a STOP came at or after the moment when it was asked for: a STOP does not wait in the queue in which a start does.</summary>
    /// <param name="sessionId">The open session's name.</param>
    /// <param name="askedUs">When it was asked for, µs of the gateway's clock.</param>
    /// <returns>As <see cref="Start(string)"/>, and G2324.</returns>
    public SessionResult Start(string sessionId, long askedUs) => _stop.Overtook(askedUs, sessionId) ?? Start(sessionId);

    /// <summary>Begins the self test of the cuff's chain.</summary>
    /// <returns>Done when it was sent; else G2311 or G2312.</returns>
    public SessionResult Test()
    {
        if (Missing(string.Empty, mustConnect: true) is { } refused)
        {
            return refused;
        }

        if (!_pods.AnyProvides(Capabilities.CuffSelfTest))
        {
            return new SessionResult(FaultCodes.NoCuffFitted, "no pod of this cart has the built-in cuff; an OEM module tests itself", string.Empty);
        }

        Send(PodCommand.TestCuff, [0xA5]);
        return SessionResult.Done(string.Empty);
    }

    /// <summary>Begins the self test of the cuff's chain unless a STOP came at or after the moment when it was asked for.</summary>
    /// <param name="askedUs">When it was asked for, µs of the gateway's clock.</param>
    /// <returns>As <see cref="Test()"/>, and G2324.</returns>
    public SessionResult Test(long askedUs) => _stop.Overtook(askedUs, string.Empty) ?? Test();

    /// <summary>Why no cuff can do something.</summary>
    /// <param name="sessionId">The session's name; may be empty.</param>
    /// <param name="mustConnect">True when its pod must take commands now.</param>
    /// <returns>Null when one can; else G2311 or G2312.</returns>
    internal SessionResult? Missing(string sessionId, bool mustConnect) =>
        !_pods.AnyProvides(Capabilities.BloodPressure) ? new SessionResult(FaultCodes.NoCuffFitted, "no pod of this cart has a cuff", sessionId)
        : mustConnect && !_pods.AnyReady(Capabilities.BloodPressure) ? new SessionResult(FaultCodes.CuffPodNotConnected, "the pod with the cuff is not connected", sessionId)
        : null;

    /// <inheritdoc/>
    void IGatewayPart.SessionChanged() => Patient = null;

    /// <inheritdoc/>
    void IGatewayPart.PodReady(Pod pod) => Tell(pod);

    /// <inheritdoc/>
    void IGatewayPart.PodPartsChanged(Pod pod) => Tell(pod);

    private void Tell(Pod pod)
    {
        if (Patient is not { } patient || _sessions.Open is not { } open || !pod.Provides(Capabilities.BloodPressure))
        {
            return;
        }

        byte[] body = new byte[7];
        BinaryPrimitives.WriteUInt32LittleEndian(body, open.Epoch);
        body[4] = (byte)patient.Category;
        body[5] = (byte)patient.CuffSize;
        body[6] = patient.IsOnOximeterArm ? (byte)1 : (byte)0;
        _commands.TrySend(pod, PodCommand.SetPatient, body);
    }

    private void Send(byte command, ReadOnlySpan<byte> body)
    {
        foreach (Pod pod in _pods.All)
        {
            if (pod.Provides(Capabilities.BloodPressure))
            {
                _commands.TrySend(pod, command, body);
            }
        }
    }
}
