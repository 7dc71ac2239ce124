using System;
using System.Text;
using System.Threading;
using Firmware.Core;
using Firmware.Pod;
using Firmware.Pod.Configuration;
using Firmware.Pod.Console;
using Firmware.Pod.Link;
using Firmware.Pod.Start;
using Firmware.Pod.Store;
using Firmware.Protocol;
using nanoFramework.Hardware.Esp32;
using nanoFramework.Runtime.Native;
using Configuration = nanoFramework.Hardware.Esp32.Configuration;

namespace Firmware.Esp32;

/// <summary>
/// The pod's program: one loop over the host and its console, woken by the link. Who the pod is, where its gateway is and what is fitted stand in its configuration; nothing of it is compiled in. What fails before or in the loop is recorded, shown, and ends in a reboot; after three boots that failed the pod stays in safe
/// mode. A second thread reboots when the loop stands.
/// </summary>
public static class Program
{
    // The longest sleep of the loop, ms: a lost wake-up costs no more than this.
    private const int LongestSleepMs = 1000;
    private const int WatchPeriodMs = 1000;
    private const long SafeModeLinePeriodUs = 10_000_000;

    private static readonly EspClock Clock = new EspClock();
    private static readonly LoopWatch Watch = new LoopWatch(Clock.NowUs);
    private static readonly AutoResetEvent Wake = new AutoResetEvent(false);
    private static Board? _board;
    private static LittlefsStore? _store;
    private static StartGuard? _guard;
    private static EspCuffActuators? _cuff;
    private static EspPanel? _panel;
    private static EspConsole? _console;
    private static ConsoleServices? _services;
    private static ServiceConsole? _service;
    private static bool _isRunning;

    /// <summary>Never returns.</summary>
    public static void Main()
    {
        try
        {
            new Thread(WatchLoop).Start();
            Prepare();
            if (_guard != null && !_guard.IsSafeMode)
            {
                Run();
            }
        }
        catch (Exception e)
        {
            if (Fail(e))
            {
                Power.RebootDevice();
            }
        }

        SafeMode();
    }

    // The cuff first: whatever the outputs were before, its valves are open and its pump is off.
    private static void Prepare()
    {
        int index = Board.IndexOfTarget(SystemInfo.TargetName);
        bool fits = index >= 0;
        Board board = Board.At(fits ? index : 0);
        _board = board;
        EspSerialPort? line = null;
        if (fits)
        {
            Configuration.SetPinFunction(board.CuffPumpPin, EspCuffActuators.Pwm(board.CuffPumpPwm));
            Configuration.SetPinFunction(board.CuffBleedPin, EspCuffActuators.Pwm(board.CuffBleedPwm));
            _cuff = new EspCuffActuators(
                board.CuffPumpPin, board.CuffBleedPin, board.CuffTriggerPin, board.CuffClearPin, board.CuffValveSensePin, board.CuffSwitchSensePin);
            _panel = new EspPanel(board.StatusLedPin, board.StopSensePin);
            Configuration.SetPinFunction(board.ConsoleTransmitPin, DeviceFunction.COM3_TX);
            Configuration.SetPinFunction(board.ConsoleReceivePin, DeviceFunction.COM3_RX);
            line = new EspSerialPort(PodSettings.ConsoleSerialPort, EspConsole.BaudRate);
            _console = new EspConsole(line);
        }

        LittlefsStore store = new LittlefsStore(new EspFileDrive(board.StoreRoot), board.StoreKibibytes * 1024);
        _store = store;
        _guard = new StartGuard(store);
        _guard.Begin();
        if (!fits || line == null)
        {
            // The pins of another board would drive what is not there.
            throw new PodFaultException(FaultCode.BoardUnknown, "no board of this program is made for the image " + SystemInfo.TargetName);
        }

        EspEntropy entropy = new EspEntropy();
        entropy.Stir();
        ConsoleServices services = ConsoleServices.Begin(
            store, new EspBoardService(_panel!), EspCrc32.Choose(), new EspHmac(), entropy, EspBoardService.Mac(), _guard.LastReason, Clock.NowUs);
        services.Version = PodSettings.Version;
        services.Build = BuildId.Text;
        services.BoardName = board.Name;
        services.IsSafeMode = _guard.IsSafeMode;
        services.Record = _guard.IsSafeMode ? _guard.LastRecord() : string.Empty;
        _services = services;
        _service = new ServiceConsole(new EspConsolePort(line), services);
        string named = services.Configuration.Active.Text(ConfigurationKeys.Board);
        if (named.Length > 0 && !string.Equals(named, board.Name))
        {
            throw new PodFaultException(FaultCode.BoardUnknown, "the image " + SystemInfo.TargetName + " is not made for board " + named);
        }
    }

