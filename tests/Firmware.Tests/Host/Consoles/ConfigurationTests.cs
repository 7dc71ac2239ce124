using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.Json;
using Firmware.Core;
using Firmware.Pod;
using Firmware.Pod.Configuration;
using Firmware.Pod.Store;
using Firmware.Protocol;
using Firmware.Tests.Pod;

namespace Firmware.Tests.Host.Consoles;

/// <summary>Configuration and identity: what is refused, what survives, what is undone.</summary>
[TestClass]
public sealed class ConfigurationTests
{
    private static readonly SoftwareCrc32 Crc = new();

    [TestMethod]
    public void A_cut_at_every_byte_of_every_store_operation_leaves_the_old_or_the_new_configuration()
    {
        // What is done, from the first start on: commit, start, confirm, commit, start, undo, start.
        int cuts = 0;
        for (long cut = 0; ; cut++)
        {
            bool isCut = false;
            foreach (int keep in new[] { 0, 50, 100 })
            {
                SimulatedByteStore store = new() { CutAtWork = cut };
                List<string> allowed = ["(none)"];
                try
                {
                    Life(store, allowed);
                }
                catch (PowerCutException)
                {
                    isCut = true;
                }

                store.PowerUp(keep);
                ConfigurationStore found = new(store, Crc);
                found.Open();
                string host = found.Active.Has(ConfigurationKeys.GatewayHost) ? found.Active.Text(ConfigurationKeys.GatewayHost) : "(none)";
                CollectionAssert.Contains(allowed, host, $"cut at {cut}, {keep} % kept");
                Assert.IsTrue(host == "(none)" || found.Active.Text(ConfigurationKeys.WifiSsid) == "net-" + host, "half of each");
                Assert.IsTrue(host == "(none)" || !found.IsDamaged);

                // And it can be changed from there.
                if (found.IsOnTrial)
                {
                    Assert.AreEqual(StoreStatus.Ok, found.Confirm());
                }

                Change(found, "after");
                Assert.AreEqual(StoreStatus.Ok, found.Commit(out _));
                ConfigurationStore next = new(store, Crc);
                next.Open();
                Assert.AreEqual("after", next.Active.Text(ConfigurationKeys.GatewayHost), $"cut at {cut}, {keep} % kept");
            }

            cuts++;
            if (!isCut)
            {
                break;
            }
        }

        Assert.IsGreaterThan(80, cuts);
    }

    [TestMethod]
    public void A_failing_store_leaves_the_old_configuration_and_says_so()
    {
        for (int call = 1; call < 12; call++)
        {
            SimulatedByteStore store = new();
            ConfigurationStore first = new(store, Crc);
            first.Open();
            Change(first, "one");
            first.Commit(out _);
            ConfigurationStore second = new(store, Crc);
            second.Open();
            second.Confirm();
            Change(second, "two");
            store.FailAtCall = store.Calls + call;
            bool isStored = second.Commit(out _) == StoreStatus.Ok;
            store.FailAtCall = -1;
            ConfigurationStore third = new(store, Crc);
            third.Open();
            Assert.AreEqual(isStored ? "two" : "one", third.Active.Text(ConfigurationKeys.GatewayHost), "call " + call.ToString(CultureInfo.InvariantCulture));
        }
    }

    [TestMethod]
    public void A_flipped_bit_anywhere_is_found_and_the_other_file_holds()
    {
        SimulatedByteStore store = new();
        foreach (string host in new[] { "one", "two" })
        {
            ConfigurationStore configuration = new(store, Crc);
            configuration.Open();
            configuration.Confirm();
            Change(configuration, host);
            configuration.Commit(out _);
        }

        for (int i = 0; i < store.Length(ConfigurationStore.SecondName); i++)
        {
            store.Damage(ConfigurationStore.SecondName, i);
            ConfigurationStore found = new(store, Crc);
            found.Open();
            Assert.AreEqual("one", found.Active.Text(ConfigurationKeys.GatewayHost), i.ToString(CultureInfo.InvariantCulture));
            store.Damage(ConfigurationStore.SecondName, i);
        }

        store.Damage(ConfigurationStore.FirstName, 20);
        store.Damage(ConfigurationStore.SecondName, 20);
        ConfigurationStore none = new(store, Crc);
        none.Open();
        Assert.IsTrue(none.IsDamaged && !none.IsProvisioned);
    }

