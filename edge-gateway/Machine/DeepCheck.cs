using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using EdgeGateway.Core;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Transports;

namespace EdgeGateway.Machine;

/// <summary>Tries what a gateway will do, where <see cref="MachineCheck"/> only looks: writes into its directory, opens its ports, reads its certificates' times, connects to the session's broker. What it makes it takes away again. For a gateway that does not run: one that runs has its ports.</summary>
public static class DeepCheck
{
    /// <summary>How long all of a broker's addresses may take. Assumption: as long as a person waits for a check.</summary>
    public static readonly TimeSpan BrokerBound = TimeSpan.FromSeconds(30);

    /// <summary>Tries.</summary>
    /// <param name="options">The configuration, which the plain check has accepted.</param>
    /// <param name="file">The file as the user named it.</param>
    /// <param name="time">The clocks.</param>
    /// <returns>Errors; empty when everything went.</returns>
    public static IReadOnlyList<CodedError> Run(GatewayHostOptions options, string file, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        List<CodedError> errors = [];
        if (WriteProblem(options.JournalDirectory) is { } problem)
        {
            errors.Add(new CodedError(FaultCodes.ConfiguredDirectoryUnusable, new ErrorPlace(file, 0, "journal.directory"), problem));
        }

        foreach (PlannedListener listener in ListenerPlan.Of(options))
        {
            if (PortProblem(listener) is { } taken)
            {
                errors.Add(new CodedError(FaultCodes.PortNotFree, new ErrorPlace(file, 0, null), listener.Protocol + " " + new IPEndPoint(listener.Address, listener.Port) + ": " + taken));
            }
        }

        if (options.Tls is { } tls)
        {
            AddTimes(errors, Path.Combine(tls.Directory, CertificateFolder.GatewayFile), file, "tls.directory", time);
        }

        if (options.Web.CertificateFile is { } web)
        {
            AddTimes(errors, web, file, "web.certificate", time);
        }

        if (options.Core.External is { } broker)
        {
            using BrokerTrial trial = new(broker, file, time);
            errors.AddRange(trial.Run());
        }

        return errors;
    }

    private static string? WriteProblem(string directory)
    {
        string? folder = directory;
        while (folder is not null && !Directory.Exists(folder))
        {
            folder = Path.GetDirectoryName(folder);
        }

        try
        {
            string trial = Path.Combine(folder ?? directory, ".check-" + Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture));
            using FileStream stream = new(trial, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            stream.WriteByte(0);
            stream.Flush(flushToDisk: true);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message.TrimEnd('.');
        }
    }

    private static string? PortProblem(PlannedListener listener)
    {
        try
        {
            using Socket socket = new(listener.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(listener.Address, listener.Port));
            socket.Listen(1);
            return null;
        }
        catch (SocketException e)
        {
            return e.Message.TrimEnd('.');
        }
    }

    private static void AddTimes(List<CodedError> errors, string pem, string file, string key, TimeProvider time)
    {
        // The plain check has read it; whatever has happened to it since is the gateway's to say.
        using X509Certificate2 certificate = X509Certificate2.CreateFromPem(File.ReadAllText(pem));
        DateTime utc = time.GetUtcNow().UtcDateTime;
        if (utc < certificate.NotBefore.ToUniversalTime() || utc > certificate.NotAfter.ToUniversalTime())
        {
            errors.Add(new CodedError(
                FaultCodes.CertificateOutOfTime, new ErrorPlace(file, 0, key),
                string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{pem} is for {certificate.NotBefore.ToUniversalTime():yyyy-MM-dd} to {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}, and this machine's clock says {utc:yyyy-MM-dd}")));
        }
    }

    /// <summary>Connects to one address of the broker after the other, and ends at the first that answers: TCP, TLS with its certificate, and WebSocket, as configured. It does not log in.</summary>
    private sealed class BrokerTrial(ExternalBroker broker, string file, TimeProvider time) : IUplinkEvents, IDisposable
    {
        private readonly List<CodedError> _failures = [];
        private readonly ManualResetEventSlim _over = new();
        private bool _isUp;

        public List<CodedError> Run()
        {
            using MqttLoop loop = new(time, "check");
            using UplinkConnector connector = new(loop, broker, time);
            loop.AddStep(static _ => long.MaxValue);
            loop.Start();
            for (int i = 0; i <= broker.Alternatives.Count && !_isUp; i++)
            {
                _over.Reset();
                loop.TryPost(() => connector.Connect(this));
                if (!_over.Wait(BrokerBound / (broker.Alternatives.Count + 1)))
                {
                    Fail(FaultCodes.BrokerUnreachable, "no answer in time");
                    break;
                }
            }

            return _isUp ? [] : _failures;
        }

        public void Opened(IMqttConnection connection, long nowUs)
        {
            _isUp = true;
            _over.Set();
        }

        public void Received(ReadOnlySpan<byte> bytes, long nowUs)
        {
            // A broker says nothing before CONNECT.
        }

        public void Closed(string text, long nowUs) => Fail(FaultCodes.BrokerUnreachable, text);

        public void Refused(string code, string text, long nowUs) => Fail(code, text);

        public void Dispose() => _over.Dispose();

        private void Fail(string code, string text)
        {
            if (!_isUp)
            {
                _failures.Add(new CodedError(code, new ErrorPlace(file, 0, "sessionBroker.host"), text.TrimEnd('.')));
                _over.Set();
            }
        }
    }
}
