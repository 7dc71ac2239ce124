using System.Collections.Generic;
using System.Linq;
using Firmware.Protocol;
using Simulators.Network;
using Simulators.Patient;
using Simulators.Peers;

namespace Simulators.Cart.Scenario;

/// <summary>A scenario for simulated carts, as it stands in a scenario file. simulators/Scenarios/README.md describes the file.</summary>
public sealed record ScenarioDefinition
{
    /// <summary>Most carts in one scenario.</summary>
    public const int MaxCarts = 16;

    /// <summary>Most pods of one cart.</summary>
    public const int MaxPods = 16;

    /// <summary>Most subscribers of one cart.</summary>
    public const int MaxSubscribers = 16;

    /// <summary>Most events on the timeline.</summary>
    public const int MaxEvents = 1000;

    /// <summary>Longest scenario file, bytes.</summary>
    public const int MaxFileLength = 256 * 1024;

    /// <summary>Longest scenario, µs (24 h).</summary>
    public const long MaxDurationUs = 24L * 3600 * 1_000_000;

    /// <summary>Name: 1 to 64 of a-z, 0-9 and '-'.</summary>
    public required string Name { get; init; }

    /// <summary>What it shows, one sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>The seed used unless the command line names another.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>How long it runs, µs.</summary>
    public required long DurationUs { get; init; }

    /// <summary>The carts, in order.</summary>
    public required IReadOnlyList<CartDefinition> Carts { get; init; }

    /// <summary>What happens, by time.</summary>
    public IReadOnlyList<TimelineEvent> Timeline { get; init; } = [];

    /// <summary>What must have come out at the end.</summary>
    public required Expectations Expect { get; init; }
}

/// <summary>One cart.</summary>
public sealed record CartDefinition
{
    /// <summary>The cart's name in topics.</summary>
    public required string Id { get; init; }

    /// <summary>Its gateway.</summary>
    public GatewayDefinition Gateway { get; init; } = new();

    /// <summary>False: the embedded endpoint; true: a broker elsewhere on the simulated network.</summary>
    public bool ExternalBroker { get; init; }

    /// <summary>How the external broker behaves; null for a plain one.</summary>
    public BrokerDefinition? Broker { get; init; }

    /// <summary>From pods to the gateway.</summary>
    public PathQuality PodNetwork { get; init; } = new() { LatencyUs = 2000, JitterUs = 1000 };

    /// <summary>From the gateway to the external broker.</summary>
    public PathQuality UplinkNetwork { get; init; } = new() { LatencyUs = 15_000, JitterUs = 5000 };

    /// <summary>From subscribers to where the session is published.</summary>
    public PathQuality SessionNetwork { get; init; } = new() { LatencyUs = 15_000, JitterUs = 5000 };

    /// <summary>Its pods.</summary>
    public required IReadOnlyList<PodDefinition> Pods { get; init; }

    /// <summary>Its consultations, in order of opening.</summary>
    public IReadOnlyList<SessionDefinition> Sessions { get; init; } = [];

    /// <summary>Who listens.</summary>
    public IReadOnlyList<SubscriberDefinition> Subscribers { get; init; } = [];
}

/// <summary>An external broker with the habits of real ones.</summary>
public sealed record BrokerDefinition
{
    /// <summary>Most entries of each of its lists.</summary>
    public const int MaxEntries = 64;

    /// <summary>How it behaves.</summary>
    public BrokerHabits Habits { get; init; } = new();

    /// <summary>What it has retained before the scenario begins.</summary>
    public IReadOnlyList<BrokerMessage> Retained { get; init; } = [];
}

/// <summary>A gateway's machine.</summary>
public sealed record GatewayDefinition
{
    /// <summary>Its crystal, ppb too fast.</summary>
    public int DriftPpb { get; init; }

    /// <summary>True when its machine knows UTC from the start.</summary>
    public bool Synchronised { get; init; } = true;

    /// <summary>Half the width of what it knows of UTC, µs.</summary>
    public long UtcUncertaintyUs { get; init; } = 4000;

