using System;
using System.Buffers.Binary;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Mqtt;
using Firmware.Protocol;

namespace EdgeGateway.Core;

/// <summary>Who is measured with which cuff.</summary>
/// <param name="Category">Adult, or a child where an OEM module measures.</param>
/// <param name="CuffSize">The cuff's bladder.</param>
/// <param name="IsOnOximeterArm">True when cuff and oximeter are on the same arm.</param>
public readonly record struct CuffPatient(PatientCategory Category, CuffSize CuffSize, bool IsOnOximeterArm);

/// <content>The cuff: who is measured, start, stop, self test. Commands go to pods that are connected now; none is kept for later, except who is measured.</content>
public sealed partial class GatewayCore
{
    /// <summary>The part that a pod's state names when it has the own cuff.</summary>
    public const string OwnCuff = "MPRLS0300";

    /// <summary>The part that a pod's state names when it has an OEM module.</summary>
    public const string OemCuff = "SunTech NIBP";

    private static readonly string[] Categories = ["unknown", "adult", "pediatric"];
    private static readonly string[] CuffSizes = ["unknown", "smallAdult", "adult", "largeAdult", "child"];

    private CuffPatient? _patient;

    /// <summary>Who is measured in the open session; null while nobody said.</summary>
    public CuffPatient? Patient => _patient;

    /// <summary>What was said of who is measured in a session.</summary>
    /// <param name="sessionId">The open session's name.</param>
    /// <param name="patient">Who; null while nobody said.</param>
    /// <returns>Done, or G2331 no such open session, G2305 the gateway is starting or stopping.</returns>
    public SessionResult PatientOf(string sessionId, out CuffPatient? patient)
    {
        ArgumentNullException.ThrowIfNull(sessionId);
        patient = null;
        if (SessionRefused(sessionId) is { } refused)
        {
            return refused;
        }

        patient = _patient;
        return new SessionResult(null, string.Empty, sessionId);
    }

    /// <summary>Says once per session who is measured. Told to a pod again when it comes back; forgotten with the session.</summary>
    /// <param name="sessionId">The open session's name.</param>
    /// <param name="patient">Who.</param>
    /// <returns>Done, or G2331 no such open session, G2311 no cuff on this cart, G2313 no category, G2314 a category that no cuff of this cart measures.</returns>
    public SessionResult SetPatient(string sessionId, CuffPatient patient)
    {
        ArgumentNullException.ThrowIfNull(sessionId);
        if (Refused(sessionId, mustConnect: false) is { } refused)
        {
            return refused;
        }

        if (patient.Category == PatientCategory.Unknown || patient.CuffSize == CuffSize.Unknown)
        {
            return new SessionResult("G2313", "category and cuff size are needed", sessionId);
        }

        bool hasOem = false;
        foreach (Pod pod in _pods.All)
        {
            hasOem |= pod.Has(OemCuff);
        }

        if (!hasOem && (patient.Category != PatientCategory.Adult || patient.CuffSize == CuffSize.Child))
        {
            return new SessionResult("G2314", "the own cuff measures adults only", sessionId);
        }

        _patient = patient;
        foreach (Pod pod in _pods.All)
        {
            TellPatient(pod);
        }

        return new SessionResult(null, string.Empty, sessionId);
    }

    /// <summary>Starts one measurement, now or never.</summary>
    /// <param name="sessionId">The open session's name.</param>
    /// <returns>Done when it was sent; what became of it the pod tells. Else G2331, G2311, G2312 its pod is not connected, G2313 nobody said who is measured.</returns>
    public SessionResult StartCuff(string sessionId)
    {
        ArgumentNullException.ThrowIfNull(sessionId);
        if (Refused(sessionId, mustConnect: true) is { } refused)
        {
            return refused;
        }

        if (_patient is null)
        {
            return new SessionResult("G2313", "nobody has said who is measured", sessionId);
        }

        byte[] epoch = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(epoch, _context.Sessions.Open!.Epoch);
        Command(PodCommand.StartCuff, epoch, onlyCuffs: true);
        return new SessionResult(null, string.Empty, sessionId);
    }

    /// <summary>Begins the self test of the cuff's chain.</summary>
    /// <returns>Done when it was sent; else G2311 or G2312.</returns>
    public SessionResult TestCuff()
    {
        if (CuffMissing(string.Empty, mustConnect: true) is { } refused)
        {
            return refused;
        }

        bool hasOwn = false;
        foreach (Pod pod in _pods.All)
        {
            hasOwn |= pod.Has(OwnCuff);
        }

        if (!hasOwn)
        {
            return new SessionResult("G2311", "no pod of this cart has the own cuff; an OEM module tests itself", string.Empty);
        }

        Command(PodCommand.TestCuff, [0xA5], onlyCuffs: true);
        return new SessionResult(null, string.Empty, string.Empty);
    }

