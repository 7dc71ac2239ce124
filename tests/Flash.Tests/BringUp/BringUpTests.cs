using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Threading;
using System.Xml.Linq;
using Firmware.Flash;
using Firmware.Flash.BringUp;
using Flash.Tests.StandIns;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Flash.Tests.BringUp;

/// <summary>Whole bring-ups of stand-in boards, as a technician's session: the transcript in the README, and each failure apart.</summary>
[TestClass]
public sealed partial class BringUpTests : IDisposable
{
    private const string First = "246f28aa0001";
    private const string Second = "246f28aa0002";
    private const string Third = "246f28aa0003";
    private const string Fourth = "246f28aa0004";

    private readonly TestFolder _folder = new();
    private readonly StandInBench _bench = new();
    private readonly StringBuilder _printed = new();
    private string _output = string.Empty;
    private string _diagnostics = string.Empty;

    public BringUpTests()
    {
        _folder.Write("Pod.bin", SyntheticProgram.Whole());
        foreach (string mac in new[] { First, Second, Third, Fourth })
        {
            _folder.Write($"bundles/{mac}.json", TestBundle.Json(Id(mac)));
        }
    }

    private string Records => _folder.At("records");

    public void Dispose()
    {
        _bench.Dispose();
        _folder.Dispose();
    }

    [TestMethod]
    public void Four_boards_at_once_are_the_session_in_the_readme()
    {
        for (int i = 1; i <= 4; i++)
        {
            _bench.Boards.Add(new StandInBoard($"COM{i}", $"COM1{i}", "246f28aa000" + i));
        }

        _bench.Boards[1].UnplugsAt = 60;
        _bench.Boards[2].Chip = "ESP32 (ESP32-D0WD (revision v1.0))";
        _bench.Boards[2].Psram = "not available";
        _bench.Boards[3].Pod.IsStoreFull = true;
        StringBuilder session = new();
        const string Boards = "-Port COM1,COM2,COM3,COM4 -ConsolePort COM11,COM12,COM13,COM14";

        session.AppendLine("# A wrong file, and a program for another image: no board is touched.");
        byte[] bytes = SyntheticProgram.Whole();
        bytes[0] = 0xE9;
        _folder.Write("nanoCLR.bin", bytes);
        _folder.Write("Other.bin", SyntheticProgram.Whole(mscorlib: 0x445C7AF9));
        Session(session, 3, $"{Boards} -Image nanoCLR.bin");
        Session(session, 3, $"{Boards} -Image Other.bin");
        Assert.IsEmpty(_bench.Commands.Where(c => c.Contains("serialport", StringComparison.Ordinal)).ToArray());

        session.AppendLine("# COM2 is unplugged at 60 %, COM3 is a board without PSRAM, COM4 is full.");
        Session(session, 30, $"{Boards} -Image Pod.bin -Bundle bundles -CartName 'cart 7'");

        session.AppendLine("# COM2 is plugged in again, COM3 is the right board now; nanoff says OK to it and writes nothing. COM4 is erased by -Factory.");
        _bench.Boards[1].IsPlugged = true;
        _bench.Boards[2] = new StandInBoard("COM3", "COM13", Third) { IsDeaf = true };
        _bench.Boards[2].Pod.Build = SyntheticProgram.OtherBuild;
        _bench.Boards[2].Pod.Target = "ESP32_BLE_REV3";
        _bench.Boards[2].Pod.ImageVersion = "1.16.0.494";
        _bench.Boards[2].IsRunning = true;
        Session(session, 15, "-Port COM1,COM2,COM3 -ConsolePort COM11,COM12,COM13 -Image Pod.bin -Bundle bundles -CartName 'cart 7'");
        _bench.Boards[3].Pod.IsStoreFull = false;
        Session(session, 0, "-Port COM4 -ConsolePort COM14 -Image Pod.bin -Bundle bundles -CartName 'cart 7' -Factory -Confirm FACTORY");

        session.AppendLine("# Once more: COM3 is written now.");
        Session(session, 0, "-Port COM3 -ConsolePort COM13 -Image Pod.bin -Bundle bundles -CartName 'cart 7'");

        Assert.AreEqual(1, _bench.MaxRuntimesAtOnce);
        Assert.IsTrue(_bench.Boards.TrueForAll(b => b.Pod.IsProvisioned && !b.Pod.IsOnTrial && b.Pod.Build == SyntheticProgram.Build));
        Golden.Check("bring-up", "```\n" + session.ToString().TrimEnd() + "\n```");
        NoSecretIsWritten();
    }