    private static void Run()
    {
        Board board = _board!;
        LittlefsStore store = _store!;
        StartGuard guard = _guard!;
        EspCuffActuators cuff = _cuff!;
        EspPanel panel = _panel!;
        ConsoleServices services = _services!;
        ServiceConsole service = _service!;
        PodConfiguration configuration = services.Configuration.Active;
        EspEntropy entropy = new EspEntropy();
        entropy.Stir();
        Configuration.SetPinFunction(board.I2cDataPin, DeviceFunction.I2C1_DATA);
        Configuration.SetPinFunction(board.I2cClockPin, DeviceFunction.I2C1_CLOCK);
        Configuration.SetPinFunction(board.SoundBitClockPin, DeviceFunction.I2S1_BCK);
        Configuration.SetPinFunction(board.SoundSlotClockPin, DeviceFunction.I2S1_WS);
        Configuration.SetPinFunction(board.SoundDataPin, DeviceFunction.I2S1_MDATA_IN);
        bool hasMasterClock = board.SoundMasterClockPin >= 0;
        if (hasMasterClock)
        {
            Configuration.SetPinFunction(board.SoundMasterClockPin, DeviceFunction.I2S1_MCK);
        }
        else
        {
            Configuration.SetPinFunction(board.SoundSystemClockPin, DeviceFunction.I2S2_BCK);
        }

        store.List();
        entropy.Stir();
        LinkSecurity? security = LinkSecurity.Of(configuration);
        ClockFloor floor = new ClockFloor(store, PodSettings.Released, security == null ? 0 : security.ValidFrom);
        EspUtcClock.Set(floor.Correct(EspUtcClock.Now));
        EspUtcClock.Synchronise(configuration.Text(ConfigurationKeys.TimeServer));
        IPodLink link = NewLink(security, services);
        ConfiguredParts parts = new ConfiguredParts();
        PeripheralOptions[] fitted = parts.Make(configuration);
        services.StartFault = parts.Fault;
        for (int i = 0; i < fitted.Length; i++)
        {
            Wire(fitted[i], board, cuff, hasMasterClock);
        }

        PodOptions options = new PodOptions(services.DeviceId, fitted);
        options.Clock = Clock;
        options.Model = "pod, " + configuration.Text(ConfigurationKeys.Role);
        options.Firmware = PodSettings.Version;
        options.Board = services.Board;
        options.Starts = services.Reboots == null ? 0 : services.Reboots.Starts;
        options.LastEnd = services.ResetReason;
        InjectableBus bus = new InjectableBus(new EspI2cPort(SampleCart.I2cBusId, board.I2cDataPin, board.I2cClockPin));
        services.Bus = bus;
        PodHost host = new PodHost(options, bus, store, services.Crc32, entropy, link);
        service.Attach(host);
        MqttLink? live = link as MqttLink;
        if (live != null)
        {
            live.Situation = host.Situation;
        }

        host.Report(guard.LastReason, Clock.NowUs);
        host.Report(parts.Fault, Clock.NowUs);
        StopPanel button = new StopPanel();
        _isRunning = true;
        while (true)
        {
            long nowUs = Clock.NowUs;
            Watch.Seen(nowUs);
            button.Step(panel.IsStopped, host, nowUs);
            long next = host.Step(nowUs);
            long console = service.Step(nowUs);
            next = console < next ? console : next;
            bool mayWrite = !host.Situation.IsCuffInflated;
            guard.OnLoop(nowUs, mayWrite);
            if (mayWrite && floor.IsDue(nowUs))
            {
                floor.Keep(EspUtcClock.Now, nowUs);
            }

            if (mayWrite && nowUs >= services.RestartUs)
            {
                host.Flush(nowUs);
                Restart(services.RestartReason);
            }

            nowUs = Clock.NowUs;
            panel.Show(button.IsPressed ? StatusPattern.Stopped : link.IsConnected ? StatusPattern.Connected : StatusPattern.NoLink, nowUs);
            long lightUs = StatusLight.NextUs(nowUs);
            Wait((next < lightUs ? next : lightUs) - nowUs);
        }
    }

    // The cuff is open, the console says what happened, and the link is tried, so that somebody may see it from afar. A reset is an ordinary start again.
    private static void SafeMode()
    {
        string record = string.Empty;
        IPodLink? link = null;
        try
        {
            OpenCuff();
            if (_guard != null)
            {
                record = _guard.LastRecord();
                _guard.OnReboot(FaultCode.SafeMode);
            }

            if (_services != null)
            {
                _services.IsSafeMode = true;
                _services.Pod = null;
                _services.Record = record;
                byte[] state = StateMessage.SafeMode();
                IPodLink up = NewLink(LinkSecurity.Of(_services.Configuration.Active), _services);
                link = up;
                string topic = Topics.State(_services.DeviceId);
                up.Connected += () => up.TryPublish(topic, state, state.Length, 1, true);
            }
        }
        catch (Exception e)
        {
            record += e.Message;
        }

        long sayUs = 0;
        while (true)
        {
            long nowUs = Clock.NowUs;
            Watch.Seen(nowUs);
            long nextUs = StatusLight.NextUs(nowUs);
            try
            {
                if (link != null)
                {
                    link.Step(nowUs);
                }

                long dueUs = _service == null ? long.MaxValue : _service.Step(nowUs);
                nextUs = dueUs < nextUs ? dueUs : nextUs;
                if (_services != null && nowUs >= _services.RestartUs)
                {
                    Restart(_services.RestartReason);
                }

                if (nowUs >= sayUs && _service == null)
                {
                    sayUs = nowUs + SafeModeLinePeriodUs;
                    Say("P" + ((int)FaultCode.SafeMode).ToString() + " safe mode: the cuff is open and nothing is measured\n" + record);
                }
            }
            catch (Exception)
            {
                // Nothing here may end safe mode.
            }

            _panel?.Show(StatusPattern.SafeMode, nowUs);
            Wait(nextUs - nowUs);
        }
    }

