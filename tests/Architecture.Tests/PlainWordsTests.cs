using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Architecture.Tests;

/// <summary>Whoever searches for the field's word must find it: the home-made words below do not come back, neither as names nor in prose.</summary>
[TestClass]
public sealed partial class PlainWordsTests
{
    /// <summary>Home-made name, as a whole identifier, and what to write.</summary>
    private static readonly (Regex Name, string Write)[] Names =
    [
        (Pattern(@"^[A-Za-z0-9]*Twin(Tests)?$|^_?twins?$", RegexOptions.None), "Simulated…, the simulated chip"),
        (Pattern(@"^I?[A-Z]\w*Folds?$|^_?[Ff]olds?$", RegexOptions.None), "…Projection"),
        (Pattern(@"^\w+Story$|^_story$", RegexOptions.None), "…Definition, scenario"),
        (Pattern(@"^(Most|Least)[A-Z]\w*$|^\w+(Most|Least)(Us|Ms|Permille|CentiMmHg)$", RegexOptions.None), "Max…, Min…"),
        (Pattern(@"^(?!ChestPiece)\w*Pieces?([A-Z]\w*)?$", RegexOptions.None), "Chunk"),
        (Pattern(@"^\w*Holes?([A-Z]\w*)?$|^_holes$", RegexOptions.None), "Gap, SequenceGap"),
        (Pattern(@"^\w*Lanes?$", RegexOptions.None), "Queue"),
        (Pattern(@"^\w*Door$", RegexOptions.None), "Stimulus"),
        (Pattern(@"^\w*Told(Us|UtcUs)?$|^_(un)?told\w*$", RegexOptions.None), "Sent, Reported"),
        (Pattern(@"^\w*(Unheard|HeardUs)$", RegexOptions.None), "HasNoSubscriber, LastReceivedUs"),
        (Pattern(@"^\w*(NearPage|FarPage)\w*$|^(near|far)Page$", RegexOptions.None), "BedsideView, ClinicianView"),
        (Pattern(@"^(SoundDesk|Surroundings|LostHere|BulkWindow|SoundWay|PassOver|Doomed|Barrier|Complaints?|WasBegunAnew)$|^\w*Bulk([A-Z]\w*)?$|^\w*OwnCuff\w*$", RegexOptions.None), "see CONTRIBUTING.md, \"Words\""),
        (Pattern(@"^(Judge|Withhold|Lose|Interrupt)$", RegexOptions.None), "Validate, Suppress, Drop, OnDeviceLost"),
    ];

    /// <summary>Home-made phrase, and what to write.</summary>
    private static readonly (Regex Phrase, string Write)[] Phrases =
    [
        (Pattern(@"\bdurable way\b", RegexOptions.IgnoreCase), "is stored and forwarded"),
        (Pattern(@"\bthe way of\b", RegexOptions.IgnoreCase), "the data path of"),
        (Pattern(@"\b(near|far) (page|view)s?\b", RegexOptions.IgnoreCase), "bedside view, clinician view"),
        (Pattern(@"\btwins?\b", RegexOptions.IgnoreCase), "simulated chip"),
        (Pattern(@"\b(lets?|letting|told to let) go\b", RegexOptions.IgnoreCase), "deflate, vent; commanded to deflate"),
        (Pattern(@"\bbegun anew\b", RegexOptions.IgnoreCase), "restarted"),
        (Pattern(@"\bthin (way|network)s?\b", RegexOptions.IgnoreCase), "low-bandwidth link"),
        (Pattern(@"\bbulk window\b", RegexOptions.IgnoreCase), "background-traffic congestion window"),
        (Pattern(@"\blaw \d", RegexOptions.IgnoreCase), "the rule's name, with a link to ARCHITECTURE.md"),
        (Pattern(@"\bguess:", RegexOptions.IgnoreCase), "Assumption:"),
        (Pattern(@"\bown cuff\b", RegexOptions.IgnoreCase), "built-in cuff"),
        (Pattern(@"\bon the desk\b", RegexOptions.IgnoreCase), "on a PC, host build"),
        (Pattern(@"\btalks to nobody\b", RegexOptions.IgnoreCase), "No I/O."),
    ];

