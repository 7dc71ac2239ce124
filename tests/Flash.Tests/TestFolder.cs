using System;
using System.IO;

namespace Flash.Tests;

/// <summary>A folder of a test's own, and the repository's.</summary>
internal sealed class TestFolder : IDisposable
{
    // A blank in the name: every path of every test has one.
    public TestFolder() => Path = Directory.CreateDirectory(System.IO.Path.Combine(Directory.CreateTempSubdirectory("flash-").FullName, "a desk")).FullName;

    public string Path { get; }

    public static string Repository
    {
        get
        {
            DirectoryInfo folder = new(AppContext.BaseDirectory);
            while (!File.Exists(System.IO.Path.Combine(folder.FullName, "Firmware.sln")))
            {
                folder = folder.Parent!;
            }

            return folder.FullName;
        }
    }

    public string At(string name) => System.IO.Path.Combine(Path, name);

    public string Write(string name, byte[] bytes)
    {
        string file = At(name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, bytes);
        return file;
    }

    public string Write(string name, string text) => Write(name, System.Text.Encoding.UTF8.GetBytes(text));

    public void Dispose() => Directory.Delete(System.IO.Path.GetDirectoryName(Path)!, recursive: true);
}
