using System.Globalization;
using System.Threading.Tasks;
using EdgeGateway.Mqtt.Client;
using Simulators.Cart.Ledger;
using Simulators.Cart.Subscribers;
using Simulators.Kernel;

namespace Simulators.Cli;

/// <summary>Whom to listen to.</summary>
/// <param name="Cart">The cart.</param>
/// <param name="Session">The session.</param>
/// <param name="Name">The subscriber's own name.</param>
/// <param name="LogFile">Where lines go, or null for stdout.</param>
/// <param name="Receipts">True to send receipts.</param>
/// <param name="DurationSeconds">When to end, or null.</param>
internal sealed record SubscribeRequest(string Cart, string Session, string Name, string? LogFile, bool Receipts, double? DurationSeconds);

/// <summary><c>cart-sim subscribe</c>: one session's subscriber as a process of its own.</summary>
internal static class SubscribeCommand
{
    public static async Task<int> RunAsync(CommandContext here, HostAndPort broker, SubscribeRequest request)
    {
        using LineLog log = new(request.LogFile, here.Output);
        SimulationKernel kernel = new();
        using PacedRun paced = new(kernel, here.Time);
        SubscriberLedger ledger = new(request.Name);
        SteppedProcess? process = null;
        using TcpConnector connector = new(broker, new PacedLoop(kernel, paced), here.Time, () => kernel.NowUs, () => process?.Wake());
        long number = 0;
        void Received(in Delivery delivery)
        {
            bool isNew = ledger.Add(delivery, out bool late);
            log.Line(string.Create(
                CultureInfo.InvariantCulture,
                $"received {++number} {delivery.Id} {delivery.Class} {(isNew ? "new" : delivery.Corrected ? "corrected" : "again")} dup={(delivery.Repeated ? 1 : 0)} order={(late ? "late" : "ok")}"));
            if (delivery.Gap is LedgerGap gap)
            {
                log.Line(string.Create(
                    CultureInfo.InvariantCulture, $"lost {gap.First} {gap.LastSequence} {(gap.AtLeast ? "at-least" : "exactly")} {gap.Cause}"));
            }
        }

        SessionSubscriber subscriber = new(
            request.Cart,
            request.Session,
            request.Name,
            request.Receipts,
            connector,
            static (options, handler) => new MqttClient(options, handler),
            Received,
            text => log.Line("malformed " + text));
        process = new SteppedProcess(kernel, new Oscillator(0, 0), subscriber.Step);
        process.Wake();
        long endUs = request.DurationSeconds is double seconds ? (long)(seconds * 1e6) : Oscillator.MaxElapsedUs / 2;
        await paced.RunAsync(endUs, here.Stop).ConfigureAwait(false);
        await here.Diagnostics.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"received {ledger.Received} duplicates {ledger.Duplicates} corrections {ledger.Corrections} out-of-order {ledger.OrderViolations}")).ConfigureAwait(false);
        return ledger.OrderViolations == 0 ? ExitCode.Done : ExitCode.Missed;
    }
}
