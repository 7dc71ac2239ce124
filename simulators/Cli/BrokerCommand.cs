using System.Globalization;
using System.IO;
using System.Threading.Tasks;
using EdgeGateway.Gateway.Faults;
using EdgeGateway.Mqtt;

namespace Simulators.Cli;

/// <summary><c>cart-sim broker</c>: a broker in memory, on loopback.</summary>
internal static class BrokerCommand
{
    public static async Task<int> RunAsync(Surroundings here, int port)
    {
        MqttBroker broker = new(new MqttServerOptions(), here.Time);
        await using (broker.ConfigureAwait(false))
        {
            try
            {
                await broker.StartAsync(port).ConfigureAwait(false);
            }
            catch (IOException e)
            {
                throw new CodedErrorException(new CodedError(
                    "S3103", ErrorPlace.None, string.Create(CultureInfo.InvariantCulture, $"port {port}: {e.Message.TrimEnd('.')}")));
            }

            await here.Output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"listening on 127.0.0.1:{broker.Port}")).ConfigureAwait(false);
            await here.Output.FlushAsync().ConfigureAwait(false);
            TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
            using (here.Stop.Register(stopped.SetResult))
            {
                await stopped.Task.ConfigureAwait(false);
            }
        }

        return ExitCode.Done;
    }
}