    /// <summary>How long a sync of the disk takes, µs.</summary>
    public long DiskSyncUs { get; init; } = 3000;

    /// <summary>Size of the disk, bytes.</summary>
    public long DiskBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>Most messages published and not yet durably marked as sent.</summary>
    public int Window { get; init; } = 32;
}

/// <summary>A pod.</summary>
public sealed record PodDefinition
{
    /// <summary>Its name in the scenario.</summary>
    public required string Id { get; init; }

    /// <summary>Its EUI-64.</summary>
    public required ulong DeviceId { get; init; }

    /// <summary>When its power comes on, µs.</summary>
    public long BootUs { get; init; }

    /// <summary>Its crystal, ppb too fast.</summary>
    public int DriftPpb { get; init; }

    /// <summary>False when it sends nothing of its own health, see <c>PodOptions.SendsHealth</c>.</summary>
    public bool SendsHealth { get; init; } = true;

    /// <summary>How long its loop stands still at each connection, for the TLS handshake, µs; 0 for plain TCP.</summary>
    public long HandshakeUs { get; init; } = Simulators.Cart.Pod.SimulatedM2Mqtt.UsualHandshakeUs;

    /// <summary>The chips that are soldered or plugged to it.</summary>
    public IReadOnlyList<PodPart> Chips { get; init; } = [PodPart.Tmp117, PodPart.Max30102];

    /// <summary>The chips that are there when the power comes on: a subset of <see cref="Chips"/>.</summary>
    public IReadOnlyList<PodPart> PluggedAtStart { get; init; } = [PodPart.Tmp117, PodPart.Max30102];

    /// <summary>True when it has a cuff, built-in or of an OEM module.</summary>
    public bool HasCuff => Chips.Contains(PodPart.Mprls0300) || Chips.Contains(PodPart.SunTechNibp);

    /// <summary>The pulse of whoever has a finger on it.</summary>
    public SyntheticPulseOptions Pulse { get; init; } = new();

    /// <summary>A recording in place of the synthetic pulse, as the file names it, or null.</summary>
    public string? Recording { get; init; }

    /// <summary>Light in place of both, laid on the world's time already, or null; not in scenario files.</summary>
    public IPatientLight? Light { get; init; }

    /// <summary>True when red and infrared are exchanged on this pod's oximeter board.</summary>
    public bool ChannelsSwapped { get; init; }

    /// <summary>The arm that the cuff is laid on.</summary>
    public CuffedArmOptions Arm { get; init; } = new();

    /// <summary>True when the cuff is on the arm that wears the oximeter.</summary>
    public bool IsCuffOnOximeterArm { get; init; }

    /// <summary>
    /// Pressure at the cuff's sensor in place of the simulated cuff's, µmmHg, by world time and whether the dump valve is held; null from it for the simulated
    /// cuff's. Not in scenario files.
    /// </summary>
    public System.Func<long, bool, long?>? CuffPressure { get; init; }

    /// <summary>Repetitions of a measurement at most, or null as shipped; not in scenario files.</summary>
    public int? CuffRepeats { get; init; }

    /// <summary>The first target of the cuff, hundredths of mmHg, or null as shipped; not in scenario files.</summary>
    public int? CuffTargetCentiMmHg { get; init; }

    /// <summary>The voltage at the stethoscope's converter, nV at true ns, in place of the chest; not in scenario files.</summary>
    public System.Func<long, long>? SoundNanoVolt { get; init; }

    /// <summary>How the chest sounds under the stethoscope.</summary>
    public ChestSoundOptions Chest { get; init; } = new();

    /// <summary>The pod's publishing threshold for what it makes of light, 0 to 100, or null as shipped.</summary>
    public int? MinPulseQuality { get; init; }

    /// <summary>The pod's curve from R to SpO2, or null as shipped.</summary>
    public Firmware.Signals.Optical.SaturationCurve? Curve { get; init; }

    /// <summary>When the finger is laid on, µs.</summary>
    public long FingerOnUs { get; init; }