    [TestMethod]
    [DataRow("gateway.port", "0", "1 to 65535")]
    [DataRow("gateway.port", "65536", "1 to 65535")]
    [DataRow("gateway.port", "1e3", "1 to 65535")]
    [DataRow("gateway.port", "08", "1 to 65535")]
    [DataRow("gateway.port", "99999999999", "1 to 65535")]
    [DataRow("gateway.host", "a b", "sign 2")]
    [DataRow("gateway.host", "", "1 to 64")]
    [DataRow("gateway.host", "x\"y", "sign 2")]
    [DataRow("role", "Vitals", "sign 1")]
    [DataRow("role", "1a", "sign 1")]
    [DataRow("wifi.password", "short", "8 to 63")]
    [DataRow("technicianKey", "0011", "32 to 64")]
    [DataRow("technicianKey", "000000000000000000000000000000000", "even number")]
    [DataRow("technicianKey", "zz000000000000000000000000000000", "sign 1")]
    [DataRow("deviceId", "0000000000000000", "neither all 0")]
    [DataRow("deviceId", "02:00:00:00-00:00:00:a1", "16 hexadecimal")]
    [DataRow("deviceId", "020000000000a1", "16 to 23")]
    [DataRow("parts", "Tmp117,Tmp117", "twice")]
    [DataRow("parts", "Tmp118", "no part")]
    [DataRow("parts", "Tmp117,", "no part")]
    [DataRow("parts", "Mprls0300,SunTechNibp", "one cuff")]
    [DataRow("parts", "Tmp117@18,Mprls0300", "one address")]
    [DataRow("parts", "Tmp117@07", "08 to 77")]
    [DataRow("parts", "Pcm1808@20", "not on the I2C bus")]
    [DataRow("tls.ca", "x", "in pieces")]
    [DataRow("calibration.cuff", "x", "calibration set")]
    public void A_wrong_value_is_refused_with_what_is_wrong_and_changes_nothing(string key, string value, string why)
    {
        PodConfiguration configuration = new();
        string wrong = configuration.Set(ConfigurationKeys.IndexOf(key), value);
        StringAssert.Contains(wrong, why);
        Assert.IsFalse(configuration.Has(ConfigurationKeys.IndexOf(key)));
        Assert.IsFalse(value.Length > 3 && ConfigurationKeys.All[ConfigurationKeys.IndexOf(key)].IsSecret && wrong.Contains(value, StringComparison.Ordinal), "the error repeats a secret");
    }

    [TestMethod]
    public void Every_key_takes_its_example_and_is_read_back_from_its_file()
    {
        PodConfiguration configuration = new();
        foreach (ConfigurationKey row in ConfigurationKeys.All)
        {
            int key = ConfigurationKeys.IndexOf(row.Name);
            Assert.IsGreaterThanOrEqualTo(0, key);
            Assert.AreEqual(key + 1, (int)row.Id, "numbers are never used again");
            string value = row.Kind switch { ConfigurationKind.Secret => "pass word 1", ConfigurationKind.SecretHex => ConsoleBench.Key, _ => row.Example };
            if (value.Length > 0)
            {
                Assert.AreEqual(string.Empty, configuration.Set(key, value), row.Name);
            }
        }

        byte[] file = new byte[PodConfiguration.MaxFileBytes];
        int length = configuration.Encode(file, 5, Crc);
        Assert.AreEqual(configuration.FileLength(), length);
        PodConfiguration read = new();
        Assert.IsTrue(read.TryDecode(file, length, Crc, out uint sequence));
        Assert.AreEqual(5u, sequence);
        for (int key = 0; key < ConfigurationKeys.Count; key++)
        {
            Assert.IsTrue(read.IsSame(key, configuration));
        }

        // A value of a newer program's key is kept; a body that is cut, and a value that this program would refuse, are not taken.
        byte[] newer = With(file, length, [200, 2, 0, 9, 9]);
        Assert.IsTrue(read.TryDecode(newer, newer.Length, Crc, out _));
        Assert.AreEqual(length + 5, read.FileLength());
        Assert.IsFalse(read.TryDecode(With(file, length, [200, 9, 0, 9]), length + 4, Crc, out _));
        Assert.IsFalse(new PodConfiguration().TryDecode(With(new byte[18], 18, [8, 1, 0, (byte)'0'], isNew: true), 22, Crc, out _));
    }

