using System;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using Firmware.Pod.Console;

namespace Firmware.Tests.Host.Consoles;

/// <summary>Pages that hold what the console says: written with GOLDEN_WRITE=1, compared otherwise.</summary>
[TestClass]
public sealed partial class ConsolePagesTests
{
    [TestMethod]
    public void The_page_holds_the_table_of_commands()
    {
        CommandTable table = new ConsoleBench().Program.Console.Commands;
        StringBuilder text = new("| command | what it answers or does | needs |\n| --- | --- | --- |\n");
        for (int i = 0; i < table.Count; i++)
        {
            ConsoleCommand command = table.Command(i);
            string usage = command.Usage.Length > 0 ? command.Name + " " + command.Usage : command.Name;
            text.Append("| `").Append(usage.Replace("|", "\\|", StringComparison.Ordinal)).Append("` | ").Append(command.About).Append(" | ").Append(ConsoleCommand.Words(command.Access)).Append(" |\n");
        }

        Holds("firmware/Pod/Console/README.md", "<!-- commands -->", text.ToString());
    }

    [TestMethod]
    public void The_page_holds_a_session_of_a_technician()
    {
        ConsoleBench bench = new();
        bench.Run(1);
        bench.Type("help config commit");
        bench.Type("config set role vitals");
        bench.Type("config set parts Tmp117,Mprls0300");
        bench.Type("config set gateway.host 192.168.4.1");
        bench.Type("config set wifi.ssid \"cart 7\"");
        bench.Type("config set wifi.password " + ConsoleBench.Password);
        bench.Type("config set technicianKey " + ConsoleBench.Key);
        bench.Type("config diff");
        bench.Type("config commit");
        bench.Run(3);
        bench.Link.Connect();
        bench.Run(4);
        bench.Take();
        string challenge = Challenge().Match(bench.Type("challenge")).Groups["hex"].Value;
        bench.Type("unlock " + ConsoleBench.Answer(challenge, ConsoleBench.Key));
        bench.Type("config confirm");
        bench.Type("statsu");
        bench.Type("status");
        bench.Type("sensor list");
        bench.Type("i2c scan");
        bench.Type("selftest");
        bench.Type("fault inject Tmp117 nack");
        bench.Run(8);
        bench.Type("faults");
        bench.Type("fault inject off");
        bench.Type("cuff test");
        bench.Type("reboot-reason");
        bench.Type("lock");
        string text = bench.Everything.ToString().Replace("\r\n", "\n", StringComparison.Ordinal);
        text = Challenge().Replace(text, m => m.Value.Replace(m.Groups["hex"].Value, "<32 hexadecimal digits>", StringComparison.Ordinal));
        text = string.Join('\n', text.Split('\n').Select(l => l.TrimEnd()));
        Assert.IsFalse(text.Contains(ConsoleBench.Password, StringComparison.Ordinal) || text.Contains(ConsoleBench.Key, StringComparison.Ordinal));
        Holds("firmware/README.md", "<!-- transcript: technician -->", "```\n" + text.Trim('\n') + "\n```\n");
    }

    private static void Holds(string page, string mark, string wanted)
    {
        string file = Path.Combine(Root(), page);
        string text = File.ReadAllText(file);
        int start = text.IndexOf(mark + "\n", StringComparison.Ordinal) + mark.Length + 1;
        Assert.IsGreaterThan(mark.Length, start, page + " has no " + mark);
        int end = text.IndexOf("<!-- end -->", start, StringComparison.Ordinal);
        if (Environment.GetEnvironmentVariable("GOLDEN_WRITE") == "1")
        {
            File.WriteAllText(file, text[..start] + wanted + text[end..]);
            return;
        }

        Assert.AreEqual(wanted, text[start..end], page + ": GOLDEN_WRITE=1 dotnet test tests/Firmware.Tests --filter ConsolePages writes it");
    }

    private static string Root()
    {
        DirectoryInfo folder = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Firmware.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("Firmware.sln was not found above " + AppContext.BaseDirectory);
        }

        return folder.FullName;
    }

    [GeneratedRegex("challenge +(?<hex>[0-9a-f]{32})", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Challenge();
}
