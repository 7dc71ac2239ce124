using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EdgeGateway.Certificates;
using EdgeGateway.Faults;
using EdgeGateway.Machine;

namespace EdgeGateway.Tool.Certificates;

/// <summary><c>cartctl certs</c> and <c>cartctl pods</c>: the command line of <see cref="CertificateOffice"/>.</summary>
internal sealed class CertificateCommands(TextReader input, TextWriter results, TextWriter diagnostics, Action<int> exit, TimeProvider time)
{
    private readonly RecordedCommands _make = new(diagnostics, exit, time);
    private readonly EnrolmentCommands _enrolment = new(input, results, diagnostics, exit, time);

    /// <summary>The commands.</summary>
    /// <returns><c>certs</c> and <c>pods</c>.</returns>
    public IEnumerable<Command> Commands()
    {
        yield return new Command("certs", "The cart's certificates: root, issuing key, pods, listeners, technicians.")
        {
            Root(), Request(), Sign(), Install(), Renew(), Csr(), Import(), _enrolment.Enrol(), _enrolment.Fetch(), Issue(), Revoke(), Clock(), List(),
        };
        yield return new Command("pods", "The pods that belong to the cart.") { PodsList(), Admit(), RevokePod(), Replace() };
    }

    /// <summary>The argument that names gateway.yaml.</summary>
    /// <returns>The argument.</returns>
    public static Argument<string> Configuration() => new(RecordedCommands.ConfigurationName) { Description = "The gateway's configuration file; its section tls names the folder." };

    private static Option<string> Out(string what) => new("--out") { Description = what, Required = true };