    /// <summary>Room temperature, m°C.</summary>
    public int AmbientMilliCelsius { get; init; } = 22_000;

    /// <summary>Temperature of the patient where the sensor touches, m°C.</summary>
    public int PatientMilliCelsius { get; init; } = 34_200;

    /// <summary>When the thermometer is laid on, µs.</summary>
    public long TouchUs { get; init; } = 2_000_000;
}

/// <summary>A consultation.</summary>
/// <param name="Id">Its name.</param>
/// <param name="OpenUs">When it is opened, µs.</param>
/// <param name="CloseUs">When it is closed, µs; <see cref="long.MaxValue"/> for never.</param>
public sealed record SessionDefinition(string Id, long OpenUs, long CloseUs);

/// <summary>Someone who listens to a session.</summary>
public sealed record SubscriberDefinition
{
    /// <summary>Its name.</summary>
    public required string Id { get; init; }

    /// <summary>The session it listens to.</summary>
    public required string Session { get; init; }

    /// <summary>When it connects, µs.</summary>
    public long ConnectUs { get; init; }

    /// <summary>True when it sends receipts.</summary>
    public bool Receipts { get; init; } = true;

    /// <summary>True when it listens to live sound and reports how it arrives.</summary>
    public bool Listens { get; init; }
}

/// <summary>One thing that happens.</summary>
/// <param name="AtUs">When, µs.</param>
/// <param name="Fault">What.</param>
/// <param name="Cart">Index of the cart.</param>
/// <param name="Target">Index of the pod or subscriber, -1 when the fault has none.</param>
/// <param name="Part">The part, for a fault that takes one.</param>
/// <param name="ForUs">How long, µs; <see cref="long.MaxValue"/> for until the end.</param>
/// <param name="Amount">The fault's parameter, scaled; 0 when it has none.</param>
public sealed record TimelineEvent(long AtUs, ScenarioFault Fault, int Cart, int Target, PodPart Part, long ForUs, long Amount);

/// <summary>An absence that must have been published.</summary>
/// <param name="Cart">Index of the cart.</param>
/// <param name="Pod">Index of the pod.</param>
/// <param name="Stream">The stream.</param>
/// <param name="Reason">The reason.</param>
/// <param name="AtLeast">How often at least.</param>
public sealed record ExpectedAbsence(int Cart, int Pod, int Stream, Firmware.Core.AbsenceReason Reason, int AtLeast);

/// <summary>A value that must have been the last of its stream.</summary>
/// <param name="Cart">Index of the cart.</param>
/// <param name="Pod">Index of the pod.</param>
/// <param name="Stream">The stream.</param>
/// <param name="Low">Lowest, in the stream's unit.</param>
/// <param name="High">Highest, in the stream's unit.</param>
/// <param name="Status">Bits of <see cref="Firmware.Protocol.BloodPressureStatus"/> that it must have.</param>
public sealed record ExpectedValue(int Cart, int Pod, int Stream, double Low, double High, int Status);

/// <summary>A coded event that must have been made by a pod.</summary>
/// <param name="Cart">Index of the cart.</param>
/// <param name="Pod">Index of the pod.</param>
/// <param name="Code">The code's number.</param>
/// <param name="AtLeast">How often at least; 0: never.</param>
public sealed record ExpectedEvent(int Cart, int Pod, int Code, int AtLeast);

/// <summary>What a cuff's true bladder pressure must be, whatever the pod says of it.</summary>
/// <param name="Cart">Index of the cart.</param>
/// <param name="Pod">Index of the pod.</param>
/// <param name="HeldUs">At this time it is 15 mmHg or more, µs; -1 for not asked.</param>
/// <param name="EmptyFromUs">From this time on it is below 15 mmHg, µs; -1 for not asked.</param>
/// <param name="EmptyUntilUs">Up to this time, µs.</param>
/// <param name="StoppedWithinUs">Each stop of this cuff has opened its dump valve after this time, µs; -1 for not asked.</param>
public sealed record ExpectedCuff(int Cart, int Pod, long HeldUs, long EmptyFromUs, long EmptyUntilUs, long StoppedWithinUs = -1);

