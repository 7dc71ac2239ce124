using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using Benchmarks;
using Firmware.Core;
using Firmware.Protocol;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Mono.Cecil;

namespace Architecture.Tests;

/// <summary>The counting of the pod's instructions, on its own code.</summary>
[TestClass]
[DoNotParallelize]
public sealed class OperationCountTests
{
    private static readonly string s_path = typeof(SoftwareCrc32).Assembly.Location;

    [TestMethod]
    public void A_method_without_a_jump_counts_what_stands_in_it()
    {
        (Assembly woven, string[] groups) = Woven("Firmware.Protocol.LittleEndian::ReadUInt16");
        using AssemblyDefinition original = AssemblyDefinition.ReadAssembly(s_path);
        int expected = OperationWeaver.Count(original.MainModule.GetType(typeof(LittleEndian).FullName).Methods.Single(m => m.Name == nameof(LittleEndian.ReadUInt16)).Body.Instructions);
        MethodInfo read = woven.GetType(typeof(LittleEndian).FullName!)!.GetMethod(nameof(LittleEndian.ReadUInt16))!;
        OperationCounter.Begin(groups.Length);
        Assert.AreEqual((ushort)0x0201, Convert.ToUInt16(read.Invoke(null, [new byte[] { 1, 2 }, 0]), null));
        Assert.AreEqual(expected, OperationCounter.All);
        read.Invoke(null, [new byte[] { 1, 2 }, 0]);
        Assert.AreEqual(2 * expected, OperationCounter.All);
        Assert.AreEqual(2 * expected, OperationCounter.Groups[Array.IndexOf(groups, "Firmware.Protocol")]);
        Assert.AreEqual(2, OperationCounter.Steps);
        Assert.AreEqual(expected, OperationCounter.WorstStep);
    }

    [TestMethod]
    public void A_loop_counts_each_turn_and_gives_what_it_gave()
    {
        (Assembly woven, string[] groups) = Woven(null);
        object crc = Activator.CreateInstance(woven.GetType(typeof(SoftwareCrc32).FullName!)!)!;
        MethodInfo compute = crc.GetType().GetMethod(nameof(SoftwareCrc32.Compute))!;
        compute.Invoke(crc, [new byte[1], 0, 1]); // the table is made at its first use
        byte[] bytes = [.. Enumerable.Range(0, 100).Select(i => (byte)i)];
        SortedDictionary<int, long> counts = [];
        foreach (int count in new[] { 0, 1, 2, 100 })
        {
            OperationCounter.Begin(groups.Length);
            Assert.AreEqual(new SoftwareCrc32().Compute(bytes, 0, count), (uint)compute.Invoke(crc, [bytes, 0, count])!);
            counts[count] = OperationCounter.All;
        }

        long turn = counts[1] - counts[0];
        Assert.IsTrue(turn is > 8 and < 40, $"{turn}");
        Assert.AreEqual(counts[0] + (2 * turn), counts[2]);
        Assert.AreEqual(counts[0] + (100 * turn), counts[100]);
    }

    [TestMethod]
    public void What_the_device_has_in_native_code_counts_nothing_and_a_step_that_is_not_there_is_an_error()
    {
        (Assembly woven, string[] groups) = Woven(null, nameof(SoftwareCrc32));
        object crc = Activator.CreateInstance(woven.GetType(typeof(SoftwareCrc32).FullName!)!)!;
        OperationCounter.Begin(groups.Length);
        crc.GetType().GetMethod(nameof(SoftwareCrc32.Compute))!.Invoke(crc, [new byte[10], 0, 10]);
        Assert.AreEqual(0, OperationCounter.All);
        Assert.ThrowsExactly<InvalidOperationException>(() => Woven("Firmware.Pod.PodHost::NoSuchStep"));
    }

    [TestMethod]
    public void Every_woven_method_is_accepted_by_the_runtime()
    {
        (Assembly woven, _) = Woven("Firmware.Pod.PodHost::Step");
        int prepared = 0;
        foreach (MethodBase method in woven.GetTypes().Where(t => !t.ContainsGenericParameters).SelectMany(static t =>
            t.GetMembers(BindingFlags.DeclaredOnly | BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic).OfType<MethodBase>()))
        {
            if (method.GetMethodBody() is not null && !method.ContainsGenericParameters)
            {
                RuntimeHelpers.PrepareMethod(method.MethodHandle);
                prepared++;
            }
        }

        Assert.IsGreaterThan(500, prepared);
    }

    private static (Assembly Woven, string[] Groups) Woven(string? step, string? native = null)
    {
        byte[] bytes = OperationWeaver.Weave(s_path, typeof(OperationCounter), step, out string[] groups, native);
        return (new AssemblyLoadContext("counted").LoadFromStream(new MemoryStream(bytes)), groups);
    }
}