    private static Option<string[]> Names() =>
        new("--name") { Description = "A DNS name or address under which pods and programs reach the gateway; once for each.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = static _ => [] };

    private static Option<string?> PassphraseFile() => new("--passphrase-file") { Description = "A file with the root's passphrase; without it the passphrase is read from the terminal or standard input." };

    private Command Root()
    {
        Argument<string> name = new("name") { Description = "Whose root it is: 1 to 64 of A-Z a-z 0-9 _ -." };
        Option<string> folder = Out("A folder on your own computer or stick, never on a cart: root.pem and root.key are written there.");
        Option<string?> passphrase = PassphraseFile();
        return Make("root", "Makes the root of all your carts. Once, on your own computer.", [name, folder, passphrase], parsed =>
        {
            string directory = parsed.GetValue(folder)!;
            if (!CertificateIdentity.IsName(parsed.GetValue(name)!))
            {
                throw CertificateOffice.Refused(FaultCodes.CertificateRefused, null, "'" + parsed.GetValue(name) + "' is not 1 to 64 of A-Z a-z 0-9 _ -");
            }

            string certificate = Fresh(Path.Combine(directory, CertificateFolder.RootFile));
            string key = Fresh(Path.Combine(directory, "root.key"));
            string secret = Secret(parsed.GetValue(passphrase), "New passphrase of the root: ");
            if (secret.Length < RootAuthority.MinPassphraseLength)
            {
                throw CertificateOffice.Refused(FaultCodes.PassphraseWrong, null, "it has fewer than 12 characters", "Take a longer one.");
            }

            using RootAuthority root = RootAuthority.Create(parsed.GetValue(name)!, time.GetUtcNow());
            CertificatePair files = root.Export(secret);
            Directory.CreateDirectory(directory);
            Write(key, files.KeyPem);
            Write(certificate, files.CertificatePem);
            results.WriteLine("wrote " + certificate + " and " + key + ". Keep both off every cart, and a copy in another place.");
        });
    }

    private Command Request()
    {
        Argument<string> configuration = Configuration();
        Option<string> file = Out("Where the request is written, for the root to sign.");
        return Make("request", "Makes the cart's issuing key, and its request for the root.", [configuration, file], parsed =>
        {
            Write(Fresh(parsed.GetValue(file)!), Office(parsed.GetValue(configuration)!).Request());
            results.WriteLine("wrote " + parsed.GetValue(file) + ". Sign it where the root is: cartctl certs sign.");
        }, "certificate.request");
    }

    private Command Sign()
    {
        Argument<string> request = new("request") { Description = "The request of a cart." };
        Option<string> root = new("--root") { Description = "The folder with root.pem and root.key.", Required = true };
        Option<string> cart = new("--cart") { Description = "The cart's id, as its gateway.yaml has it: what you name counts, not what the request says.", Required = true };
        Option<string> file = Out("Where the certificate is written.");
        Option<string?> passphrase = PassphraseFile();
        return Make("sign", "Signs a cart's request with the root. On your own computer.", [request, root, cart, file, passphrase], parsed =>
        {
            string directory = parsed.GetValue(root)!;
            string certificate = Read(Path.Combine(directory, CertificateFolder.RootFile));
            string key = Read(Path.Combine(directory, "root.key"));
            string asked = Read(parsed.GetValue(request)!);
            string target = Fresh(parsed.GetValue(file)!);
            RootAuthority authority;
            try
            {
                authority = RootAuthority.Open(certificate, key, Secret(parsed.GetValue(passphrase), "Passphrase of the root: "));
            }
            catch (CryptographicException)
            {
                throw CertificateOffice.Refused(FaultCodes.PassphraseWrong, directory, string.Empty);
            }

            using (authority)
            {
                try
                {
                    using System.Security.Cryptography.X509Certificates.X509Certificate2 signed = authority.SignIssuing(asked, parsed.GetValue(cart)!, time.GetUtcNow());
                    Write(target, signed.ExportCertificatePem());
                }
                catch (Exception e) when (e is CryptographicException or ArgumentException)
                {
                    throw CertificateOffice.Refused(FaultCodes.CertificateRefused, parsed.GetValue(request), e.Message.TrimEnd('.'));
                }
            }

            results.WriteLine("wrote " + target + ". Take it and root.pem to the gateway: cartctl certs install.");
        });
    }

    private Command Install()
    {
        Argument<string> configuration = Configuration();
        Option<string> issuing = new("--issuing") { Description = "The certificate from cartctl certs sign.", Required = true };
        Option<string> root = new("--root") { Description = "root.pem.", Required = true };
        Option<string[]> names = Names();
        return Make("install", "Takes the issuing certificate, and issues the gateway's own.", [configuration, issuing, root, names], parsed =>
        {
            Office(parsed.GetValue(configuration)!).Install(Read(parsed.GetValue(issuing)!), Read(parsed.GetValue(root)!), parsed.GetValue(names)!);
            results.WriteLine("installed. The gateway can be started; a running one takes it within seconds.");
        }, "certificate.install");
    }

    private Command Renew()
    {
        Argument<string> configuration = Configuration();
        Option<string[]> names = Names();
        Option<bool> due = new("--if-due") { Description = "Only when two thirds of its life are over; for a daily timer." };
        return Make("renew", "Issues the gateway's certificate anew; a running gateway shows it within seconds.", [configuration, names, due], parsed =>
            results.WriteLine(Office(parsed.GetValue(configuration)!).Renew(parsed.GetValue(names)!, parsed.GetValue(due)) ? "renewed." : "not due yet."), "certificate.renew");
    }

    private Command Csr()
    {
        Argument<string> configuration = Configuration();
        Option<string[]> names = Names();
        Option<string> file = Out("Where the request is written.");
        return Make("csr", "With an authority of your own: a key of the gateway, and its request.", [configuration, names, file], parsed =>
        {
            if (parsed.GetValue(names)!.Length == 0)
            {
                throw CertificateOffice.Refused(FaultCodes.CertificateRefused, null, "the gateway has no name", "Give each name and address by --name.");
            }

            Write(Fresh(parsed.GetValue(file)!), Office(parsed.GetValue(configuration)!).RequestForOwnAuthority(parsed.GetValue(names)!));
            results.WriteLine("wrote " + parsed.GetValue(file) + ". When it is signed: cartctl certs import.");
        }, "certificate.csr");
    }

    private Command Import()
    {
        Argument<string> configuration = Configuration();
        Option<string> chain = new("--certificate") { Description = "The gateway's certificate, then what stands between it and the root.", Required = true };
        Option<string> root = new("--root") { Description = "What is trusted.", Required = true };
        return Make("import", "With an authority of your own: takes the gateway's certificate.", [configuration, chain, root], parsed =>
        {
            Office(parsed.GetValue(configuration)!).Import(Read(parsed.GetValue(chain)!), Read(parsed.GetValue(root)!));
            results.WriteLine("imported.");
        }, "certificate.import");
    }

    private Command Issue()
    {
        Argument<string> configuration = Configuration();
        Argument<string> role = new("role") { Description = "listener or technician." };
        role.AcceptOnlyFromAmong("listener", "technician");
        Argument<string> name = new("name") { Description = "Whose: 1 to 64 of A-Z a-z 0-9 _ -. A listener's MQTT client identifier begins with it." };
        Option<string> file = Out("Where certificate and key are written, in one PEM file.");
        return Make("issue", "Issues a certificate for a listener or a technician.", [configuration, role, name, file], parsed =>
        {
            string target = Fresh(parsed.GetValue(file)!);
            CertificateRole whose = string.Equals(parsed.GetValue(role), "listener", StringComparison.Ordinal) ? CertificateRole.Listener : CertificateRole.Technician;
            Write(target, string.Join('\n', Office(parsed.GetValue(configuration)!).Issue(whose, parsed.GetValue(name)!)));
            results.WriteLine("wrote " + target + ".");
        }, "certificate.issue", parsed => parsed.GetValue(name)!);
    }

    private Command Revoke()
    {
        Argument<string> configuration = Configuration();
        Argument<string> which = new("name") { Description = "The holder's name, or a serial number." };
        Option<string> reason = new("--reason") { Description = string.Join(", ", CertificateRegister.Reasons) + ".", Required = true };
        reason.AcceptOnlyFromAmong([.. CertificateRegister.Reasons]);
        Option<bool> foreign = new("--foreign") { Description = "It was issued by an authority of your own: the serial number, or a file with the certificate, in the place of the name." };
        return Make("revoke", "Revokes certificates. At once, and without a network: a running gateway ends their connections within seconds.", [configuration, which, reason, foreign], parsed =>
        {
            string named = parsed.GetValue(which)!;
            CertificateOffice office = Office(parsed.GetValue(configuration)!);
            int count = 1;
            if (parsed.GetValue(foreign))
            {
                office.RevokeForeign(File.Exists(named) ? SerialIn(named) : named, parsed.GetValue(reason)!);
            }
            else
            {
                count = office.Revoke(named, parsed.GetValue(reason)!);
            }

            results.WriteLine(count.ToString(CultureInfo.InvariantCulture) + (count == 1 ? " certificate" : " certificates") + " revoked.");
        }, "certificate.revoke", parsed => parsed.GetValue(which)!);
    }

    private Command Clock()
    {
        Argument<string> configuration = Configuration();
        Argument<string> recorded = new("day") { Description = "The day that was recorded wrongly, as health names it: 2045-06-01." };
        return Make("clock", "Says that the clock is right now although a later time was recorded (G2175).", [configuration, recorded], parsed =>
        {
            if (!DateOnly.TryParseExact(parsed.GetValue(recorded), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly day) || day == DateOnly.MaxValue)
            {
                throw CertificateOffice.Refused(FaultCodes.CertificateRefused, null, "'" + parsed.GetValue(recorded) + "' is no day", "Write it as 2045-06-01.");
            }

            Office(parsed.GetValue(configuration)!).ClockIsRight(day);
            results.WriteLine("noted: it is " + time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture) + ". A running gateway takes it within seconds.");
        }, "certificate.clock", parsed => parsed.GetValue(recorded)!);
    }

