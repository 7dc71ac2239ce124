using System.Collections.Generic;
using EdgeGateway.Faults;

namespace EdgeGateway.Core.Configuration;

/// <summary>The one check of a configuration file, for <c>cart-gateway --check</c> and <c>cartctl check</c>.</summary>
public static class ConfigurationCheck
{
    /// <summary>Reads a file and asks this machine whether the gateway could start with it. Changes nothing.</summary>
    /// <param name="path">The file.</param>
    /// <returns>Options, or every error of the file, or else every error of the machine.</returns>
    public static ConfigurationResult Run(string path)
    {
        ConfigurationResult result = GatewayConfiguration.Load(path);
        if (result.Options is not { } options)
        {
            return result;
        }

        IReadOnlyList<CodedError> problems = MachineCheck.Run(options, path);
        return problems.Count == 0 ? result : new ConfigurationResult(null, problems);
    }
}
