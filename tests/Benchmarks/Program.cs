using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Benchmarks;

// cart-bench sound [--rounds N] measures the analysis of sound alone, cart-bench link [--rounds N] live sound over a simulated way,
// cart-bench reading-cost [--rounds N] [--count N] what one reading costs the gateway in bytes allocated and CPU.
// cart-bench clients [--rounds N] [--count N] the uplink's two MQTT clients beside each other.
// cart-bench pod-operations counts the IL instructions that the pod executes, per signal and in its worst step.
// cart-bench [--rounds N] [--count N] [--memory N]: the table goes to stdout, progress to stderr. Exit 0 measured or skipped with the reason, 2 usage.
const int Done = 0, Usage = 2;
const int SlowQueue = 1_000;

int rounds = 3, count = 30_000, memory = 100_000;
bool soundOnly = args is ["sound", ..];
bool linkOnly = args is ["link", ..];
if (args is ["pod-operations", ..])
{
    if (args.Length > 1)
    {
        return await RefuseAsync("pod-operations takes nothing: its count is the same each time").ConfigureAwait(false);
    }

    await PodOperations.RunAsync().ConfigureAwait(false);
    return Done;
}

bool costOnly = args is ["reading-cost", ..];
if (costOnly)
{
    (rounds, count) = (ReadingCostBench.DefaultRounds, ReadingCostBench.DefaultCount);
}

bool clientsOnly = args is ["clients", ..];
if (clientsOnly)
{
    (rounds, count) = (ClientBench.DefaultRounds, ClientBench.DefaultCount);
}

for (int i = soundOnly || linkOnly || costOnly || clientsOnly ? 1 : 0; i < args.Length; i += 2)
{
    if (i + 1 == args.Length || !int.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out int value) || value is < 1 or > 10_000_000)
    {
        return await RefuseAsync(args[i] + " needs a number from 1 to 10,000,000").ConfigureAwait(false);
    }

    switch (args[i])
    {
        case "--rounds":
            rounds = value;
            break;
        case "--count":
            count = value;
            break;
        case "--memory":
            memory = value;
            break;
        default:
            return await RefuseAsync(args[i] + " is unknown").ConfigureAwait(false);
    }
}

if (linkOnly)
{
    await LinkBench.RunAsync(rounds).ConfigureAwait(false);
    return Done;
}

if (costOnly)
{
    await ReadingCostBench.RunAsync(rounds, count).ConfigureAwait(false);
    return Done;
}

if (clientsOnly && ChildProcess.Find("mosquitto") is not null)
{
    await ClientBench.RunAsync(rounds, count).ConfigureAwait(false);
    return Done;
}

if (soundOnly)
{
    await SoundBench.RunAsync(rounds).ConfigureAwait(false);
    return Done;
}

string? missing = !OperatingSystem.IsLinux() ? "processes are measured through /proc, which only Linux has"
    : ChildProcess.Find("mosquitto") is null ? "mosquitto is not installed; Debian's package is mosquitto"
    : !File.Exists(GatewayContestant.Program) ? "cart-gateway is not built beside this program: " + GatewayContestant.Program
    : null;
if (missing is not null)
{
    await Console.Out.WriteLineAsync("skipped: " + missing).ConfigureAwait(false);
    return Done;
}

Contestant[] contestants =
[
    new GatewayContestant(),
    new BridgeContestant("mosquitto bridge, default autosave", int.MaxValue),
    new BridgeContestant("the same, saving at 1,000 changes", int.MaxValue, "autosave_interval 1000", "autosave_on_changes true"),
    new BridgeContestant("the same, saving at each change", SlowQueue, "autosave_interval 1", "autosave_on_changes true"),
];
Figures[] figures = [.. contestants.Select(static c => new Figures(c.Name))];
List<string> notes = [];
bool canTrace = ChildProcess.Find("strace") is not null;
if (!canTrace)
{
    notes.Add("Syncs are not counted: strace is not installed.");
}

long began = TimeProvider.System.GetTimestamp();
string loadBefore = Load();
for (int round = 0; round < rounds; round++)
{
    // They take turns, and each round another one begins.
    for (int turn = 0; turn < contestants.Length; turn++)
    {
        int who = (round + turn) % contestants.Length;
        Contestant contestant = contestants[who];
        int n = Math.Min(count, contestant.MaxQueued);
        await MeasureAsync(contestant, "outage", () => Passes.OutageAsync(contestant, n, figures[who])).ConfigureAwait(false);
        await MeasureAsync(contestant, "kill", () => Passes.KillAsync(contestant, n, figures[who])).ConfigureAwait(false);
        await MeasureAsync(contestant, "full messages", () => Passes.FullMessagesAsync(contestant, n, figures[who])).ConfigureAwait(false);
    }
}

for (int who = 0; who < contestants.Length; who++)
{
    Contestant contestant = contestants[who];
    int n = Math.Min(count, contestant.MaxQueued);
    Figures own = figures[who];
    if (canTrace)
    {
        await MeasureAsync(contestant, "syncs", () => Passes.SyncsAsync(contestant, n, 1, Row.Syncs, own)).ConfigureAwait(false);
        await MeasureAsync(contestant, "syncs, full messages", () => Passes.SyncsAsync(contestant, n, Readings.PerFullMessage, Row.SyncsFull, own)).ConfigureAwait(false);
    }

    // A bridge that saves on changes has the same queue in memory; to fill it would only take longer.
    if (who <= 1)
    {
        await MeasureAsync(contestant, "memory", () => Passes.MemoryAsync(contestant, memory, own)).ConfigureAwait(false);
    }
}

await Console.Out.WriteLineAsync(Figures.Table(figures)).ConfigureAwait(false);
await Console.Out.WriteLineAsync(string.Create(
    CultureInfo.InvariantCulture,
    $"{rounds} rounds of {count:#,0} readings ({SlowQueue:#,0} in the last column); {Environment.ProcessorCount} processors, load {loadBefore} before and {Load()} after, {TimeProvider.System.GetElapsedTime(began).TotalSeconds:0} s in all.")).ConfigureAwait(false);
foreach (string note in notes)
{
    await Console.Out.WriteLineAsync(note).ConfigureAwait(false);
}

return Done;

async Task MeasureAsync(Contestant contestant, string pass, Func<Task> run)
{
    await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{TimeProvider.System.GetElapsedTime(began).TotalSeconds,5:0} s  {contestant.Name}: {pass}")).ConfigureAwait(false);
    try
    {
        await run().ConfigureAwait(false);
    }
    catch (Exception e) when (e is InvalidOperationException or TimeoutException or IOException or OperationCanceledException)
    {
        // A pass that fails leaves its figures out and is named under the table; the others still count.
        notes.Add($"{contestant.Name}, {pass}: no figure, {e.Message}");
    }
}

static string Load() => File.ReadAllText("/proc/loadavg").Split(' ')[0];

static async Task<int> RefuseAsync(string why)
{
    await Console.Error.WriteLineAsync(why + "\nusage: cart-bench [sound | link | reading-cost | pod-operations] [--rounds N] [--count N] [--memory N]\nTry: cart-bench --rounds 3 --count 30000").ConfigureAwait(false);
    return Usage;
}
