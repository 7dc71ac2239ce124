using System;
using System.Collections.Generic;
using System.Linq;
using Firmware.Flash.Hardware;
using Flash.Tests.StandIns;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Flash.Tests.Hardware;

[TestClass]
public sealed class BoardMatchTests
{
    private static readonly BoardTable Table = BoardTable.Load();

    [TestMethod]
    [DataRow("ESP32 (ESP32-D0WD-V3 (revision v3.1))", "Wi-Fi, BT, Dual Core, 240MHz", "4MB", "4MB", null, "esp32-wrover ESP32_BLE_REV3")]
    [DataRow("ESP32 (ESP32-D0WD-V3 (revision v3.0))", "Wi-Fi, BT, Dual Core, 240MHz", "16MB", "8MB", null, "esp32-wrover ESP32_BLE_REV3")]
    [DataRow("ESP32 (ESP32-D0WD (revision v1.0))", "Wi-Fi, BT, Dual Core, 240MHz", "4MB", "4MB", null, "needs chip revision 3")]
    [DataRow("ESP32", "Wi-Fi, BT, Dual Core, 240MHz", "4MB", "4MB", null, "needs chip revision 3")]
    [DataRow("ESP32 (ESP32-D0WD-V3 (revision v3.1))", "Wi-Fi, Dual Core, 240MHz", "4MB", "4MB", null, "needs Bluetooth")]
    [DataRow("ESP32 (ESP32-D0WD-V3 (revision v3.1))", "Wi-Fi, BT, Dual Core, 240MHz", "2MB", "4MB", null, "has 4 MB of flash, this has 2")]
    [DataRow("ESP32 (ESP32-D0WD-V3 (revision v3.1))", "Wi-Fi, BT, Dual Core, 240MHz", "512kB", "4MB", null, "has 4 MB of flash, this has 0")]
    [DataRow("ESP32 (ESP32-D0WD-V3 (revision v3.1))", "Wi-Fi, BT, Dual Core, 240MHz", "4MB", "not available", null, "has 4096 KiB of PSRAM, this has 0 MB")]
    [DataRow("ESP32 (ESP32-D0WD-V3 (revision v3.1))", "Wi-Fi, BT, Dual Core, 240MHz", "4MB", "undetermined", null, "could not find out")]
    [DataRow("ESP32 (ESP32-D0WD-V3 (revision v3.1))", "Wi-Fi, BT, Dual Core, 240MHz", "4MB", "undetermined", "confirmed", "esp32-wrover ESP32_BLE_REV3")]
    [DataRow("ESP32-S3 (ESP32-S3 (QFN56) (revision v0.2))", "Wi-Fi, BT 5 (LE), Embedded PSRAM 8MB (AP_3v3)", "8MB", "8MB", null, "esp32-s3 ESP32_S3_OCTAL")]
    [DataRow("ESP32-S3 (ESP32-S3 (QFN56) (revision v0.1))", "Wi-Fi, BT 5 (LE), Embedded PSRAM 2MB (AP_3v3)", "8MB", "2MB", null, "esp32-s3 ESP32_S3_QUAD")]
    [DataRow("ESP32-S3 (ESP32-S3 (QFN56) (revision v0.1))", "Wi-Fi, BT 5 (LE)", "8MB", "4MB", null, "quad or octal")]
    [DataRow("ESP32-S3 (ESP32-S3 (QFN56) (revision v0.1))", "Wi-Fi, BT 5 (LE)", "8MB", "4MB", "ESP32_S3_QUAD", "esp32-s3 ESP32_S3_QUAD")]
    [DataRow("ESP32-S3 (ESP32-S3 (QFN56) (revision v0.1))", "Wi-Fi, BT 5 (LE)", "8MB", "4MB", "ESP32_BLE_REV3", "not one of its images")]
    [DataRow("ESP32-C3 (ESP32-C3 (QFN32) (revision v0.4))", "Wi-Fi, BLE", "4MB", "not available", null, "this is an ESP32-C3")]
    public void A_chip_is_a_board_or_it_is_said_why_not(string chip, string features, string flash, string psram, string? extra, string expected)
    {
        StandInBoard board = new("P", "Q", "246f28aabbcc") { Chip = chip, Features = features, Flash = flash, Psram = psram };
        ChipDetails details = ChipDetails.Parse(board.Details().Split('\n'))!;
        Assert.AreEqual("246f28aabbcc", details.Mac);
        BoardChoice? choice = BoardMatch.Find(Table.Boards, null, extra == "confirmed" ? null : extra, details, extra == "confirmed", out IReadOnlyList<string> reasons);
        StringAssert.Contains(choice is null ? string.Join("; ", reasons) : $"{choice.Board.Name} {choice.Target}", expected);
        Assert.AreEqual(choice is null, reasons.Count > 0);
    }

    [TestMethod]
    public void A_board_that_was_named_is_the_only_one_that_is_tried()
    {
        ChipDetails details = ChipDetails.Parse(new StandInBoard("P", "Q", "246f28aabbcc").Details().Split('\n'))!;
        Assert.IsNull(BoardMatch.Find(Table.Boards, "esp32-s3", null, details, isPsramConfirmed: false, out IReadOnlyList<string> reasons));
        StringAssert.Contains(reasons.Single(), "esp32-s3: has an ESP32-S3, this is an ESP32");
    }

    [TestMethod]
    [DataRow("Connected to:")]
    [DataRow("Flash size")]
    [DataRow("PSRAM: ")]
    [DataRow("MAC ")]
    public void An_answer_that_lacks_something_is_no_answer(string missing)
    {
        string[] lines = [.. new StandInBoard("P", "Q", "246f28aabbcc").Details().Split('\n').Where(l => !l.StartsWith(missing, StringComparison.Ordinal))];
        Assert.IsNull(ChipDetails.Parse(lines));
    }

    [TestMethod]
    [DataRow("246f28fffeaabbcc", true)]
    [DataRow("24:6f:28:ff:fe:aa:bb:cc", true)]
    [DataRow("266f28fffeaabbcc", true)]
    [DataRow("24:6F:28:AA:BB:CC", true)]
    [DataRow("246f28fffeaabbcd", false)]
    [DataRow("", false)]
    public void An_id_is_from_a_chip_or_not(string id, bool expected) => Assert.AreEqual(expected, ChipDetails.IsFrom(id, "246f28aabbcc"));

    [TestMethod]
    public void The_sample_carts_pods_have_boards_that_are_there() =>
        Assert.IsTrue(BoardTable.SampleCart().All(p => Table.Boards.Any(b => b.Name == p.Board) && p.Parts.Count > 0));
}
