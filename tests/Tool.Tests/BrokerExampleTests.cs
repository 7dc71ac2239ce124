using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using System.Xml.Linq;
using EdgeGateway.Core.Commands;
using EdgeGateway.Tool;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Mqtt.Tests.Transports;
using YamlDotNet.RepresentationModel;

namespace Tool.Tests;

/// <summary>hardware/gateway: mosquitto's example runs as it is written, apart from folders and ports; of the others, syntax where a parser exists, and that every right is there.</summary>
[TestClass]
public sealed class BrokerExampleTests
{
    private static readonly string Examples = Path.Combine(AppContext.BaseDirectory, "gateway-examples");

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    // For the cart whose user is called as the cart.
    private static IEnumerable<BrokerRight> Rights(string cart) => BrokerRights.Of(cart);

    [TestMethod]
    [NeedsProgram("mosquitto")]
    [NeedsProgram("mosquitto_passwd")]
    public async Task Mosquittos_example_gives_the_gateway_what_it_needs_and_a_missing_line_is_named()
    {
        string folder = Directory.CreateTempSubdirectory("broker-example-").FullName;
        Dictionary<string, int> ports = new() { ["8883"] = FreePort(), ["9443"] = FreePort() };
        WriteCertificate(folder);
        File.WriteAllText(Path.Combine(folder, "passwd"), string.Empty);
        using (RunningProgram passwd = new("mosquitto_passwd", "-b", Path.Combine(folder, "passwd"), "c1", "secret"))
        {
            Assert.AreEqual(0, passwd.WaitForExit());
        }

        File.WriteAllText(Path.Combine(folder, "secret"), "secret\n");
        string configuration = File.ReadAllText(Path.Combine(Examples, "mosquitto", "mosquitto.conf"))
            .Replace("/etc/mosquitto/certs/", folder + "/", StringComparison.Ordinal).Replace("/etc/mosquitto/", folder + "/", StringComparison.Ordinal).Replace("/var/lib/mosquitto/", folder + "/", StringComparison.Ordinal);
        foreach ((string port, int free) in ports)
        {
            configuration = configuration.Replace("listener " + port, $"listener {free} 127.0.0.1", StringComparison.Ordinal);
        }

        File.WriteAllText(Path.Combine(folder, "mosquitto.conf"), "user root\n" + configuration);
        string acl = File.ReadAllText(Path.Combine(Examples, "mosquitto", "acl"));
        File.WriteAllText(Path.Combine(folder, "acl"), acl);
        using (RunningProgram broker = await StartAsync(folder))
        {
            foreach ((string transport, string port, string client) in (IReadOnlyList<(string, string, string)>)[("tls", "8883", "builtin"), ("wss", "9443", "mqttnet")])
            {
                (int exit, string results, string diagnostics) = Test(folder, transport, ports[port], client);
                Assert.AreEqual(0, exit, transport + " " + client + "\n" + results + diagnostics);
                StringAssert.Contains(results, "proven   publish   cart/c1/test/+");
                StringAssert.Contains(results, "the broker gives the gateway all that it needs.");
            }

            File.WriteAllText(Path.Combine(folder, "secret"), "wrong\n");
            (int wrong, string none, string said) = Test(folder, "tls", ports["8883"], "builtin");
            Assert.AreEqual(1, wrong);
            Assert.AreEqual(string.Empty, none);
            StringAssert.Contains(said, "G2413"); // mosquitto answers a wrong password with 0x87, not authorised
            File.WriteAllText(Path.Combine(folder, "secret"), "secret\n");
        }

        // One line of each kind missing: a publication, and the own topic, which shows what a subscription is worth.
        File.WriteAllText(Path.Combine(folder, "acl"), acl.Replace("pattern write cart/%u/session/+/gap/+/+\n", string.Empty, StringComparison.Ordinal));
        using (RunningProgram broker = await StartAsync(folder))
        {
            (int exit, string results, string diagnostics) = Test(folder, "tls", ports["8883"], "builtin", "--json");
            Assert.AreEqual(1, exit, results + diagnostics);
            using JsonDocument json = JsonDocument.Parse(results);
            Assert.AreEqual("user c1,topic write cart/c1/session/+/gap/+/+", string.Join(',', json.RootElement.GetProperty("missing").EnumerateArray().Select(m => m.GetString())));
        }

        File.WriteAllText(Path.Combine(folder, "acl"), acl.Replace("pattern readwrite cart/%u/test/+", "pattern write cart/%u/test/+", StringComparison.Ordinal));
        using (RunningProgram broker = await StartAsync(folder))
        {
            (int exit, string results, string diagnostics) = Test(folder, "tls", ports["8883"], "mqttnet");
            Assert.AreEqual(1, exit, results + diagnostics);
            StringAssert.Contains(results, "did not come back");
        }

        Directory.Delete(folder, recursive: true);
    }

