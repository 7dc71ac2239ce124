using System;
using System.Device.Wifi;
using System.Net.NetworkInformation;
using nanoFramework.Networking;

namespace Firmware.Esp32;

/// <summary>
/// The Wi-Fi of the configuration; without one that which is stored on the board. It is joined in the background; when it is lost the runtime joins it again by itself, and when that has not helped for <see cref="RejoinAfterUs"/> it is
/// left and joined anew. Used by the link's own thread only.
/// </summary>
public sealed class EspWifi
{
    /// <summary>Longest wait for an address in one attempt, ms.</summary>
    public const int WaitMs = 10_000;

    /// <summary>Without an address for this long: joined anew, µs. Assumption: some attempts of the runtime.</summary>
    public const long RejoinAfterUs = 60_000_000;

    private readonly EspClock _clock;
    private readonly string _ssid;
    private readonly string _password;
    private bool _started;
    private long _lostUs;

    /// <summary>Stores; the first <see cref="Wait"/> begins.</summary>
    /// <param name="clock">The clock.</param>
    /// <param name="ssid">The network's name; empty for the one that is stored on the board.</param>
    /// <param name="password">Its password.</param>
    public EspWifi(EspClock clock, string ssid, string password)
    {
        _clock = clock;
        _ssid = ssid;
        _password = password;
    }

    /// <summary>Waits for an address.</summary>
    /// <returns>True when there is one.</returns>
    public bool Wait()
    {
        try
        {
            if (!_started)
            {
                _started = true;
                _lostUs = _clock.NowUs;
                if (_ssid.Length > 0)
                {
                    WifiNetworkHelper.SetupNetworkHelper(_ssid, _password, WifiReconnectionKind.Automatic);
                }
                else
                {
                    WifiNetworkHelper.SetupNetworkHelper();
                }
            }

            if (WifiNetworkHelper.NetworkReady.WaitOne(WaitMs, false) && HasAddress())
            {
                _lostUs = _clock.NowUs;
                return true;
            }

            if (_clock.NowUs - _lostUs >= RejoinAfterUs)
            {
                _lostUs = _clock.NowUs;
                Rejoin();
            }

            return false;
        }
        catch (Exception)
        {
            // No adapter yet, or none configured: tried again at the next attempt.
            return false;
        }
    }

    private static bool HasAddress()
    {
        NetworkInterface[] all = NetworkInterface.GetAllNetworkInterfaces();
        for (int i = 0; i < all.Length; i++)
        {
            string address = all[i].IPv4Address;
            if (address.Length > 0 && address != "0.0.0.0")
            {
                return true;
            }
        }

        return false;
    }

    private void Rejoin()
    {
        WifiAdapter adapter = WifiAdapter.FindAllAdapters()[0];
        if (_ssid.Length > 0)
        {
            adapter.Disconnect();
            adapter.Connect(_ssid, WifiReconnectionKind.Automatic, _password);
            return;
        }

        Wireless80211Configuration stored = Wireless80211Configuration.GetAllWireless80211Configurations()[0];
        adapter.Disconnect();
        adapter.Connect(stored.Ssid, WifiReconnectionKind.Automatic, stored.Password);
    }
}
