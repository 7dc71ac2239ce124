using Firmware.Core;
using Firmware.Pod.Configuration;
using Firmware.Pod.Store;

namespace Firmware.Pod.Console;

/// <summary>Network, gateway, clock, and what waits to be delivered.</summary>
public sealed class LinkCommands
{
    private readonly ConsoleServices _services;
    private readonly PodWatch _watch;

    /// <summary>Stores.</summary>
    /// <param name="services">The pod.</param>
    /// <param name="watch">What was seen of its frames.</param>
    public LinkCommands(ConsoleServices services, PodWatch watch)
    {
        _services = services;
        _watch = watch;
    }

    /// <summary><c>buffer</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>One row a turn.</returns>
    public CommandTurn Buffer(ConsoleCall call)
    {
        IPodService? pod = _services.Pod;
        if (pod == null)
        {
            return call.Refuse(FaultCode.PodNotRunning, string.Empty);
        }

        if (call.Turn < FrameClasses.Count)
        {
            FrameClass frameClass = (FrameClass)call.Turn;
            call.Answer.Text("class", Word(frameClass), 8);
            call.Answer.Number("pending", pod.PendingOf(frameClass), 8);
            call.Answer.EndRow();
            return CommandTurn.More;
        }

        call.Answer.Number("produced", pod.Counters.Produced);
        call.Answer.Number("recovered", pod.Counters.Recovered);
        call.Answer.Number("acknowledged", pod.Counters.Acknowledged);
        call.Answer.Number("pending", pod.Counters.Pending);
        call.Answer.Number("evicted", pod.Counters.Evicted);
        call.Answer.Number("storedFrames", pod.Counters.Stored);
        call.Answer.Number("storeBytes", pod.Counters.StoreBytes);
        call.Answer.Number("storeFlushes", pod.Counters.StoreFlushes);
        call.Answer.Number("storeErrors", pod.Counters.StoreErrors);
        call.Answer.Number("storeBlocks", Blocks(_services.Store));
        return CommandTurn.Done;
    }

    /// <summary><c>net</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done.</returns>
    public CommandTurn Net(ConsoleCall call)
    {
        string address = _services.Board.Address;
        int signal = _services.Board.SignalDecibelMilliwatt;
        call.Answer.Text("ssid", ConfigurationCommands.Shown(_services.Configuration.Active, ConfigurationKeys.WifiSsid));
        call.Answer.Flag("joined", address.Length > 0);
        call.Answer.Text("address", address);
        if (signal < 0)
        {
            call.Answer.Number("signalDbm", signal);
        }

        call.Answer.Text("next", address.Length > 0 ? "Nothing." : "Check wifi.ssid and wifi.password with config get, and that the access point is near.");
        return CommandTurn.Done;
    }

    /// <summary><c>mqtt</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done.</returns>
    public CommandTurn Mqtt(ConsoleCall call)
    {
        IPodService? pod = _services.Pod;
        PodConfiguration active = _services.Configuration.Active;
        call.Answer.Text("host", ConfigurationCommands.Shown(active, ConfigurationKeys.GatewayHost));
        call.Answer.Number("port", active.Number(ConfigurationKeys.GatewayPort, DefaultPort(active)));
        call.Answer.Flag("tls", active.Has(ConfigurationKeys.TlsKey));
        call.Answer.Flag("connected", pod != null && pod.IsConnected);
        if (pod != null)
        {
            call.Answer.Number("linksLost", pod.Counters.LinksLost);
            call.Answer.Number("messagesSent", pod.Counters.MessagesSent);
            call.Answer.Number("acknowledgementsOverdue", pod.Counters.AcknowledgementsOverdue);
            call.Answer.Number("commandsIgnored", pod.Counters.CommandsIgnored);
        }

        call.Answer.Text("next", pod != null && pod.IsConnected ? "Nothing." : FaultTexts.Next(FaultCode.LinkLost));
        return CommandTurn.Done;
    }

    /// <summary><c>time</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done.</returns>
    public CommandTurn Time(ConsoleCall call)
    {
        IPodService? pod = _services.Pod;
        call.Answer.Number("uptimeMs", call.NowUs / 1000);
        call.Answer.Number("boardUtcS", _services.Board.UtcSeconds);
        call.Answer.Flag("synchronised", _watch.HasClock);
        if (_watch.HasClock)
        {
            call.Answer.Number("offsetUs", _watch.OffsetUs);
            call.Answer.Number("uncertaintyUs", _watch.UncertaintyUs);
            call.Answer.Number("driftPpb", _watch.DriftPpb);
            call.Answer.Number("ageMs", (call.NowUs - _watch.ClockUs) / 1000);
        }

        if (pod != null)
        {
            call.Answer.Number("exchanges", pod.Counters.ClockSamples);
            call.Answer.Number("timeouts", pod.Counters.ClockTimeouts);
            call.Answer.Number("refused", pod.Counters.ClockRepliesRefused);
        }

        return CommandTurn.Done;
    }

    /// <summary>The port when none is configured. Source: IANA, secure-mqtt 8883 and mqtt 1883.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <returns>8883 with certificates, else 1883.</returns>
    public static int DefaultPort(PodConfiguration configuration) => configuration.Has(ConfigurationKeys.TlsKey) ? 8883 : 1883;

    /// <summary>Blocks of the drive that the store's files take.</summary>
    /// <param name="store">The store.</param>
    /// <returns>Blocks of 4,096 bytes.</returns>
    public static int Blocks(IByteStore store)
    {
        string[] names = store.List();
        int blocks = 0;
        for (int i = 0; i < names.Length; i++)
        {
            int length = store.Length(names[i]);
            blocks += length > 0 ? LittlefsStore.Blocks(length) : 0;
        }

        return blocks;
    }

    private static string Word(FrameClass frameClass)
    {
        switch (frameClass)
        {
            case FrameClass.Vital:
                return "vital";
            case FrameClass.Gap:
                return "gap";
            case FrameClass.Event:
                return "event";
            case FrameClass.Wave:
                return "wave";
            default:
                return "sound";
        }
    }
}