    [TestMethod]
    public void Reflashing_keeps_what_the_pod_was_and_says_when_it_did_not()
    {
        StandInBoard board = Provisioned("COM1", "COM11", First);
        board.Pod.Pending = 17;
        board.Pod.Set("calibration.cuff", "MP-1;2026-01-01;2027-01-01;0:0,15000:150000");
        (int exit, string output) = Run("-Port COM1 -Image Pod.bin");
        Assert.AreEqual(0, exit, output + _diagnostics);
        StringAssert.Contains(output, "provisioned, unsent readings 17: all of it is kept");
        Assert.AreEqual(17, board.Pod.Pending);
        Assert.IsFalse(_bench.Commands.Exists(c => c.Contains("masserase", StringComparison.Ordinal)));
        StringAssert.Contains(File.ReadAllText(Path.Combine(Records, First + ".label.svg")), "calibration due: 2027-01-01");

        board.LosesIdentity = true;
        board.Pod.Build = SyntheticProgram.OtherBuild;
        (exit, output) = Run("-Port COM1 -Image Pod.bin");
        Assert.AreEqual(20, exit);
        StringAssert.Contains(output, "F4026");
        StringAssert.Contains(output, "its configuration; its calibrations; 17 of 17 unsent readings");

        // Run again it must not be taken for a board that never had them.
        (exit, output) = Run("-Port COM1 -Image Pod.bin");
        Assert.AreEqual(20, exit, output);
    }

    [TestMethod]
    public void A_pod_with_an_open_consultation_is_left_alone()
    {
        Provisioned("COM1", "COM11", First).Pod.IsInSession = true;
        (int exit, string output) = Run("-Port COM1 -Image Pod.bin");
        Assert.AreEqual(17, exit);
        StringAssert.Contains(output, "a consultation is open");
        Assert.IsFalse(_bench.Commands.Exists(c => c.Contains("--deploy", StringComparison.Ordinal) || c.Contains("--update", StringComparison.Ordinal)));
    }

    [TestMethod]
    [DataRow("E4001: Unsupported flash size for ESP32 target.", 13, "F4015")]
    [DataRow("E4003: Failed to write new firmware to ESP32.", 13, "F4005")]
    [DataRow("E4005: Failed to open specified COM port.", 11, "F4010")]
    [DataRow("E9015: Can't find the target in the firmware archive.", 3, "F4014")]
    public void An_error_of_nanoff_ends_the_board_in_its_class(string error, int expected, string code)
    {
        _bench.Boards.Add(new StandInBoard("COM1", "COM11", First) { NextError = error });
        (int exit, string output) = Run("-Port COM1 -Image Pod.bin");
        Assert.AreEqual(expected, exit);
        StringAssert.Contains(output, code);
    }

    [TestMethod]
    public void What_fails_behind_the_write_ends_in_its_class()
    {
        // The console's plug is not there.
        StandInBoard board = new("COM1", "COM1", First);
        _bench.Boards.Add(board);
        board.Pod.FailedItem = "store";
        Assert.AreEqual(19, Run("-Port COM1 -Image Pod.bin").Exit);
        board.Pod.FailedItem = null;
        board.Pod.DamagedAnswers = 99;
        Assert.AreEqual(16, Run("-Port COM1 -Image Pod.bin").Exit);
        board.Pod.DamagedAnswers = 0;
        Assert.AreEqual(17, Run($"-Port COM1,COM2 -Image Pod.bin -Bundle bundles/{Second}.json", (b => b.Boards.Add(new StandInBoard("COM2", "COM12", Fourth)))).Exit, "another pod's bundle");
        Assert.AreEqual(0, Run($"-Port COM1 -Image Pod.bin -Bundle bundles/{First}.json").Exit);
        _folder.Write("wrong.json", TestBundle.Json(Id(First), technicianKey: new string('1', 64)));
        Assert.AreEqual(17, Run("-Port COM1 -Image Pod.bin -Bundle wrong.json -Reprovision").Exit, "another technician's key");
        StringAssert.Contains(_output, "F4023");
        Assert.AreEqual(0, Run($"-Port COM1 -Image Pod.bin -Bundle bundles/{First}.json -Reprovision").Exit, _output);
        NoSecretIsWritten();
    }