    private Command List()
    {
        Argument<string> configuration = Configuration();
        Option<bool> json = new("--json") { Description = "Exactly one JSON object." };
        return Make("list", "Shows the cart's certificates, and how much is left of each.", [configuration, json], parsed =>
        {
            CertificateOffice office = Office(parsed.GetValue(configuration)!);
            IReadOnlyList<RegisteredCertificate> all = office.Folder.ReadRegister().Certificates;
            if (parsed.GetValue(json))
            {
                WriteJson(writer =>
                {
                    writer.WriteStartArray("certificates");
                    foreach (RegisteredCertificate one in all)
                    {
                        writer.WriteStartObject();
                        writer.WriteString("serial", one.Serial);
                        writer.WriteString("role", CertificateIdentity.RoleWords[(int)one.Role]);
                        writer.WriteString("name", one.Name);
                        writer.WriteString("notBefore", one.NotBefore.UtcDateTime);
                        writer.WriteString("notAfter", one.NotAfter.UtcDateTime);
                        writer.WriteBoolean("revoked", one.RevokedAt is not null);
                        writer.WriteString("state", office.StateOf(one));
                        writer.WriteEndObject();
                    }

                    writer.WriteEndArray();
                });
                return;
            }

            foreach (RegisteredCertificate one in all)
            {
                results.WriteLine($"{CertificateIdentity.RoleWords[(int)one.Role],-10} {one.Name,-20} {office.StateOf(one),-32} {one.Serial}");
            }
        });
    }

