using System;
using System.IO;
using System.Text;

namespace EdgeGateway.Tool.Certificates;

/// <summary>Reads a secret: from a terminal without showing it, else a line of standard input.</summary>
internal static class SecretInput
{
    /// <summary>Reads one line.</summary>
    /// <param name="input">Where lines come from when there is no terminal.</param>
    /// <returns>The line without its end; empty when there is none.</returns>
    public static string ReadLine(TextReader input)
    {
        if (!ReferenceEquals(input, Console.In) || Console.IsInputRedirected)
        {
            return input.ReadLine() ?? string.Empty;
        }

        StringBuilder typed = new();
        while (true)
        {
            ConsoleKeyInfo key = Console.ReadKey(intercept: true);
            switch (key.Key)
            {
                case ConsoleKey.Enter:
                    return typed.ToString();
                case ConsoleKey.Backspace:
                    typed.Length = Math.Max(0, typed.Length - 1);
                    break;
                default:
                    if (!char.IsControl(key.KeyChar))
                    {
                        typed.Append(key.KeyChar);
                    }

                    break;
            }
        }
    }
}
