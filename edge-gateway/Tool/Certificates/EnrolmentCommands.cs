using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using EdgeGateway.Certificates;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;
using EdgeGateway.Machine;

namespace EdgeGateway.Tool.Certificates;

/// <summary><c>cartctl certs enrol</c> on the gateway, into a file or by a port that is open while it runs, and <c>cartctl certs fetch</c> on the computer beside the pod.</summary>
internal sealed class EnrolmentCommands(TextReader input, TextWriter results, TextWriter diagnostics, Action<int> exit, TimeProvider time)
{
    private const int PinLength = 64;

    private readonly RecordedCommands _make = new(diagnostics, exit, time);

    /// <summary><c>certs enrol</c>.</summary>
    /// <returns>The command.</returns>
    public Command Enrol()
    {
        Argument<string> configuration = CertificateCommands.Configuration();
        Argument<string> pod = new("device-id") { Description = "The pod: 16 lower-case hexadecimal digits, as its console and cart-flash show them." };
        Option<string> host = new("--host") { Description = "Name or address under which the pod reaches the gateway; the gateway's certificate must name it.", Required = true };
        Option<int?> port = new("--port") { Description = "The gateway's TLS port, when it is not that of gateway.yaml." };
        Option<string> label = new("--label") { Description = "What people call the pod.", DefaultValueFactory = static _ => string.Empty };
        Option<string> wifi = new("--wifi") { Description = "Name of the network; without it cart-flash asks.", DefaultValueFactory = static _ => string.Empty };
        Option<string?> password = new("--wifi-password-file") { Description = "A file with the network's password; without it, and with --wifi, it is read from the terminal or standard input." };
        Option<string?> file = new("--out") { Description = "Where the bundle for cart-flash is written. It holds the pod's key: delete it after use." };
        Option<string?> listen = new("--listen") { Description = "In the place of --out: an address and port of this machine, such as 10.0.0.2:8884, by which cartctl certs fetch takes the bundle. Open for one code, 10 minutes at most." };
        IReadOnlyList<Symbol> symbols = [configuration, pod, host, port, label, wifi, password, file, listen];
        return _make.Make("enrol", "Makes a pod one of this cart: certificate, place in the list, and the bundle for cart-flash.", symbols, parsed =>
        {
            (CertificateOffice office, GatewayTlsOptions tls) = CertificateOffice.Of(parsed.GetValue(configuration)!, time);
            string? target = parsed.GetValue(file);
            if (target is null == parsed.GetValue(listen) is null)
            {
                throw CertificateOffice.Refused(FaultCodes.CertificateRefused, null, "the bundle goes either into a file or over the network", "Give --out or --listen, not both.");
            }

            target = target is null ? null : CertificateFiles.Fresh(target);
            string network = parsed.GetValue(wifi)!;
            string secret = network.Length == 0 ? string.Empty : CertificateFiles.Secret(parsed.GetValue(password), "Password of the network: ", input, diagnostics);
            Enrolment enrolment = new(parsed.GetValue(host)!, parsed.GetValue(port) ?? tls.MqttPort, parsed.GetValue(label)!, network, secret);
            if (target is null)
            {
                Listen(office, parsed.GetValue(pod)!, enrolment, parsed.GetValue(listen)!);
                return;
            }

            PodBundle bundle = office.Enrol(parsed.GetValue(pod)!, enrolment);
            CertificateFolder.Replace(target, bundle.Write());
            results.WriteLine("pod " + bundle.DeviceId + " is admitted; wrote " + target + ". Give it to cart-flash, then delete it.");
        }, "pod.enrol", parsed => parsed.GetValue(pod)!);
    }