    private Command PodsList()
    {
        Argument<string> configuration = Configuration();
        Option<bool> json = new("--json") { Description = "Exactly one JSON object." };
        return Make("list", "Shows the pods of the cart.", [configuration, json], parsed =>
        {
            IReadOnlyCollection<ListedPod> pods = Office(parsed.GetValue(configuration)!).Folder.ReadPods().Pods;
            if (parsed.GetValue(json))
            {
                WriteJson(writer =>
                {
                    writer.WriteStartArray("pods");
                    foreach (ListedPod pod in pods)
                    {
                        writer.WriteStartObject();
                        writer.WriteString("deviceId", pod.DeviceId);
                        writer.WriteBoolean("admitted", pod.Standing == PodStanding.Admitted);
                        writer.WriteString("since", pod.Since.UtcDateTime);
                        writer.WriteString("label", pod.Label);
                        writer.WriteEndObject();
                    }

                    writer.WriteEndArray();
                });
                return;
            }

            foreach (ListedPod pod in pods)
            {
                results.WriteLine($"{pod.DeviceId} {(pod.Standing == PodStanding.Admitted ? "admitted" : "revoked"),-8} {pod.Since.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)} {pod.Label}");
            }
        });
    }

    private Command Admit()
    {
        Argument<string> configuration = Configuration();
        Argument<string> pod = new("device-id") { Description = "The pod that asks, as health names it." };
        Option<string?> label = new("--label") { Description = "What people call it." };
        return Make("admit", "Admits a pod whose certificate is right.", [configuration, pod, label], parsed =>
        {
            Office(parsed.GetValue(configuration)!).Admit(parsed.GetValue(pod)!, parsed.GetValue(label));
            results.WriteLine("pod " + parsed.GetValue(pod) + " is admitted.");
        }, "pod.admit", parsed => parsed.GetValue(pod)!);
    }

    private Command RevokePod()
    {
        Argument<string> configuration = Configuration();
        Argument<string> pod = new("device-id") { Description = "The pod." };
        return Make("revoke", "A pod was lost: its certificates are revoked, and its connection ends within seconds.", [configuration, pod], parsed =>
        {
            Office(parsed.GetValue(configuration)!).Revoke(parsed.GetValue(pod)!, "lost");
            results.WriteLine("pod " + parsed.GetValue(pod) + " is revoked. What it had stored and not sent is lost; it holds no patient's name.");
        }, "pod.revoke", parsed => parsed.GetValue(pod)!);
    }

    private Command Replace()
    {
        Argument<string> configuration = Configuration();
        Argument<string> old = new("old-device-id") { Description = "The pod that goes." };
        Argument<string> next = new("new-device-id") { Description = "The pod that takes its place and label." };
        return Make("replace", "Puts a pod in the place of another.", [configuration, old, next], parsed =>
        {
            Office(parsed.GetValue(configuration)!).Replace(parsed.GetValue(old)!, parsed.GetValue(next)!);
            results.WriteLine("pod " + parsed.GetValue(next) + " is admitted in the place of " + parsed.GetValue(old) + ".");
        }, "pod.replace", parsed => parsed.GetValue(old) + "/" + parsed.GetValue(next));
    }

    private static string SerialIn(string file)
    {
        try
        {
            using System.Security.Cryptography.X509Certificates.X509Certificate2 certificate = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(CertificateFiles.Read(file));
            return certificate.SerialNumber;
        }
        catch (CryptographicException e)
        {
            throw CertificateOffice.Refused(FaultCodes.CertificateFileUnreadable, file, e.Message.TrimEnd('.'));
        }
    }

    private static void Write(string file, string text) => CertificateFolder.Replace(file, Encoding.ASCII.GetBytes(text.TrimEnd() + "\n"));

    private static string Fresh(string file) => CertificateFiles.Fresh(file);

    private static string Read(string file) => CertificateFiles.Read(file);

    private CertificateOffice Office(string configuration) => CertificateOffice.Of(configuration, time).Office;

    private string Secret(string? file, string prompt) => CertificateFiles.Secret(file, prompt, input, diagnostics);

    private void WriteJson(Action<Utf8JsonWriter> write)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter writer = new(buffer))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        results.WriteLine(Encoding.UTF8.GetString(buffer.ToArray()));
    }

    private Command Make(string name, string description, IEnumerable<Symbol> symbols, Action<ParseResult> action, string? act = null, Func<ParseResult, string>? subject = null) =>
        _make.Make(name, description, symbols, action, act, subject);
}
