using System.IO;
using System.Threading.Tasks;

namespace EndToEnd.Tests.Processes;

/// <summary>The gateway.yaml of a test's cart, <c>cart-1</c>, with its journal beside it.</summary>
internal static class GatewayFile
{
    /// <summary>Writes it.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="mqttPort">The gateway's MQTT port.</param>
    /// <param name="httpPort">The gateway's HTTP port.</param>
    /// <param name="brokerPort">The session's broker on loopback; 0 for the embedded endpoint.</param>
    /// <param name="brokerLines">Further lines of its section, indented.</param>
    /// <param name="more">More of the file, such as a section; empty for none.</param>
    public static async Task<string> WriteAsync(string folder, int mqttPort, int httpPort, int brokerPort = 0, string brokerLines = "", string more = "")
    {
        string broker = brokerPort == 0 ? string.Empty : $"sessionBroker:\n  host: 127.0.0.1\n  port: {brokerPort}\n" + brokerLines;
        string file = Path.Combine(folder, "gateway.yaml");
        await File.WriteAllTextAsync(
            file,
            $"""
            cart:
              id: cart-1
              gatewayId: "0200000000000001"
              production: false
            listen:
              mqttPort: {mqttPort}
              httpPort: {httpPort}
            journal:
              directory: ./journal
            time:
              trustSystemClock: true

            """ + broker + more);
        return file;
    }
}