    /// <summary><c>certs fetch</c>.</summary>
    /// <returns>The command.</returns>
    public Command Fetch()
    {
        Argument<string> gateway = new("gateway") { Description = "Name or address and port, as the gateway's console shows them." };
        Argument<string> pod = new("device-id") { Description = "The pod beside you, as its console and cart-flash show it." };
        Option<string> pin = new("--pin") { Description = "The fingerprint that the gateway's console shows: 64 hexadecimal digits.", Required = true };
        Option<string?> code = new("--code-file") { Description = "A file with the code; without it the code is read from the terminal or standard input." };
        Option<string> file = new("--out") { Description = "Where the bundle for cart-flash is written; - for standard output. It holds the pod's key: delete it after use.", Required = true };
        return _make.Make("fetch", "Fetches the bundle of a pod from a gateway that enrols it by --listen. On the computer beside the pod.", [gateway, pod, pin, code, file], parsed =>
        {
            (string host, int port) = AddressOf(parsed.GetValue(gateway)!);
            string device = parsed.GetValue(pod)!;
            string wanted = new([.. parsed.GetValue(pin)!.Where(char.IsAsciiHexDigit).Select(char.ToLowerInvariant)]);
            if (!CertificateIdentity.IsNameOf(CertificateRole.Pod, device) || wanted.Length != PinLength)
            {
                throw CertificateOffice.Refused(FaultCodes.EnrolmentRefused, null, "the device id has 16 lower-case hexadecimal digits, the pin 64 hexadecimal digits");
            }

            bool isPipe = string.Equals(parsed.GetValue(file), "-", StringComparison.Ordinal);
            string target = isPipe ? string.Empty : CertificateFiles.Fresh(parsed.GetValue(file)!);
            string digits = new([.. CertificateFiles.Secret(parsed.GetValue(code), "Code: ", input, diagnostics).Where(char.IsAsciiDigit)]);
            byte[] bundle = [];
            string? problem = new EnrolmentClient(host, port, wanted, time).FetchAsync(device, digits, bytes =>
            {
                bundle = bytes;
                if (!isPipe)
                {
                    CertificateFolder.Replace(target, bytes);
                }
            }).GetAwaiter().GetResult();
            if (problem is not null)
            {
                if (!isPipe)
                {
                    File.Delete(target);
                }

                throw CertificateOffice.Refused(FaultCodes.EnrolmentRefused, null, problem);
            }

            if (isPipe)
            {
                results.Write(System.Text.Encoding.UTF8.GetString(bundle));
                return;
            }

            results.WriteLine("wrote " + target + ". Give it to cart-flash, then delete it.");
        });
    }

    private static (string Host, int Port) AddressOf(string text)
    {
        int colon = text.LastIndexOf(':');
        return colon > 0 && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is >= 1 and <= 65_535
            ? (text[..colon].Trim('[', ']'), port)
            : throw CertificateOffice.Refused(FaultCodes.EnrolmentRefused, null, "'" + text + "' is no address with a port", "Write it as the console shows it, such as 10.0.0.2:8884.");
    }

    private void Listen(CertificateOffice office, string device, Enrolment enrolment, string where)
    {
        office.Examine(device, enrolment);
        if (!where.Contains(':', StringComparison.Ordinal) || !IPEndPoint.TryParse(where, out IPEndPoint? address))
        {
            throw CertificateOffice.Refused(FaultCodes.EnrolmentPortNotOpened, null, "'" + where + "' is no address with a port");
        }

        string anchor = office.Anchor();
        EnrolmentPort port;
        try
        {
            port = new EnrolmentPort(address, office.Folder.ReadPem(CertificateFolder.GatewayFile), anchor, time);
        }
        catch (SocketException e)
        {
            throw CertificateOffice.Refused(FaultCodes.EnrolmentPortNotOpened, null, where + ": " + e.Message.TrimEnd('.'));
        }

        using (port)
        {
            string digits = EnrolmentCode.NewDigits();
            results.WriteLine("listening on " + port.Address + " for pod " + device + " alone, until it is enrolled, 10 minutes at most");
            results.WriteLine(string.Create(CultureInfo.InvariantCulture, $"beside the pod: cartctl certs fetch {Shown(enrolment.Host)}:{port.Address.Port} {device} --pin {EnrolmentWire.Fingerprint(anchor)} --out bundle.json"));
            results.WriteLine("code: " + digits);
            results.Flush();
            string? problem = port.RunAsync(digits, new EnrolmentWork(device, () => office.Enrol(device, enrolment), office.Withdraw, diagnostics.WriteLine)).GetAwaiter().GetResult();
            if (problem is not null)
            {
                throw CertificateOffice.Refused(FaultCodes.EnrolmentEnded, null, problem);
            }

            results.WriteLine("pod " + device + " is admitted, and its bundle was taken.");
        }
    }

    private static string Shown(string host) => host.Contains(':', StringComparison.Ordinal) ? "[" + host + "]" : host;
}