    [TestMethod]
    public void The_largest_configuration_fits_its_file_and_all_files_fit_the_drive()
    {
        int largest = PodConfiguration.HeadLength + PodConfiguration.CrcLength;
        foreach (ConfigurationKey row in ConfigurationKeys.All)
        {
            largest += 3 + (row.Kind == ConfigurationKind.Number ? 9 : row.Kind == ConfigurationKind.SecretHex ? row.Max / 2 : row.Max);
        }

        Assert.IsLessThanOrEqualTo(PodConfiguration.MaxFileBytes, largest);
        Assert.AreEqual(3, LittlefsStore.Blocks(PodConfiguration.MaxFileBytes));
        Assert.AreEqual(4, LittlefsStore.Blocks(PodConfiguration.MaxFileBytes + 1));
        PodOptions options = new(1, []);
        int blocks = (options.MaxSegments * LittlefsStore.Blocks(options.SegmentBytes)) + (2 * LittlefsStore.Blocks(PodConfiguration.MaxFileBytes))
            + LittlefsStore.Blocks(Firmware.Pod.Start.StartGuard.MaxRecordBytes) + (2 * LittlefsStore.Blocks(Firmware.Pod.Start.RebootLog.Capacity * 8))
            + LittlefsStore.Blocks(Firmware.Pod.Console.InfoCommands.MaxMemoBytes) + LittlefsStore.ReservedBlocks;
        Assert.IsLessThan(64, blocks, "of 4 KiB: 256 KiB");
    }

    [TestMethod]
    public void A_pem_comes_in_pieces_in_order_or_not_at_all()
    {
        ConsoleBench bench = new();
        bench.Run(1);
        string pem = "-----BEGIN CERTIFICATE-----\n" + string.Concat(Enumerable.Range(0, 12).Select(i => new string((char)('A' + i), 64) + "\n")) + "-----END CERTIFICATE-----\n";
        string base64 = Convert.ToBase64String(Encoding.ASCII.GetBytes(pem));
        string[] pieces = [.. base64.Chunk(360).Select(c => new string(c))];
        Assert.HasCount(4, pieces);
        void Put(int n, string piece) => bench.Ok($"config put tls.ca {n} {pieces.Length} {piece}");
        Put(1, pieces[0]);
        bench.Refuses(FaultCode.ConfigurationRefused, $"config put tls.ca 3 4 {pieces[2]}");
        bench.Refuses(FaultCode.ConfigurationRefused, $"config put tls.ca 2 4 {pieces[1]}");
        for (int i = 0; i < pieces.Length; i++)
        {
            Assert.AreEqual("(not set)", bench.Ok("config get tls.ca").GetProperty("tls.ca").GetString());
            Put(i + 1, pieces[i]);
        }

        Assert.AreEqual("(set)", bench.Ok("config get tls.ca").GetProperty("tls.ca").GetString());
        Assert.AreEqual(pem, bench.Program.Services.Configuration.Working.Text(ConfigurationKeys.TlsAuthority));
        string small = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        foreach (string wrong in new[] { "AAA", "A===", "AA=A", "????", new string('A', 364), Convert.ToBase64String(Encoding.ASCII.GetBytes("-----BEGIN CERTIFICATE-----\nno end")), Convert.ToBase64String(Encoding.ASCII.GetBytes(small + small)) })
        {
            bench.Err("config put tls.certificate 1 1 " + wrong);
        }

        bench.Refuses(FaultCode.ConfigurationRefused, "config put tls.key 1 1 " + Convert.ToBase64String(Encoding.ASCII.GetBytes(small)));
        bench.Refuses(FaultCode.ConfigurationRefused, "config commit");
    }