    private static readonly string[] ProseExtensions = [".cs", ".js", ".md", ".html", ".css", ".yaml", ".json", ".ps1", ".sh"];

    private static readonly string[] Shipped = ["firmware/Core/", "firmware/Peripherals/", "firmware/Signals/", "firmware/Protocol/", "firmware/Pod/", "firmware/Flash/", "edge-gateway/", "simulators/"];

    [TestMethod]
    public void No_name_is_home_made()
    {
        SortedSet<string> problems = new(StringComparer.Ordinal);
        foreach (string file in Files())
        {
            string extension = Path.GetExtension(file);
            if (extension is ".cs" or ".js" && !IsThisTest(file))
            {
                foreach (string name in NamesIn(File.ReadAllText(Repository.At(file)), extension))
                {
                    problems.UnionWith(NameProblems(name).Select(problem => file + ": " + problem));
                }
            }

            problems.UnionWith(NameProblems(Path.GetFileNameWithoutExtension(file)).Select(problem => file + ": the file's name: " + problem));
        }

        Assert.IsEmpty(problems, "\n" + string.Join('\n', problems) + "\n");
    }

    [TestMethod]
    public void No_phrase_is_home_made()
    {
        List<string> problems = [];
        foreach (string file in Files())
        {
            // What was released keeps its words; the recordings of a run have none.
            if (ProseExtensions.Contains(Path.GetExtension(file), StringComparer.Ordinal) && !IsThisTest(file) && Path.GetFileName(file) is not ("CHANGELOG.md" or "package-lock.json" or "packages.lock.json"))
            {
                int number = 0;
                foreach (string line in File.ReadLines(Repository.At(file)))
                {
                    number++;
                    problems.AddRange(PhraseProblems(line).Select(problem => $"{file}:{number}: {problem}"));
                }
            }
        }

        Assert.IsEmpty(problems, "\n" + string.Join('\n', problems) + "\n");
    }

    [TestMethod]
    [DataRow("Tmp117Twin")]
    [DataRow("SessionFold")]
    [DataRow("IJournalFold")]
    [DataRow("PodStory")]
    [DataRow("MostSeconds")]
    [DataRow("PieceBound")]
    [DataRow("LivePiece")]
    [DataRow("MaxHoles")]
    [DataRow("DeliveryLane")]
    [DataRow("ArmDoor")]
    [DataRow("ClipTold")]
    [DataRow("LastHeardUs")]
    [DataRow("FarPageTests")]
    [DataRow("SoundDesk")]
    [DataRow("Withhold")]
    public void A_home_made_name_is_refused(string name) => Assert.IsNotEmpty(NameProblems(name).ToArray());

    [TestMethod]
    [DataRow("Whole")]
    [DataRow("ChestPiece")]
    [DataRow("AtMostOnce")]
    [DataRow("AtLeastOnce")]
    [DataRow("Folder")]
    [DataRow("History")]
    [DataRow("Manifold")]
    [DataRow("InterruptStatus1")]
    [DataRow("Kept")]
    [DataRow("Heard")]
    public void A_plain_name_is_not(string name) => Assert.IsEmpty(NameProblems(name).ToArray());

    [TestMethod]
    [DataRow("it goes the durable way")]
    [DataRow("the far page of the cart")]
    [DataRow("// Guess: as made up")]
    [DataRow("the pod lets go of the cuff")]
    [DataRow("a Twin of the chip")]
    public void A_home_made_phrase_is_refused(string line) => Assert.IsNotEmpty(PhraseProblems(line).ToArray());

    [TestMethod]
    [DataRow("the page is far away")]
    [DataRow("let the reading go to the journal")]
    [DataRow("a guess of the reader")]
    public void A_plain_phrase_is_not(string line) => Assert.IsEmpty(PhraseProblems(line).ToArray());

