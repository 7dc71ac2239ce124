using System;
using System.Globalization;
using System.IO;
using System.Threading.Tasks;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;
using EdgeGateway.Mqtt.AspNetCore;
using EdgeGateway.Mqtt.Codec;
using EdgeGateway.Mqtt.Server;

namespace Simulators.Cli;

/// <summary><c>cart-sim broker</c>: a broker in memory, on loopback.</summary>
internal static class BrokerCommand
{
    /// <summary>Lets everyone in and routes everything.</summary>
    public const string Plain = "plain";

    /// <summary>As the interoperability suite of eclipse/paho.mqtt.testing asks for.</summary>
    public const string Paho = "paho";

    /// <param name="here">Clock and streams.</param>
    /// <param name="port">TCP port; 0 for any free one.</param>
    /// <param name="isForPaho">True for the profile <see cref="Paho"/>.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(CommandContext here, int port, bool isForPaho)
    {
        // The suite wants Server Keep Alive 60, and 0x80 where a filter is refused; the default 0x87 is as legal.
        MqttServerOptions options = isForPaho
            ? new MqttServerOptions { MaxKeepAliveSeconds = 60, RefusedSubscriptionReason = MqttReason.UnspecifiedError }
            : new MqttServerOptions();
        MqttBroker broker = new(options, here.Time, isForPaho ? new PahoApplication() : null);
        await using (broker.ConfigureAwait(false))
        {
            try
            {
                await broker.StartAsync(port).ConfigureAwait(false);
            }
            catch (IOException e)
            {
                throw new CodedErrorException(new CodedError(
                    FaultCodes.SimulatorPortUnusable, ErrorPlace.None, string.Create(CultureInfo.InvariantCulture, $"port {port}: {e.Message.TrimEnd('.')}")));
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

    private sealed class PahoApplication : IMqttServerHandler
    {
        public byte Connecting(in MqttConnectRequest request) => MqttReason.Success;

        public void Connected(string clientId)
        {
        }

        public void Disconnected(string clientId)
        {
        }

        public MqttPublishDisposition Published(string clientId, in MqttMessage message, long token) => MqttPublishDisposition.Accept;

        public bool MaySubscribe(string clientId, string filter) => !string.Equals(filter, "test/nosubscribe", StringComparison.Ordinal);

        public void Subscribed(string clientId, string filter)
        {
        }

        public void Delivered(long ticket, byte reasonCode)
        {
        }
    }
}
