using System.IO;
using System.Reflection;
using System.Runtime.Loader;

namespace Benchmarks;

/// <summary>Loads a woven pod under the simulators, and this assembly once more.</summary>
/// <param name="folder">Where the assemblies are.</param>
internal sealed class WovenContext(string folder) : AssemblyLoadContext("woven")
{
    /// <summary>The woven assembly's bytes.</summary>
    public byte[] Firmware { get; set; } = [];

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        string name = assemblyName.Name!;
        if (name is "Firmware")
        {
            return LoadFromStream(new MemoryStream(Firmware));
        }

        string path = Path.Combine(folder, name + ".dll");
        return File.Exists(path) ? LoadFromAssemblyPath(path) : null;
    }
}