    [TestMethod]
    public void A_configuration_that_nobody_confirms_is_undone_after_three_minutes_and_by_a_restart()
    {
        foreach (bool byRestart in new[] { false, true })
        {
            ConsoleBench bench = ConsoleBench.Provisioned();
            bench.Unlock();
            bench.Set("gateway.host", "10.9.9.9");
            Assert.AreEqual(1, bench.Ok("config diff").GetProperty("changes").GetInt32());
            bench.Ok("config commit");
            bench.Run(3);
            Assert.AreEqual("trial", bench.Ok("id").GetProperty("state").GetString());
            Assert.AreEqual("10.9.9.9", bench.Ok("mqtt").GetProperty("host").GetString());
            if (byRestart)
            {
                bench.Reboot();
                bench.Run(2);
            }
            else
            {
                bench.Run(170);
                Assert.AreEqual(3, bench.Boots);
                bench.Run(15);
                Assert.AreEqual("P1704", bench.Ok("id").GetProperty("reset").GetString());
            }

            Assert.AreEqual(4, bench.Boots);
            Assert.AreEqual("192.168.4.1", bench.Ok("mqtt").GetProperty("host").GetString());
            bench.Unlock();
            bench.Refuses(FaultCode.ConsoleArgumentWrong, "config confirm");
            bench.Set("gateway.host", "10.1.1.1");
            bench.Ok("config commit");
            bench.Run(3);
            bench.Refuses(FaultCode.ConsoleNeedsUnlock, "config confirm");
            bench.Unlock();
            bench.Ok("config confirm");
            bench.Reboot();
            bench.Run(200);
            Assert.AreEqual("10.1.1.1", bench.Ok("mqtt").GetProperty("host").GetString());
            Assert.AreEqual(6, bench.Boots);
        }
    }

    [TestMethod]
    public void Commanded_restarts_lead_to_no_safe_mode()
    {
        SimulatedByteStore store = new();
        for (int i = 0; i < 6; i++)
        {
            Firmware.Pod.Start.StartGuard guard = new(store);
            guard.Begin();
            Assert.IsFalse(guard.IsSafeMode);
            guard.OnReboot(FaultCode.RebootCommanded);
        }
    }

    [TestMethod]
    public void Two_boards_from_one_build_have_two_identities_and_a_configured_one_goes_first()
    {
        ConsoleBench one = new(mac: [0x24, 0x6f, 0x28, 0xaa, 0xbb, 0xcc]);
        ConsoleBench two = new(mac: [0x24, 0x6f, 0x28, 0xaa, 0xbb, 0xcd]);
        one.Run(1);
        two.Run(1);
        Assert.AreEqual("246f28fffeaabbcc", one.Ok("id").GetProperty("deviceId").GetString());
        Assert.AreEqual("246f28fffeaabbcd", two.Ok("id").GetProperty("deviceId").GetString());
        Assert.AreNotEqual(one.Host.Options.DeviceId, two.Host.Options.DeviceId);
        one.Ok("config set deviceId 02:00:00:00:00:00:00:A1");
        one.Ok("config commit");
        one.Run(3);
        Assert.AreEqual(0x0200_0000_0000_00A1ul, one.Host.Options.DeviceId);
        Assert.AreEqual(0ul, DeviceIdentity.OfMac([0, 0, 0, 0, 0, 0]));
        Assert.AreEqual(0ul, DeviceIdentity.OfMac([255, 255, 255, 255, 255, 255]));
    }

