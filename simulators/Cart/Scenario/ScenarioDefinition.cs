using System.Collections.Generic;
using Simulators.Network;
using Simulators.Patient;
using Simulators.Peers;

namespace Simulators.Cart.Scenario;

/// <summary>A story for simulated carts, as it stands in a scenario file. simulators/Scenarios/README.md describes the file.</summary>
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

    /// <summary>Longest story, µs (24 h).</summary>
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
    public required IReadOnlyList<CartStory> Carts { get; init; }

    /// <summary>What happens, by time.</summary>
    public IReadOnlyList<TimelineEvent> Timeline { get; init; } = [];

    /// <summary>What must have come out at the end.</summary>
    public required Expectations Expect { get; init; }
}

/// <summary>One cart.</summary>
public sealed record CartStory
{
    /// <summary>The cart's name in topics.</summary>
    public required string Id { get; init; }

    /// <summary>Its gateway.</summary>
    public GatewayStory Gateway { get; init; } = new();

    /// <summary>False: the embedded endpoint; true: a broker elsewhere on the simulated network.</summary>
    public bool ExternalBroker { get; init; }

    /// <summary>How the external broker behaves; null for a plain one.</summary>
    public BrokerStory? Broker { get; init; }

    /// <summary>From pods to the gateway.</summary>
    public PathQuality PodNetwork { get; init; } = new() { LatencyUs = 2000, JitterUs = 1000 };

    /// <summary>From the gateway to the external broker.</summary>
    public PathQuality UplinkNetwork { get; init; } = new() { LatencyUs = 15_000, JitterUs = 5000 };

    /// <summary>From subscribers to where the session is published.</summary>
    public PathQuality SessionNetwork { get; init; } = new() { LatencyUs = 15_000, JitterUs = 5000 };

    /// <summary>Its pods.</summary>
    public required IReadOnlyList<PodStory> Pods { get; init; }

    /// <summary>Its consultations, in order of opening.</summary>
    public IReadOnlyList<SessionStory> Sessions { get; init; } = [];

    /// <summary>Who listens.</summary>
    public IReadOnlyList<SubscriberStory> Subscribers { get; init; } = [];
}

/// <summary>An external broker with the habits of real ones.</summary>
public sealed record BrokerStory
{
    /// <summary>Most entries of each of its lists.</summary>
    public const int MaxEntries = 64;

    /// <summary>How it behaves.</summary>
    public BrokerHabits Habits { get; init; } = new();

    /// <summary>What it has retained before the story begins.</summary>
    public IReadOnlyList<BrokerMessage> Retained { get; init; } = [];
}

/// <summary>A gateway's machine.</summary>
public sealed record GatewayStory
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
public sealed record PodStory
{
    /// <summary>Its name in the scenario.</summary>
    public required string Id { get; init; }

    /// <summary>Its EUI-64.</summary>
    public required ulong DeviceId { get; init; }

    /// <summary>When its power comes on, µs.</summary>
    public long BootUs { get; init; }

    /// <summary>Its crystal, ppb too fast.</summary>
    public int DriftPpb { get; init; }

    /// <summary>The chips that are soldered or plugged to it.</summary>
    public IReadOnlyList<ChipKind> Chips { get; init; } = [ChipKind.Tmp117, ChipKind.Max30102];

    /// <summary>The chips that are there when the power comes on: a subset of <see cref="Chips"/>.</summary>
    public IReadOnlyList<ChipKind> PluggedAtStart { get; init; } = [ChipKind.Tmp117, ChipKind.Max30102];

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
    public int? LeastPulseQuality { get; init; }

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
public sealed record SessionStory(string Id, long OpenUs, long CloseUs);

/// <summary>Someone who listens to a session.</summary>
public sealed record SubscriberStory
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

/// <summary>The chips that the simulator has.</summary>
public enum ChipKind
{
    /// <summary>Contact thermometer.</summary>
    Tmp117,

    /// <summary>Pulse oximeter front end.</summary>
    Max30102,

    /// <summary>Cuff pressure sensor, with pump, valves and cuff.</summary>
    Mprls0300,

    /// <summary>The stethoscope's converter; it is wired, not plugged.</summary>
    Pcm1808,

    /// <summary>An OEM module for blood pressure, with its own pump, valves and cuff; it is wired, not plugged.</summary>
    SunTechNibp,
}

/// <summary>What can happen on the timeline.</summary>
public enum TimelineAction
{
    /// <summary>A chip loses its plug; it comes back after the time given, if one is given.</summary>
    UnplugChip,

    /// <summary>A pod loses its power and boots again after the time given.</summary>
    CutPodPower,

    /// <summary>A pod's way to the gateway goes silent.</summary>
    CutPodNetwork,

    /// <summary>A pod's connections are reset once.</summary>
    ResetPodConnection,

