using System;
using System.Text;
using System.Threading;
using Firmware.Core;
using Firmware.Pod;
using Firmware.Pod.Link;
using Firmware.Pod.Start;
using Firmware.Pod.Store;
using Firmware.Protocol;
using nanoFramework.Hardware.Esp32;
using nanoFramework.Runtime.Native;

namespace Firmware.Esp32;

/// <summary>
/// The pod's program: one loop over the host, woken by the link. What fails before or in the loop is recorded, shown, and ends in a reboot; after three boots that failed the pod stays in safe
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
        Board board = Board.At(Board.IndexOf(SampleCart.Board));
        _board = board;
        bool fits = board.Fits(SystemInfo.TargetName);
        if (fits)
        {
            Configuration.SetPinFunction(board.CuffPumpPin, EspCuffActuators.Pwm(board.CuffPumpPwm));
            Configuration.SetPinFunction(board.CuffBleedPin, EspCuffActuators.Pwm(board.CuffBleedPwm));
            _cuff = new EspCuffActuators(
                board.CuffPumpPin, board.CuffBleedPin, board.CuffTriggerPin, board.CuffClearPin, board.CuffValveSensePin, board.CuffSwitchSensePin);
            _panel = new EspPanel(board.StatusLedPin, board.StopSensePin);
            Configuration.SetPinFunction(board.ConsoleTransmitPin, DeviceFunction.COM3_TX);
            Configuration.SetPinFunction(board.ConsoleReceivePin, DeviceFunction.COM3_RX);
            _console = new EspConsole(new EspSerialPort(PodSettings.ConsoleSerialPort, EspConsole.BaudRate));
        }

        _store = new LittlefsStore(new EspFileDrive(board.StoreRoot), board.StoreKibibytes * 1024);
        _guard = new StartGuard(_store);
        _guard.Begin();
        Say("pod " + PodSettings.Version + ", board " + board.Name + ", isolated USB adapter only\nmemory: " + EspMemory.Text() + "\nboots that failed before this one: " + _guard.Failures.ToString());
        if (!fits)
        {
            // The pins of another board would drive what is not there.
            throw new PodFaultException(FaultCode.BoardUnknown, "the image " + SystemInfo.TargetName + " is not made for board " + board.Name);
        }
    }

    private static void Run()
    {
        Board board = _board!;
        LittlefsStore store = _store!;
        StartGuard guard = _guard!;
        EspCuffActuators cuff = _cuff!;
        EspPanel panel = _panel!;
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
        LinkSecurity? security = LinkSecurity.Load(board.StoreRoot);
        ClockFloor floor = new ClockFloor(store, PodSettings.Released, security == null ? 0 : security.ValidFrom);
        EspUtcClock.Set(floor.Correct(EspUtcClock.Now));
        EspUtcClock.Synchronise(PodSettings.TimeServer);
        MqttLink link = NewLink(security);
        PeripheralOptions pressure;
        if (PodSettings.OemSerialPort.Length > 0)
        {
            Configuration.SetPinFunction(board.OemTransmitPin, DeviceFunction.COM2_TX);
            Configuration.SetPinFunction(board.OemReceivePin, DeviceFunction.COM2_RX);
            pressure = new PeripheralOptions(PodPart.SunTechNibp, 0) { Serial = new EspSerialPort(PodSettings.OemSerialPort, SampleCart.SunTechNibpBaudRate) };
        }
        else
        {
            pressure = new PeripheralOptions(PodPart.Mprls0300, SampleCart.Mprls0300Address) { Cuff = cuff };
        }

        PodOptions options = new PodOptions(SampleCart.DeviceId, new PeripheralOptions[]
        {
            new PeripheralOptions(PodPart.Tmp117, SampleCart.Tmp117Address),
            new PeripheralOptions(PodPart.Max30102, SampleCart.Max30102Address),
            pressure,
            new PeripheralOptions(PodPart.Pcm1808, 0)
            {
                Audio = new EspAudioPort(Clock, SampleCart.SoundBusId, hasMasterClock ? 0 : SampleCart.SoundClockBusId, SampleCart.IsSoundLeft),
            },
        });
        options.Clock = Clock;
        options.Model = "four-sensor pod";
        options.Firmware = PodSettings.Version;
        PodHost host = new PodHost(options, new EspI2cPort(SampleCart.I2cBusId, board.I2cDataPin, board.I2cClockPin), store, EspCrc32.Choose(), entropy, link);
        link.Situation = host.Situation;
        host.Report(guard.LastReason, Clock.NowUs);
        StopButton button = new StopButton();
        _isRunning = true;
        while (true)
        {
            long nowUs = Clock.NowUs;
            Watch.Seen(nowUs);
            if (button.Sample(panel.IsStopLow, nowUs))
            {
                host.Report(FaultCode.StopPressed, nowUs);
                host.StopCuff(nowUs);
            }
            else if (button.IsPressed && host.Situation.IsCuffInflated)
            {
                host.StopCuff(nowUs);
            }

            long next = host.Step(nowUs);
            bool mayWrite = !host.Situation.IsCuffInflated;
            guard.OnLoop(nowUs, mayWrite);
            if (mayWrite && floor.IsDue(nowUs))
            {
                floor.Keep(EspUtcClock.Now, nowUs);
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
        MqttLink? link = null;
        try
        {
            OpenCuff();
            if (_guard != null)
            {
                record = _guard.LastRecord();
                _guard.OnReboot(FaultCode.SafeMode);
            }

            link = NewLink(_board == null ? null : LinkSecurity.Load(_board.StoreRoot));
            byte[] state = StateMessage.SafeMode();
            MqttLink up = link;
            link.Connected += () => up.TryPublish(Topics.State(SampleCart.DeviceId), state, state.Length, 1, true);
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
            try
            {
                if (link != null)
                {
                    link.Step(nowUs);
                }

                if (nowUs >= sayUs)
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
            Wait(StatusLight.NextUs(nowUs) - nowUs);
        }
    }

    // True: reboot. False: this boot could not be counted, so that a reboot might go on for ever.
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
        return _guard != null && _guard.IsCounted;
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

    private static MqttLink NewLink(LinkSecurity? security) => new MqttLink(
        new M2MqttLibrary(
            new EspWifi(Clock),
            security,
            PodSettings.GatewayHost,
            PodSettings.GatewayPort,
            "pod-" + Topics.DeviceText(SampleCart.DeviceId),
            Topics.State(SampleCart.DeviceId),
            new string(Encoding.UTF8.GetChars(StateMessage.Will())),
            new string[] { Topics.Command(SampleCart.DeviceId), Topics.TimeReply(SampleCart.DeviceId) },
            Wake),
        Topics.Command(SampleCart.DeviceId));

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
