using System;
using System.IO;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Flash.Tests;

/// <summary>What firmware/Flash/README.md holds between its marks; GOLDEN_WRITE=1 writes it.</summary>
internal static class Golden
{
    private static string Readme => Path.Combine(TestFolder.Repository, "firmware", "Flash", "README.md");

    public static void Check(string mark, string text)
    {
        string begin = $"<!-- generated: {mark} -->\n";
        string page = File.ReadAllText(Readme);
        int start = page.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        int end = page.IndexOf("<!-- end -->", start, StringComparison.Ordinal);
        Assert.IsTrue(start >= begin.Length && end >= start, $"the README lacks the marks of {mark}");
        string wanted = text.ReplaceLineEndings("\n") + "\n";
        if (Environment.GetEnvironmentVariable("GOLDEN_WRITE") == "1")
        {
            File.WriteAllText(Readme, page[..start] + wanted + page[end..]);
            return;
        }

        Assert.AreEqual(wanted, page[start..end], $"{mark} is another one; GOLDEN_WRITE=1 writes it");
    }
}