    // True: reboot. False: this boot could not be counted, or it was to be safe mode already, so that a reboot might go on for ever.
    private static bool Fail(Exception e)
    {
        try
        {
            OpenCuff();
            FaultCode reason = e is OutOfMemoryException ? FaultCode.MemoryExhausted : _isRunning ? FaultCode.ProgramFailed : FaultCode.StartFailed;
            if (e is PodFaultException)
            {
                reason = ((PodFaultException)e).FaultCode;
            }

            if (_guard != null)
            {
                Say(_guard.Record(reason, e.GetType().FullName, e.Message, e.StackTrace));
            }
        }
        catch (Exception)
        {
            // Without memory even the record fails; the reboot does not.
        }

        Thread.Sleep(StartGuard.PauseMs);
        return _guard != null && _guard.IsCounted && !_guard.IsSafeMode;
    }

    private static void OpenCuff()
    {
        EspCuffActuators? cuff = _cuff;
        if (cuff != null)
        {
            cuff.OpenDumpValve();
            cuff.SetBleedValve(1000);
            cuff.SetPump(0);
        }
    }

    // A board that knows no gateway has a link that never comes up; its console works all the same.
    private static IPodLink NewLink(LinkSecurity? security, ConsoleServices services)
    {
        PodConfiguration configuration = services.Configuration.Active;
        if (!configuration.Has(ConfigurationKeys.GatewayHost))
        {
            return new EspNoLink();
        }

        M2MqttLibrary library = new M2MqttLibrary(
            new EspWifi(Clock, configuration.Text(ConfigurationKeys.WifiSsid), configuration.Text(ConfigurationKeys.WifiPassword)),
            security,
            configuration.Text(ConfigurationKeys.GatewayHost),
            configuration.Number(ConfigurationKeys.GatewayPort, LinkCommands.DefaultPort(configuration)),
            "pod-" + Topics.DeviceText(services.DeviceId),
            Topics.State(services.DeviceId),
            new string(Encoding.UTF8.GetChars(StateMessage.Will())),
            new string[] { Topics.Command(services.DeviceId), Topics.TimeReply(services.DeviceId) },
            Wake);
        return new MqttLink(library, Topics.Command(services.DeviceId));
    }

    private static void Wire(PeripheralOptions part, Board board, EspCuffActuators cuff, bool hasMasterClock)
    {
        switch (part.Part)
        {
            case PodPart.Mprls0300:
                part.Cuff = cuff;
                return;
            case PodPart.SunTechNibp:
                Configuration.SetPinFunction(board.OemTransmitPin, DeviceFunction.COM2_TX);
                Configuration.SetPinFunction(board.OemReceivePin, DeviceFunction.COM2_RX);
                part.Serial = new EspSerialPort(SampleCart.SunTechNibpSerialPort, SampleCart.SunTechNibpBaudRate);
                return;
            case PodPart.Pcm1808:
                part.Audio = new EspAudioPort(Clock, SampleCart.SoundBusId, hasMasterClock ? 0 : SampleCart.SoundClockBusId, SampleCart.IsSoundLeft);
                return;
            default:
                return;
        }
    }

    private static void Restart(FaultCode reason)
    {
        OpenCuff();
        if (_guard != null)
        {
            _guard.OnReboot(reason);
        }

        Power.RebootDevice();
    }

    private static void Say(string text) => _console?.Write(text);

    private static void Wait(long us)
    {
        long waitMs = us / 1000;
        if (waitMs > 0)
        {
            Wake.WaitOne(waitMs > LongestSleepMs ? LongestSleepMs : (int)waitMs, false);
        }
    }

    // Its own view of the drive: the loop may stand with a file open.
    private static void WatchLoop()
    {
        while (true)
        {
            Thread.Sleep(WatchPeriodMs);
            if (!Watch.Stands(Clock.NowUs))
            {
                continue;
            }

            try
            {
                OpenCuff();
                if (_board != null)
                {
                    new StartGuard(new LittlefsStore(new EspFileDrive(_board.StoreRoot), _board.StoreKibibytes * 1024)).OnReboot(FaultCode.LoopStood);
                }
            }
            finally
            {
                Power.RebootDevice();
            }
        }
    }
}
