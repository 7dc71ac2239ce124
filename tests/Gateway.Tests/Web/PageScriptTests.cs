using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using EdgeGateway.Gateway.Web;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Web;

/// <summary>The pages' modules: their own unit tests, types and rules, and what stands in core/.</summary>
[TestClass]
public sealed partial class PageScriptTests
{
    private static readonly string[] Core =
        ["clips", "format", "frame", "gain", "jitter", "listen", "model", "mqtt", "receipts", "sound-codec", "text", "time", "vocabulary.g"];

    public required TestContext TestContext { get; init; }

    [TestMethod]
    public async Task The_modules_of_core_pass_their_unit_tests()
    {
        string[] files = [.. Directory.GetFiles(Path.Combine(NodeTool.Folder, "tests"), "*.test.js").Order(StringComparer.Ordinal)];
        Assert.IsNotEmpty(files);
        (int exitCode, string output) = await NodeTool.RunAsync(TestContext.CancellationToken, ["--test", "--test-reporter=spec", .. files]);
        Assert.AreEqual(0, exitCode, output);
        int passed = int.Parse(Passed().Match(output).Groups["count"].ValueSpan, System.Globalization.CultureInfo.InvariantCulture);
        Assert.IsGreaterThan(100, passed, output);
    }

    [TestMethod]
    public async Task Every_module_has_the_types_that_it_says()
    {
        string script = NodeTool.Package("typescript/bin/tsc");
        (int exitCode, string output) = await NodeTool.RunAsync(TestContext.CancellationToken, script, "--noEmit", "-p", "jsconfig.json");
        Assert.AreEqual(0, exitCode, output);
    }

    [TestMethod]
    public async Task Every_module_follows_the_recommended_rules()
    {
        string script = NodeTool.Package("eslint/bin/eslint.js");
        (int exitCode, string output) = await NodeTool.RunAsync(TestContext.CancellationToken, script, "--max-warnings", "0", ".");
        Assert.AreEqual(0, exitCode, output);
    }

    [TestMethod]
    public void Every_module_asks_for_its_types_to_be_checked()
    {
        string[] bare = [.. Scripts().Where(s => !s.Text.StartsWith("// @ts-check\n", StringComparison.Ordinal) || s.Text.Contains("@ts-ignore", StringComparison.Ordinal) || s.Text.Contains("@ts-nocheck", StringComparison.Ordinal)).Select(s => s.Path)];
        Assert.IsEmpty(bare, string.Join(' ', bare));
    }

    [TestMethod]
    public void Core_holds_these_modules_and_none_of_them_knows_a_document()
    {
        (string Path, string Text)[] core = [.. Scripts().Where(s => s.Path.StartsWith("/js/core/", StringComparison.Ordinal))];
        CollectionAssert.AreEquivalent(Core.Select(c => $"/js/core/{c}.js").ToArray(), core.Select(c => c.Path).ToArray());
        string[] wrong = [.. core.SelectMany(c => DocumentUses(c.Text).Select(u => $"{c.Path}: {u}"))];
        Assert.IsEmpty(wrong, string.Join('\n', wrong));
    }

    [TestMethod]
    [DataRow("const a = document.title;", "document")]
    [DataRow("globalThis.window.close();", "window")]
    [DataRow("if (a instanceof HTMLInputElement) b();", "HTMLInputElement")]
    [DataRow("try { localStorage.a = 1; } catch { }", "localStorage")]
    [DataRow("f(`${navigator.language}`);", "navigator")]
    [DataRow("import { make } from \"../dom.js\";", "../dom.js")]
    [DataRow("const { make } = await import('../dom.js');", "../dom.js")]
    [DataRow("// the document\n/* window */ const windowMs = 1, text = \"document window\", other = `location`; import { a } from \"./text.js\";", null)]
    [DataRow("/** @typedef {import(\"./wire.js\").Clip} Clip */", null)]
    public void A_use_of_the_document_and_a_module_from_outside_are_found(string code, string? use) =>
        CollectionAssert.AreEqual(use is null ? [] : new[] { use }, DocumentUses(code).ToArray());

