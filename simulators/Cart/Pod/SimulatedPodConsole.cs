using System;
using System.Text;
using Firmware.Core;
using Firmware.Pod;
using Firmware.Pod.Configuration;
using Firmware.Pod.Console;
using Firmware.Pod.Start;

namespace Simulators.Cart.Pod;

/// <summary>
/// What the board's program does around the pod's loop with configuration and console, for a simulated board: the same classes, put together as firmware/Esp32/Program.cs does.
/// </summary>
public sealed class SimulatedPodConsole
{
    private readonly byte[] _mac;
    private StartGuard _guard;
    private IByteStore _store;
    private ServiceConsole? _console;
    private ConsoleServices? _services;
    private StopPanel _button = new();

    /// <summary>Makes a board whose power is off.</summary>
    /// <param name="port">The console's line.</param>
    /// <param name="store">The board's store.</param>
    /// <param name="mac">The chip's MAC, six bytes.</param>
    public SimulatedPodConsole(IConsolePort port, IByteStore store, byte[] mac)
    {
        Port = port;
        _store = store;
        _mac = mac;
        _guard = new StartGuard(store);
    }

    /// <summary>The console's line.</summary>
    public IConsolePort Port { get; }

    /// <summary>What the board says of itself.</summary>
    public SimulatedBoard Board { get; } = new();

    /// <summary>Version of the program, as the banner says it.</summary>
    public string Version { get; init; } = "simulated";

    /// <summary>Hash of the program's sources, as <c>id</c> says it.</summary>
    public string Build { get; init; } = "0000000000000000";

    /// <summary>What commands work with; of the running boot.</summary>
    /// <exception cref="InvalidOperationException">The power is off.</exception>
    public ConsoleServices Services => _services ?? throw new InvalidOperationException("The power is off.");

    /// <summary>The console of the running boot.</summary>
    /// <exception cref="InvalidOperationException">The power is off.</exception>
    public ServiceConsole Console => _console ?? throw new InvalidOperationException("The power is off.");

    /// <summary>Gives the next boot another view of the same drive: what a store remembers of it is lost with the power.</summary>
    /// <param name="store">The board's store.</param>
    public void Use(IByteStore store)
    {
        _store = store;
        _guard = new StartGuard(store);
    }

    /// <summary>A boot begins: reads the store.</summary>
    /// <param name="entropy">Random bits of this boot.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Begin(IEntropy entropy, long nowUs)
    {
        StartGuard guard = _guard;
        guard.Begin();
        ConsoleServices services = ConsoleServices.Begin(_store, Board, new SoftwareCrc32(), new SystemHmac(), entropy, _mac, guard.LastReason, nowUs);
        services.Version = Version;
        services.Build = Build;
        services.BoardName = Board.Board;
        services.IsSafeMode = guard.IsSafeMode;
        services.Record = guard.IsSafeMode ? guard.LastRecord() : string.Empty;
        _services = services;
        _button = new StopPanel();
        _console = new ServiceConsole(Port, services);
    }

    /// <summary>True when this boot is safe mode: the boots before it failed.</summary>
    public bool IsSafeMode => Services.IsSafeMode;

    /// <summary>Refuses to drive another board's pins, as the board's program does.</summary>
    /// <exception cref="PodFaultException">The configuration names another board.</exception>
    public void RequireBoard()
    {
        string named = Services.Configuration.Active.Text(ConfigurationKeys.Board);
        if (named.Length > 0 && !string.Equals(named, Board.Board, StringComparison.Ordinal))
        {
            throw new PodFaultException(FaultCode.BoardUnknown, "the image " + Board.Target + " is not made for board " + named);
        }
    }

    /// <summary>This boot failed: keeps the record, and writes it to the line.</summary>
    /// <param name="failure">Why.</param>
    /// <param name="isRunning">True when the loop had begun.</param>
    /// <returns>True when the board restarts after <see cref="StartGuard.PauseMs"/>; false when this boot goes on in safe mode.</returns>
    public bool Fail(Exception failure, bool isRunning)
    {
        ArgumentNullException.ThrowIfNull(failure);
        FaultCode reason = failure is PodFaultException coded ? coded.FaultCode
            : failure is OutOfMemoryException ? FaultCode.MemoryExhausted
            : isRunning ? FaultCode.ProgramFailed
            : FaultCode.StartFailed;
        string record = _guard.Record(reason, failure.GetType().FullName ?? string.Empty, failure.Message, failure.StackTrace ?? string.Empty);
        byte[] bytes = Encoding.ASCII.GetBytes(record.Replace("\n", "\r\n", StringComparison.Ordinal));
        Port.TryWrite(bytes, 0, bytes.Length);
        bool restarts = _guard.IsCounted && !_guard.IsSafeMode;
        if (restarts)
        {
            Board.Reboot();
        }

        return restarts;
    }

    /// <summary>Safe mode begins, also in a boot that was to be an ordinary one: nothing is measured, the console is served, and the record is shown.</summary>
    public void BeginSafeMode()
    {
        _guard.OnReboot(FaultCode.SafeMode);
        Services.IsSafeMode = true;
        Services.Pod = null;
        Services.Record = _guard.LastRecord();
    }

    /// <summary>The fitted parts that the configuration names; none before the pod is provisioned.</summary>
    /// <returns>The parts with their calibrations, not wired yet.</returns>
    public PeripheralOptions[] Parts()
    {
        ConfiguredParts parts = new();
        PeripheralOptions[] made = parts.Make(Services.Configuration.Active);
        Services.StartFault = parts.Fault;
        return made;
    }

    /// <summary>The bus as the pod gets it.</summary>
    /// <param name="bus">The board's.</param>
    /// <returns>The bus with the technician's fault.</returns>
    public II2cPort Bus(II2cPort bus)
    {
        InjectableBus injectable = new(bus);
        Services.Bus = injectable;
        return injectable;
    }

    /// <summary>The loop begins.</summary>
    /// <param name="pod">The pod.</param>
    public void Attach(IPodService pod)
    {
        Console.Attach(pod);
        pod.Report(Services.ResetReason, 0);
        pod.Report(Services.StartFault, 0);
    }

    /// <summary>One turn behind a step of the pod.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <param name="restarts">True when the board restarts now.</param>
    /// <returns>When it wants to be called next.</returns>
    public long Step(long nowUs, out bool restarts)
    {
        if (Services.Pod is { } pod)
        {
            _button.Step(Board.IsStopPressed, pod, nowUs);
        }

        long next = Console.Step(nowUs);
        bool mayWrite = Services.Pod is not { Situation.IsCuffInflated: true };
        if (!IsSafeMode)
        {
            _guard.OnLoop(nowUs, mayWrite);
        }

        restarts = nowUs >= Services.RestartUs && mayWrite;
        if (restarts)
        {
            Services.Pod?.Flush(nowUs);
            _guard.OnReboot(Services.RestartReason);
            Board.Reboot();
        }

        return Math.Min(next, Math.Max(Services.RestartUs, nowUs));
    }
}