    [TestMethod]
    public void One_name_is_one_thing_and_never_the_frameworks()
    {
        SortedDictionary<string, SortedSet<string>> types = new(StringComparer.Ordinal);
        foreach (string file in Files().Where(f => f.EndsWith(".cs", StringComparison.Ordinal) && Shipped.Any(folder => f.StartsWith(folder, StringComparison.Ordinal))))
        {
            string text = File.ReadAllText(Repository.At(file));
            string space = NamespaceOf().Match(text).Groups["name"].Value;
            foreach (Match type in TypeOf().Matches(text))
            {
                string name = type.Groups["name"].Value;
                if (!types.TryGetValue(name, out SortedSet<string>? spaces))
                {
                    types.Add(name, spaces = new SortedSet<string>(StringComparer.Ordinal));
                }

                spaces.Add(space);
            }
        }

        SortedSet<string> ofFramework = FrameworkTypes();
        Assert.IsGreaterThan(500, types.Count);
        Assert.Contains("HttpListener", ofFramework);
        string[] problems =
        [
            .. types.Where(row => row.Value.Count > 1).Select(row => row.Key + " is two things: in " + string.Join(" and in ", row.Value)),
            .. types.Keys.Where(ofFramework.Contains).Select(name => name + " is a name of .NET's"),
        ];
        Assert.IsEmpty(problems, "\n" + string.Join('\n', problems) + "\n");
    }

    // Public types of the runtime and of ASP.NET, where it is beside it.
    private static SortedSet<string> FrameworkTypes()
    {
        SortedSet<string> names = new(StringComparer.Ordinal);
        string runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        foreach (string folder in new[] { runtime, runtime.Replace("Microsoft.NETCore.App", "Microsoft.AspNetCore.App", StringComparison.Ordinal) }.Where(Directory.Exists))
        {
            foreach (string file in Directory.EnumerateFiles(folder, "*.dll").Where(f => Path.GetFileName(f).StartsWith("System", StringComparison.Ordinal) || Path.GetFileName(f).StartsWith("Microsoft", StringComparison.Ordinal)))
            {
                using Mono.Cecil.AssemblyDefinition assembly = Mono.Cecil.AssemblyDefinition.ReadAssembly(file);
                names.UnionWith(assembly.MainModule.Types.Where(type => type.IsPublic).Select(type => type.Name.Split('`')[0]));
            }
        }

        return names;
    }

    private static IEnumerable<string> Files() =>
        Repository.Files(".", "*").Select(Repository.Name).Where(file => !file.Split('/').Contains("node_modules", StringComparer.Ordinal));

    private static Regex Pattern(string pattern, RegexOptions options) => new(pattern, options | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(10));

    private static bool IsThisTest(string file) => file.EndsWith("/" + nameof(PlainWordsTests) + ".cs", StringComparison.Ordinal);

    private static IEnumerable<string> NameProblems(string name) =>
        Names.Where(row => row.Name.IsMatch(name)).Select(row => $"'{name}' is a home-made name; write {row.Write}");

    private static IEnumerable<string> PhraseProblems(string line) =>
        Phrases.Where(row => row.Phrase.IsMatch(line)).Select(row => $"'{row.Phrase.Match(line).Value}' is a home-made phrase; write {row.Write}");

    // Fields of JSON are names on the wire and stay: only identifiers of code count, so strings, comments and, in JavaScript, members that come from the wire are left out.
    private static SortedSet<string> NamesIn(string text, string extension)
    {
        string code = StringsAndComments().Replace(text, " ");
        MatchCollection matches = extension == ".js" ? Declared().Matches(code) : Identifier().Matches(code);
        return new SortedSet<string>(matches.Select(match => match.Groups["name"].Value), StringComparer.Ordinal);
    }

    [GeneratedRegex("""//[^\n]*|/\*.*?\*/|"{3,}.*?"{3,}|@"(?:[^"]|"")*"|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)+'""", RegexOptions.Singleline | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex StringsAndComments();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+)", RegexOptions.Multiline | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex NamespaceOf();

    [GeneratedRegex(@"^(public |internal |static |sealed |abstract |readonly |partial |ref )*(class|record struct|struct|record|interface|enum) (?<name>\w+)", RegexOptions.Multiline | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex TypeOf();

    [GeneratedRegex(@"\b(?<name>[A-Za-z_][A-Za-z0-9_]*)\b", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex Identifier();

    [GeneratedRegex(@"\b(?:function|class|const|let)\s+(?<name>[A-Za-z_$][A-Za-z0-9_$]*)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex Declared();
}