/// <summary>A time in which a pod binds nothing: no frame of an epoch has its first sample then.</summary>
/// <param name="Cart">Index of the cart.</param>
/// <param name="Pod">Index of the pod.</param>
/// <param name="FromUs">From this time on, µs.</param>
/// <param name="UntilUs">Up to this time, µs.</param>
public sealed record ExpectedUnbound(int Cart, int Pod, long FromUs, long UntilUs);

/// <summary>What must have come of live sound at a subscriber that listens.</summary>
/// <param name="Cart">Index of the cart.</param>
/// <param name="MinChunks">Fewest live chunks received.</param>
/// <param name="Lowest">The most reduced step that was heard of.</param>
/// <param name="AtEnd">The step at the end.</param>
/// <param name="MaxDelayP95Us">Longest time from a chunk's first sample to its arrival, 95th percentile, µs; <see cref="long.MaxValue"/> for any.</param>
public sealed record ExpectedSound(int Cart, int MinChunks, EdgeGateway.Core.Sound.ListeningStep Lowest, EdgeGateway.Core.Sound.ListeningStep AtEnd, long MaxDelayP95Us);

/// <summary>A clip as its retained message must say at the end.</summary>
/// <param name="Cart">Index of the cart.</param>
/// <param name="Clip">Its name, "c" and a number.</param>
/// <param name="State">The word of its state.</param>
/// <param name="IsDelivered">True when every frame of it must have been delivered.</param>
/// <param name="Verdict">The word on the recording; empty for any.</param>
public sealed record ExpectedClip(int Cart, string Clip, string State, bool IsDelivered, string Verdict);

/// <summary>
/// What must have come out. Without being asked for, every run must end with produced = delivered + pending + gaps + kept, no reading
/// changed on its way, and no order violation.
/// </summary>
public sealed record Expectations
{
    /// <summary>Fewest readings delivered to subscribers, each counted once.</summary>
    public required long MinDelivered { get; init; }

    /// <summary>Most readings that a subscriber received more than once.</summary>
    public long MaxDuplicates { get; init; }

    /// <summary>Most readings still under way at the end.</summary>
    public long MaxPending { get; init; }

    /// <summary>Fewest readings still under way at the end.</summary>
    public long MinPending { get; init; }

    /// <summary>Most readings declared lost.</summary>
    public long MaxGapReadings { get; init; }

    /// <summary>Fewest readings declared lost.</summary>
    public long MinGapReadings { get; init; }

    /// <summary>Most readings declared lost to the gateway alone.</summary>
    public long MaxGapsKept { get; init; }

    /// <summary>Longest time from measurement to delivery, 99th percentile, µs; <see cref="long.MaxValue"/> for any.</summary>
    public long MaxLatencyP99Us { get; init; } = long.MaxValue;

    /// <summary>Fewest readings published without a UTC, as unsynchronised.</summary>
    public long MinUnsynchronised { get; init; }

    /// <summary>Fewest readings published again with a better time.</summary>
    public long MinCorrections { get; init; }

    /// <summary>Absences that must have been published.</summary>
    public IReadOnlyList<ExpectedAbsence> Absences { get; init; } = [];

    /// <summary>Values that must have been published last.</summary>
    public IReadOnlyList<ExpectedValue> Values { get; init; } = [];

    /// <summary>Coded events that must have been made.</summary>
    public IReadOnlyList<ExpectedEvent> Events { get; init; } = [];

    /// <summary>Times at which a cuff must hold true pressure, or hold none.</summary>
    public IReadOnlyList<ExpectedCuff> Cuffs { get; init; } = [];

    /// <summary>Times in which a pod binds nothing.</summary>
    public IReadOnlyList<ExpectedUnbound> Unbound { get; init; } = [];

    /// <summary>What must have come of live sound.</summary>
    public IReadOnlyList<ExpectedSound> Sound { get; init; } = [];

    /// <summary>Clips as they must stand at the end.</summary>
    public IReadOnlyList<ExpectedClip> Clips { get; init; } = [];
}
