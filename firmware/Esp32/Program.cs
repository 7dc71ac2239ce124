using System;
using System.Text;
using System.Threading;
using Firmware.Core;
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
        Board board = Board.At(Board.IndexOf(SampleCart.Board));
        if (!board.Fits(SystemInfo.TargetName))
        {
            // The pins of another board would drive what is not there.
            throw new PodFaultException(FaultCode.BoardUnknown, "the image " + SystemInfo.TargetName + " is not made for board " + board.Name);
        }

        // Before anything else is driven: whatever the outputs were before, the cuff's valves are open and its pump is off.
        Configuration.SetPinFunction(board.CuffPumpPin, DeviceFunction.PWM1);
        Configuration.SetPinFunction(board.CuffBleedPin, DeviceFunction.PWM2);
        EspCuffActuators cuff = new EspCuffActuators(
            board.CuffPumpPin, board.CuffBleedPin, board.CuffTriggerPin, board.CuffClearPin, board.CuffValveSensePin, board.CuffSwitchSensePin);
        EspEntropy entropy = new EspEntropy();
        entropy.Stir();
        Configuration.SetPinFunction(board.I2cDataPin, DeviceFunction.I2C1_DATA);
        Configuration.SetPinFunction(board.I2cClockPin, DeviceFunction.I2C1_CLOCK);
        Configuration.SetPinFunction(board.SoundBitClockPin, DeviceFunction.I2S1_BCK);
        Configuration.SetPinFunction(board.SoundSlotClockPin, DeviceFunction.I2S1_WS);
        Configuration.SetPinFunction(board.SoundDataPin, DeviceFunction.I2S1_MDATA_IN);
        Configuration.SetPinFunction(board.SoundSystemClockPin, DeviceFunction.I2S2_BCK);

        // Joins the network that is stored on the board, in the background.
        WifiNetworkHelper.SetupNetworkHelper();

        AutoResetEvent wake = new AutoResetEvent(false);
        EspClock clock = new EspClock();
        LittlefsStore store = new LittlefsStore(board.StoreRoot, PodSettings.StoreBudgetBytes);
        store.List();
        entropy.Stir();
        M2MqttLink link = new M2MqttLink(
            PodSettings.GatewayHost,
            PodSettings.GatewayPort,
            "pod-" + Topics.DeviceText(SampleCart.DeviceId),
            Topics.State(SampleCart.DeviceId),
            new string(Encoding.UTF8.GetChars(StateMessage.Will())),
            new string[] { Topics.Command(SampleCart.DeviceId), Topics.TimeReply(SampleCart.DeviceId) },
            wake);
        PeripheralOptions pressure;
        if (PodSettings.OemSerialPort.Length > 0)
        {
            Configuration.SetPinFunction(board.OemTransmitPin, DeviceFunction.COM2_TX);
            Configuration.SetPinFunction(board.OemReceivePin, DeviceFunction.COM2_RX);
            pressure = new PeripheralOptions(PodPart.SunTechNibp, 0) { Serial = new EspSerialPort(PodSettings.OemSerialPort) };
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
            new PeripheralOptions(PodPart.Pcm1808, 0) { Audio = new EspAudioPort(clock, SampleCart.SoundBusId, SampleCart.SoundClockBusId, SampleCart.IsSoundLeft) },
        });
        options.Clock = clock;
        options.Model = "four-sensor pod";
        options.Firmware = PodSettings.Version;
        PodHost host = new PodHost(options, new EspI2cPort(SampleCart.I2cBusId), store, EspCrc32.Choose(), entropy, link);
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