    [TestMethod]
    public void Emqx_has_every_right_and_its_braces_close()
    {
        string acl = File.ReadAllText(Path.Combine(Examples, "emqx", "acl.conf"));
        foreach (BrokerRight right in Rights("${username}"))
        {
            string list = acl.Split(right.IsWrite ? "{allow, all, publish, [" : "{allow, all, subscribe, [")[1].Split(']')[0];
            StringAssert.Contains(list, "\"" + right.Filter + "\"");
        }

        Assert.IsTrue(acl.TrimEnd().EndsWith("{deny, all}.", StringComparison.Ordinal));
        string hocon = Regex.Replace(File.ReadAllText(Path.Combine(Examples, "emqx", "base.hocon")), "#[^\n]*|\"[^\"\n]*\"", string.Empty, RegexOptions.None, Patience);
        int depth = 0;
        foreach (char c in hocon)
        {
            depth += c is '{' or '[' ? 1 : c is '}' or ']' ? -1 : 0;
            Assert.IsGreaterThanOrEqualTo(0, depth);
        }

        Assert.AreEqual(0, depth);
    }

    [TestMethod]
    public void HiveMQs_files_are_xml_and_have_every_right()
    {
        XDocument credentials = XDocument.Load(Path.Combine(Examples, "hivemq", "credentials.xml"));
        HashSet<(string, string)> permissions =
        [
            .. credentials.Descendants("role").Single(r => r.Element("id")!.Value == "cart").Descendants("permission").Select(p => (p.Element("topic")!.Value, p.Element("activity")!.Value)),
        ];
        foreach (BrokerRight right in Rights("${{username}}"))
        {
            Assert.Contains((right.Filter, right.IsWrite ? "PUBLISH" : "SUBSCRIBE"), permissions);
        }

        XDocument configuration = XDocument.Load(Path.Combine(Examples, "hivemq", "config.xml"));
        Assert.IsEmpty(configuration.Descendants("tcp-listener"), "nothing in plain");
        Assert.HasCount(2, configuration.Descendants("tls"));
    }