    [TestMethod]
    public void A_calibration_is_refused_unless_it_is_a_sound_one_of_the_sensor_that_is_fitted()
    {
        ConsoleBench bench = ConsoleBench.Provisioned();
        bench.Unlock();
        const string Points = "0:120,15000:150300,28000:280400";
        bench.Refuses(FaultCode.CuffOffArmUnsaid, "calibration set cuff MP-1 2026-11-29 2027-11-29 " + Points);
        bench.Ok("CUFF OFF ARM");
        foreach (string wrong in new[] { "0:0", "0:0,9000:90000", "0:0,15000:170000", "0:9000,15000:159000", "0:0,7500:80000,15000:150000", "0:0,x:1", "0;0" })
        {
            bench.Refuses(FaultCode.CalibrationRefused, "calibration set cuff MP-1 2026-11-29 2027-11-29 " + wrong);
        }

        bench.Refuses(FaultCode.CalibrationRefused, "calibration set cuff MP-1 2026-11-29 2026-11-29 " + Points);
        bench.Refuses(FaultCode.CalibrationRefused, "calibration set cuff MP-1 29.11.2026 2027-11-29 " + Points);
        bench.Refuses(FaultCode.CalibrationRefused, "calibration set oximeter OX-1 2026-11-29 2027-11-29 1,2,3");
        bench.Ok("calibration set oximeter OX-1 2026-11-29 2027-11-29 15958422,-346596622,1126898759");
        bench.Ok("calibration set cuff MP-1 2026-11-29 2027-11-29 " + Points);
        bench.Refuses(FaultCode.CalibrationRefused, "calibration set cuff MP-2 2026-11-29 2027-11-29 " + Points);
        bench.Ok("config commit");
        bench.Run(4);
        bench.Unlock();
        bench.Ok("config confirm");
        Firmware.Signals.Cuff.CuffCalibration fitted = bench.Host.Options.Peripherals.Single(p => p.Part == PodPart.Mprls0300).CuffCalibration;
        Assert.IsTrue(fitted.IsCalibrated && fitted.Trip < 29_500);
        Assert.AreEqual("2027-11-29", bench.Send("calibration list")[0].Json.GetProperty("due").GetString());

        // Another sensor is fitted: its serial changes, and the calibration of the one before is not used.
        bench.Set("cuff.serial", "MP-2");
        bench.Ok("config commit");
        bench.Run(4);
        Assert.IsFalse(bench.Host.Options.Peripherals.Single(p => p.Part == PodPart.Mprls0300).CuffCalibration.IsCalibrated);
        CollectionAssert.Contains(bench.Codes, FaultCode.CalibrationUnusable);
    }

    private static void Life(SimulatedByteStore store, List<string> allowed)
    {
        ConfigurationStore first = new(store, Crc);
        first.Open();
        Change(first, "one");
        allowed.Add("one");
        first.Commit(out _);
        Only(allowed, "one", "(none)");
        ConfigurationStore second = new(store, Crc);
        second.Open();

        // From here a restart before the confirmation undoes it.
        second.Confirm();
        Only(allowed, "one");
        Change(second, "two");
        allowed.Add("two");
        second.Commit(out _);
        Only(allowed, "two", "one");
        ConfigurationStore third = new(store, Crc);
        third.Open();
        Only(allowed, "two", "one");
        third.Undo();
        Only(allowed, "one");
        ConfigurationStore fourth = new(store, Crc);
        fourth.Open();
    }

    private static void Only(List<string> allowed, params string[] hosts)
    {
        allowed.Clear();
        allowed.AddRange(hosts);
    }

    private static void Change(ConfigurationStore configuration, string host)
    {
        Assert.AreEqual(string.Empty, configuration.Working.Set(ConfigurationKeys.GatewayHost, host));
        Assert.AreEqual(string.Empty, configuration.Working.Set(ConfigurationKeys.WifiSsid, "net-" + host));
    }

    private static byte[] With(byte[] file, int length, byte[] more, bool isNew = false)
    {
        byte[] longer = [.. file[..(length - PodConfiguration.CrcLength)], .. more, 0, 0, 0, 0];
        if (isNew)
        {
            LittleEndian.WriteUInt32(longer, 0, 0x31464350);
            LittleEndian.WriteUInt16(longer, 4, PodConfiguration.Version);
            LittleEndian.WriteUInt32(longer, 10, 1);
        }

        LittleEndian.WriteUInt32(longer, 6, (uint)(longer.Length - PodConfiguration.HeadLength - PodConfiguration.CrcLength));
        LittleEndian.WriteUInt32(longer, longer.Length - PodConfiguration.CrcLength, Crc.Compute(longer, 0, longer.Length - PodConfiguration.CrcLength));
        return longer;
    }
}