    [TestMethod]
    public void A_configuration_on_trial_is_confirmed_or_said_and_an_equal_one_is_not_committed()
    {
        StandInBoard board = new("COM1", "COM11", First);
        _bench.Boards.Add(board);
        Assert.AreEqual(0, Run($"-Port COM1 -Image Pod.bin -Bundle bundles/{First}.json").Exit, _output);
        Assert.AreEqual(0, Run($"-Port COM1 -Image Pod.bin -Bundle bundles/{First}.json -Reprovision").Exit, _output);
        StringAssert.Contains(_output, "the pod has all of the bundle already");
        board.Pod.IsOnTrial = true;
        Assert.AreEqual(17, Run("-Port COM1 -Image Pod.bin").Exit);
        StringAssert.Contains(_output, "on trial, and the pod will undo it");
        Assert.AreEqual(0, Run($"-Port COM1 -Image Pod.bin -Bundle bundles/{First}.json").Exit, _output);
        Assert.IsFalse(board.Pod.IsOnTrial);
    }

    [TestMethod]
    public void A_missing_gateway_fails_the_self_test_unless_it_is_said_that_there_is_none()
    {
        StandInBoard board = new("COM1", "COM11", First);
        board.Pod.FailedItem = "gateway";
        _bench.Boards.Add(board);
        Assert.AreEqual(19, Run("-Port COM1 -Image Pod.bin").Exit);
        StringAssert.Contains(_output, "Where no gateway is: -NoGateway.");
        Assert.AreEqual(0, Run("-Port COM1 -Image Pod.bin -NoGateway").Exit, _output);
        StringAssert.Contains(_output, "not judged without a gateway here: gateway");
        foreach (string item in new[] { "store", "signal" })
        {
            board.Pod.FailedItem = item;
            Assert.AreEqual(19, Run("-Port COM1 -Image Pod.bin -NoGateway").Exit, "a gateway that is not there says nothing about " + item);
            Assert.IsFalse(_output.Contains("Where no gateway is", StringComparison.Ordinal), _output);
        }
    }

    [TestMethod]
    public void A_part_that_settles_behind_the_restart_is_waited_for_and_not_for_ever()
    {
        StandInBoard board = new("COM1", "COM11", First);
        _bench.Boards.Add(board);
        board.Pod.Settles = 3;
        Assert.AreEqual(0, Run("-Port COM1 -Image Pod.bin").Exit, _output);
        board.Pod.Settles = int.MaxValue;
        Assert.AreEqual(19, Run("-Port COM1 -Image Pod.bin").Exit, _output);
        StringAssert.Contains(_output, "FAIL Tmp117 2 state settling");
    }

    [TestMethod]
    public void Boards_whose_chip_is_not_found_out_have_files_of_their_own()
    {
        _bench.Boards.Add(new StandInBoard("COM1", "COM11", First) { NextError = "E4000: Error executing esptool command." });
        _bench.Boards.Add(new StandInBoard("/dev/ttyUSB1", "COM12", Second) { NextError = "E4000: Error executing esptool command." });
        Assert.AreEqual(13, Run("-Port COM1,/dev/ttyUSB1 -Image Pod.bin").Exit, _output);
        CollectionAssert.IsSubsetOf(new[] { "port-COM1.log", "port-COM1.record.json", "port--dev-ttyUSB1.log", "port--dev-ttyUSB1.record.json" }, Directory.EnumerateFiles(Records).Select(Path.GetFileName).ToArray());
    }

