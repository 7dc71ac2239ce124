using System;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Commands;
using EdgeGateway.Machine;
using EdgeGateway.Tool;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Tool.Tests;

/// <summary><c>cartctl accounts</c>, <c>cartctl tokens</c>, <c>cartctl claim</c>.</summary>
[TestClass]
public sealed class AccountCommandsTests
{
    private const string Pin = "274916";
    private const string Password = "planted quiet password";

    private string _folder = null!;
    private string _yaml = null!;

    private AccountFolder Accounts => new(Path.Combine(_folder, "journal", "access"));

    [TestInitialize]
    public void Begin()
    {
        _folder = Directory.CreateTempSubdirectory("cartctl-accounts-").FullName;
        _yaml = Path.Combine(_folder, "gateway.yaml");
        File.WriteAllText(_yaml, "cart:\n  id: ward-3\n  gatewayId: \"0200000000000001\"\njournal:\n  directory: ./journal\naccess:\n  accounts: true\n");
    }

    [TestCleanup]
    public void End() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void Story_from_the_first_account_to_its_end()
    {
        Assert.MatchesRegex("^[2-9A-HJ-NP-Z]{5}-[2-9A-HJ-NP-Z]{5}\n$", Done(string.Empty, "claim", _yaml).ReplaceLineEndings("\n"));
        string file = Path.Combine(_folder, "secret");
        File.WriteAllText(file, Password + "\n");
        StringAssert.Contains(Done(string.Empty, "accounts", "add", _yaml, "root", "--role", "integrator", "--secret-file", file), "account root is made: integrator, password, recorded as op-");
        Refused("C2750", string.Empty, "claim", _yaml);
        Done(Pin + "\n", "accounts", "add", _yaml, "anna", "--role", "nurse");
        Account anna = Accounts.Read().Find("anna")!;
        Assert.IsTrue(anna is { Role: ActorRole.Nurse, IsPin: true } && anna.Verify(Pin));
        Done("918273\n", "accounts", "reset", _yaml, "anna");
        Account again = Accounts.Read().Find("anna")!;
        Assert.IsTrue(again.Verify("918273") && !again.Verify(Pin));
        Assert.AreEqual(anna.Token, again.Token, "who it is in every record stays");
        Done("badge-7\n", "accounts", "badge", _yaml, "anna");
        Assert.AreEqual("anna", Accounts.Read().FindBadge("badge-7")!.Name);
        StringAssert.Contains(Done(string.Empty, "accounts", "list", _yaml), "anna  nurse  " + anna.Token + "  PIN  badge");
        using (JsonDocument list = JsonDocument.Parse(Done(string.Empty, "accounts", "list", _yaml, "--json")))
        {
            CollectionAssert.AreEqual(new[] { "anna", "root" }, list.RootElement.GetProperty("accounts").EnumerateArray().Select(a => a.GetProperty("name").GetString()).ToArray());
        }

        Refused("C2750", string.Empty, "accounts", "remove", _yaml, "root");
        Done(string.Empty, "accounts", "remove", _yaml, "anna");
        Assert.IsNull(Accounts.Read().Find("anna"));
        Refused("C2752", string.Empty, "accounts", "remove", _yaml, "anna");
        Refused("C2752", "918273\n", "accounts", "reset", _yaml, "anna");
        Refused("C2750", Password + "\n", "accounts", "add", _yaml, "root", "--role", "nurse");
        string text = Encoding.UTF8.GetString(File.ReadAllBytes(Accounts.AccountsPath));
        Assert.IsFalse(text.Contains(Password, StringComparison.Ordinal) || text.Contains("918273", StringComparison.Ordinal));
    }

