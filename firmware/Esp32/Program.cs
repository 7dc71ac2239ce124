using System;
using System.Text;
using System.Threading;
using Firmware.Pod;
using Firmware.Pod.Link;
using Firmware.Protocol;
using nanoFramework.Hardware.Esp32;
using nanoFramework.Networking;
using nanoFramework.Runtime.Native;

namespace Firmware.Esp32;

/// <summary>The pod's program: one loop over the host, woken by the link.</summary>
public static class Program
{
    // The longest sleep of the loop, ms: a lost wake-up costs no more than this.
    private const int LongestSleepMs = 1000;

    /// <summary>Never returns. An exception that nobody expected restarts the board: a pod that stands still is worse than one that begins again.</summary>
    public static void Main()
    {
        try
        {
            Run();
        }
        catch (Exception)
        {
            Power.RebootDevice();
        }
    }

    private static void Run()
    {
        // First of all: whatever the outputs were before, the cuff's valves are open and its pump is off.
        Configuration.SetPinFunction(Board.CuffPumpPin, DeviceFunction.PWM1);
        Configuration.SetPinFunction(Board.CuffBleedPin, DeviceFunction.PWM2);
        EspCuffActuators cuff = new EspCuffActuators(
            Board.CuffPumpPin, Board.CuffBleedPin, Board.CuffTriggerPin, Board.CuffClearPin, Board.CuffValveSensePin, Board.CuffSwitchSensePin);
        EspEntropy entropy = new EspEntropy();
        entropy.Stir();
        Configuration.SetPinFunction(Board.SdaPin, DeviceFunction.I2C1_DATA);
        Configuration.SetPinFunction(Board.SclPin, DeviceFunction.I2C1_CLOCK);
        Configuration.SetPinFunction(Board.SoundBckPin, DeviceFunction.I2S1_BCK);
        Configuration.SetPinFunction(Board.SoundWsPin, DeviceFunction.I2S1_WS);
        Configuration.SetPinFunction(Board.SoundDinPin, DeviceFunction.I2S1_MDATA_IN);
        Configuration.SetPinFunction(Board.SoundClockPin, DeviceFunction.I2S2_BCK);

        // Joins the network that is stored on the board, in the background.
        WifiNetworkHelper.SetupNetworkHelper();

        AutoResetEvent wake = new AutoResetEvent(false);
        EspClock clock = new EspClock();
        LittlefsStore store = new LittlefsStore(Board.StoreRoot, Board.StoreBudgetBytes);
        store.List();
        entropy.Stir();
        M2MqttLink link = new M2MqttLink(
            Board.GatewayHost,
            Board.GatewayPort,
            "pod-" + Topics.DeviceText(Board.DeviceId),
            Topics.State(Board.DeviceId),
            new string(Encoding.UTF8.GetChars(StateMessage.Will())),
            new string[] { Topics.Command(Board.DeviceId), Topics.TimeReply(Board.DeviceId) },
            wake);
        PeripheralOptions pressure;
        if (Board.OemSerialPort.Length > 0)
        {
            Configuration.SetPinFunction(Board.OemTxPin, DeviceFunction.COM2_TX);
            Configuration.SetPinFunction(Board.OemRxPin, DeviceFunction.COM2_RX);
            pressure = new PeripheralOptions(PodPart.SunTechNibp, 0) { Serial = new EspSerialPort(Board.OemSerialPort) };
        }
        else
        {
            pressure = new PeripheralOptions(PodPart.Mprls0300, Board.Mprls0300Address) { Cuff = cuff };
        }

        PodOptions options = new PodOptions(Board.DeviceId, new PeripheralOptions[]
        {
            new PeripheralOptions(PodPart.Tmp117, Board.Tmp117Address),
            new PeripheralOptions(PodPart.Max30102, Board.Max30102Address),
            pressure,
            new PeripheralOptions(PodPart.Pcm1808, 0) { Audio = new EspAudioPort(clock, Board.SoundBusId, Board.SoundClockBusId, Board.IsSoundLeft) },
        });
        options.Clock = clock;
        options.Model = "four-sensor pod";
        options.Firmware = Board.Version;
        PodHost host = new PodHost(options, new EspI2cPort(Board.I2cBusId), store, EspCrc32.Choose(), entropy, link);
        while (true)
        {
            long next = host.Step(clock.NowUs);
            long waitMs = (next - clock.NowUs) / 1000;
            if (waitMs > 0)
            {
                wake.WaitOne(waitMs > LongestSleepMs ? LongestSleepMs : (int)waitMs, false);
            }
        }
    }
}
