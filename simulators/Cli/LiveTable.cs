using System;
using System.Globalization;
using Simulators.Cart.Ledger;
using Simulators.Cart.Scenario;
using Simulators.Cart.World;
using Simulators.Kernel;
using Spectre.Console;

namespace Simulators.Cli;

/// <summary>
/// What is going on, once a second: a table that redraws itself on a terminal, plain lines every five seconds elsewhere. It is driven by the
/// world's own kernel, so it needs no lock.
/// </summary>
internal sealed class LiveTable : IDisposable
{
    private const long TablePeriodUs = 1_000_000;
    private const long LinePeriodUs = 5_000_000;

    private readonly CommandContext _here;
    private readonly SimulatedWorld _world;
    private readonly bool _onTerminal;
    private readonly KernelTimer _timer;
    private readonly IAnsiConsole? _console;
    private int _drawnLines;

    public LiveTable(CommandContext here, SimulatedWorld world, RunRequest request)
    {
        _here = here;
        _world = world;
        _onTerminal = request.Table && ReferenceEquals(here.Output, Console.Out) && !Console.IsOutputRedirected && !request.Json;
        _timer = new KernelTimer(world.Kernel, Tick);
        _console = _onTerminal ? AnsiConsole.Console : null;
    }

    public void Begin() => _timer.Set(_world.Kernel.NowUs + Period);

    public void End()
    {
        _timer.Stop();
        if (_onTerminal)
        {
            Draw();
        }
    }

    public void Dispose() => _timer.Stop();

    private long Period => _onTerminal ? TablePeriodUs : LinePeriodUs;

    private void Tick()
    {
        if (_onTerminal)
        {
            Draw();
        }
        else
        {
            long delivered = 0;
            foreach (SubscriberLedger subscriber in _world.Ledger.Subscribers)
            {
                delivered += subscriber.Received;
            }

            long produced = 0;
            foreach (StreamDeliveries stream in _world.Ledger.AllStreams)
            {
                produced += stream.Count;
            }

            _here.Diagnostics.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{_world.Kernel.NowUs / 1e6,6:0} s  produced {produced}  delivered {delivered}"));
        }

        _timer.Set(_world.Kernel.NowUs + Period);
    }

    private void Draw()
    {
        Table table = new Table().Border(TableBorder.Rounded).Title(Markup.Escape(
            string.Create(CultureInfo.InvariantCulture, $"{_world.Scenario.Name}, {_world.Kernel.NowUs / 1e6:0} of {_world.Scenario.DurationUs / 1e6:0} s")));
        table.AddColumns("device", "boot", "stream", "produced", "delivered", "declared lost");
        int rows = 0;
        foreach (StreamDeliveries stream in _world.Ledger.AllStreams)
        {
            (int delivered, int lost) = Count(stream);
            table.AddRow(
                Firmware.Protocol.Topics.DeviceText(stream.First.Device),
                stream.First.Boot.ToString(CultureInfo.InvariantCulture),
                ScenarioWords.StreamName(stream.First.Stream) ?? stream.First.Stream.ToString(CultureInfo.InvariantCulture),
                stream.Count.ToString(CultureInfo.InvariantCulture),
                delivered.ToString(CultureInfo.InvariantCulture),
                lost.ToString(CultureInfo.InvariantCulture));
            rows++;
        }

        if (_drawnLines > 0)
        {
            _console!.Cursor.MoveUp(_drawnLines);
        }

        _console!.Write(table);
        _drawnLines = rows + 5;
    }

    private static (int Delivered, int Lost) Count(StreamDeliveries stream)
    {
        int delivered = 0;
        int lost = 0;
        for (uint sequence = 1; sequence <= stream.Count; sequence++)
        {
            ReadingFate fate = stream.FateOf(sequence);
            delivered += fate.HasFlag(ReadingFate.Delivered) ? 1 : 0;
            lost += fate.HasFlag(ReadingFate.GapDelivered) ? 1 : 0;
        }

        return (delivered, lost);
    }
}