    [TestMethod]
    public void A_bundle_anew_takes_away_what_it_leaves_out_and_keeps_what_is_not_the_bundles()
    {
        StandInBoard board = Provisioned("COM1", "COM11", First);
        foreach ((string key, string value) in new[] { ("deviceId", "02000000000000a1"), ("role", "bedside"), ("wifi.ssid", "old"), ("wifi.password", "old-password"), ("tls.ca", "x"), ("tls.certificate", "x"), ("tls.key", "x"), ("calibration.cuff", "MP-1;2026-01-01;2027-01-01;0:0,15000:150000"), ("timeServer", "10.0.0.1") })
        {
            board.Pod.Set(key, value);
        }

        // Somebody had begun something at the console, and left it.
        board.Pod.Answer("@1 config set timeServer 6.6.6.6");
        _folder.Write("plain.json", JsonSerializer.Serialize(new { v = 1, deviceId = Id(First), gateway = new { host = "10.0.0.2", port = 1883 }, technicianKey = TestBundle.TechnicianKey }));
        Assert.AreEqual(0, Run("-Port COM1 -Image Pod.bin -Bundle plain.json -Reprovision").Exit, _output);
        StringAssert.Contains(_output, "taken away: deviceId, wifi.password, wifi.ssid, tls.ca, tls.certificate, tls.key");
        Dictionary<string, string> expected = new(StringComparer.Ordinal)
        {
            ["gateway.host"] = "10.0.0.2",
            ["gateway.port"] = "1883",
            ["parts"] = "Tmp117",
            ["role"] = "bedside",
            ["board"] = "esp32-wrover",
            ["technicianKey"] = TestBundle.TechnicianKey,
            ["calibration.cuff"] = "MP-1;2026-01-01;2027-01-01;0:0,15000:150000",
            ["timeServer"] = "10.0.0.1",
        };
        CollectionAssert.AreEquivalent(expected.ToArray(), board.Pod.Active.ToArray());
        Assert.AreEqual(0, Run("-Port COM1 -Image Pod.bin -Bundle plain.json -Reprovision -Role vitals -Parts Tmp117,Max30102").Exit, _output);
        Assert.AreEqual("vitals Tmp117,Max30102", board.Pod.Active["role"] + " " + board.Pod.Active["parts"]);
    }

    [TestMethod]
    public void No_two_pods_get_one_key_or_one_id()
    {
        foreach (string mac in new[] { First, Second })
        {
            _bench.Boards.Add(new StandInBoard(mac == First ? "COM1" : "COM2", mac == First ? "COM11" : "COM12", mac));
            _folder.Write($"keyless.json/{mac}.json", TestBundle.Json(Id(mac), technicianKey: null));
        }

        _folder.Write("secrets.json", $"{{\"technicianKey\":\"{TestBundle.TechnicianKey}\"}}");
        Assert.AreEqual(3, Run("-Port COM1,COM2 -Image Pod.bin -Bundle keyless.json -Secrets secrets.json").Exit, _output);
        StringAssert.Contains(_diagnostics, "each pod has its own");
        Assert.IsEmpty(_bench.Boards[0].Pod.Requests);
        Assert.AreEqual(3, Run("-Port COM1,COM2 -Image Pod.bin -Bundle keyless.json", user: new StandInOperator(TestBundle.TechnicianKey, TestBundle.TechnicianKey)).Exit, "typed twice");
        _folder.Write("secrets.json", $"{{\"technicianKeys\":{{\"{Id(First)}\":\"{TestBundle.KeyOf(Id(First))}\",\"{Id(Second)}\":\"{TestBundle.KeyOf(Id(Second))}\"}}}}");
        Assert.AreEqual(0, Run("-Port COM1,COM2 -Image Pod.bin -Bundle keyless.json -Secrets secrets.json").Exit, _output + _diagnostics);
        Assert.AreEqual(TestBundle.KeyOf(Id(Second)), _bench.Boards[1].Pod.Active["technicianKey"]);
        foreach (string wrong in new[] { "{\"technicianKeys\":{\"x\":\"00112233445566778899aabbccddeeff\"}}", "{\"technicianKeys\":{\"246f28fffeaa0001\":\"short\"}}", "{\"technicianKeys\":[]}", "{\"technicianKey\":{}}", "{\"wifiPassword\":\"\\ud800aaaaaaaa\"}" })
        {
            _folder.Write("secrets.json", wrong);
            Assert.AreEqual(3, Run("-Port COM1 -Image Pod.bin -Bundle bundles -Secrets secrets.json").Exit, wrong + _output + _diagnostics);
        }

        // An id that was set by hand on one board is not given to another, in another run neither.
        _folder.Write("own.json", TestBundle.Json("02000000000000a1"));
        _bench.Boards.Clear();
        _bench.Boards.Add(new StandInBoard("COM3", "COM13", Third));
        Assert.AreEqual(0, Run("-Port COM3 -Image Pod.bin -Bundle own.json").Exit, _output);
        _bench.Boards.Clear();
        StandInBoard fourth = new("COM4", "COM14", Fourth);
        _bench.Boards.Add(fourth);
        Assert.AreEqual(23, Run("-Port COM4 -Image Pod.bin -Bundle own.json").Exit, _output);
        StringAssert.Contains(_output, $"02000000000000a1 is the id of the board {Third} too");
        Assert.IsFalse(fourth.Pod.IsProvisioned);
        Assert.AreEqual(23, Run("-Port COM4 -Image Pod.bin -Bundle own.json").Exit, "nor at the second try\n" + _output);
        File.Delete(Path.Combine(Records, Third + ".record.json"));
        Assert.AreEqual(0, Run("-Port COM4 -Image Pod.bin -Bundle own.json").Exit, _output);

        // Two boards that say one id by themselves, in one run.
        _bench.Boards.Clear();
        File.Delete(Path.Combine(Records, Fourth + ".record.json"));
        foreach ((string port, string console, string mac) in new[] { ("COM1", "COM11", First), ("COM2", "COM12", Second) })
        {
            Provisioned(port, console, mac).Pod.Set("deviceId", "02000000000000a2");
        }

        int exit = Run("-Port COM1,COM2 -Image Pod.bin").Exit;
        Assert.AreEqual(23, exit, _output);
        Assert.AreEqual(1, Regex.Count(_output, "1 of 2 boards done"), _output);
    }

