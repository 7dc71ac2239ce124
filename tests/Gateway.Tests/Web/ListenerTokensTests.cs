using System;
using System.IO;
using System.Linq;
using System.Text;
using EdgeGateway.Gateway.Faults;
using EdgeGateway.Gateway.Web;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Web;

/// <summary>Tokens of listeners and the key behind them.</summary>
[TestClass]
public sealed class ListenerTokensTests
{
    private static readonly byte[] Key = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray();

    // Golden: computed with Python's hmac module over the parts as documented.
    [TestMethod]
    public void A_token_is_the_documented_hmac() =>
        Assert.AreEqual("f6YBxsPQ16f45xWRR2_dsXJ2Y6Oz2lHykMowd6k7WtE", new ListenerTokens(Key).Make("cart-1", 7, 0x9E3779B1, "S1"));

    [TestMethod]
    public void A_token_belongs_to_one_key_cart_session_number_epoch_and_name()
    {
        ListenerTokens tokens = new(Key);
        byte[] token = Encoding.ASCII.GetBytes(tokens.Make("cart-1", 7, 11, "S1"));
        Assert.AreEqual(ListenerTokens.TokenLength, token.Length);
        Assert.IsTrue(tokens.Verify("cart-1", 7, 11, "S1", token));
        Assert.IsFalse(tokens.Verify("cart-2", 7, 11, "S1", token));
        Assert.IsFalse(tokens.Verify("cart-1", 8, 11, "S1", token));
        Assert.IsFalse(tokens.Verify("cart-1", 7, 12, "S1", token));
        Assert.IsFalse(tokens.Verify("cart-1", 7, 11, "S2", token));
        Assert.IsFalse(new ListenerTokens(new byte[32]).Verify("cart-1", 7, 11, "S1", token));
    }

    [TestMethod]
    public void Names_that_join_to_the_same_text_give_different_tokens()
    {
        ListenerTokens tokens = new(Key);
        Assert.AreNotEqual(tokens.Make("cart-1", 1, 1, "1S"), tokens.Make("cart-11", 1, 1, "S"));
    }

    [TestMethod]
    public void A_token_with_any_character_changed_left_out_or_added_is_refused()
    {
        ListenerTokens tokens = new(Key);
        byte[] token = Encoding.ASCII.GetBytes(tokens.Make("cart-1", 7, 11, "S1"));
        for (int i = 0; i < token.Length; i++)
        {
            byte[] changed = [.. token];
            changed[i] ^= 1;
            Assert.IsFalse(tokens.Verify("cart-1", 7, 11, "S1", changed), $"character {i}");
        }

        Assert.IsFalse(tokens.Verify("cart-1", 7, 11, "S1", token.AsSpan(1)));
        Assert.IsFalse(tokens.Verify("cart-1", 7, 11, "S1", [.. token, (byte)'A']));
        Assert.IsFalse(tokens.Verify("cart-1", 7, 11, "S1", []));
    }

    [TestMethod]
    public void The_key_is_made_once_and_only_its_owner_may_read_it()
    {
        string folder = Folder();
        byte[]? first = ListenerKeyFile.LoadOrCreate(folder, out CodedError? error);
        Assert.IsNull(error);
        byte[]? again = ListenerKeyFile.LoadOrCreate(folder, out _);
        CollectionAssert.AreEqual(first, again);
        CollectionAssert.AreNotEqual(first, ListenerKeyFile.LoadOrCreate(Folder(), out _), "two gateways have two keys");
        if (!OperatingSystem.IsWindows())
        {
            Assert.AreEqual(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(folder, ListenerKeyFile.RelativePath)));
        }

        Assert.IsEmpty(Directory.GetFiles(folder), "the journal's own folder has no foreign file");
    }

    [TestMethod]
    public void A_key_that_is_damaged_or_no_secret_is_refused_with_its_code()
    {
        string folder = Folder();
        string path = Path.Combine(folder, ListenerKeyFile.RelativePath);
        ListenerKeyFile.LoadOrCreate(folder, out _);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
            Assert.IsNull(ListenerKeyFile.LoadOrCreate(folder, out CodedError? open));
            Assert.AreEqual("G2110", open!.Code);
            StringAssert.Contains(open.Render(), "other users may read it");
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        File.WriteAllBytes(path, new byte[31]);
        Assert.IsNull(ListenerKeyFile.LoadOrCreate(folder, out CodedError? error));
        Assert.AreEqual("G2110", error!.Code);
        StringAssert.Contains(error.Render(), "31 bytes");
        StringAssert.Contains(error.Render(), "keys/listener.key");
    }

    private static string Folder() => Directory.CreateTempSubdirectory("listener-key-").FullName;
}
