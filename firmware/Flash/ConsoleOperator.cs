using System;
using System.IO;
using System.Text;

namespace Firmware.Flash;

/// <summary>The person at this program's own terminal.</summary>
internal sealed class ConsoleOperator : IOperator
{
    public bool IsThere => !Console.IsInputRedirected;

    public string? Ask(string question)
    {
        Console.Error.Write(question + " ");
        return Console.In.ReadLine();
    }

    public string? AskSecret(string question)
    {
        Console.Error.Write(question + " ");
        StringBuilder secret = new();
        while (true)
        {
            ConsoleKeyInfo key = Console.ReadKey(intercept: true);
            if (key.Key == ConsoleKey.Enter)
            {
                Console.Error.WriteLine();
                return secret.ToString();
            }

            if (key.Key == ConsoleKey.Backspace)
            {
                secret.Length = Math.Max(0, secret.Length - 1);
            }
            else if (key.KeyChar is >= ' ' and <= '~' && secret.Length < 200)
            {
                secret.Append(key.KeyChar);
            }
        }
    }

    public Stream StandardInput() => Console.OpenStandardInput();

    public Stream Keys() => IsThere ? new KeyStream() : StandardInput();
}