    [TestMethod]
    public void A_token_is_shown_once_and_listed_and_revoked_without_its_secret()
    {
        string token = Done(string.Empty, "tokens", "add", _yaml, "visits", "--days", "30").Trim();
        byte[] shown = Encoding.ASCII.GetBytes(token);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        Assert.AreEqual("visits", Accounts.Read().TokenOf("ward-3", shown, now)!.Name);
        Assert.IsNull(Accounts.Read().TokenOf("ward-4", shown, now));
        Assert.IsNull(Accounts.Read().TokenOf("ward-3", shown, now.AddDays(30)));
        Assert.IsFalse(Encoding.UTF8.GetString(File.ReadAllBytes(Accounts.AccountsPath)).Contains(token[14..], StringComparison.Ordinal));
        Assert.IsFalse(Done(string.Empty, "tokens", "list", _yaml, "--json").Contains(token[14..], StringComparison.Ordinal));
        StringAssert.Contains(Done(string.Empty, "tokens", "list", _yaml), "visits  " + token[5..13] + "  good until");
        Refused("C2750", string.Empty, "tokens", "add", _yaml, "visits");
        Done(string.Empty, "tokens", "revoke", _yaml, "visits");
        Assert.IsNull(Accounts.Read().TokenOf("ward-3", shown, now));
        Refused("C2752", string.Empty, "tokens", "revoke", _yaml, "visits");
    }

    [TestMethod]
    [DataRow("C2750", "12345\n", "accounts add YAML anna --role nurse")]
    [DataRow("C2750", "123456\n", "accounts add YAML anna --role nurse")]
    [DataRow("C2750", "", "accounts add YAML anna --role nurse")]
    [DataRow("C2750", "274916\n", "accounts add YAML an.na --role nurse")]
    [DataRow("C2751", "274916\n", "accounts add YAML anna --role nurse --secret-file nowhere")]
    [DataRow("C2700", "274916\n", "accounts add YAML anna --role platform")]
    [DataRow("C2700", "274916\n", "accounts add YAML anna")]
    [DataRow("C2700", "", "tokens add YAML visits --days 367")]
    [DataRow("C2752", "a\n", "accounts badge YAML anna")]
    [DataRow("G2001", "", "accounts list nowhere.yaml")]
    public void What_is_wrong_is_refused_with_its_code(string code, string input, string line) => Refused(code, input, [.. line.Split(' ').Select(w => w == "YAML" ? _yaml : w)]);

    [TestMethod]
    public void A_damaged_list_is_not_written_over_and_another_program_is_waited_for_by_nobody()
    {
        Done(Pin + "\n", "accounts", "add", _yaml, "anna", "--role", "nurse");
        using (Accounts.Lock())
        {
            Refused("C2751", Pin + "\n", "accounts", "add", _yaml, "bert", "--role", "nurse");
        }

        File.WriteAllText(Accounts.AccountsPath, "{\"v\":1,");
        Refused("C2751", Pin + "\n", "accounts", "add", _yaml, "bert", "--role", "nurse");
        Refused("C2751", string.Empty, "claim", _yaml);
        Assert.AreEqual("{\"v\":1,", File.ReadAllText(Accounts.AccountsPath));
    }

    private static string Done(string input, params string[] arguments)
    {
        (int status, string results, string diagnostics) = Run(input, arguments);
        Assert.AreEqual(0, status, diagnostics);
        Assert.IsFalse(input.Trim().Length > 3 && (results + diagnostics).Contains(input.Trim(), StringComparison.Ordinal) && arguments[1] != "badge", "a secret is printed");
        return results;
    }

    private static void Refused(string code, string input, params string[] arguments)
    {
        (int status, _, string diagnostics) = Run(input, arguments);
        Assert.AreNotEqual(0, status);
        StringAssert.Contains(diagnostics, code);
    }

    private static (int Status, string Results, string Diagnostics) Run(string input, string[] arguments)
    {
        StringWriter results = new();
        StringWriter diagnostics = new();
        int status = CartCtl.Run(arguments, new StringReader(input), results, diagnostics);
        return (status, results.ToString(), diagnostics.ToString());
    }
}