    [TestMethod]
    [DataRow("config put tls.certificate 2")]
    [DataRow("config put tls.ca 1")]
    [DataRow("config put tls.key 1")]
    [DataRow("config set wifi.password")]
    [DataRow("config revert")]
    [DataRow("config commit")]
    [DataRow("config confirm")]
    [DataRow("config diff")]
    [DataRow("selftest")]
    [DataRow("id")]
    public void One_damaged_answer_does_not_end_a_bring_up(string request)
    {
        StandInBoard board = new("COM1", "COM11", First);
        board.Pod.DamagesOnce = request;
        _bench.Boards.Add(board);
        Assert.AreEqual(0, Run($"-Port COM1 -Image Pod.bin -Bundle bundles/{First}.json").Exit, _output);
        Assert.IsTrue(board.Pod.DamagesOnce is null && board.Pod.IsProvisioned && !board.Pod.IsOnTrial);
        StringAssert.Contains(board.Pod.Active["tls.key"], "END PRIVATE KEY");
        NoSecretIsWritten();
    }

    [TestMethod]
    [DataRow("Tmp117", "", "", "calibration due: not calibrated")]
    [DataRow("Tmp117,Mprls0300,Max30102@0x57", "2027-03-01", "2027-02-01", "calibration due: 2027-02-01")]
    [DataRow("Tmp117,Mprls0300,Max30102", "2027-03-01", "", "cuff due 2027-03-01|oximeter not calibrated")]
    [DataRow("Mprls0300,Max30102", "", "2027-02-01", "cuff not calibrated|oximeter due 2027-02-01")]
    [DataRow("Mprls0300,Max30102", "", "", "cuff not calibrated|oximeter not calibrated")]
    [DataRow("Max30102", "2027-13-01", "", "oximeter not calibrated")]
    public void The_label_says_of_each_sensor_whether_it_is_calibrated(string parts, string cuff, string oximeter, string expected)
    {
        StandInBoard board = Provisioned("COM1", "COM11", First);
        board.Pod.Set("parts", parts);
        foreach ((string sensor, string due) in new[] { ("cuff", cuff), ("oximeter", oximeter) }.Where(s => s.Item2.Length > 0))
        {
            board.Pod.Set("calibration." + sensor, $"S;2026-01-01;{due};0");
        }

        Assert.AreEqual(0, Run("-Port COM1 -Image Pod.bin").Exit, _output);
        string[] lines = [.. XElement.Parse(File.ReadAllText(Path.Combine(Records, First + ".label.svg"))).Descendants().Where(e => e.Name.LocalName == "text").Select(e => e.Value)];
        CollectionAssert.IsSubsetOf(expected.Split('|'), lines, string.Join('\n', lines));
    }

