using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Core.Delivery;
using EdgeGateway.Faults;
using EdgeGateway.Journal;
using EdgeGateway.Machine;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.Client;
using EdgeGateway.Mqtt.Server;
using Firmware.Core;
using Gateway.Tests.Hosting;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Simulators.Cart.Gateway;
using Simulators.Kernel;

namespace Gateway.Tests.Configuration;

/// <summary>What --check accepts can start, and what cannot start is refused with what would be right.</summary>
[TestClass]
public sealed class CheckTests
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("CART_LONG") == "1";

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow("uplink:\n  readAheadBytes: 4096", "G2005", "8192 to 1048576")]
    [DataRow("sessionBroker:\n  host: mqtt://broker.example", "G2004", "Write host: broker.example.")]
    [DataRow("sessionBroker:\n  host: mqtts://broker.example:8883/path", "G2004", "Write host: broker.example and, on a line of its own, port: 8883.")]
    [DataRow("sessionBroker:\n  host: broker.example:1883", "G2004", "Write host: broker.example and, on a line of its own, port: 1883.")]
    [DataRow("sessionBroker:\n  host: me:secret@broker.example", "G2004", "Write host: broker.example.")]
    [DataRow("sessionBroker:\n  host: \"[::1]:1883\"", "G2004", "Write host: ::1 and, on a line of its own, port: 1883.")]
    [DataRow("sessionBroker:\n  host: \"[::1]\"", "G2004", "Write host: ::1.")]
    [DataRow("sessionBroker:\n  host: 127.0.0.1:1884", "G2004", "Write host: 127.0.0.1 and, on a line of its own, port: 1884.")]
    [DataRow("sessionBroker:\n  host: broker.example/mqtt", "G2004", "Write host: broker.example.")]
    [DataRow("sessionBroker:\n  host: \" broker.example \"", "G2004", "Write host: broker.example.")]
    [DataRow("sessionBroker:\n  host: a broker", "G2004", "a host name or address alone")]
    [DataRow("sessionBroker:\n  host: 1883", "G2004", "a host name or address alone")]
    [DataRow("sessionBroker:\n  host: 127.0.1", "G2004", "a host name or address alone")]
    [DataRow("sessionBroker:\n  host: 256.1.1.1", "G2004", "a host name or address alone")]
    [DataRow("sessionBroker:\n  host: -broker", "G2004", "a host name or address alone")]
    [DataRow("sessionBroker:\n  host: broker..example", "G2004", "a host name or address alone")]
    [DataRow("sessionBroker:\n  host: \"broker\\0.example\"", "G2004", "a host name or address alone")]
    [DataRow("sessionBroker:\n  host: broker.example\n  clientId: \"a\\nb\"", "G2004", "none of them a control character")]
    [DataRow("sessionBroker:\n  host: broker.example\n  userName: \"a\\0b\"", "G2004", "none of them a control character")]
    [DataRow("sessionBroker:\n  host: broker.example\n  userName: u\n  transport: tls\n  passwordFile: empty.secret", "G2004", "is empty")]
    [DataRow("sessionBroker:\n  host: broker.example\n  userName: u\n  transport: tls\n  passwordFile: ~/broker.secret", "G2004", "a shell's")]
    [DataRow("sessionBroker:\n  host: 127.0.0.1", "G2009", "the gateway's own MQTT listener")]
    [DataRow("sessionBroker:\n  host: localhost", "G2009", "the gateway's own MQTT listener")]
    [DataRow("sessionBroker:\n  host: broker.example\n  userName: u\n  passwordFile: broker.secret", "G2176", "Write transport: tls.")]
    [DataRow("sessionBroker:\n  host: 10.0.0.7\n  userName: u\n  transport: ws\n  passwordFile: broker.secret", "G2176", "to 10.0.0.7")]
    [DataRow("sessionBroker:\n  host: localhost\n  port: 1884\n  userName: u\n  passwordFile: broker.secret\n  alternatives:\n    - host: broker.example", "G2176", "to broker.example")]
    [DataRow("web:\n  listen: 0.0.0.0:8443\n  certificate: web.pem", "G2177", "write access: accounts: true")]
    [DataRow("web:\n  listen: \"[::ffff:127.0.0.1]:8443\"\n  certificate: web.pem", "G2177", "needs accounts")]
    [DataRow("web:\n  listen: 127.0.0.1:8443", "G2009", "the pages have no certificate")]
    [DataRow("web:\n  listen: 127.0.0.1:8080\n  certificate: web.pem", "G2009", "another listener too")]
    [DataRow("web:\n  listen: 127.0.0.1\n  certificate: web.pem", "G2004", "an IP address and a port")]
    [DataRow("web:\n  listen: \"::1\"\n  certificate: web.pem", "G2004", "an IP address and a port")]
    [DataRow("web:\n  certificate: web.pem", "G2009", "no web.listen")]
    [DataRow("listen:\n  mqttAddress: \"::ffff:127.0.0.1\"", "G2010", "Write 127.0.0.1.")]
    [DataRow("web:\n  publicUrl: cart.example", "G2004", "Write publicUrl: https://cart.example.")]
    [DataRow("web:\n  publicUrl: https://cart.example/path", "G2004", "nothing behind it")]
    [DataRow("web:\n  publicUrl: https://me@cart.example", "G2004", "nothing behind it")]
    [DataRow("web:\n  publicUrl: ftp://cart.example", "G2004", "nothing behind it")]
    [DataRow("web:\n  trustedProxies:\n    - address: proxy.example", "G2004", "Write an IP address.")]
    [DataRow("web:\n  trustedProxies:\n    - address: 10.0.0.0/8", "G2004", "Write an IP address.")]
    [DataRow("web:\n  trustedProxies:\n    - address: 0.0.0.0", "G2004", "Write an IP address.")]
    [DataRow("web:\n  trustedProxies:\n    - address: 10", "G2004", "Write an IP address.")]
    [DataRow("web:\n  hostNames:\n    - name: cart.example:8080", "G2004", "a host name or address without port")]
    [DataRow("web:\n  origins:\n    - origin: https://clinic.example/", "G2004", "with an optional port")]
    public void What_cannot_start_is_refused_with_the_mend(string more, string code, string next)
    {
        CodedError error = Parse(Whole("journal", more)).Errors.Single();
        Assert.AreEqual(code, error.Code, error.Render());
        StringAssert.Contains(error.Render(), next);
    }

    [TestMethod]
    [DataRow("~/journal", "~ and variables are a shell's")]
    [DataRow("/var/lib/~/journal", "a directory")]
    [DataRow("$HOME/journal", "~ and variables are a shell's")]
    [DataRow("${HOME}/journal", "~ and variables are a shell's")]
    [DataRow("\"%APPDATA%/journal\"", "~ and variables are a shell's")]
    [DataRow("file:///var/lib/journal", "Write a path, not a URL.")]
    [DataRow("\" journal\"", "Remove the blanks around it.")]
    [DataRow("\"jour\\0nal\"", "a directory")]
    [DataRow("\"jour\\nnal\"", "a directory")]
    public void A_directory_that_would_become_a_folder_of_that_name_is_refused(string directory, string next)
    {
        CodedError error = Parse(Whole(directory, string.Empty)).Errors.Single();
        Assert.AreEqual("G2004", error.Code, error.Render());
        StringAssert.Contains(error.Render(), next);
    }

    [TestMethod]
    [DataRow("broker.example")]
    [DataRow("broker")]
    [DataRow("mqtt_broker")]
    [DataRow("broker.example.")]
    [DataRow("10.0.0.7")]
    [DataRow("1.example")]
    [DataRow("\"::1\"")]
    [DataRow("\"fe80::1%eth0\"")]
    public void What_is_a_host_is_taken(string host) => Assert.IsEmpty(Parse(Whole("journal", "sessionBroker:\n  host: " + host)).Errors.ToArray());

    [TestMethod]
    public void A_file_is_read_with_what_it_names_beside_it_and_an_absent_one_says_so()
    {
        string folder = Directory.CreateTempSubdirectory("gateway-file-").FullName;
        string file = Path.Combine(folder, "gateway.yaml");
        CodedError absent = ConfigurationFile.Load(file).Errors.Single();
        Assert.AreEqual("G2001", absent.Code);
        StringAssert.Contains(absent.Render(), "there is no such file");

        File.WriteAllText(file, Whole("journal", "sessionBroker:\n  host: broker.example\n  userName: cart-1\n  transport: tls\n  passwordFile: broker.secret"));
        Assert.AreEqual("G2008", ConfigurationFile.Load(file).Errors.Single().Code);
        File.WriteAllText(Path.Combine(folder, "broker.secret"), "secret\n");
        GatewayHostOptions options = ConfigurationFile.Check(file).Options!;
        Assert.AreEqual("secret", Encoding.UTF8.GetString(options.Core.External!.Password.Span));
        Assert.AreEqual(Path.Combine(folder, "journal"), options.JournalDirectory);
        File.WriteAllText(Path.Combine(folder, "journal"), "a file where the directory should be");
        Assert.AreEqual("G2011", ConfigurationFile.Check(file).Errors.Single().Code);
        Directory.Delete(folder, recursive: true);
    }

    [TestMethod]
    public void A_directory_that_cannot_be_used_here_is_refused_before_the_start()
    {
        string folder = Directory.CreateTempSubdirectory("gateway-check-").FullName;
        File.WriteAllText(Path.Combine(folder, "file"), "x");
        foreach ((string directory, string? named) in new[]
        {
            ("journal", null), ("a/b/c", null), (".", null), ("file", "file is a file"), ("file/journal", "file is a file"), ("/proc/journal", "may not write to /proc"), ("/proc/1/journal", "may not write"),
        })
        {
            GatewayHostOptions options = GatewayConfiguration.Parse(Whole(directory, string.Empty), "gateway.yaml", folder, _ => null).Options!;
            CodedError? error = MachineCheck.Run(options, "gateway.yaml").SingleOrDefault();
            if (named is null || (named.Contains("write", StringComparison.Ordinal) && Environment.UserName == "root"))
            {
                // Root may try everywhere.
                Assert.IsTrue(error is null || named is not null, error?.Render());
                continue;
            }

            Assert.AreEqual("G2011", error!.Code);
            StringAssert.Contains(error.Render(), named);
        }

        Assert.IsEmpty(Directory.GetDirectories(folder), "nothing was made");
    }

    [TestMethod]
    public void Every_configuration_that_is_accepted_can_be_started()
    {
        int accepted = 0;
        int count = IsLong ? 60_000 : 6_000;
        SeededRandom random = new(20_260_102);
        for (int i = 0; i < count; i++)
        {
            string text = Random(random);
            ConfigurationResult result = Parse(text);
            if (result.Options is not { } options)
            {
                Assert.IsGreaterThan(0, result.Errors.Count);
                continue;
            }

            accepted++;
            try
            {
                Construct(options);
            }
            catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or OverflowException)
            {
                throw new AssertFailedException("accepted and yet no start:\n" + text + "\n" + exception, exception);
            }
        }

        TestContext.WriteLine($"{accepted} of {count} were accepted");
        Assert.IsGreaterThan(count / 20, accepted, "the generator makes right ones too");
    }

    [TestMethod]
    public async Task The_smallest_that_is_accepted_starts()
    {
        GatewayHostOptions small = Parse(Whole("journal", "uplink:\n  readAheadBytes: 8192\n  windowMessages: 1\ningest:\n  maxHeldMessages: 1\nsessions:\n  maxSessions: 16").Replace("directory: journal", "directory: journal\n  quotaMebibytes: 16", StringComparison.Ordinal)).Options!;
        await using LiveGateway gateway = await LiveGateway.StartAsync(change: o => small with { MqttPort = 0, HttpPort = 0, JournalDirectory = o.JournalDirectory });
        Assert.AreEqual(16L * 1024 * 1024, small.JournalQuotaBytes);
        Assert.IsTrue(gateway.Service.Ready.IsCompletedSuccessfully);
    }

    private static readonly string[] Numbers = ["-1", "0", "1", "2", "10", "15", "16", "32", "100", "255", "256", "1000", "1024", "1883", "4096", "8080", "8191", "8192", "30000", "65535", "65536", "1048576", "99999999999", "1e3", "0x10", "true", "\"7\"", "~"];
    private static readonly string[] Words = ["a", "broker.example", "127.0.0.1", "\"::1\"", "localhost", "\"x y\"", "\"\\0\"", "~/x", "https://a.example", "mqtt://a", "\"\"", "5", "3.1.1", "en", "fr", "true", "false", "\"a\\nb\"", "é", "\"\\ud800\"", "broker.secret", "empty.secret"];

    private static string Random(SeededRandom random)
    {
        string Any(string[] pool) => pool[random.NextUInt32() % (uint)pool.Length];
        bool Often() => random.NextUInt32() % 4 != 0;
        StringBuilder text = new();
        text.Append("cart:\n  id: ").Append(Often() ? "C1" : Any(Words)).Append("\n  gatewayId: ").Append(Often() ? "\"0200000000000001\"" : Any(Words)).Append('\n');
        text.Append("journal:\n  directory: ").Append(Often() ? "journal" : Any(Words)).Append('\n');
        if (!Often())
        {
            text.Append("  quotaMebibytes: ").Append(Any(["15", "16", "17", "64", "1048576", "1048577"])).Append('\n');
        }

        foreach ((string section, string[] keys) in Sections)
        {
            if (Often())
            {
                continue;
            }

            text.Append(section).Append(":\n");
            if (section == "sessionBroker")
            {
                text.Append("  host: ").Append(Often() ? "broker.example" : Any(Words)).Append('\n');
            }

            foreach (string key in keys)
            {
                if (random.NextUInt32() % 3 == 0)
                {
                    bool number = char.IsUpper(key[^1]) || key.EndsWith("Ms", StringComparison.Ordinal) || key.EndsWith("Port", StringComparison.Ordinal) || key is "port" or "clockDriftPpm"
                        || key.EndsWith("Messages", StringComparison.Ordinal) || key.EndsWith("Bytes", StringComparison.Ordinal) || key.EndsWith("Records", StringComparison.Ordinal) || key.EndsWith("Seconds", StringComparison.Ordinal) || key.EndsWith("Sessions", StringComparison.Ordinal);
                    text.Append("  ").Append(key).Append(": ").Append(Any(number ? Numbers : Words)).Append('\n');
                }
            }
        }

        return text.ToString();
    }

    private static readonly (string Section, string[] Keys)[] Sections =
    [
        ("listen", ["mqttAddress", "mqttPort", "httpAddress", "httpPort"]),
        ("tls", ["directory", "mqttAddress", "mqttPort"]),
        ("web", ["publicUrl"]),
        ("sessionBroker", ["port", "version", "clientId", "userName", "passwordFile", "keepAliveSeconds", "firstBackoffMs", "longestBackoffMs"]),
        ("uplink", ["receiptsExpected", "windowMessages", "readAheadBytes", "liveDistanceRecords", "probeMs", "statePeriodMs", "stateStalenessMs"]),
        ("ingest", ["maxHeldMessages", "unexplainedMs", "unexplainedOtherBootMs"]),
        ("time", ["trustSystemClock", "trustedClockUncertaintyMs", "clockDriftPpm", "maxUncertaintyMs"]),
        ("sessions", ["maxSessions"]),
    ];

    /// <summary>All that a start makes of the options, without sockets and files.</summary>
    private static void Construct(GatewayHostOptions options)
    {
        JournalOptions journal = new() { QuotaBytes = options.JournalQuotaBytes };
        journal.Validate();
        Nothing nothing = new();
        _ = new GatewayCore(options.Core, new GatewayPorts
        {
            Journal = (handler, projections) => new JournalLog(new SimulatedDisk(1), journal, projections, handler),
            Server = handler => new MqttServer(new MqttServerOptions(), handler),
            Client = (client, handler) => new MqttClient(client, handler),
            Uplink = nothing,
            Time = nothing,
            Entropy = nothing,
            Listeners = new ListenerTokens(new byte[32]),
        });
        Assert.IsTrue(Path.IsPathFullyQualified(options.JournalDirectory) && !options.JournalDirectory.Contains('~', StringComparison.Ordinal) && !options.JournalDirectory.Contains('\0', StringComparison.Ordinal));
        if (options.Core.External is { } broker)
        {
            Assert.AreNotEqual(UriHostNameType.Unknown, Uri.CheckHostName(broker.Host), broker.Host);

            // CONNECT itself: what is in it must be encodable.
            MqttClient client = new(
                new MqttClientOptions { ClientId = broker.ClientId ?? "cart-" + options.Core.CartId, Version = broker.Version, UserName = broker.UserName, Password = broker.Password, KeepAliveSeconds = broker.KeepAliveSeconds },
                new TestClientHandler());
            client.Open(new Sink(), 0);
        }
    }

    private static string Whole(string directory, string more) => $"cart:\n  id: cart-1\n  gatewayId: \"0200000000000001\"\njournal:\n  directory: {directory}\n{more}\n";

    private static ConfigurationResult Parse(string text) => GatewayConfiguration.Parse(
        text, "gateway.yaml", "/etc/cart", path => path == "broker.secret" ? "secret\n"u8.ToArray() : path == "empty.secret" ? "\r\n"u8.ToArray() : null);

    private sealed class Nothing : IUplinkConnector, IGatewayTime, IEntropy
    {
        public long NowUs => 0;

        public UtcEstimate Utc => default;

        public void Connect(IUplinkEvents events)
        {
        }

        public uint NextUInt32() => 1;
    }

    private sealed class Sink : IMqttConnection
    {
        public int PendingBytes => 0;

        public void Write(ReadOnlySpan<byte> bytes)
        {
        }

        public void Close()
        {
        }
    }

    private sealed class TestClientHandler : IMqttClientHandler
    {
        public void Connected(bool sessionPresent)
        {
        }

        public void Lost(byte reasonCode, string text)
        {
        }

        public void Acknowledged(long ticket, byte reasonCode)
        {
        }

        public bool Received(in MqttMessage message, long token) => true;

        public void Subscribed(string filter, byte reasonCode)
        {
        }
    }
}