    [TestMethod]
    public void Only_pages_styles_pictures_and_scripts_are_served()
    {
        string[] other = [.. WebFiles.All.Keys.Where(k => !Served().IsMatch(k))];
        Assert.IsEmpty(other, string.Join(' ', other));
        string[] inFolder = [.. Directory.EnumerateFiles(Path.Combine(NodeTool.Folder, "js"), "*.js", SearchOption.AllDirectories).Select(f => "/js/" + Path.GetRelativePath(Path.Combine(NodeTool.Folder, "js"), f).Replace('\\', '/'))];
        CollectionAssert.AreEquivalent(inFolder, Scripts().Select(s => s.Path).ToArray());
    }

    [TestMethod]
    public void Packages_are_pinned_and_the_lock_file_names_no_registry()
    {
        string package = File.ReadAllText(Path.Combine(NodeTool.Folder, "package.json")), locked = File.ReadAllText(Path.Combine(NodeTool.Folder, "package-lock.json"));
        string pinned = package[package.IndexOf("\"devDependencies\"", StringComparison.Ordinal)..];
        MatchCollection versions = Dependency().Matches(pinned);
        Assert.IsNotEmpty(versions);
        foreach (Match version in versions)
        {
            StringAssert.Matches(version.Groups["version"].Value, Exact(), version.Value);
        }

        Assert.IsFalse(package.Contains("\"dependencies\"", StringComparison.Ordinal), "the pages have no packages at run time");
        Assert.IsFalse(locked.Contains("\"resolved\"", StringComparison.Ordinal), "npm install writes addresses without edge-gateway/Gateway/Web/.npmrc");
        StringAssert.Contains(locked, "\"integrity\": \"sha512-");
    }

    private static IEnumerable<(string Path, string Text)> Scripts() =>
        WebFiles.All.Where(f => f.Key.EndsWith(".js", StringComparison.Ordinal)).Select(f => (f.Key, Encoding.UTF8.GetString(f.Value.Bytes.Span)));

    private static IEnumerable<string> DocumentUses(string code)
    {
        string bare = Comment().Replace(code, " ");
        IEnumerable<string> modules = Module().Matches(bare).Select(m => m.Groups["module"].Value).Where(m => !m.StartsWith("./", StringComparison.Ordinal));
        return DocumentName().Matches(Text().Replace(bare, " ")).Select(m => m.Value).Concat(modules);
    }

    [GeneratedRegex(@"pass (?<count>\d+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Passed();

    [GeneratedRegex(@"/\*.*?\*/|//[^\n]*", RegexOptions.Singleline, 1000)]
    private static partial Regex Comment();

    // Of a template the places for values are code.
    [GeneratedRegex("\"[^\"\\n]*\"|'[^'\\n]*'|(?<=`)[^`$]*(?=[`$])", RegexOptions.None, 1000)]
    private static partial Regex Text();

    [GeneratedRegex("(from|import\\()\\s*[\"'](?<module>[^\"']+)[\"']", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Module();

    [GeneratedRegex(@"\b(document|window|self|navigator|location|history|screen|localStorage|sessionStorage|matchMedia|getComputedStyle|requestAnimationFrame|devicePixelRatio|addEventListener|querySelector(All)?|getElementById|(HTML|SVG)\w*|Element|Node(List)?|Event(Target)?|(Mutation|Resize)Observer|\w*AudioContext|DOM\w+)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex DocumentName();

    [GeneratedRegex(@"^/((index|clinician)\.html|icon\.svg|css/[a-z]+\.css|js/(core/)?[a-z-]+(\.g)?\.js|faults\.json)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Served();

    [GeneratedRegex("\"(?<name>[@a-z/-]+)\": \"(?<version>[^\"]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Dependency();

    [GeneratedRegex(@"^\d+\.\d+\.\d+$", RegexOptions.None, 1000)]
    private static partial Regex Exact();
}
