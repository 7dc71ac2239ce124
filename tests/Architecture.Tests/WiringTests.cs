using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using CartGen;
using Firmware.Pod.Cuff;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Architecture.Tests;

/// <summary>hardware/bom.json and hardware/netlists: schemas, electrical rules (each with a planted error), and the pages, drawings and code that speak of the same parts.</summary>
[TestClass]
public sealed partial class WiringTests
{
    private const string Bill = "hardware/bom.json";
    private const string Cart = "hardware/cart.json";
    private const string Pod = "hardware/netlists/pod.json";
    private const string Cuff = "hardware/netlists/cuff.json";
    private const string Stethoscope = "hardware/netlists/stethoscope.json";
    private const string Battery = "hardware/netlists/battery.json";

    private static readonly Wiring Boards = Generator.WiringOf(GeneratorTests.Inputs());

    [TestMethod]
    public void Bill_and_netlists_follow_their_schemas()
    {
        foreach (string file in Repository.Files("hardware/netlists", "*.json").Select(Repository.Name).Append(Bill))
        {
            using JsonDocument schema = JsonDocument.Parse(File.ReadAllText(Repository.At(file == Bill ? "hardware/bom.schema.json" : "hardware/netlist.schema.json")));
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Repository.At(file)));
            Assert.IsEmpty(Schemas.Problems(schema.RootElement, document.RootElement), file + ": " + string.Join('\n', Schemas.Problems(schema.RootElement, document.RootElement)));
        }
    }

    [TestMethod]
    [DataRow(Cuff, "\"15\": \"GND\", \"16\": \"+3V3\"", "\"15\": \"GND\", \"16\": \"+5VC\"", "U20|1A has 2.64 V from U1.cuffTrigger; high is 3.50 V", DisplayName = "the one-shot runs from 5 V")]
    [DataRow(Bill, "\"inputHighMillivolts\": 2000", "\"inputHighMillivolts\": 2700", "U6|from U1.soundBitClock; high is 2.70 V", DisplayName = "an input that asks for more than the controller gives")]
    [DataRow(Cuff, "\"ref\": \"R30\", \"item\": \"r-100r\"", "\"ref\": \"R30\", \"item\": \"r-10k\"", "Q22|its gate has 1.32 V", DisplayName = "a gate without enough voltage")]
    [DataRow(Cuff, "\"ref\": \"R27\", \"item\": \"r-470r\"", "\"ref\": \"R27\", \"item\": \"r-2k2\"", "Q21|when it is to conduct", DisplayName = "a P-channel gate without enough voltage")]
    [DataRow(Cuff, "\"ref\": \"R39\", \"item\": \"r-10k\", \"nets\": {\"1\": \"+3V3\"", "\"ref\": \"R39\", \"item\": \"r-10k\", \"nets\": {\"1\": \"+5VC\"", "U1|cuffValveSense has 4.55 V|its supply is 3.30 V", DisplayName = "5 V at the controller")]
    [DataRow(Cuff, "{\"1\": \"VSW\", \"2\": \"SW_B\"}", "{\"1\": \"VSW\", \"2\": \"SWITCH_SENSE\"}", "U1|cuffSwitchSense has", DisplayName = "a divider in the place of the inverter")]
    [DataRow(Pod, "{\"1\": \"+3V3\", \"2\": \"SWITCH_SENSE\"}", "{\"1\": \"GND\", \"2\": \"SWITCH_SENSE\"}", "U1|cuffSwitchSense has 0.00 V when its board is not plugged in", DisplayName = "a sense that says nothing when unplugged")]
    [DataRow(Pod, "{\"1\": \"+3V3\", \"2\": \"OEM_RX\"}", "{\"1\": \"OEM_RX\", \"2\": \"OEM_RX\"}", "U1|oemReceive has", DisplayName = "a receiver that floats")]
    [DataRow(Cuff, "\"near\": \"U20.16\"", "\"near\": \"U20.15\"", "U20|pin 16 (VCC) has no capacitor of 47 nF", DisplayName = "no decoupling")]
    [DataRow(Cuff, "\"ref\": \"C26\", \"item\": \"c-100n\"", "\"ref\": \"C26\", \"item\": \"c-10n\"", "U22|has no capacitor", DisplayName = "too little decoupling")]
    [DataRow(Pod, "{\"1\": \"+5V\", \"2\": \"GND\"}, \"near\": \"U11.3\"", "{\"1\": \"+9V\", \"2\": \"GND\"}, \"near\": \"U11.3\"", "U11|pin 3 (IN) has no capacitor", DisplayName = "decoupling of another rail")]
    [DataRow(Pod, "{\"1\": \"+3V3\", \"2\": \"EN\"}", "{\"1\": \"+3V3\", \"2\": \"SDA\"}", "SDA has 2 pull-ups", DisplayName = "two pull-ups")]
    [DataRow(Pod, "{\"1\": \"+3V3\", \"2\": \"SCL\"}", "{\"1\": \"SCL\", \"2\": \"SCL\"}", "SCL has 0 pull-ups", DisplayName = "no pull-up")]
    [DataRow(Bill, "\"ohms\": 1200", "\"ohms\": 4700", "R1|SDA has 230 pF and rises in 916 ns; at 400 kHz at most 300", DisplayName = "a pull-up that is too weak")]
    [DataRow(Bill, "\"ohms\": 1200", "\"ohms\": 820", "R1|SDA asks for 3.5 mA", DisplayName = "a pull-up that is too strong")]
    [DataRow(Pod, "\"millimetres\": 600", "\"millimetres\": 2000", "R1|rises in", DisplayName = "a sensor's cable that is too long")]
    [DataRow(Cart, "\"pullUpOhms\": 1200", "\"pullUpOhms\": 2200", "R1|is 1200", DisplayName = "another pull-up in the cart")]
    [DataRow(Bill, "\"limitMilliamperes\": 800", "\"limitMilliamperes\": 600", "U11|gives +3V3 at up to 626 mA; its limit is 600", DisplayName = "a regulator that is too weak for the radio")]
    [DataRow(Bill, "\"dropoutMillivolts\": 1300", "\"dropoutMillivolts\": 2000", "U11|has 4.90 V at its input and needs 5.30 V", DisplayName = "a regulator without enough input")]
    [DataRow(Bill, "32 V DC, in a holder\", \"secondSource\": \"any maker with the same parameters\", \"priceClass\": \"A\", \"ratedMilliamperes\": 1500", "32 V DC, in a holder\", \"secondSource\": \"any maker with the same parameters\", \"priceClass\": \"A\", \"ratedMilliamperes\": 900", "F20|carries +9VC", DisplayName = "a fuse that blows at the pump's start")]
    [DataRow(Bill, "\"ratedMilliamperes\": 1500, \"lowestMmHg\"", "\"ratedMilliamperes\": 500, \"lowestMmHg\"", "S20|carries VSW", DisplayName = "a pressure switch whose contact is too weak")]
    [DataRow(Bill, "\"16 16 passive\"], \"ratedMilliamperes\": 1000", "\"16 16 passive\"], \"ratedMilliamperes\": 400", "J3|carries +9V to J20 at up to 951 mA; its limit is 800", DisplayName = "a connector that is too weak")]
    [DataRow(Cuff, "{\"1\": \"PUMP_G\", \"2\": \"GND\"}", "{\"1\": \"PUMP_G\", \"2\": \"PUMP_G\"}", "Q22|from a floating controller", DisplayName = "the pump's gate floats")]
    [DataRow(Cuff, "{\"1\": \"BLEED_G\", \"2\": \"GND\"}", "{\"1\": \"BLEED_G\", \"2\": \"BLEED_G\"}", "Y21|has current when the controller floats", DisplayName = "the bleed valve's gate floats")]
    [DataRow(Cuff, "{\"1\": \"CLR\", \"2\": \"GND\"}", "{\"1\": \"CLR\", \"2\": \"CLR\"}", "U20|1R has", DisplayName = "the one-shot's reset floats")]
    [DataRow(Cuff, "{\"1\": \"HOLD\", \"2\": \"GND\"}", "{\"1\": \"HOLD\", \"2\": \"HOLD\"}", "Y20|and +3V3 is dead", DisplayName = "3.3 V fail and the dump valve closes")]
    [DataRow(Cuff, "{\"1\": \"VSW\", \"2\": \"PGATE\"}", "{\"1\": \"GND\", \"2\": \"PGATE\"}", "Y20|has current when the controller floats", DisplayName = "a gate pulled the wrong way")]
    [DataRow(Cuff, "{\"G\": \"STOP_G\", \"D\": \"CLR\", \"S\": \"GND\"}", "{\"G\": \"STOP_G\", \"D\": \"GND\", \"S\": \"GND\"}", "Y20|has current while STOP is pressed", DisplayName = "STOP's transistor clears nothing")]
    [DataRow(Cuff, "{\"1\": \"+3V3\", \"2\": \"STOP\"}", "{\"1\": \"GND\", \"2\": \"STOP\"}", "Y20|has current when STOP is broken between the boards", DisplayName = "a broken wire of STOP between the boards")]
    [DataRow(Pod, "{\"1\": \"+3V3\", \"2\": \"STOP\"}", "{\"1\": \"STOP\", \"2\": \"STOP\"}", "U1|stopSense has 0.00 V|broken wire of S1", DisplayName = "a broken wire of STOP that the controller does not see")]
    [DataRow(Cuff, "{\"1\": \"VHOLD\", \"2\": \"PUMP_LOW\"}", "{\"1\": \"VSW\", \"2\": \"PUMP_LOW\"}", "M20|has current when the one-shot has run out", DisplayName = "a pump that the one-shot does not gate")]
    [DataRow(Cuff, "\"S\": \"VSW\"", "\"S\": \"+5VC\"", "Y20|has current when the pressure switch is open", DisplayName = "a dump valve before the pressure switch")]
    [DataRow(Cuff, "{\"1\": \"VSW\", \"2\": \"BLEED_LOW\"}", "{\"1\": \"+5VC\", \"2\": \"BLEED_LOW\"}", "Y21|has current when the pressure switch is open", DisplayName = "a bleed valve before the pressure switch")]
    [DataRow(Bill, "\"ohms\": 2.2", "\"ohms\": 22", "Y20|mA when it is driven", DisplayName = "a valve that is not held")]
    [DataRow(Cuff, "\"ref\": \"R20\", \"item\": \"r-100k\"", "\"ref\": \"R20\", \"item\": \"r-47k\"", "U20|holds for 155 ms", DisplayName = "a one-shot that is too short")]
    [DataRow(Cart, "\"oneShotMilliseconds\": 330", "\"oneShotMilliseconds\": 300", "U20|holds for 329 ms (235 to 439); hardware/cart.json says 300", DisplayName = "another one-shot in the cart")]
    [DataRow(Cuff, "{\"A\": \"RC\", \"K\": \"+3V3\"}", "{\"A\": \"GND\", \"K\": \"RC\"}", "U20|no diode from RXCX", DisplayName = "a timing capacitor that discharges through the chip")]
    [DataRow(Bill, "\"maxOhms\": 75", "\"maxOhms\": 150", "U22|its threshold of 0.07 V", DisplayName = "a valve that the comparator does not see")]
    [DataRow(Cuff, "{\"A\": \"DUMP_LOW\", \"K\": \"VHOLD\"}", "{\"A\": \"VHOLD\", \"K\": \"DUMP_LOW\"}", "Y20|no diode across it", DisplayName = "a flyback diode turned round")]
    [DataRow(Cuff, "\"lowMillivolts\": 60, \"highMillivolts\": 78", "\"lowMillivolts\": 70, \"highMillivolts\": 78", "TP29|REF has 69 mV in state reset", DisplayName = "a test point's limits without its voltage")]
    [DataRow(Cart, "\"switchMillimetresOfMercury\": 315", "\"switchMillimetresOfMercury\": 310", "pressure-switch|does not open where", DisplayName = "another pressure switch in the cart")]
    [DataRow(Bill, "\"highestMmHg\": 325", "\"highestMmHg\": 330", "pressure-switch|does not open where", DisplayName = "another pressure switch in the bill")]
    [DataRow(Cuff, "\"SDA\": \"SDA\", \"SCL\": \"SCL\", \"RES\"", "\"SDA\": \"SCL\", \"SCL\": \"SDA\", \"RES\"", "U4|is not on the bus", DisplayName = "SDA and SCL exchanged")]
    [DataRow(Pod, "\"cuffPump\": \"PUMP\", \"cuffBleed\": \"BLEED\"", "\"cuffPump\": \"BLEED\", \"cuffBleed\": \"PUMP\"", "Q22|cuffPump of the controller does not lead to its pin G", DisplayName = "pump and bleed valve exchanged")]
    [DataRow(Cuff, "\"9\": \"PUMP\", \"10\": \"BLEED\"", "\"9\": \"BLEED\", \"10\": \"PUMP\"", "W3|pin 9 is PUMP at J3 and BLEED at J20", DisplayName = "two ends of a cable that disagree")]
    [DataRow(Pod, "\"ref\": \"D3\", \"item\": \"led\", \"nets\": {\"A\": \"LED_A\"", "\"ref\": \"D3\", \"item\": \"led\", \"nets\": {\"A\": \"LED_B\"", "the net LED_A has one pin alone", DisplayName = "a net with one pin")]
    [DataRow(Battery, "\"VOUT\": \"+9V_B\"", "\"VOUT\": \"SOUND\"", "SOUND|no cable carries it", DisplayName = "a net on two boards without a cable")]
    [DataRow(Stethoscope, "{\"ref\": \"R44\"", "{\"ref\": \"R99\", \"item\": \"r-10k\", \"nets\": {\"1\": \"HALF\", \"2\": \"GND\"}}, {\"ref\": \"R44\"", "amplifier|has 16 parts", DisplayName = "a sheet that is too full")]
    [DataRow(Stethoscope, "\"ref\": \"R48\"", "\"ref\": \"R47\"", "R47 is given 2 times", DisplayName = "one designator twice")]
    [DataRow(Stethoscope, "\"ref\": \"R48\", \"item\": \"r-2k2\"", "\"ref\": \"R48\", \"item\": \"r-2k3\"", "R48|there is no item r-2k3", DisplayName = "an item that is not in the bill")]
    [DataRow(Cuff, "\"6\": \"REF\", \"8\": \"+3V3\"", "\"6\": \"REF\"", "U22|pin 8 (V+) is open", DisplayName = "an open pin")]
    [DataRow(Cuff, "\"6\": \"REF\", \"8\": \"+3V3\"", "\"6\": \"REF\", \"9\": \"+3V3\"", "U22|comparator has no pin 9", DisplayName = "a pin that is not there")]
    [DataRow(Cuff, "\"near\": \"U20.16\"", "\"near\": \"U20.17\"", "C24|there is no pin U20.17", DisplayName = "a capacitor beside a pin that is not there")]
    [DataRow(Bill, "\"onMilliohms\": 60, \"ratedMilliamperes\": 4000}", "\"onMilliohms\": 60, \"ratedMilliamperes\": 900}", "Q22|switches its load at up to 1000 mA; its limit is 900", DisplayName = "a transistor that is too weak for its pump")]
    [DataRow(Cuff, "{\"1\": \"HOLD\", \"2\": \"GND\"}", "{\"1\": \"+5VC\", \"2\": \"HOLD\"}", "has current when the cuff's board has no cable to the pod's", DisplayName = "a cuff's board that holds its valve without the pod's")]
    [DataRow(Cuff, "\"ref\": \"R20\", \"item\": \"r-100k\", \"nets\": {\"1\": \"+3V3\", \"2\": \"RC\"}", "\"ref\": \"R20\", \"item\": \"r-100k\", \"nets\": {\"1\": \"+5VC\", \"2\": \"RC\"}", "U20|needs one resistor to its supply", DisplayName = "a one-shot that is timed from another rail")]
    [DataRow(Cart, "\"designator\": \"U2\"", "\"designator\": \"U9\"", "U9|no board has it as Tmp117", DisplayName = "a part of the cart that no board has")]
    [DataRow(Pod, "\"i2cData\": \"SDA\", \"i2cClock\": \"SCL\"", "\"i2cData\": \"SCL\", \"i2cClock\": \"SDA\"", "U1|is not on the bus: i2cData at SDA", DisplayName = "the controller's bus exchanged")]
    [DataRow(Bill, "\"clampMillivolts\": 15400", "\"clampMillivolts\": 17000", "C1|bears 16.00 V, and D1 lets 17.00 V through", DisplayName = "a suppressor that clamps too late")]
    [DataRow(Bill, "\"clampMillivolts\": 15400", "\"clampMillivolts\": 17000", "U41|bears 16.00 V", DisplayName = "a regulator of another board behind the suppressor")]
    [DataRow(Bill, "\"breakdownMillivolts\": 10000", "\"breakdownMillivolts\": 9400", "D1|conducts from 9.40 V and clamps at 15.40 V; the supply has up to 9.45 V", DisplayName = "a suppressor that conducts at the adapter's voltage")]
    [DataRow(Bill, "\"priceClass\": \"A\", \"quantity\": 5, \"per\": \"pod\"", "\"priceClass\": \"A\", \"quantity\": 2, \"per\": \"pod\"", "cable-2|has the quantity 2, and the boards have 5 of it", DisplayName = "too few cables in the bill")]
    [DataRow(Bill, "\"orderNumber\": \"PCM1808PW\", ", "", "pcm1808|an order number and its source stand together", DisplayName = "a source without an order number")]
    [DataRow(Bill, "\"statusLed statusLed output\"", "\"led led output\"", "controller-wrover|has no pin statusLed", DisplayName = "a controller without a function")]
    [DataRow(Bill, "\"forPatients\": true", "\"open\": []", "no item is for patients", DisplayName = "nothing for patients")]
    public void An_error_in_a_board_is_refused(string file, string right, string wrong, string expected)
    {
        string text = GeneratorTests.Inputs()[file];
        Assert.IsTrue(text.Contains(right, StringComparison.Ordinal), "The planted place is gone: " + right);
        IReadOnlyList<Problem> problems = GeneratorTests.Problems(file, text.Replace(right, wrong, StringComparison.Ordinal));
        Assert.IsTrue(
            problems.Any(p => p.Code == Problem.NetlistWrong && expected.Split('|').All(e => (p.Path + " " + p.Detail).Contains(e, StringComparison.Ordinal))),
            "Found: " + string.Join('\n', problems));
    }

    [TestMethod]
    public void With_any_one_part_open_or_shorted_a_floating_controller_pumps_nothing_and_holds_one_valve_at_most()
    {
        List<string> unsafeCases = [];
        int cases = 0;
        foreach (NetPart part in Boards.Boards.Single(b => b.Name == "cuff").Parts.Where(p => p.Nets.Count is 2 or 3))
        {
            foreach (bool isShorted in new[] { false, true })
            {
                foreach (double leak in new[] { 1e-6, -1e-6 })
                {
                    cases++;
                    IReadOnlyList<string> powered = ElectricalRules.Powered(Boards, new CircuitState { Broken = part.Ref, IsShorted = isShorted, LeakAmperes = leak });
                    if (powered.Contains("M20") || powered.Count > 1)
                    {
                        unsafeCases.Add($"{part.Ref} {(isShorted ? "shorted" : "open")}: current in {string.Join(", ", powered)}");
                    }
                }
            }
        }

        Assert.IsGreaterThan(150, cases);
        Assert.IsEmpty(unsafeCases, string.Join('\n', unsafeCases));

        // A second fault does show: the search can find something.
        Wiring bridged = Boards with { Boards = [.. Boards.Boards.Select(b => b.Name != "cuff" ? b : b with { Sheets = [.. b.Sheets.Select(WithoutPullDowns)] })] };
        Assert.Contains("M20", ElectricalRules.Powered(bridged, new CircuitState { Broken = "Q21", IsShorted = true, LeakAmperes = 1e-6 }));
    }

    [TestMethod]
    public void Voltages_and_currents_are_those_of_a_hand_calculation()
    {
        Circuit held = Circuit.Solve(Boards, Circuit.Named("held"));
        Assert.AreEqual(3.3 * 1 / 48, held.Volts("REF"), 1e-6, "R37, R38");
        Assert.AreEqual(5.0 / 62.2, held.Amperes("Y20"), 0.0005, "60 Ω and 2.2 Ω, less what the transistor takes");
        Assert.AreEqual(2.64 * 10_000 / 10_470, held.Volts("CLR"), 0.001, "R22, R23");
        Circuit reset = Circuit.Solve(Boards, new CircuitState());
        Assert.AreEqual(3.3, reset.Volts("SDA"), 0.001);
        Assert.AreEqual(0, reset.Amperes("M20"), 1e-6);
        Assert.AreEqual(8.5, reset.Volts("+9V"), 0.001, "9 V less the diode");
    }

    [TestMethod]
    public void One_pressure_switch_is_described_everywhere()
    {
        using JsonDocument cart = JsonDocument.Parse(File.ReadAllText(Repository.At(Cart)));
        JsonElement cuff = cart.RootElement.GetProperty("pods")[0].GetProperty("cuff");
        int lowest = cuff.GetProperty("switchLowestMillimetresOfMercury").GetInt32(), highest = cuff.GetProperty("switchHighestMillimetresOfMercury").GetInt32(), set = cuff.GetProperty("switchMillimetresOfMercury").GetInt32();
        Assert.AreEqual(CuffSelfTest.SwitchMinCentiMmHg / 100, lowest - 10, "the self test allows 10 mmHg for the sensor's error of 7.5");
        string options = File.ReadAllText(Repository.At("simulators/Chips/Mprls0300/CuffPneumaticsOptions.cs"));
        StringAssert.Contains(options, string.Create(CultureInfo.InvariantCulture, $"SwitchMmHg {{ get; init; }} = {set};"));
        StringAssert.Contains(options, string.Create(CultureInfo.InvariantCulture, $"SwitchMmHg = Between(random, {lowest}, {highest}),"));
        int places = 0;
        List<string> wrong = [];
        foreach (string file in new[] { "hardware", "firmware", "simulators", "edge-gateway" }.SelectMany(f => Repository.Files(f, "*.md").Concat(Repository.Files(f, "*.cs")).Concat(Repository.Files(f, "*.json"))))
        {
            foreach (Match match in SwitchRange().Matches(File.ReadAllText(file)))
            {
                places++;
                if (match.Groups["low"].Value != lowest.ToString(CultureInfo.InvariantCulture) || match.Groups["high"].Value != highest.ToString(CultureInfo.InvariantCulture))
                {
                    wrong.Add(Repository.Name(file) + ": " + match.Value);
                }
            }
        }

        Assert.IsGreaterThan(3, places);
        Assert.IsEmpty(wrong, string.Join('\n', wrong));
        Assert.AreEqual("330", SwitchRange().Match("pressure switch, opens at 300 to 330 mmHg").Groups["high"].Value);
    }

    [TestMethod]
    public void Wiring_pages_name_parts_that_are_there_and_every_line_of_the_controller()
    {
        HashSet<string> known = [.. Boards.Parts.Select(p => p.Ref)];
        string[] pages = [.. Repository.Files("hardware/wiring", "*.md").Append(Repository.At("hardware/power.md")).Append(Repository.At("hardware/bring-up.md"))];
        foreach (string page in pages)
        {
            string[] missing = [.. Designator().Matches(File.ReadAllText(page)).Select(m => m.Value).Distinct().Where(d => !known.Contains(d))];
            Assert.IsEmpty(missing, Repository.Name(page) + " names " + string.Join(", ", missing));
        }

        string wiring = string.Concat(Repository.Files("hardware/wiring", "*.md").Select(File.ReadAllText));
        using JsonDocument board = JsonDocument.Parse(File.ReadAllText(Repository.At("hardware/boards/esp32-wrover.json")));
        foreach (JsonProperty pin in board.RootElement.GetProperty("pins").EnumerateObject())
        {
            Assert.IsTrue(Regex.IsMatch(wiring, $@"GPIO {pin.Value.GetRawText()}(?!\d)", RegexOptions.None, TimeSpan.FromSeconds(1)), $"no wiring page names GPIO {pin.Value.GetRawText()} of {pin.Name}");
        }

        Assert.AreEqual("Q99", Designator().Match("the transistor Q99 and GPIO 5").Value);
    }

    [TestMethod]
    public void Drawings_are_images_that_show_every_part_and_netlists_hold_every_pin()
    {
        Dictionary<string, string> files = Generator.Run(GeneratorTests.Inputs()).ToDictionary(f => f.Path, f => System.Text.Encoding.UTF8.GetString(f.Bytes), StringComparer.Ordinal);
        XNamespace svg = "http://www.w3.org/2000/svg";
        foreach (Netlist board in Boards.Boards)
        {
            foreach (NetSheet sheet in board.Sheets)
            {
                XDocument drawing = XDocument.Parse(files[$"hardware/schematics/{board.Name}-{sheet.Name}.svg"]);
                string[] texts = [.. drawing.Descendants(svg + "text").Select(t => t.Value)];
                double width = (double)drawing.Root!.Attribute("width")!, height = (double)drawing.Root!.Attribute("height")!;
                foreach (NetPart part in sheet.Parts)
                {
                    Assert.Contains(part.Ref, texts, sheet.Name);
                    Assert.IsTrue(part.Nets.All(n => n.Value == Wiring.Ground || texts.Contains(n.Value)), $"{sheet.Name}: a net of {part.Ref} is not shown");
                }

                Assert.IsTrue(drawing.Descendants(svg + "text").All(t => (double)t.Attribute("x")! >= 0 && (double)t.Attribute("x")! <= width && (double)t.Attribute("y")! <= height), sheet.Name);
                Assert.IsLessThanOrEqualTo(1100, width, sheet.Name);
            }

            foreach (string netlist in files.Keys.Where(k => k.StartsWith($"hardware/netlists/{board.Name}", StringComparison.Ordinal) && k.EndsWith(".net", StringComparison.Ordinal)))
            {
                string text = files[netlist];
                Assert.AreEqual(text.Count(c => c == '('), text.Count(c => c == ')'), netlist);
                Assert.AreEqual(board.Parts.Sum(p => p.Nets.Count), Regex.Count(text, @"\(node "), netlist);
                Assert.AreEqual(board.Parts.Count(), Regex.Count(text, @"\(comp "), netlist);
            }
        }

        StringAssert.Contains(files["hardware/netlists/pod-esp32-wrover.net"], "(node (ref \"U1\") (pin \"IO25\") (pinfunction \"cuffPump\"))");
        StringAssert.Contains(files["hardware/netlists/pod-esp32-s3.net"], "(node (ref \"U1\") (pin \"IO10\") (pinfunction \"cuffPump\"))");
    }

    [TestMethod]
    public void A_figure_that_nobody_measured_says_so_and_an_order_number_has_its_source()
    {
        foreach (BillItem item in Boards.Items)
        {
            Assert.IsTrue(item.OrderNumber is null || item.Source is { Document.Length: > 3, Date.Length: > 3 }, item.Id);
            StringAssert.Contains(NetlistFiles.Order(item), item.OrderNumber ?? NetlistFiles.ToBeChosen);
        }

        string[] patients = [.. Boards.Items.Where(i => i.IsForPatients).Select(i => i.Id)];
        CollectionAssert.IsSubsetOf(new[] { "oem-nibp", "ble-oximeter", "mains-adapter" }, patients);
        foreach (string id in new[] { "oem-nibp", "ble-oximeter" })
        {
            StringAssert.Contains(Boards.Item(id)!.Parameters, "CE-marked");
        }
    }

    private static NetSheet WithoutPullDowns(NetSheet sheet) => sheet with { Rows = [.. sheet.Rows.Select(r => (IReadOnlyList<NetPart>)[.. r.Where(p => p.Ref != "R31")])] };

    [GeneratedRegex(@"pressure[ -]switch[^.\n]{0,60}?(?<low>\d{3}) (to|and) (?<high>\d{3})", RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, 10_000)]
    private static partial Regex SwitchRange();

    [GeneratedRegex(@"(?<![\w.-])(U|R|C|D|Q|Y|M|S|F|J|BT|MK)[1-9][0-9]?(?![\w.-])(?! *(to|-)? *(datasheet|event))", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex Designator();
}
