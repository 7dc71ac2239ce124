using System;
using System.IO;
using EdgeGateway.Core;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Transports;
using Simulators.Kernel;

namespace Simulators.Cli;

/// <summary>The simulated world, in step with the real clock, as the owner of MQTT state machines.</summary>
internal sealed class PacedLoop(SimulationKernel kernel, PacedRun paced, Action? after = null) : IMqttLoop
{
    public long NowUs => kernel.NowUs;

    public bool TryPost(Action work) => paced.TryPost(() =>
    {
        work();
        after?.Invoke();
    });
}

/// <summary>Real TCP connections, in the shape in which pods and subscribers want them.</summary>
internal sealed class TcpConnector : IUplinkConnector, IDisposable
{
    private readonly HostAndPort _to;
    private readonly Facade _facade;
    private readonly MqttTcpConnector _connector;

    public TcpConnector(HostAndPort to, IMqttLoop loop, TimeProvider time, Func<long> localNowUs, Action wake)
    {
        _to = to;
        _facade = new Facade(localNowUs, wake);
        _connector = new MqttTcpConnector(loop, _facade, time);
    }

    public void Connect(IUplinkEvents events)
    {
        _facade.Events = events;
        _connector.Connect(_to.Host, _to.Port, _facade.Failed);
    }

    public void Dispose() => _connector.Dispose();

    /// <summary>Bytes and their ends, handed on with the pod's own time.</summary>
    private sealed class Facade(Func<long> localNowUs, Action wake) : IMqttTransportEvents
    {
        public IUplinkEvents? Events { get; set; }

        public void Failed(string text)
        {
            Events?.Closed(text, localNowUs());
            wake();
        }

        public void Opened(IMqttConnection connection, long nowUs)
        {
            Events?.Opened(connection, localNowUs());
            wake();
        }

        public void Received(ReadOnlySpan<byte> bytes, long nowUs)
        {
            Events?.Received(bytes, localNowUs());
            wake();
        }

        public void Drained(long nowUs) => wake();

        public void Closed(long nowUs)
        {
            Events?.Closed("closed", localNowUs());
            wake();
        }
    }
}

/// <summary>A log of lines, each on the disk's way before the next thing happens.</summary>
internal sealed class LineLog : IDisposable
{
    private readonly TextWriter? _output;
    private readonly StreamWriter? _file;

    public LineLog(string? path, TextWriter? output)
    {
        _output = path is null ? output : null;
        if (path is null)
        {
            return;
        }

        try
        {
            _file = new StreamWriter(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { NewLine = "\n" };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new CodedErrorException(new CodedError(FaultCodes.SimulatorStoreUnusable, new ErrorPlace(path, 0, null), e.Message.TrimEnd('.')));
        }
    }

    public void Line(string text)
    {
        _output?.WriteLine(text);
        _file?.WriteLine(text);
        _file?.Flush();
    }

    public void Dispose() => _file?.Dispose();
}