    [TestMethod]
    public void RabbitMQs_patterns_match_every_topic_of_the_cart_and_no_other_carts()
    {
        foreach (string line in File.ReadLines(Path.Combine(Examples, "rabbitmq", "rabbitmq.conf")).Where(l => l.Length > 0 && l[0] != '#'))
        {
            Assert.IsTrue(Regex.IsMatch(line, "^[a-z0-9_]+(\\.[a-z0-9_]+)* = \\S+$", RegexOptions.ExplicitCapture, Patience), line);
        }

        string script = File.ReadAllText(Path.Combine(Examples, "rabbitmq", "users.sh"));
        foreach (BrokerRight right in Rights("c1"))
        {
            string pattern = Regex.Match(script, "^" + (right.IsWrite ? "write" : "read") + "='(?<pattern>[^']*)'$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, Patience).Groups["pattern"].Value.Replace("{username}", "c1", StringComparison.Ordinal);

            // A topic as a routing key, and a filter as a binding: levels are separated by points, + is *.
            foreach (string level in new[] { "x-1", "*" })
            {
                string key = right.TopicOf(level).Replace('/', '.');
                Assert.IsTrue(Regex.IsMatch(key, pattern, RegexOptions.ExplicitCapture, Patience), key);
                Assert.IsFalse(Regex.IsMatch(key.Replace("cart.c1.", "cart.c2.", StringComparison.Ordinal), pattern, RegexOptions.ExplicitCapture, Patience), "another cart");
            }
        }
    }

    [TestMethod]
    public void Ejabberds_file_is_yaml_and_has_every_right_in_double_quotes()
    {
        YamlStream yaml = new();
        using (StreamReader reader = new(Path.Combine(Examples, "ejabberd", "ejabberd.yml")))
        {
            yaml.Load(reader);
        }

        YamlMappingNode module = (YamlMappingNode)yaml.Documents[0].RootNode["modules"]["mod_mqtt"];
        foreach (BrokerRight right in Rights("%u"))
        {
            YamlMappingNode rules = (YamlMappingNode)module[right.IsWrite ? "access_publish" : "access_subscribe"];
            KeyValuePair<YamlNode, YamlNode> rule = rules.Children.Single(c => ((YamlScalarNode)c.Key).Value == right.Filter);
            Assert.AreEqual(YamlDotNet.Core.ScalarStyle.DoubleQuoted, ((YamlScalarNode)rule.Key).Style, right.Filter);
            Assert.AreEqual("all", ((YamlScalarNode)rule.Value[0]["allow"]).Value);
        }

        foreach (YamlNode listener in (YamlSequenceNode)yaml.Documents[0].RootNode["listen"])
        {
            Assert.AreEqual("true", ((YamlScalarNode)listener["tls"]).Value, "nothing in plain");
        }
    }

    [TestMethod]
    public void No_example_has_a_right_that_the_gateway_does_not_need()
    {
        string[] wanted = [.. Rights("%u").Select(r => (r.IsWrite ? "write " : "read ") + r.Filter).Order(StringComparer.Ordinal)];
        string[] given =
        [
            .. File.ReadLines(Path.Combine(Examples, "mosquitto", "acl")).Where(l => l.StartsWith("pattern ", StringComparison.Ordinal)).Select(l => l.Split(' '))
                .SelectMany(w => w[1] == "readwrite" ? new[] { "read " + w[2], "write " + w[2] } : [w[1] + " " + w[2]]).Order(StringComparer.Ordinal),
        ];
        CollectionAssert.AreEqual(wanted, given);
    }

    private static (int Exit, string Results, string Diagnostics) Test(string folder, string transport, int port, string client, params string[] more)
    {
        string file = Path.Combine(folder, "gateway.yaml");
        File.WriteAllText(
            file,
            $"cart:\n  id: c1\n  gatewayId: \"0200000000000001\"\nlisten:\n  mqttPort: 0\n  httpPort: 0\njournal:\n  directory: ./journal\nsessionBroker:\n  host: localhost\n  port: {port}\n  transport: {transport}\n"
            + $"  client: {client}\n  authorityFile: server.pem\n  userName: c1\n  passwordFile: secret\n");
        using StringWriter results = new();
        using StringWriter diagnostics = new();
        int exit = CartCtl.Run(["broker", "test", file, .. more], results, diagnostics);
        return (exit, results.ToString(), diagnostics.ToString());
    }

    private static async Task<RunningProgram> StartAsync(string folder)
    {
        RunningProgram broker = new("mosquitto", "-v", "-c", Path.Combine(folder, "mosquitto.conf"));
        string? line;
        string said = string.Empty;
        do
        {
            line = await broker.Errors.ReadLineAsync();
            said += line + "\n";
        }
        while (line is not null && !line.EndsWith(" running", StringComparison.Ordinal));
        Assert.IsNotNull(line, said);
        _ = broker.Errors.ReadToEndAsync(); // or its pipe fills
        return broker;
    }

    private static int FreePort()
    {
        using TcpListener probe = new(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private static void WriteCertificate(string folder)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        File.WriteAllText(Path.Combine(folder, "server.pem"), made.ExportCertificatePem() + "\n");
        File.WriteAllText(Path.Combine(folder, "server.key"), key.ExportPkcs8PrivateKeyPem() + "\n");
    }
}
