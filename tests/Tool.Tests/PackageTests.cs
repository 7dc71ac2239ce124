using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Xml.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Mqtt.Tests.Transports;

namespace Tool.Tests;

/// <summary>The Debian package: its content, its unit, and what its scripts do to a root of their own. The programs in it are stand-ins of a few bytes.</summary>
[TestClass]
[NeedsProgram("dpkg-deb")]
[NeedsProgram("bash")]
public sealed class PackageTests : IDisposable
{
    private const string StandIn = "#!/bin/sh\nexit 0\n";
    private readonly string _folder = Directory.CreateTempSubdirectory("cart-package-").FullName;

    public TestContext TestContext { get; set; } = null!;

    private static string Root
    {
        get
        {
            DirectoryInfo folder = new(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "Firmware.sln")))
            {
                folder = folder.Parent!;
            }

            return folder.FullName;
        }
    }

    private static string Version => XDocument.Load(Path.Combine(Root, "Directory.Build.props")).Descendants("Version").Single().Value;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    [DataRow("amd64")]
    [DataRow("arm64")]
    public void The_package_has_what_it_says_and_is_made_the_same_twice(string architecture)
    {
        string package = Build(architecture);
        Assert.AreEqual(Path.Combine(_folder, "out", $"cart-gateway_{Version}_{architecture}.deb"), package);
        Assert.AreEqual("cart-gateway", Ok("dpkg-deb", "--field", package, "Package").Trim());
        Assert.AreEqual(Version, Ok("dpkg-deb", "--field", package, "Version").Trim());
        Assert.AreEqual(architecture, Ok("dpkg-deb", "--field", package, "Architecture").Trim());
        byte[] bytes = File.ReadAllBytes(package);
        Assert.AreEqual($"{Convert.ToHexStringLower(SHA256.HashData(bytes))}  {Path.GetFileName(package)}", File.ReadAllText(package + ".sha256").Trim());
        CollectionAssert.AreEqual(bytes, File.ReadAllBytes(Build(architecture)), "the same source and programs make the same package");

        string[] lines = Ok("dpkg-deb", "--contents", package).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Dictionary<string, string> modes = lines.ToDictionary(static l => l[l.IndexOf(" ./", StringComparison.Ordinal)..].Trim(), static l => l[..10], StringComparer.Ordinal);
        Assert.IsTrue(lines.All(static l => l.Contains(" root/root ", StringComparison.Ordinal)), "everything is root's");
        foreach ((string path, string mode) in new[]
        {
            ("./usr/lib/cart-gateway/cart-gateway", "-rwxr-xr-x"), ("./usr/lib/cart-gateway/cartctl", "-rwxr-xr-x"), ("./usr/lib/cart-gateway/library.dll", "-rw-r--r--"),
            ("./usr/bin/cartctl -> ../lib/cart-gateway/cartctl", "lrwxrwxrwx"), ("./usr/bin/cart-gateway -> ../lib/cart-gateway/cart-gateway", "lrwxrwxrwx"),
            ("./lib/systemd/system/cart-gateway.service", "-rw-r--r--"), ("./usr/lib/sysusers.d/cart-gateway.conf", "-rw-r--r--"), ("./usr/share/doc/cart-gateway/copyright", "-rw-r--r--"),
            ("./usr/share/doc/cart-gateway/examples/gateway.example.yaml", "-rw-r--r--"), ("./usr/share/doc/cart-gateway/README.md", "-rw-r--r--"),
        })
        {
            Assert.IsTrue(modes.TryGetValue(path, out string? found), path);
            Assert.AreEqual(mode, found, path);
        }

        Assert.IsFalse(modes.Keys.Any(static p => p.Contains("createdump", StringComparison.Ordinal) || p.StartsWith("./etc/", StringComparison.Ordinal)), "no dumps, and no configuration that would be in force");
        Assert.IsFalse(modes.Values.Any(static m => m[8] == 'w' && m[0] != 'l'), "nobody else writes");

        string open = Path.Combine(_folder, "open");
        Ok("dpkg-deb", "--raw-extract", package, open);
        foreach (string script in new[] { "postinst", "prerm", "postrm" })
        {
            Assert.AreEqual("-rwxr-xr-x", Mode(Path.Combine(open, "DEBIAN", script)));
            Ok("sh", "-n", Path.Combine(open, "DEBIAN", script));
        }

        string[] sums = File.ReadAllLines(Path.Combine(open, "DEBIAN", "md5sums"));
        Assert.HasCount(modes.Values.Count(static m => m[0] == '-'), sums);
        Ok("sh", "-c", "cd \"$1\" && md5sum --check --quiet DEBIAN/md5sums", "sh", open);
        Directory.Delete(open, recursive: true);
    }

    [TestMethod]
    [DataRow("--arch", "mips")]
    [DataRow("--arch")]
    [DataRow("--binaries", "/nonexistent")]
    [DataRow("--output", "x")]
    public void A_wrong_command_line_is_2_and_makes_nothing(params string[] arguments)
    {
        (int exit, _, string errors) = Run("bash", [Script, "--out", Path.Combine(_folder, "none"), .. arguments]);
        Assert.AreEqual(2, exit, errors);
        StringAssert.StartsWith(errors, "package.sh: ");
        Assert.IsFalse(Directory.Exists(Path.Combine(_folder, "none")));
    }

    [TestMethod]
    [NeedsProgram("systemd-analyze")]
    public void The_unit_is_one_for_systemd_and_shuts_the_gateway_in()
    {
        // The unit names a program, which must be there for the verification.
        string root = Path.Combine(_folder, "root");
        Ok("dpkg-deb", "--extract", Build("amd64"), root);
        string unit = Path.Combine(root, "lib/systemd/system/cart-gateway.service");
        string text = File.ReadAllText(unit);
        File.WriteAllText(unit, text.Replace("ExecStart=/usr/lib/cart-gateway/cart-gateway", "ExecStart=" + Path.Combine(root, "usr/lib/cart-gateway/cart-gateway"), StringComparison.Ordinal));
        (int exit, string output, string errors) = Run("systemd-analyze", ["verify", "--man=no", unit]);
        Assert.AreEqual(0, exit, output + errors);
        Assert.IsFalse((output + errors).Contains("cart-gateway", StringComparison.Ordinal), "not one word about it: " + output + errors);

        // systemd's own measure of exposure, 0 to 100; below 20 it says OK. Measured with systemd 252: 19.
        (exit, output, errors) = Run("systemd-analyze", ["security", "--offline=true", "--threshold=20", "--no-pager", unit]);
        Assert.AreEqual(0, exit, output + errors);
        foreach (string line in new[]
        {
            "Type=notify", "WatchdogSec=30", "User=cart-gateway", "ProtectSystem=strict", "MemorySwapMax=0", "LimitCORE=0", "LoadCredential=cart.key", "NoNewPrivileges=yes", "CapabilityBoundingSet=", "StateDirectory=cart-gateway",
        })
        {
            CollectionAssert.Contains(text.Split('\n'), line);
        }

        // The kernel's word on the clock is asked by adjtimex, which ProtectClock= refuses.
        Assert.IsFalse(text.Split('\n').Any(static l => l.StartsWith("ProtectClock=", StringComparison.Ordinal)));
        CollectionAssert.Contains(text.Split('\n'), "SystemCallFilter=adjtimex clock_adjtime");
    }

    [TestMethod]
    [NeedsProgram("dpkg")]
    [NeedsProgram("deb-systemd-helper")]
    [NeedsProgram("systemd-sysusers")]
    public void Installed_upgraded_removed_and_purged_in_a_root_of_its_own()
    {
        if (!string.Equals(Environment.UserName, "root", StringComparison.Ordinal))
        {
            Assert.Inconclusive("dpkg installs as root alone");
        }

        string architecture = Ok("dpkg", "--print-architecture").Trim();
        string first = Build(architecture);
        string next = Again(first, "99.0.0");
        string root = Path.Combine(_folder, "root");
        foreach (string folder in new[] { "var/lib/dpkg/info", "var/lib/dpkg/updates", "etc/systemd/system", "run", "tmp" })
        {
            Directory.CreateDirectory(Path.Combine(root, folder));
        }

        File.WriteAllText(Path.Combine(root, "var/lib/dpkg/status"), string.Empty);
        File.WriteAllText(Path.Combine(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
        File.WriteAllText(Path.Combine(root, "etc/group"), "root:x:0:\n");
        string At(string path) => Path.Combine(root, path);
        string wanted = At("etc/systemd/system/multi-user.target.wants/cart-gateway.service");

        Dpkg(root, "--install", first);
        string user = File.ReadAllLines(At("etc/passwd")).Single(static l => l.StartsWith("cart-gateway:", StringComparison.Ordinal));
        string[] fields = user.Split(':');
        StringAssert.EndsWith(user, "nologin", "nobody logs in as the gateway");
        Assert.AreEqual("drwxr-s--- 0 " + fields[3], Owned(At("etc/cart-gateway")));
        Assert.AreEqual("drwx------ " + fields[2] + " " + fields[3], Owned(At("var/lib/cart-gateway")));
        Assert.IsTrue(Path.Exists(wanted) || new FileInfo(wanted).LinkTarget is not null, "enabled");
        Assert.IsTrue(File.Exists(At("usr/lib/cart-gateway/cart-gateway")));

        // A site's files, and a unit that the site has disabled.
        File.WriteAllText(At("etc/cart-gateway/gateway.yaml"), "configuration");
        Directory.CreateDirectory(At("var/lib/cart-gateway/journal"));
        File.WriteAllText(At("var/lib/cart-gateway/journal/segment"), "readings");
        File.Delete(wanted);
        Dpkg(root, "--install", next);
        StringAssert.Contains(Ok("dpkg-query", "--root=" + root, "--show", "cart-gateway"), "99.0.0");
        Assert.IsNull(new FileInfo(wanted).LinkTarget, "disabled stays disabled");
        Assert.AreEqual("readings", File.ReadAllText(At("var/lib/cart-gateway/journal/segment")));
        Assert.AreEqual("configuration", File.ReadAllText(At("etc/cart-gateway/gateway.yaml")));
        Assert.AreEqual("next", File.ReadAllText(At("usr/lib/cart-gateway/library.dll")));

        Dpkg(root, "--remove", "cart-gateway");
        Assert.IsFalse(Directory.Exists(At("usr/lib/cart-gateway")), "the programs are gone");
        Assert.AreEqual("readings", File.ReadAllText(At("var/lib/cart-gateway/journal/segment")));
        Assert.AreEqual("configuration", File.ReadAllText(At("etc/cart-gateway/gateway.yaml")));

        Dpkg(root, "--install", first);
        Assert.AreEqual(user, File.ReadAllLines(At("etc/passwd")).Single(static l => l.StartsWith("cart-gateway:", StringComparison.Ordinal)), "the same user");
        Assert.AreEqual("readings", File.ReadAllText(At("var/lib/cart-gateway/journal/segment")));
        Dpkg(root, "--purge", "cart-gateway");
        Assert.IsFalse(Path.Exists(At("var/lib/cart-gateway")) || Path.Exists(At("etc/cart-gateway")), "purged");
    }

    private static string Script => Path.Combine(Root, "edge-gateway/package.sh");

    // A package of stand-ins.
    private string Build(string architecture)
    {
        string binaries = Path.Combine(_folder, "binaries");
        Directory.CreateDirectory(binaries);
        foreach ((string name, string content) in new[] { ("cart-gateway", StandIn), ("cartctl", StandIn), ("createdump", StandIn), ("library.dll", "first") })
        {
            File.WriteAllText(Path.Combine(binaries, name), content);
        }

        return Ok("bash", Script, "--arch", architecture, "--binaries", binaries, "--out", Path.Combine(_folder, "out")).Trim();
    }

    // The same package with another version and another file in it.
    private string Again(string package, string version)
    {
        string open = Path.Combine(_folder, "again");
        Ok("dpkg-deb", "--raw-extract", package, open);
        string control = Path.Combine(open, "DEBIAN", "control");
        File.WriteAllText(control, File.ReadAllText(control).Replace("Version: " + Version + "\n", "Version: " + version + "\n", StringComparison.Ordinal));
        File.WriteAllText(Path.Combine(open, "usr/lib/cart-gateway/library.dll"), "next");
        string made = Path.Combine(_folder, "again.deb");
        Ok("dpkg-deb", "--root-owner-group", "--build", open, made);
        return made;
    }

    // Dependencies are the machine's; the scripts find the root in DPKG_ROOT.
    private static void Dpkg(string root, params string[] arguments) =>
        Ok("dpkg", ["--root=" + root, "--force-script-chrootless", "--force-depends", "--log=" + Path.Combine(root, "tmp/dpkg.log"), .. arguments]);

    private static string Mode(string path) => Ok("stat", "--format=%A", path).Trim();

    private static string Owned(string path) => Ok("stat", "--format=%A %u %g", path).Trim();

    private static string Ok(string program, params string[] arguments)
    {
        (int exit, string output, string errors) = Run(program, arguments);
        Assert.AreEqual(0, exit, program + " " + string.Join(' ', arguments) + "\n" + output + errors);
        return output;
    }

    private static (int Exit, string Output, string Errors) Run(string program, string[] arguments)
    {
        ProcessStartInfo start = new(NeedsProgramAttribute.Find(program)!, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using Process process = Process.Start(start)!;
        System.Threading.Tasks.Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        Assert.IsTrue(process.WaitForExit(60_000), program + " did not end");
        return (process.ExitCode, output, errors.GetAwaiter().GetResult());
    }
}
