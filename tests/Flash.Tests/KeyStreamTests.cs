using System;
using System.Text;
using Firmware.Flash;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Flash.Tests;

[TestClass]
public sealed class KeyStreamTests
{
    [TestMethod]
    [DataRow('a', ConsoleKey.A, "a")]
    [DataRow('\r', ConsoleKey.Enter, "\r")]
    [DataRow('\n', ConsoleKey.Enter, "\r")]
    [DataRow('\b', ConsoleKey.Backspace, "\u007f")]
    [DataRow('\t', ConsoleKey.Tab, "\t")]
    [DataRow('\u0003', ConsoleKey.C, "\u0003")]
    [DataRow('\u001d', ConsoleKey.Oem6, "\u001d")]
    [DataRow('\0', ConsoleKey.UpArrow, "\u001b[A")]
    [DataRow('\0', ConsoleKey.LeftArrow, "\u001b[D")]
    [DataRow('\0', ConsoleKey.F5, "")]
    [DataRow('\u00e9', ConsoleKey.E, "")]
    public void A_key_is_what_a_serial_terminal_sends(char sign, ConsoleKey key, string expected) =>
        Assert.AreEqual(expected, Encoding.ASCII.GetString(KeyStream.Bytes(new ConsoleKeyInfo(sign, key, shift: false, alt: false, control: false))));
}
