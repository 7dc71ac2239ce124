using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Text;
using EdgeGateway.Core;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Configuration;

[TestClass]
public sealed class GatewayConfigurationTests
{
    private const string Folder = "/etc/cart";
    private const string Right = """
        cart:
          id: cart-1
          gatewayId: "0200000000000001"
        journal:
          directory: journal
        """;

    [TestMethod]
    public void The_least_file_gives_every_default()
    {
        GatewayHostOptions options = Good(Right);
        GatewayOptions standard = new() { CartId = "cart-1", GatewayId = 0x0200000000000001 };
        Assert.AreEqual(standard with { Seed = standard.GatewayId, Devices = options.Core.Devices, Sites = options.Core.Sites }, options.Core);
        Assert.IsEmpty(options.Core.Devices);
        Assert.AreEqual(new GatewayHostOptions { Core = options.Core, JournalDirectory = Path.GetFullPath("/etc/cart/journal") }, options);
    }

    [TestMethod]
    public void The_example_is_right_names_every_key_and_states_the_defaults()
    {
        string example = File.ReadAllText(Path.Combine(Root(), "edge-gateway", "Gateway", "gateway.example.yaml"));
        GatewayHostOptions options = Good(example);
        GatewayHostOptions least = Good(Right);
        Assert.AreEqual(least.Core with { Devices = options.Core.Devices, Sites = options.Core.Sites }, options.Core, "The example states another default than the code has.");
        Assert.AreEqual(least with { Core = options.Core, CartKeyFile = "/etc/cart/journal/keys/cart.key" }, options, "the key's own place is written out");
        CollectionAssert.AreEqual(
            new[] { new StreamSite(0x0200000000000010, 16, "axilla"), new StreamSite(0x0200000000000010, 32, "finger") }, options.Core.Sites.ToArray());

        // The part for a broker of one's own is a remark there; it must be right too.
        string withBroker = string.Join('\n', example.Split('\n').Select(l => l.StartsWith("# sessionBroker", StringComparison.Ordinal) || l.StartsWith("# web", StringComparison.Ordinal) || l.StartsWith("# access", StringComparison.Ordinal) || l.StartsWith("# tls", StringComparison.Ordinal) || l.StartsWith("#   ", StringComparison.Ordinal) ? l[2..] : l));
        GatewayHostOptions whole = Good(withBroker);
        CollectionAssert.AreEqual(new[] { "https://clinic.example" }, whole.Web.Origins.ToArray());
        CollectionAssert.AreEqual(new[] { "cart.clinic.example" }, whole.Web.HostNames.ToArray());
        Assert.AreEqual("https://cart.clinic.example", whole.Web.PublicUrl);
        CollectionAssert.AreEqual(new[] { "https://visits.example" }, whole.Web.EmbedIn.ToArray());
        Assert.AreEqual(new GatewayAccessOptions { HasAccounts = false, LockAfterSeconds = 300, AllowsWithoutBadge = false }, whole.Access);
        CollectionAssert.AreEqual(new[] { IPAddress.Loopback }, whole.Web.TrustedProxies.ToArray());
        Assert.AreEqual(new GatewayTlsOptions { Directory = "/etc/cart/certificates", MqttAddress = IPAddress.Any, MqttPort = 8883 }, whole.Tls);
        ExternalBroker broker = whole.Core.External!;
        Assert.AreEqual(UplinkTransport.Tls, broker.Transport);
        CollectionAssert.AreEqual(new[] { new BrokerAddress("broker-2.example", 1883) }, broker.Alternatives.ToArray());
        Assert.IsTrue(broker.Authority.Length > 0 && broker.Certificate.Length > 0);
        Assert.AreEqual("cart-cart-1", broker.ClientId);
        Assert.AreEqual("secret", Encoding.UTF8.GetString(broker.Password.Span));
        Assert.AreEqual(MqttVersion.V5, broker.Version);
        Assert.AreEqual(5_000_000, broker.LongestBackoffUs);
    }

