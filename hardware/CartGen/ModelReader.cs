using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace CartGen;

/// <summary>Reads the JSON files of hardware/ into a <see cref="Model"/>. No I/O.</summary>
internal static class ModelReader
{
    /// <summary>The vocabulary.</summary>
    public const string VocabularyFile = "hardware/vocabulary.json";

    /// <summary>The catalogue of fault codes.</summary>
    public const string FaultsFile = "hardware/faults.json";

    /// <summary>The sample cart.</summary>
    public const string CartFile = "hardware/cart.json";

    /// <summary>The folder of the boards' files.</summary>
    public const string BoardFolder = "hardware/boards/";

    private static readonly string[] Classes = ["vital", "event", "sound", "wave"];
    private static readonly string[] Topics = ["vital", "wave", "sound", "event", "gap"];
    private static readonly string[] Homes = ["firmware/Core", "firmware/Protocol", "edge-gateway/Core/Commands", "edge-gateway/Core/Sound", "edge-gateway/Core/Auscultation"];

    /// <summary>Reads everything.</summary>
    /// <param name="files">The texts, by path from the repository's root.</param>
    /// <returns>The model, which <see cref="ModelChecks"/> has accepted.</returns>
    /// <exception cref="ProblemException">Something is wrong: all problems of all files.</exception>
    public static Model Read(IReadOnlyDictionary<string, string> files)
    {
        List<Problem> problems = [];
        JsonRow? vocabulary = JsonRow.Root(files, VocabularyFile, problems);
        JsonRow? catalogue = JsonRow.Root(files, FaultsFile, problems);
        JsonRow? cart = JsonRow.Root(files, CartFile, problems);
        List<Board> boards = [];
        foreach (string file in files.Keys.Where(f => f.StartsWith(BoardFolder, StringComparison.Ordinal) && f.EndsWith(".json", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            if (JsonRow.Root(files, file, problems) is { } row)
            {
                boards.Add(Board(file, row));
            }
        }

        List<CartPod> pods = cart is null ? [] : All(cart.Rows("pods"), Pod);
        Wiring? wiring = WiringReader.Read(files, LimitsOf(pods), problems);
        if (vocabulary is null || catalogue is null || cart is null || wiring is null)
        {
            throw new ProblemException(problems);
        }

        Model model = new(
            All(vocabulary.Rows("units"), Unit),
            All(vocabulary.Rows("quantities"), Quantity),
            All(vocabulary.Rows("signals"), Signal),
            All(vocabulary.Rows("capabilities"), Capability),
            All(vocabulary.Rows("parts"), Part),
            All(vocabulary.Rows("enums"), Enum),
            All(catalogue.Rows("ranges"), Range),
            All(catalogue.Rows("blocks"), Block),
            All(catalogue.Rows("faults"), Fault),
            boards,
            pods,
            wiring);
        cart.Ignore("gateway");
        vocabulary.End();
        catalogue.End();
        cart.End();
        ModelChecks.Run(model, problems);
        return problems.Count == 0 ? model : throw new ProblemException(problems);
    }

    /// <summary>Reads each row of a list to its end.</summary>
    public static List<T> All<T>(IEnumerable<JsonRow> rows, Func<JsonRow, T> read)
    {
        List<T> all = [];
        foreach (JsonRow row in rows)
        {
            all.Add(read(row));
            row.End();
        }

        return all;
    }

    private static Unit Unit(JsonRow row) => new(row.Text("ucum"), row.TextOrEmpty("shown"));

    private static Quantity Quantity(JsonRow row) => new(
        row.Text("name"),
        (uint)row.Whole("mdc", 1, uint.MaxValue),
        row.Text("referenceId"),
        row.OptionalText("loinc"),
        row.Text("unit"),
        (int?)row.OptionalWhole("decimals", 0, 6),
        (int?)row.OptionalWhole("order", 1, 99),
        row.OneOf("tile", "always", "whenMeasured", "never"),
        row.Flag("isSpot") ?? false,
        row.OptionalOneOf("carries", "ratio", "bloodPressureStatus", "oximetryStatus"),
        MustHaveTexts(row));

    private static Signal Signal(JsonRow row) => new(
        (int)row.Whole("stream", 1, ushort.MaxValue),
        row.Text("name"),
        row.Text("kind"),
        row.OneOf("class", Classes),
        row.OptionalText("quantity"),
        (int?)row.OptionalWhole("exponent", -9, 9),
        row.Text("short"),
        row.Text("about"));

    private static Capability Capability(JsonRow row) => new(row.Text("name"), row.Text("about"), row.Texts("en", "fr"));

    private static Part Part(JsonRow row)
    {
        JsonRow faults = row.Object("faults");
        Part part = new(
            (int)row.Whole("number", 1, byte.MaxValue),
            row.Text("id"),
            row.Text("chip"),
            row.Text("name"),
            row.Text("scenario"),
            row.OneOf("bus", "i2c", "i2s", "serial"),
            row.List("addresses").Select(a => Address(row, "addresses", a)).ToArray(),
            row.List("provides"),
            row.List("signals"),
            (int)faults.Whole("first", 1000, 1999),
            (int)faults.Whole("last", 1000, 1999),
            (int)row.Whole("misreadings", 1, 999),
            row.Text("about"));
        faults.End();
        return part;
    }

    private static EnumRow Enum(JsonRow row)
    {
        string type = string.Empty;
        return new EnumRow(
            row.Text("name"),
            row.OneOf("home", Homes),
            row.OneOf("kind", "enum", "flags", "numbers"),
            type = row.OneOf("type", "byte", "int"),
            row.OptionalOneOf("words", "written", "chosen"),
            row.OptionalText("texts"),
            row.OptionalText("briefTexts"),
            row.Text("about"),
            All(row.Rows("values"), v => Value(v, string.Equals(type, "byte", StringComparison.Ordinal) ? byte.MaxValue : ushort.MaxValue)));
    }

    private static EnumValue Value(JsonRow row, int high) => new(
        (int)row.Whole("value", 0, high),
        row.Text("name"),
        row.OptionalOneOf("class", Classes),
        row.OptionalOneOf("topic", Topics),
        row.Flag("mayEnterPatientSession"),
        row.Text("about"),
        row.Texts("en", "fr"),
        row.Texts("briefEn", "briefFr"),
        Band(row));

    // One edge alone reads as an edge at 0, which the checks refuse.
    private static Band? Band(JsonRow row)
    {
        long? low = row.OptionalWhole("lowHz", 1, 20_000), high = row.OptionalWhole("highHz", 1, 20_000);
        return low is null && high is null ? null : new Band((int)(low ?? 0), (int)(high ?? 0));
    }

    private static CodeRange Range(JsonRow row) => new(row.Text("letter"), row.Text("program"), (int)row.Whole("first", 1000, 9999), (int)row.Whole("last", 1000, 9999));

    private static CodeBlock Block(JsonRow row) => new((int)row.Whole("first", 1000, 9999), (int)row.Whole("last", 1000, 9999), row.Text("about"));

    private static Fault Fault(JsonRow row)
    {
        row.Ignore("who", "consultation");
        JsonRow happened = row.Object("happened");
        JsonRow means = row.Object("means");
        JsonRow next = row.Object("do");
        string code = row.Text("code");
        if (code.Length != 5 || !char.IsAsciiLetterUpper(code[0]) || !code.AsSpan(1).ContainsOnlyDigits())
        {
            row.Wrong(Problem.KeyWrong, "code", $"'{code}' is not a letter and four digits");
            code = "X0000";
        }

        return new Fault(code, row.Text("name"), row.OneOf("severity", "info", "warning", "error", "fault"), (int?)row.OptionalWhole("http", 200, 599), happened.Text("en"), means.Text("en"), next.Text("en"));
    }

    private static bool ContainsOnlyDigits(this ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            if (!char.IsAsciiDigit(c))
            {
                return false;
            }
        }

        return true;
    }

    private static Board Board(string file, JsonRow row)
    {
        row.Ignore("madeUp", "psramKibibytes");
        Board board = new(
            file,
            row.Text("name"),
            row.Text("module"),
            row.OneOf("chip", ChipRules.Names),
            row.OneOf("psram", "none", "quad", "octal"),
            row.List("targets"),
            (int)row.Whole("flashMebibytes", 4, 16),
            row.OptionalText("applicationAddress"),
            row.Text("storeDrive"),
            (int)row.Whole("storeKibibytes", 64, 16384),
            row.Object("pins").Pins(),
            row.Object("pwm").Pins(),
            All(row.Rows("excluded"), r => new ExcludedPins(r.Numbers("pins"), r.Text("why"))));
        row.End();
        return board;
    }

    private static CartPod Pod(JsonRow row)
    {
        row.Ignore("madeUp", "bounds");
        JsonRow board = row.Object("board");
        List<CartBus> buses =
        [
            .. All(row.Rows("buses"), b => Bus(b)),
            .. All(row.Rows("soundBuses", optional: true), b => Bus(b, "sampleRateHz")),
            .. All(row.Rows("serialBuses", optional: true), b => Bus(b)),
        ];
        return new CartPod(
            row.Text("name"),
            row.Text("deviceId"),
            board.Text("name"),
            board.Text("part"),
            board.Text("image"),
            (int)board.Whole("flashMebibytes", 4, 16),
            board.Text("applicationAddress"),
            (int)board.Whole("storeKibibytes", 64, 16384),
            buses,
            All(row.Rows("peripherals"), Peripheral),
            All(row.Rows("alternatives", optional: true), r => new CartAlternative(r.Text("designator"), r.Text("part"), r.Text("bus"), r.Text("insteadOf"))),
            row.Optional("cuff") is { } cuff ? Cuff(cuff) : null);
    }

    private static CartCuff Cuff(JsonRow row)
    {
        row.Ignore("madeUp");
        CartCuff cuff = new(
            (int)row.Whole("oneShotMilliseconds", 1, 1000), (int)row.Whole("switchMillimetresOfMercury", 1, 400), (int)row.Whole("switchLowestMillimetresOfMercury", 1, 400),
            (int)row.Whole("switchHighestMillimetresOfMercury", 1, 400));
        row.End();
        return cuff;
    }

    private static WiringLimits LimitsOf(List<CartPod> pods)
    {
        CartBus? bus = pods.SelectMany(p => p.Buses).FirstOrDefault(b => b.Kind == "i2c");
        CartCuff? cuff = pods.Select(p => p.Cuff).FirstOrDefault();
        return new WiringLimits(bus?.SpeedHz ?? 0, bus?.PullUpOhms ?? 0, cuff?.OneShotMilliseconds ?? 0, cuff?.SwitchMmHg ?? 0, cuff?.SwitchLowestMmHg ?? 0, cuff?.SwitchHighestMmHg ?? 0);
    }

    private static CartBus Bus(JsonRow row, params string[] others)
    {
        row.Ignore("madeUp", "of");
        row.Ignore(others);
        return new CartBus(
            row.Text("name"), row.OneOf("kind", "i2c", "i2s", "serial"), (int)row.Whole("busId", 1, 3), (int)(row.OptionalWhole("systemClockBusId", 1, 2) ?? 0),
            string.Equals(row.OptionalOneOf("wiredSlot", "left", "right"), "left", StringComparison.Ordinal),
            (int)(row.OptionalWhole("speedHz", 1, 1_000_000) ?? 0), (int)(row.OptionalWhole("pullUpOhms", 1, 100_000) ?? 0), (int)(row.OptionalWhole("baudRate", 300, 3_000_000) ?? 0));
    }

    private static CartPeripheral Peripheral(JsonRow row)
    {
        row.Ignore("madeUp");
        string? address = row.OptionalText("address");
        List<string> streams = All(row.Rows("streams"), r =>
        {
            r.Ignore("periodUs", "staleMs", "madeUp");
            return r.Text("name");
        });
        return new CartPeripheral(row.Text("designator"), row.Text("part"), row.Text("bus"), address is null ? null : Address(row, "address", address), streams);
    }

    private static Words MustHaveTexts(JsonRow row)
    {
        if (row.Texts("en", "fr") is { } words)
        {
            return words;
        }

        row.Wrong(Problem.KeyWrong, "en", "is missing, and fr");
        return new Words("?", "?");
    }

    private static int Address(JsonRow row, string key, string text)
    {
        if (text.StartsWith("0x", StringComparison.Ordinal) && int.TryParse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out int address) && address is >= 0x08 and <= 0x77)
        {
            return address;
        }

        row.Wrong(Problem.OutOfRange, key, $"'{text}' is no 7-bit address, 0x08 to 0x77");
        return 0x08;
    }
}
