using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Machine;
using EdgeGateway.Tool;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Tool.Tests;

/// <summary><c>cartctl init</c>: what it asks, what it writes, and that it writes nothing that is wrong or over anything.</summary>
[TestClass]
public sealed class InitCommandTests : IDisposable
{
    private const string Secret = "s3cret of the broker";
    private readonly string _folder = Directory.CreateTempSubdirectory("cartctl-init-").FullName;

    private string Yaml => Path.Combine(_folder, "gateway.yaml");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void Every_combination_of_answers_makes_a_short_file_that_the_check_accepts()
    {
        HashSet<string> gateways = [];
        foreach (string language in new[] { "en", "fr" })
        {
            foreach (string network in new[] { "access-point\n\n", "access-point\n10.1.2.3\n", "site\n\n", "site\n10.0.0.9\n", "none\n" })
            {
                foreach (string broker in new[] { "-\n", "broker.example\n-\n", "10.0.0.7\ncart \"1\" # é\n" + Secret + "\n" })
                {
                    foreach (string accounts in new[] { "yes", "no" })
                    {
                        string answers = "ward-3\n" + language + "\n" + network + broker + accounts + "\n";
                        (int exit, string results, string diagnostics) = Init(answers);
                        Assert.AreEqual(CartCtl.Clean, exit, answers + diagnostics);
                        string text = File.ReadAllText(Yaml);
                        Assert.IsLessThan(40, text.Split('\n').Length, text);
                        Assert.AreEqual(CartCtl.Clean, Run("check", Yaml).Exit, text + Run("check", Yaml).Diagnostics);
                        GatewayHostOptions options = ConfigurationFile.Load(Yaml).Options!;
                        Assert.AreEqual("ward-3", options.Core.CartId);
                        Assert.AreEqual(language, options.Language);
                        Assert.AreEqual(accounts == "yes", options.Access.HasAccounts);
                        Assert.AreEqual(accounts == "yes", results.Contains("cartctl claim", StringComparison.Ordinal));
                        Assert.AreEqual(broker == "-\n", options.Core.External is null);
                        Assert.AreEqual(network != "none\n", text.Contains("# tls:", StringComparison.Ordinal), "no certificates, no section");
                        Assert.IsLessThanOrEqualTo(8, diagnostics.Split("]: ").Length - 1 + diagnostics.Split("password there: ").Length - 1, diagnostics);
                        bool hasSecret = broker.Contains(Secret, StringComparison.Ordinal);
                        Assert.AreEqual(hasSecret, File.Exists(Path.Combine(_folder, "broker.secret")));
                        Assert.IsFalse((text + results + diagnostics).Contains(Secret, StringComparison.Ordinal));
                        if (hasSecret)
                        {
                            Assert.AreEqual("cart \"1\" # é", options.Core.External!.UserName);
                            Assert.AreEqual(Secret, Encoding.UTF8.GetString(options.Core.External.Password.Span));
                            File.Delete(Path.Combine(_folder, "broker.secret"));
                        }

                        Assert.IsTrue(gateways.Add(text.Split("gatewayId: ")[1][..18]), "each cart has another");
                        byte first = byte.Parse(text.Split("gatewayId: \"")[1][..2], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
                        Assert.AreEqual(2, first & 3, "locally administered, of one machine");
                        Assert.AreEqual("gateway.yaml", string.Join(' ', Directory.GetFileSystemEntries(_folder).Select(Path.GetFileName)), "nothing beside it");
                        File.Delete(Yaml);
                    }
                }
            }
        }
    }

    [TestMethod]
    public void With_certificates_the_section_for_pods_is_in_force()
    {
        using ToolCart cart = new ToolCart().Installed();
        File.Delete(cart.Yaml);
        Assert.AreEqual(CartCtl.Clean, Run("init", cart.Yaml, "ward-3\n\nsite\n\n-\n\n").Exit);
        GatewayHostOptions options = ConfigurationFile.Check(cart.Yaml).Options!;
        Assert.AreEqual(cart.Folder.Path, options.Tls!.Directory);
        File.Delete(cart.Yaml);
        Assert.AreEqual(CartCtl.Clean, Run("init", cart.Yaml, "other-cart\n\nsite\n\n-\n\n").Exit, "those of another cart are none");
        Assert.IsNull(ConfigurationFile.Check(cart.Yaml).Options!.Tls);
    }

    [TestMethod]
    [DataRow("a b\nward/3\n\u00e9\n", "G2004")]
    [DataRow("\nde\nEN\nenglish\n", "none of them")]
    [DataRow("\n\nsite\n10\n10.1\n010.0.0.1\n", "none of them", DisplayName = "An_address_that_is_none")]
    [DataRow("\n\nnone\nmqtt://broker.example\nbroker.example:8883\na\\\"b\n", "Write host: broker.example and, on a line of its own, port: 8883.")]
    [DataRow("\n\nnone\n127.0.0.1\u0007\na\tb\n x y\n", "a host name or address alone")]
    [DataRow("\n\nnone\nbroker.example\nu\n\n", "password is empty")]
    [DataRow("\n\nnone\n-\nmaybe\nperhaps\ny\n", "none of them")]
    [DataRow("", "the answers ended at: The cart's name")]
    [DataRow("\n\nnone\n-\n", "the answers ended at: Accounts")]
    public void Wrong_or_missing_answers_write_nothing(string answers, string said)
    {
        (int exit, string results, string diagnostics) = Init(answers);
        Assert.AreEqual(CartCtl.Unreadable, exit, results);
        StringAssert.Contains(diagnostics, said);
        StringAssert.Contains(diagnostics, "C2760");
        Assert.IsEmpty(Directory.GetFileSystemEntries(_folder));
    }

    [TestMethod]
    public void A_wrong_answer_is_asked_again()
    {
        (int exit, _, string diagnostics) = Init("a b\nward-3\n\nnone\n-\n\n");
        Assert.AreEqual(CartCtl.Clean, exit, diagnostics);
        Assert.AreEqual("ward-3", ConfigurationFile.Load(Yaml).Options!.Core.CartId);
    }

    [TestMethod]
    public void Nothing_is_written_over_and_no_folder_is_made()
    {
        foreach (string name in new[] { "gateway.yaml", "broker.secret" })
        {
            string there = Path.Combine(_folder, name);
            File.WriteAllText(there, "kept");
            (int exit, _, string diagnostics) = Init("\n\nnone\n-\n\n");
            Assert.AreEqual(CartCtl.Unreadable, exit);
            StringAssert.Contains(diagnostics, there);
            Assert.AreEqual("kept", File.ReadAllText(there));
            File.Delete(there);
        }

        Assert.AreEqual(CartCtl.Unreadable, Run("init", Path.Combine(_folder, "absent", "gateway.yaml"), "\n\nnone\n-\n\n").Exit);
        File.WriteAllText(Path.Combine(_folder, "journal"), "a file where the directory belongs");
        (int refused, _, string why) = Init("\n\nnone\n-\n\n");
        Assert.AreEqual(CartCtl.Unreadable, refused);
        StringAssert.Contains(why, "G2011");
        Assert.HasCount(1, Directory.GetFileSystemEntries(_folder));
    }

    [TestMethod]
    public void The_password_comes_from_a_file_too_and_is_for_its_owner_or_the_folders_group()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("needs the modes of Unix");
            return;
        }