    /// <summary>The word for a category.</summary>
    /// <param name="category">The category.</param>
    /// <returns>"unknown", "adult" or "pediatric".</returns>
    internal static string Word(PatientCategory category) => Categories[(int)category];

    /// <summary>The word for a cuff size.</summary>
    /// <param name="size">The size.</param>
    /// <returns>For example "smallAdult".</returns>
    internal static string Word(CuffSize size) => CuffSizes[(int)size];

    private SessionResult? Refused(string sessionId, bool mustConnect) => SessionRefused(sessionId) ?? CuffMissing(sessionId, mustConnect);

    private SessionResult? SessionRefused(string sessionId) =>
        _state != State.Running ? new SessionResult("G2305", "the gateway is starting or stopping", sessionId)
        : _context.Sessions.Open is not { } open || !string.Equals(open.Id, sessionId, StringComparison.Ordinal)
            ? new SessionResult("G2331", "session " + sessionId + " is not open on this cart", sessionId)
        : null;

    private SessionResult? CuffMissing(string sessionId, bool mustConnect)
    {
        bool any = false;
        bool connected = false;
        foreach (Pod pod in _pods.All)
        {
            bool has = pod.Has(OwnCuff) || pod.Has(OemCuff);
            any |= has;
            connected |= has && pod is { IsConnected: true, HasCommands: true };
        }

        return !any ? new SessionResult("G2311", "no pod of this cart has a cuff", sessionId)
            : mustConnect && !connected ? new SessionResult("G2312", "the pod with the cuff is not connected", sessionId) : null;
    }

    private void TellPatient(Pod pod)
    {
        if (_patient is not { } patient || _context.Sessions.Open is not { } open || !(pod.Has(OwnCuff) || pod.Has(OemCuff)))
        {
            return;
        }

        byte[] body = new byte[7];
        BinaryPrimitives.WriteUInt32LittleEndian(body, open.Epoch);
        body[4] = (byte)patient.Category;
        body[5] = (byte)patient.CuffSize;
        body[6] = patient.IsOnOximeterArm ? (byte)1 : (byte)0;
        Command(pod, PodCommand.SetPatient, body);
    }

    private int Command(byte command, byte[] body, bool onlyCuffs)
    {
        int told = 0;
        foreach (Pod pod in _pods.All)
        {
            if (!onlyCuffs || pod.Has(OwnCuff) || pod.Has(OemCuff))
            {
                told += Command(pod, command, body) ? 1 : 0;
            }
        }

        return told;
    }

    private bool Command(Pod pod, byte command, byte[] body, long ticket = 0)
    {
        if (!pod.IsConnected || !pod.HasCommands)
        {
            return false;
        }

        byte[] message = new byte[PodCommand.HeaderLength + body.Length];
        message[0] = 1;
        message[1] = command;
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(2), ++_correlation);
        body.CopyTo(message, PodCommand.HeaderLength);
        _server.Publish(new MqttMessage { Topic = Topics.Command(pod.DeviceId), Payload = message, Qos = MqttQos.AtLeastOnce }, ticket, _context.NowUs);
        return true;
    }

    /// <summary>Reads the words for who is measured.</summary>
    /// <param name="categoryWord">The category's word, or null.</param>
    /// <param name="sizeWord">The size's word, or null.</param>
    /// <param name="category">The category.</param>
    /// <param name="size">The size.</param>
    /// <param name="problem">What is wrong; empty when nothing is.</param>
    /// <returns>False when one is none.</returns>
    internal static bool TryWords(string? categoryWord, string? sizeWord, out PatientCategory category, out CuffSize size, out string problem)
    {
        int categoryAt = Array.IndexOf(Categories, categoryWord);
        int sizeAt = Array.IndexOf(CuffSizes, sizeWord);
        category = (PatientCategory)Math.Max(0, categoryAt);
        size = (CuffSize)Math.Max(0, sizeAt);
        problem = categoryAt < 1 ? "category is adult or pediatric" : sizeAt < 1 ? "cuffSize is smallAdult, adult, largeAdult or child" : string.Empty;
        return problem.Length == 0;
    }
}