    [TestMethod]
    public void A_bundle_may_give_a_single_pod_another_id_than_its_chips()
    {
        _bench.Boards.Add(new StandInBoard("COM1", "COM11", First));
        _folder.Write("own.json", TestBundle.Json("02000000000000a1"));
        (int exit, string output) = Run("-Port COM1 -Image Pod.bin -Bundle own.json");
        Assert.AreEqual(0, exit, output);
        Assert.AreEqual("02000000000000a1", _bench.Boards[0].Pod.DeviceId);

        // Later, beside another board, its record says which console is whose.
        _bench.Boards[0].Pod.IsSilentOfMac = true;
        _bench.Boards.Add(new StandInBoard("COM2", "COM12", Second));
        _bench.Boards[1].Pod.IsSilentOfMac = true;
        (exit, output) = Run("-Port COM1,COM2 -Image Pod.bin");
        Assert.AreEqual(0, exit, output);
        StringAssert.Contains(output, "pod 02000000000000a1, provisioned");
    }

    [TestMethod]
    public void What_would_be_done_is_said_and_not_done()
    {
        _bench.Boards.Add(new StandInBoard("COM1", "COM11", First));
        _folder.Write("without.json", TestBundle.Json(Id(First), password: null, technicianKey: null));
        (int exit, string output) = Run("-Port COM1 -Image Pod.bin -Bundle without.json -Board esp32-wrover -WhatIf");
        Assert.AreEqual(0, exit, _diagnostics);
        StringAssert.Contains(output, "nanoff --platform esp32 --serialport COM1 --update --target ESP32_BLE_REV3 --fwversion 1.17.0.60 --suppressnanoffversioncheck");
        StringAssert.Contains(output, "config confirm");
        Assert.IsEmpty(_bench.Commands);
        Assert.IsFalse(Directory.Exists(Records));
        Assert.IsEmpty(_bench.Boards[0].Pod.Requests);
    }

    [TestMethod]
    public void Secrets_that_a_bundle_leaves_out_are_asked_for_or_come_from_a_file_and_are_missed_otherwise()
    {
        StandInBoard board = new("COM1", "COM11", First);
        _bench.Boards.Add(board);
        _folder.Write("without.json", TestBundle.Json(Id(First), password: null, technicianKey: null));
        Assert.AreEqual(17, Run("-Port COM1 -Image Pod.bin -Bundle without.json").Exit);
        StringAssert.Contains(_diagnostics, "F4029");
        StandInOperator user = new("short", TestBundle.Password, TestBundle.TechnicianKey);
        Assert.AreEqual(0, Run("-Port COM1 -Image Pod.bin -Bundle without.json", user: user).Exit, _output + _diagnostics);
        Assert.AreEqual(TestBundle.Password, board.Pod.Active["wifi.password"]);
        Assert.AreEqual(3, user.Questions.Count);
        StandInOperator piped = new() { Input = Encoding.UTF8.GetBytes($"{{\"wifiPassword\":\"{TestBundle.Password}\",\"technicianKey\":\"{TestBundle.TechnicianKey}\"}}") };
        Assert.AreEqual(0, Run("-Port COM1 -Image Pod.bin -Bundle without.json -Secrets - -Reprovision", user: piped).Exit, _output + _diagnostics);
        NoSecretIsWritten();
    }

    [TestMethod]
    public void Factory_asks_for_its_second_step_and_says_what_is_lost()
    {
        StandInBoard board = Provisioned("COM1", "COM11", First);
        Assert.AreEqual(22, Run("-Port COM1 -Image Pod.bin -Factory").Exit);
        StringAssert.Contains(_diagnostics, "lost: identity and configuration");
        Assert.AreEqual(22, Run("-Port COM1 -Image Pod.bin -Factory", user: new StandInOperator("factory")).Exit);
        Assert.IsTrue(board.Pod.IsProvisioned);
        Assert.AreEqual(0, Run("-Port COM1 -Image Pod.bin -Factory", user: new StandInOperator("FACTORY")).Exit, _output);
        Assert.IsFalse(board.Pod.IsProvisioned);
    }

    [TestMethod]
    public void A_damaged_state_file_and_a_folder_that_cannot_be_written_are_refused()
    {
        _bench.Boards.Add(new StandInBoard("COM1", "COM11", First));
        _folder.Write($"records/{First}.state.json", "{\"v\":1,\"key\":");
        Assert.AreEqual(21, Run("-Port COM1 -Image Pod.bin").Exit);
        StringAssert.Contains(_output, "F4027");
        Assert.IsFalse(_bench.Commands.Exists(c => c.Contains("--update", StringComparison.Ordinal)), "a board was written whose state is not known");
        _folder.Write("file", "x");
        Assert.AreEqual(21, Run("-Port COM1 -Image Pod.bin -Records file/records").Exit);
    }