        string from = Path.Combine(_folder, "from.txt");
        File.WriteAllText(from, Secret + "\r\n");
        const string Answers = "\n\nnone\nbroker.example\nu\n\n";
        foreach (bool isShared in new[] { false, true })
        {
            UnixFileMode folder = File.GetUnixFileMode(_folder);
            File.SetUnixFileMode(_folder, isShared ? folder | UnixFileMode.SetGroup : folder & ~UnixFileMode.SetGroup);
            (int exit, _, string diagnostics) = Run("init", Yaml, Answers, "--password-file", from);
            Assert.AreEqual(CartCtl.Clean, exit, diagnostics);
            UnixFileMode expected = UnixFileMode.UserRead | UnixFileMode.UserWrite | (isShared ? UnixFileMode.GroupRead : UnixFileMode.None);
            foreach (string file in new[] { Yaml, Path.Combine(_folder, "broker.secret") })
            {
                Assert.AreEqual(expected, File.GetUnixFileMode(file), file);
                if (file != Yaml)
                {
                    Assert.AreEqual(Secret + "\n", File.ReadAllText(file));
                }

                File.Delete(file);
            }
        }
    }

    private (int Exit, string Results, string Diagnostics) Init(string answers) => Run("init", Yaml, answers);

    private static (int Exit, string Results, string Diagnostics) Run(string command, string file, string answers = "", params string[] more)
    {
        using StringWriter results = new(CultureInfo.InvariantCulture);
        using StringWriter diagnostics = new(CultureInfo.InvariantCulture);
        using StringReader input = new(answers);
        return (CartCtl.Run([command, file, .. more], input, results, diagnostics), results.ToString(), diagnostics.ToString());
    }
}
