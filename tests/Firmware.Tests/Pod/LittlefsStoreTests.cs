using Firmware.Core;
using Firmware.Pod;
using Firmware.Pod.Store;

namespace Firmware.Tests.Pod;

[TestClass]
public sealed class LittlefsStoreTests
{
    private const int Drive = 256 * 1024;

    private static readonly byte[] Bytes = new byte[16384];

    [TestMethod]
    public void A_flush_closes_the_file_and_only_that_commits()
    {
        FakeDrive drive = new();
        LittlefsStore store = new(drive, Drive);
        Assert.AreEqual(StoreStatus.Ok, store.Append("ring-1", Bytes, 0, 10));
        Assert.AreEqual(-1, drive.Length("ring-1"));
        Assert.AreEqual(StoreStatus.Ok, store.Flush("ring-1"));
        Assert.AreEqual(10, drive.Length("ring-1"));
        Assert.AreEqual(StoreStatus.Ok, store.Append("ring-1", Bytes, 0, 5));
        Assert.AreEqual(StoreStatus.Ok, store.Append("ring-2", Bytes, 0, 7));
        Assert.AreEqual(15, drive.Length("ring-1"));
        Assert.AreEqual(7, store.Length("ring-2"));
        Assert.AreEqual(StoreStatus.NotFound, store.Flush("ring-3"));
        Assert.AreEqual(0, drive.Leaked);
    }

    [TestMethod]
    public void A_failed_append_closes_the_file_and_the_next_one_goes_on()
    {
        FakeDrive drive = new();
        LittlefsStore store = new(drive, Drive);
        store.Append("ring-1", Bytes, 0, 100);
        drive.FailsWrites = true;
        Assert.AreEqual(StoreStatus.Failed, store.Append("ring-1", Bytes, 0, 8));
        Assert.AreEqual(string.Empty, drive.OpenName);
        Assert.AreEqual(104, drive.Length("ring-1"));
        drive.FailsWrites = false;
        Assert.AreEqual(StoreStatus.Ok, store.Append("ring-1", Bytes, 0, 6));
        Assert.AreEqual(StoreStatus.Ok, store.Flush("ring-1"));
        Assert.AreEqual(110, drive.Length("ring-1"));
        Assert.AreEqual(0, drive.Leaked);
    }

    [TestMethod]
    public void A_failed_flush_is_said_and_leaves_nothing_open()
    {
        FakeDrive drive = new();
        LittlefsStore store = new(drive, Drive);
        store.Append("ring-1", Bytes, 0, 10);
        drive.FailsClose = true;
        Assert.AreEqual(StoreStatus.Failed, store.Flush("ring-1"));
        drive.FailsClose = false;
        Assert.AreEqual(string.Empty, drive.OpenName);
        Assert.AreEqual(StoreStatus.Ok, store.Append("ring-1", Bytes, 0, 10));
        Assert.AreEqual(StoreStatus.Ok, store.Flush("ring-1"));
        Assert.AreEqual(10, drive.Length("ring-1"));
    }

    [TestMethod]
    public void Blocks_are_those_of_littlefs()
    {
        // Source: littlefs, DESIGN.md, CTZ skip-lists: block n holds one pointer more than n has factors of two.
        Assert.AreEqual(0, LittlefsStore.Blocks(0));
        Assert.AreEqual(0, LittlefsStore.Blocks(64));
        Assert.AreEqual(1, LittlefsStore.Blocks(65));
        Assert.AreEqual(1, LittlefsStore.Blocks(4096));
        Assert.AreEqual(2, LittlefsStore.Blocks(4097));
        Assert.AreEqual(2, LittlefsStore.Blocks(4096 + 4092));
        Assert.AreEqual(3, LittlefsStore.Blocks(4096 + 4092 + 1));
        Assert.AreEqual(3, LittlefsStore.Blocks(4096 + 4092 + 4088));
        Assert.AreEqual(4, LittlefsStore.Blocks(4096 + 4092 + 4088 + 4092));
        Assert.AreEqual(5, LittlefsStore.Blocks(16384));
    }

    [TestMethod]
    public void The_drive_is_full_before_littlefs_runs_out_of_blocks()
    {
        FakeDrive drive = new();
        drive.Put("ca.PEM", Bytes, 4096);
        drive.Put("pod_key", Bytes, 4097);
        LittlefsStore store = new(drive, 64 * 1024);
        int used = 3;
        int budget = 16 - LittlefsStore.ReservedBlocks;
        int files = 0;
        while (store.Append("ring-" + (files + 1).ToString(), Bytes, 0, 4096) == StoreStatus.Ok)
        {
            files++;
            used++;
            Assert.AreEqual(used, store.UsedBlocks);
        }

        Assert.AreEqual(budget, used);
        Assert.AreEqual(StoreStatus.Full, store.Append("ring-1", Bytes, 0, 1));
        Assert.AreEqual(StoreStatus.Ok, store.Append("try-1", Bytes, 0, 1));
        Assert.AreEqual(StoreStatus.Ok, store.Delete("ring-2"));
        Assert.AreEqual(StoreStatus.Ok, store.Append("ring-1", Bytes, 0, 1));
        Assert.AreEqual(StoreStatus.Full, store.Append("ring-1", Bytes, 0, 4092));
        string[] names = store.List();
        Assert.AreEqual(files, names.Length);
        for (int i = 0; i < names.Length; i++)
        {
            Assert.AreNotEqual("ca.PEM", names[i]);
        }
    }

    [TestMethod]
    public void All_segments_fit_beside_the_configurations_the_records_and_the_notes()
    {
        PodOptions options = new(1, []);
        int blocks = (options.MaxSegments * LittlefsStore.Blocks(options.SegmentBytes)) + (2 * LittlefsStore.Blocks(12276)) + (4 * LittlefsStore.Blocks(1024));
        Assert.IsTrue(blocks <= (Drive / LittlefsStore.BlockBytes) - LittlefsStore.ReservedBlocks);
        Assert.AreEqual(4, LittlefsStore.Blocks(options.SegmentBytes));
        Assert.AreEqual(5, LittlefsStore.Blocks(options.SegmentBytes + 1));
    }

    [TestMethod]
    public void Reads_are_whole_or_failed_and_names_are_sorted()
    {
        FakeDrive drive = new();
        LittlefsStore store = new(drive, Drive);
        byte[] ten = new byte[10];
        for (int i = 0; i < 10; i++)
        {
            ten[i] = (byte)i;
        }

        store.Append("b", ten, 0, 10);
        store.Append("a", ten, 0, 10);
        byte[] read = new byte[12];
        Assert.AreEqual(StoreStatus.Ok, store.Read("a", 2, read, 1, 8));
        Assert.AreEqual(2, (int)read[1]);
        Assert.AreEqual(9, (int)read[8]);
        Assert.AreEqual(StoreStatus.Failed, store.Read("a", 2, read, 0, 9));
        Assert.AreEqual(StoreStatus.NotFound, store.Read("c", 0, read, 0, 1));
        string[] names = store.List();
        Assert.AreEqual(2, names.Length);
        Assert.AreEqual("a", names[0]);
        Assert.AreEqual("b", names[1]);
        drive.FailsDelete = true;
        Assert.AreEqual(StoreStatus.Failed, store.Delete("a"));
        drive.FailsDelete = false;
        Assert.AreEqual(StoreStatus.Ok, store.Delete("a"));
        Assert.AreEqual(StoreStatus.Ok, store.Delete("a"));
        drive.IsMounted = false;
        Assert.AreEqual(StoreStatus.NotOpen, new LittlefsStore(drive, Drive).Append("a", ten, 0, 1));
    }
}