    [TestMethod]
    public void Json_is_one_object_and_the_record_holds_what_was_measured()
    {
        _bench.Boards.Add(new StandInBoard("COM1", "COM11", First));
        (int exit, string output) = Run($"-Port COM1 -Image Pod.bin -Bundle bundles/{First}.json -Json");
        Assert.AreEqual(0, exit, output);
        using JsonDocument document = JsonDocument.Parse(output);
        Assert.AreEqual(Id(First), document.RootElement.GetProperty("boards")[0].GetProperty("deviceId").GetString());
        using JsonDocument record = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Records, First + ".record.json")));
        Assert.AreEqual(5, record.RootElement.GetProperty("selfTest").GetArrayLength());
        Assert.AreEqual("2028-11-29", record.RootElement.GetProperty("certificateEnds").GetString());
        Assert.AreEqual(SyntheticProgram.Build, record.RootElement.GetProperty("build").GetString());
        string[] table = File.ReadAllLines(Path.Combine(Records, BringUpRecord.TableName));
        Assert.AreEqual(2, table.Length);
        Assert.AreEqual(table[0].Split(',').Length, table[1].Split(',').Length);
    }

    [TestMethod]
    public void The_label_is_an_image_with_the_marks_that_it_must_have()
    {
        string svg = new PodLabel("cart <7> & co, the second floor", "246f28fffeaa0001", "esp32-wrover", "0.5.0", string.Empty).ToSvg();
        XElement root = XElement.Parse(svg);
        string text = string.Join('\n', root.Descendants().Where(e => e.Name.LocalName == "text").Select(e => e.Value));
        foreach (string mark in new[] { "cart <7> & co, the second floor", "246f28fffeaa0001", "STOP", "pull the hose off", "Isolated USB adapter only", "not CE-marked:\nnot for care", "not calibrated" })
        {
            StringAssert.Contains(text, mark);
        }

        // No text leaves the label, whatever the font: 0.7 of its size per sign, or pressed into its room.
        foreach (XElement line in root.Descendants().Where(e => e.Name.LocalName == "text" && e.Attribute("text-anchor") is null))
        {
            decimal width = line.Attribute("textLength") is XAttribute length ? (decimal)length : 0.7m * (decimal)line.Attribute("font-size")! * line.Value.Length;
            Assert.IsTrue((decimal)line.Attribute("x")! + width <= PodLabel.WidthMillimetres - 1, line.Value);
        }

        // Every module of the code lies within its square of 20 mm at 2 mm.
        string path = (string)root.Elements().First(e => e.Name.LocalName == "path").Attribute("d")!;
        Assert.IsGreaterThan(200, ModulePattern().Count(path));
        Assert.IsTrue(ModulePattern().Matches(path).All(m => decimal.Parse(m.Groups["x"].Value) is >= 2 and < 22 && decimal.Parse(m.Groups["y"].Value) is >= 2 and < 22));
    }

    [TestMethod]
    public void Progress_is_bars_on_a_terminal_and_quarters_in_a_file()
    {
        using StringWriter file = new();
        BringUpView plain = new(file, isTerminal: false, ["COM1"]);
        using StringWriter screen = new();
        BringUpView bars = new(screen, isTerminal: true, ["COM1"]);
        for (int percent = 0; percent <= 100; percent++)
        {
            plain.Progress("COM1", "program", percent);
            bars.Progress("COM1", "program", percent);
        }

        Assert.AreEqual("COM1  program    25 %\nCOM1  program    50 %\nCOM1  program    75 %\n", file.ToString().ReplaceLineEndings("\n"));
        StringAssert.Contains(screen.ToString(), "\u001b[1A\u001b[0J");
        StringAssert.Contains(screen.ToString(), "[###############               ]  50 %");
        Assert.AreEqual("[##############################] 100 %", BringUpView.Bar(200));
    }

    [TestMethod]
    [DataRow("plain", "plain")]
    [DataRow("a,b", "\"a,b\"")]
    [DataRow("say \"x\"", "\"say \"\"x\"\"\"")]
    [DataRow("=1+1", "'=1+1")]
    public void A_field_of_the_table_is_text_and_nothing_else(string text, string expected) => Assert.AreEqual(expected, BringUpRecord.Field(text));

    private static string Id(string mac) => mac[..6] + "fffe" + mac[6..];

    private (int Exit, string Output) Run(string arguments, Action<StandInBench>? before = null, IOperator? user = null)
    {
        before?.Invoke(_bench);
        using StringWriter output = new();
        using StringWriter diagnostics = new();
        string[] words = [.. WordPattern().Matches(arguments).Select(m => m.Value.Trim('\'')).Select(InFolder)];
        if (!words.Contains("-Records", StringComparer.Ordinal))
        {
            words = [.. words, "-Records", Records];
        }

        int exit = FlashTool.Run(words, _bench.Machine(output, diagnostics, user), CancellationToken.None);
        _output = output.ToString();
        _diagnostics = diagnostics.ToString();
        _printed.Append(_output).Append(_diagnostics);
        return (exit, _output);
    }

    private string InFolder(string word) => word.EndsWith(".bin", StringComparison.Ordinal) || word.EndsWith(".json", StringComparison.Ordinal) || word is "bundles" || word.StartsWith("file/", StringComparison.Ordinal) ? _folder.At(word) : word;

    // One run as the README shows it: the boards' lines one board after the other, since they come as they come.
    private void Session(StringBuilder session, int expected, string arguments)
    {
        (int exit, string output) = Run(arguments);
        Assert.AreEqual(expected, exit, output + _diagnostics);
        session.Append("PS> ./flash.ps1 ").AppendLine(arguments);
        string[] lines = output.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        IEnumerable<string> boards = lines.Where(l => l.StartsWith("COM", StringComparison.Ordinal));
        IEnumerable<string> all = boards.OrderBy(l => l[..4], StringComparer.Ordinal).Concat(lines.Where(l => !l.StartsWith("COM", StringComparison.Ordinal)));
        foreach (string line in all.Concat(_diagnostics.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries)))
        {
            session.AppendLine(line.Replace(_folder.Path + Path.DirectorySeparatorChar, string.Empty, StringComparison.Ordinal));
        }

        session.AppendLine(output.Contains("; exit code ", StringComparison.Ordinal) ? string.Empty : $"exit code {exit}\n");
    }

    private StandInBoard Provisioned(string port, string console, string mac)
    {
        StandInBoard board = new(port, console, mac) { IsRunning = true };
        board.Pod.Build = SyntheticProgram.OtherBuild;
        board.Pod.Target = "ESP32_BLE_REV3";
        board.Pod.ImageVersion = "1.17.0.60";
        board.Pod.Set("gateway.host", "192.168.4.1");
        board.Pod.Set("parts", "Tmp117");
        board.Pod.Set("technicianKey", TestBundle.KeyOf(Id(mac)));
        _bench.Boards.Add(board);
        return board;
    }

    // Everything that the tool printed or wrote: no planted secret is in it.
    private void NoSecretIsWritten()
    {
        string all = _printed + string.Join('\n', _bench.Commands) + string.Join('\n', Directory.EnumerateFiles(Records).Select(File.ReadAllText));
        Assert.IsGreaterThan(1000, all.Length);
        Assert.IsFalse(all.Contains(TestBundle.Password, StringComparison.Ordinal), "the network's password");
        Assert.IsFalse(all.Contains(TestBundle.TechnicianKey[16..], StringComparison.OrdinalIgnoreCase), "a technician's key");
        Assert.IsFalse(all.Contains("PRIVATE KEY", StringComparison.Ordinal), "the private key");
        foreach (StandInBoard board in _bench.Boards)
        {
            foreach (string request in board.Pod.Requests.Where(r => r.StartsWith("config put tls.key ", StringComparison.Ordinal)))
            {
                Assert.IsFalse(all.Contains(request.Split(' ')[^1], StringComparison.Ordinal), "a chunk of the private key");
            }
        }
    }

    [GeneratedRegex("'[^']*'|[^ ]+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex WordPattern();

    [GeneratedRegex(@"M(?<x>[\d.]+) (?<y>[\d.]+)h", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ModulePattern();
}