    [TestMethod]
    [DataRow("authorityFile: hospital-ca.pem", "sessionBroker.authorityFile G2009")]
    [DataRow("transport: tls, authorityFile: absent.pem", "sessionBroker.authorityFile G2008")]
    [DataRow("transport: tls, authorityFile: broker.secret", "sessionBroker.authorityFile G2004")]
    [DataRow("transport: wss, certificateFile: hospital-ca.pem", "sessionBroker.certificateFile G2004")]
    [DataRow("transport: wss, certificateFile: key-alone.pem", "sessionBroker.certificateFile G2004")]
    [DataRow("transport: ws, serverName: broker.example", "sessionBroker.serverName G2009")]
    [DataRow("transport: tls, webSocketPath: mqtt", "sessionBroker.webSocketPath G2004")]
    public void What_does_not_go_together_at_the_broker_is_told(string keys, string expected)
    {
        ConfigurationResult result = Parse(Right + "\nsessionBroker: {host: broker.example, " + keys + "}\n");
        Assert.AreEqual(expected, result.Errors.Single().Place.Path + " " + result.Errors.Single().Code);
    }

    [TestMethod]
    [DataRow("directory: ./c, mqttPort: 1883", "tls.mqttPort G2009")]
    [DataRow("mqttPort: 8884", "tls.directory G2007")]
    public void What_does_not_go_together_at_the_tls_listener_is_told(string keys, string expected)
    {
        ConfigurationResult result = Parse(Right + "\ntls: {" + keys + "}\n");
        Assert.AreEqual(expected, result.Errors.Single().Place.Path + " " + result.Errors.Single().Code);
    }

    [TestMethod]
    public void A_proxy_that_is_written_as_a_mapped_address_is_trusted_like_the_plain_one()
    {
        GatewayHostOptions options = Good(Right + "\nweb: {publicUrl: https://a.example, trustedProxies: [{address: '::ffff:10.0.0.1'}]}\n");
        Assert.IsTrue(options.Web.Trusts(IPAddress.Parse("10.0.0.1")));
        Assert.IsTrue(options.Web.Trusts(IPAddress.Parse("::ffff:10.0.0.1")));
        Assert.IsFalse(options.Web.Trusts(IPAddress.Parse("10.0.0.2")));
    }

    [TestMethod]
    public void Values_and_their_units_arrive()
    {
        GatewayHostOptions options = Good(Right + """

            listen: { mqttAddress: "::1", mqttPort: 0, httpAddress: localhost, httpPort: 0 }
            uplink:
              windowMessages: 1
              probeMs: 100
              receiptsExpected: false
            time: { trustSystemClock: true, maxUncertaintyMs: 7 }
            sessionBroker: { host: broker.example, version: "3.1.1", firstBackoffMs: 20, longestBackoffMs: 20 }
            """);
        Assert.AreEqual(IPAddress.IPv6Loopback, options.MqttAddress);
        Assert.AreEqual(IPAddress.Loopback, options.HttpAddress);
        Assert.AreEqual(0, options.HttpPort);
        Assert.AreEqual(1, options.Core.Window);
        Assert.AreEqual(100_000, options.Core.ProbeUs);
        Assert.IsFalse(options.Core.ReceiptsExpected);
        Assert.IsTrue(options.TrustSystemClock);
        Assert.AreEqual(7_000, options.Core.MaxUncertaintyUs);
        Assert.AreEqual(MqttVersion.V311, options.Core.External!.Version);
        Assert.AreEqual(20_000, options.Core.External.FirstBackoffUs);
    }