    /// <summary>The gateway's process is killed; its system lives on; it starts again after the time given.</summary>
    KillGateway,

    /// <summary>The gateway's machine loses its power: its disk keeps what was synced, with any part of the rest; it starts again after the time given.</summary>
    CutGatewayPower,

    /// <summary>The gateway is stopped cleanly and starts again after the time given.</summary>
    RestartGateway,

    /// <summary>The gateway's disk is slow for the time given.</summary>
    SlowDisk,

    /// <summary>The external broker's process is stopped; it keeps its sessions; it starts again after the time given.</summary>
    StopBroker,

    /// <summary>The way to the external broker goes silent for the time given.</summary>
    CutUplink,

    /// <summary>The subscribers' way goes silent for the time given.</summary>
    CutSession,

    /// <summary>A subscriber goes away without a word and connects again after the time given.</summary>
    StopSubscriber,

    /// <summary>The gateway's machine learns UTC.</summary>
    SynchroniseClock,

    /// <summary>The finger is taken off the sensor; it is laid on again after the time given, if one is given.</summary>
    FingerOff,

    /// <summary>The finger moves on the sensor for the time given.</summary>
    Motion,

    /// <summary>Light from outside, too much to be cancelled, for the time given.</summary>
    AmbientLight,

    /// <summary>Something shiny lies on the sensor for the time given.</summary>
    Glare,

    /// <summary>The finger is cold for the time given; a recording has no such finger and stays as it is.</summary>
    ColdFinger,

    /// <summary>The nurse says who is measured, once per session: an adult, an adult's cuff, on the arm that the story names.</summary>
    SetPatient,

    /// <summary>The nurse takes the cuff off the arm and begins its self test.</summary>
    TestCuff,

    /// <summary>The nurse lays the cuff on and begins a measurement.</summary>
    StartCuff,

    /// <summary>The nurse stops the cuff.</summary>
    StopCuff,

    /// <summary>The cuff has a large leak.</summary>
    CuffLeak,

    /// <summary>The hose between cuff and sensor is kinked.</summary>
    CuffKink,

    /// <summary>The cuff's hose is pulled out.</summary>
    CuffOff,

    /// <summary>The pod's program hangs; its outputs stay as they are. At the end the pod is switched off and on.</summary>
    HangPod,

    /// <summary>The nurse lets the stethoscope be heard, at the site where it sits; at the end no more.</summary>
    Listen,

    /// <summary>The nurse presses the button: a clip of 15 s, 5 s before it.</summary>
    RecordClip,

    /// <summary>The chestpiece is lifted off the skin.</summary>
    LiftChestpiece,

    /// <summary>The stethoscope's cable is loose.</summary>
    CableLoose,

    /// <summary>The converter's clocks stand still.</summary>
    ClockLost,

    /// <summary>It is loud in the room.</summary>
    RoomNoise,

    /// <summary>A hand rubs on the chestpiece.</summary>
    Rub,

    /// <summary>The subscribers' way carries only so much, kB/s.</summary>
    ThinSession,
}

/// <summary>One thing that happens.</summary>
/// <param name="AtUs">When, µs.</param>
/// <param name="Action">What.</param>
/// <param name="Cart">Index of the cart.</param>
/// <param name="Target">Index of the pod or subscriber, -1 when the action has none.</param>
/// <param name="Chip">The chip, for <see cref="TimelineAction.UnplugChip"/>.</param>
/// <param name="ForUs">How long, µs; <see cref="long.MaxValue"/> for until the end.</param>
/// <param name="Amount">The new sync time of a slow disk, µs; 0 otherwise.</param>
public sealed record TimelineEvent(long AtUs, TimelineAction Action, int Cart, int Target, ChipKind Chip, long ForUs, long Amount);

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
public sealed record ExpectedCuff(int Cart, int Pod, long HeldUs, long EmptyFromUs, long EmptyUntilUs);

/// <summary>What must have come of live sound at a subscriber that listens.</summary>
/// <param name="Cart">Index of the cart.</param>
/// <param name="MinPieces">Fewest live pieces received.</param>
/// <param name="Lowest">The most reduced step that was heard of.</param>
/// <param name="AtEnd">The step at the end.</param>
/// <param name="MaxDelayP95Us">Longest time from a piece's first sample to its arrival, 95th percentile, µs; <see cref="long.MaxValue"/> for any.</param>
public sealed record ExpectedSound(int Cart, int MinPieces, EdgeGateway.Core.Sound.ListeningStep Lowest, EdgeGateway.Core.Sound.ListeningStep AtEnd, long MaxDelayP95Us);

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

    /// <summary>What must have come of live sound.</summary>
    public IReadOnlyList<ExpectedSound> Sound { get; init; } = [];

    /// <summary>Clips as they must stand at the end.</summary>
    public IReadOnlyList<ExpectedClip> Clips { get; init; } = [];
}
