using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using EdgeGateway.Core.Access;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Security;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Security;

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
        byte[] first = ListenerKeyFile.LoadOrCreate(folder, out IReadOnlyList<CodedError> told);
        Assert.IsEmpty(told.ToArray());
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
    [DataRow("empty", "0 bytes")]
    [DataRow("all NUL", "all its bytes are the same")]
    [DataRow("all FF", "all its bytes are the same")]
    [DataRow("cut short", "31 bytes")]
    [DataRow("too long", "33 bytes")]
    [DataRow("a directory", "it is a directory")]
    [DataRow("a full directory", "it is a directory")]
    [DataRow("a link to nothing", "listener.key")]
    [DataRow("a link to itself", "listener.key")]
    [DataRow("readable by others", "other users may read it")]
    [DataRow("a file for the folder", "")]
    [DataRow("a directory for the new key", null)]
    public void A_key_that_cannot_be_used_is_set_aside_and_made_anew_and_nothing_stops(string what, string? told)
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("Modes and links are those of Unix.");
            return;
        }

        string folder = Folder();
        string path = Path.Combine(folder, ListenerKeyFile.RelativePath);
        byte[] old = ListenerKeyFile.LoadOrCreate(folder, out IReadOnlyList<CodedError> nothing);
        Assert.IsEmpty(nothing.ToArray());
        File.Delete(path);
        switch (what)
        {
            case "empty":
                Secret(path, []);
                break;
            case "all NUL":
                Secret(path, new byte[32]);
                break;
            case "all FF":
                Secret(path, [.. Enumerable.Repeat((byte)0xFF, 32)]);
                break;
            case "cut short":
                Secret(path, old[..31]);
                break;
            case "too long":
                Secret(path, [.. old, 1]);
                break;
            case "a directory":
                Directory.CreateDirectory(path);
                break;
            case "a full directory":
                Directory.CreateDirectory(path);
                File.WriteAllText(Path.Combine(path, "x"), "x");
                break;
            case "a link to nothing":
                File.CreateSymbolicLink(path, Path.Combine(folder, "absent"));
                break;
            case "a link to itself":
                File.CreateSymbolicLink(path, path);
                break;
            case "readable by others":
                File.WriteAllBytes(path, old);
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
                break;
            case "a file for the folder":
                Directory.Delete(Path.GetDirectoryName(path)!);
                File.WriteAllText(Path.GetDirectoryName(path)!, "x");
                break;
            default:
                Directory.CreateDirectory(path + ".new");
                File.WriteAllText(Path.Combine(path + ".new", "x"), "x");
                break;
        }

        byte[] made = ListenerKeyFile.LoadOrCreate(folder, out IReadOnlyList<CodedError> said);
        Assert.HasCount(32, made);
        CollectionAssert.AreNotEqual(old, made, "only the old links end");
        CollectionAssert.AreEqual(made, ListenerKeyFile.LoadOrCreate(folder, out IReadOnlyList<CodedError> again), what + " lasts: " + CodedError.RenderAll(said));
        Assert.IsEmpty(again.ToArray());
        if (told is { Length: > 0 })
        {
            Assert.AreEqual("G2095", said.Single().Code);
            StringAssert.Contains(said[0].Render(), told);
            Assert.IsTrue(Path.Exists(path + ".bad-1") || new FileInfo(path + ".bad-1").LinkTarget is not null, "set aside");
        }
    }

    [TestMethod]
    public void Damaged_keys_are_kept_up_to_their_bound()
    {
        string folder = Folder();
        string path = Path.Combine(folder, ListenerKeyFile.RelativePath);
        for (int i = 0; i < 2 * ListenerKeyFile.MaxSetAside; i++)
        {
            ListenerKeyFile.LoadOrCreate(folder, out _);
            File.WriteAllBytes(path, []);
        }

        ListenerKeyFile.LoadOrCreate(folder, out _);
        Assert.HasCount(ListenerKeyFile.MaxSetAside + 1, Directory.GetFileSystemEntries(Path.GetDirectoryName(path)!));
    }

    [TestMethod]
    public void Where_nothing_can_be_written_the_key_lives_as_long_as_the_process()
    {
        // A folder below a file: nobody, root included, can make it.
        string file = Path.Combine(Folder(), "file");
        File.WriteAllText(file, "x");
        byte[] key = ListenerKeyFile.LoadOrCreate(file, out IReadOnlyList<CodedError> told);
        Assert.HasCount(32, key);
        Assert.AreEqual("G2110", told.Single().Code);
    }

    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private static void Secret(string path, byte[] bytes)
    {
        File.WriteAllBytes(path, bytes);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private static string Folder() => Directory.CreateTempSubdirectory("listener-key-").FullName;
}