    [TestMethod]
    [DataRow("uplink:\n  windowMesages: 8", "G2003", 7, "uplink.windowMesages", "Did you mean 'windowMessages'?", DisplayName = "1 a key misspelt")]
    [DataRow("uplink:\n  mqttPort: 1883", "G2003", 7, "uplink.mqttPort", "It belongs to 'listen'.", DisplayName = "2 a key in the wrong section")]
    [DataRow("listen:\n  mqttPort: 70000", "G2005", 7, "listen.mqttPort", "The default is 1883.", DisplayName = "3 out of range")]
    [DataRow("listen:\n  httpPort: eighty", "G2004", 7, "listen.httpPort", "Write a number from 0 to 65535, without quotes or unit.", DisplayName = "4 not a number")]
    [DataRow("uplink:\n  probeMs: 2 s", "G2004", 7, "uplink.probeMs", "Write a number from 100 to 60000, without quotes or unit.", DisplayName = "5 a unit in the value")]
    [DataRow("uplink:\n  receiptsExpected: yes", "G2004", 7, "uplink.receiptsExpected", "Did you mean true?", DisplayName = "6 yes for true")]
    [DataRow("uplink:\n  probeMs: 200\n  probeMs: 300", "G2006", 8, "uplink.probeMs", "Remove one of the two lines.", DisplayName = "7 a key twice")]
    [DataRow("listen:\n  httpAddress: 0.0.0.0", "G2010", 7, "listen.httpAddress", "Write 127.0.0.1.", DisplayName = "8 a listener for everyone")]
    [DataRow("sessionBroker:\n  port: 1884", "G2007", 6, "sessionBroker.host", "For example: host: broker.example", DisplayName = "9 a required key is missing")]
    [DataRow("sessionBroker:\n  host: a\n  firstBackoffMs: 900\n  longestBackoffMs: 500", "G2009", 9, "sessionBroker.longestBackoffMs", "Change one of the two values", DisplayName = "10 a contradiction")]
    [DataRow("uplink:\n  probeMs: [", "G2002", 8, null, "Correct the syntax at the place named", DisplayName = "11 not YAML")]
    [DataRow("sessionBroker:\n  host: a\n  userName: u\n  passwordFile: absent\n  transport: tls", "G2008", 9, "sessionBroker.passwordFile", "Create the file", DisplayName = "12 a secret that is not there")]
    [DataRow("sessionBroker:\n  host: a\n  version: 3.1", "G2004", 8, "sessionBroker.version", "Write one of 5, 3.1.1.", DisplayName = "13 none of the words")]
    [DataRow("devices:\n  - id: 12", "G2004", 7, "devices[0].id", "Write 16 hexadecimal digits, not all 0.", DisplayName = "14 a device id too short")]
    [DataRow("devices:\n  - id: \"0200000000000010\"\n    modle: x", "G2003", 8, "devices[0].modle", "Did you mean 'model'?", DisplayName = "15 a key misspelt in a list")]
    [DataRow("uplink: 3", "G2004", 6, "uplink", "Write the keys below it, indented by two blanks.", DisplayName = "16 a value for a section")]
    [DataRow("listen:\n  mqttPort: 8080", "G2009", 7, "listen.httpPort", "The defaults are 1883 and 8080.", DisplayName = "17 one port for two")]
    [DataRow("a: &x 1\nb: *x", "G2002", 7, null, "Correct the syntax", DisplayName = "18 an alias")]
    public void A_wrong_file_gives_code_place_and_next_step(string more, string code, int line, string? path, string next)
    {
        ConfigurationResult result = Parse(Right + "\n" + more);
        Assert.IsNull(result.Options);
        Assert.HasCount(1, result.Errors, CodedError.RenderAll(result.Errors));
        CodedError error = result.Errors[0];
        Assert.AreEqual(code, error.Code, error.Render());
        Assert.AreEqual(new ErrorPlace("gateway.yaml", line, path), error.Place);
        StringAssert.Contains(error.Render().Split("next: ")[1], next);
    }

