using System;
using System.Buffers.Binary;
using System.Text.Json;
using EdgeGateway.Mqtt;
using Firmware.Protocol;

namespace EdgeGateway.Gateway;

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

    /// <summary>Opens every cuff's valves. Needs no session, and goes to every pod that takes commands, whatever it says of itself.</summary>
    /// <returns>How many pods were told.</returns>
    public int StopCuffs() => Command(PodCommand.StopCuff, [], onlyCuffs: false);

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

    private bool Command(Pod pod, byte command, byte[] body)
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
        _server.Publish(new MqttMessage { Topic = Topics.Command(pod.DeviceId), Payload = message, Qos = MqttQos.AtLeastOnce }, 0, _context.NowUs);
        return true;
    }

    /// <summary>Reads <c>{"category":"adult","cuffSize":"adult","cuffOnOximeterArm":false}</c>.</summary>
    /// <param name="root">The object.</param>
    /// <param name="patient">Who.</param>
    /// <returns>Null, or what is wrong.</returns>
    internal static string? TryPatient(JsonElement root, out CuffPatient patient)
    {
        patient = default;
        int category = Word(root, "category", Categories);
        int size = Word(root, "cuffSize", CuffSizes);
        if (category < 1 || size < 1)
        {
            return category < 1 ? "category is adult or pediatric" : "cuffSize is smallAdult, adult, largeAdult or child";
        }

        bool same = root.TryGetProperty("cuffOnOximeterArm", out JsonElement arm) && arm.ValueKind == JsonValueKind.True;
        patient = new CuffPatient((PatientCategory)category, (CuffSize)size, same);
        return null;
    }

    private static int Word(JsonElement root, string name, string[] words) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? Array.IndexOf(words, value.GetString()) : -1;

    private void OnCuffCommand(ReadOnlyMemory<byte> payload)
    {
        SessionRequest request = SessionRequest.Read(payload);
        if (!Names.IsValid(request.Id))
        {
            _context.Log("G2310", "a cuff command without a valid id: " + (request.Problem ?? "id is 1 to 64 of A-Z a-z 0-9 '_' '-'"));
            return;
        }

        string id = request.Id!;
        string session = request.Session ?? string.Empty;
        string command = request.Command ?? string.Empty;
        string? problem = request.Problem;
        SessionResult result = default;
        if (problem is null)
        {
            using JsonDocument document = JsonDocument.Parse(payload, new JsonDocumentOptions { MaxDepth = 8 });
            switch (command)
            {
                case "patient":
                    problem = TryPatient(document.RootElement, out CuffPatient patient);
                    result = problem is null ? SetPatient(session, patient) : default;
                    break;
                case "start":
                    result = StartCuff(session);
                    break;
                case "stop":
                    StopCuffs();
                    break;
                case "test":
                    bool off = document.RootElement.TryGetProperty("cuffOffTheArm", out JsonElement word) && word.ValueKind == JsonValueKind.True;
                    problem = off ? null : "cuffOffTheArm must be true: the self test inflates beyond what an arm may feel";
                    result = off ? TestCuff() : default;
                    break;
                default:
                    problem = "command is \"patient\", \"start\", \"stop\" or \"test\"";
                    break;
            }
        }

        Reply(id, session, command, problem is null ? result.Code : "G2310", problem ?? result.Text ?? string.Empty, null, request);
    }
}