    [TestMethod]
    public void All_errors_come_in_one_reply_in_the_order_of_the_file()
    {
        ConfigurationResult result = Parse("""
            cart:
              id: "a cart"
            listen:
              mqttAddress: 10.0.0.7
              mqttPort: -1
            journl:
              directory: x
            uplink:
              windowMessages: many
            """);
        CollectionAssert.AreEqual(
            new[] { "1:cart.gatewayId G2007", "1:journal.directory G2007", "2:cart.id G2004", "4:listen.mqttAddress G2010", "5:listen.mqttPort G2005", "6:journl G2003", "9:uplink.windowMessages G2004" },
            result.Errors.Select(e => $"{e.Place.Line}:{e.Place.Path} {e.Code}").OrderBy(t => int.Parse(t.Split(':')[0])).ThenBy(t => t, StringComparer.Ordinal).ToArray());
        CollectionAssert.AreEqual(result.Errors.Select(e => e.Place.Line).Order().ToArray(), result.Errors.Select(e => e.Place.Line).ToArray());
        StringAssert.Contains(result.Errors.Single(e => e.Code == "G2003").Render(), "Did you mean 'journal'?");
    }

    [TestMethod]
    [DataRow("192.168.1.5")]
    [DataRow("::")]
    [DataRow("0.0.0.0")]
    [DataRow("fe80::1")]
    public void Every_listener_refuses_every_address_but_loopback(string address)
    {
        foreach (string key in new[] { "mqttAddress", "httpAddress" })
        {
            ConfigurationResult result = Parse($"{Right}\nlisten:\n  {key}: \"{address}\"");
            Assert.AreEqual("G2010", result.Errors.Single().Code);
            StringAssert.Contains(result.Errors[0].Render(), address);
        }
    }

    [TestMethod]
    public void An_empty_file_asks_for_what_is_required()
    {
        CollectionAssert.AreEqual(new[] { "G2007", "G2007", "G2007" }, Parse(string.Empty).Errors.Select(e => e.Code).ToArray());
        CollectionAssert.AreEqual(new[] { "G2007", "G2007", "G2007" }, Parse("# nothing\n").Errors.Select(e => e.Code).ToArray());
    }

    [TestMethod]
    public void Bytes_are_read_as_their_byte_order_mark_says()
    {
        foreach (Encoding encoding in new[] { new UTF8Encoding(false), Encoding.UTF8, Encoding.Unicode, Encoding.BigEndianUnicode, Encoding.UTF32 })
        {
            byte[] bytes = [.. encoding.GetPreamble(), .. encoding.GetBytes(Right.Replace("id: cart-1", "id: cart-é", StringComparison.Ordinal))];
            CodedError error = GatewayConfiguration.Parse(bytes, "gateway.yaml", Folder, _ => null).Errors.Single(e => e.Place.Path == "cart.id");
            StringAssert.Contains(error.Detail, "'cart-é'", encoding.WebName);
        }
    }

    [TestMethod]
    public void Any_damage_to_a_right_file_is_an_error_or_options_and_never_an_exception()
    {
        // Every prefix, and every character replaced by some that mean something in YAML.
        for (int i = 0; i < Right.Length; i++)
        {
            _ = Parse(Right[..i]);
            foreach (char c in ":-[{\"'&*!|\t\n#%@\0")
            {
                ConfigurationResult result = Parse(Right[..i] + c + Right[(i + 1)..]);
                Assert.AreEqual(result.Options is null, result.Errors.Count > 0);
            }
        }
    }

    private static ConfigurationResult Parse(string text) => GatewayConfiguration.Parse(
        text.ReplaceLineEndings("\n"), "gateway.yaml", Folder, NamedFiles.Read);

    private static GatewayHostOptions Good(string text)
    {
        ConfigurationResult result = Parse(text);
        Assert.IsEmpty(result.Errors, CodedError.RenderAll(result.Errors));
        return result.Options!;
    }

    private static string Root()
    {
        DirectoryInfo folder = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Firmware.sln")))
        {
            folder = folder.Parent!;
        }

        return folder.FullName;
    }
}
