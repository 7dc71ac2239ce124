using Firmware.Core;
using Firmware.Pod.Configuration;

namespace Firmware.Pod.Console;

/// <summary>The commands of the configuration and of the calibrations in it. No answer holds a secret.</summary>
public sealed class ConfigurationCommands
{
    /// <summary>From the answer of a commit to the restart, µs: time for the answer to leave.</summary>
    public const long RestartUs = 500_000;

    private readonly ConsoleServices _services;
    private readonly ConfigurationStore _configuration;
    private readonly PemText _pem = new PemText();
    private readonly PartCalibration _calibration = new PartCalibration();

    /// <summary>Stores.</summary>
    /// <param name="services">The pod.</param>
    public ConfigurationCommands(ConsoleServices services)
    {
        _services = services;
        _configuration = services.Configuration;
    }

    /// <summary>A value as it may be shown.</summary>
    /// <param name="configuration">Whose.</param>
    /// <param name="key">One of <see cref="ConfigurationKeys"/>.</param>
    /// <returns>The value; of a secret or a PEM text only whether it is set.</returns>
    public static string Shown(PodConfiguration configuration, int key)
    {
        ConfigurationKey row = ConfigurationKeys.All[key];
        return !configuration.Has(key) ? "(not set)" : row.IsSecret || row.IsPem ? "(set)" : configuration.Text(key);
    }

    /// <summary><c>config help</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>One row a turn.</returns>
    public static CommandTurn Help(ConsoleCall call)
    {
        if (call.Turn == ConfigurationKeys.Count)
        {
            return CommandTurn.Done;
        }

        ConfigurationKey row = ConfigurationKeys.All[call.Turn];
        call.Answer.Text("key", row.Name, 21);
        call.Answer.Text("range", row.Min.ToString() + " to " + row.Max.ToString() + (row.Kind == ConfigurationKind.Number ? string.Empty : " signs"), 17);
        call.Answer.Text("about", row.About, 72);
        call.Answer.Text("example", row.Example, 36);
        call.Answer.EndRow();
        return CommandTurn.More;
    }

    /// <summary><c>config get</c>: what is set for the next commit.</summary>
    /// <param name="call">The call.</param>
    /// <returns>One row a turn.</returns>
    public CommandTurn Get(ConsoleCall call)
    {
        if (call.Arguments.Length > 0)
        {
            int key = ConfigurationKeys.IndexOf(call.Argument(0));
            if (key < 0)
            {
                return Unknown(call, call.Argument(0));
            }

            call.Answer.Text(ConfigurationKeys.All[key].Name, Shown(_configuration.Working, key));
            return CommandTurn.Done;
        }

        if (call.Turn == ConfigurationKeys.Count)
        {
            call.Answer.Number("sequence", _configuration.Sequence);
            return CommandTurn.Done;
        }

        call.Answer.Text("key", ConfigurationKeys.All[call.Turn].Name, 21);
        call.Answer.Text("value", Shown(_configuration.Working, call.Turn), 50);
        call.Answer.EndRow();
        return CommandTurn.More;
    }

    /// <summary><c>config set</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done or refused.</returns>
    public CommandTurn Set(ConsoleCall call)
    {
        int key = ConfigurationKeys.IndexOf(call.Argument(0));
        if (key < 0)
        {
            return Unknown(call, call.Argument(0));
        }

        if (call.Arguments.Length != 2)
        {
            return call.Refuse(FaultCode.ConsoleArgumentWrong, "a value with blanks stands between quotation marks");
        }

        string wrong = key == ConfigurationKeys.Board && !_services.Board.FitsBoard(call.Argument(1))
            ? "no such board, or it does not fit the image " + _services.Board.Target
            : _configuration.Working.Set(key, call.Argument(1));
        if (wrong.Length > 0)
        {
            return call.Refuse(FaultCode.ConfigurationRefused, wrong);
        }

        call.Answer.Text(ConfigurationKeys.All[key].Name, Shown(_configuration.Working, key));
        return CommandTurn.Done;
    }

    /// <summary><c>config put</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done or refused.</returns>
    public CommandTurn Put(ConsoleCall call)
    {
        int key = ConfigurationKeys.IndexOf(call.Argument(0));
        if (key < 0)
        {
            return Unknown(call, call.Argument(0));
        }

        if (!ConfigurationKeys.All[key].IsPem)
        {
            return call.Refuse(FaultCode.ConsoleArgumentWrong, "only certificates and keys come in pieces; use config set");
        }

        if (!call.TryNumber(1, 1, 99, out int number) || !call.TryNumber(2, 1, 99, out int of))
        {
            return call.Refuse(FaultCode.ConsoleArgumentWrong, "n and of are 1 to 99");
        }

        string wrong = _pem.Add(key, number, of, call.Argument(3));
        if (wrong.Length > 0)
        {
            return call.Refuse(FaultCode.ConfigurationRefused, wrong);
        }

        if (_pem.IsWhole)
        {
            _configuration.Working.SetBytes(key, _pem.Take());
        }

        call.Answer.Number("have", number);
        call.Answer.Number("of", of);
        return CommandTurn.Done;
    }

    /// <summary><c>config clear</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done or refused.</returns>
    public CommandTurn Clear(ConsoleCall call)
    {
        int key = ConfigurationKeys.IndexOf(call.Argument(0));
        if (key < 0)
        {
            return Unknown(call, call.Argument(0));
        }

        if (_services.IsInSession && (key == ConfigurationKeys.CuffCalibration || key == ConfigurationKeys.OximeterCalibration))
        {
            return call.Refuse(FaultCode.ConsoleSessionOpen, string.Empty);
        }

        _configuration.Working.Clear(key);
        call.Answer.Text(ConfigurationKeys.All[key].Name, "(not set)");
        return CommandTurn.Done;
    }

    /// <summary><c>config diff</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>One row a turn.</returns>
    public CommandTurn Diff(ConsoleCall call)
    {
        while (call.Kept < ConfigurationKeys.Count)
        {
            int key = (int)call.Kept;
            call.Kept++;
            if (_configuration.Working.IsSame(key, _configuration.Active))
            {
                continue;
            }

            ConfigurationKey row = ConfigurationKeys.All[key];
            bool isHidden = row.IsSecret || row.IsPem;
            call.Answer.Text("key", row.Name, 21);
            call.Answer.Text("now", Shown(_configuration.Active, key), 34);
            call.Answer.Text("then", isHidden && _configuration.Working.Has(key) && _configuration.Active.Has(key) ? "(changed)" : Shown(_configuration.Working, key), 34);
            call.Answer.EndRow();
            call.KeptToo++;
            return CommandTurn.More;
        }

        call.Answer.Number("changes", call.KeptToo);
        return CommandTurn.Done;
    }

    /// <summary><c>config commit</c>: stores, answers, and restarts the pod.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done or refused.</returns>
    public CommandTurn Commit(ConsoleCall call)
    {
        if (_services.RestartUs != long.MaxValue)
        {
            return call.Refuse(FaultCode.ConsoleBusy, "the pod is about to restart");
        }

        if (_configuration.IsOnTrial)
        {
            return call.Refuse(FaultCode.ConsoleBusy, "the configuration in force is on trial: config confirm or config revert first");
        }

        if (!_configuration.IsChanged)
        {
            return call.Refuse(FaultCode.ConsoleArgumentWrong, "nothing is changed");
        }

        if (IsCuffInflated)
        {
            return call.Refuse(FaultCode.ConsoleBusy, "nothing is written while the cuff holds pressure");
        }

        string wrong = Whole();
        if (wrong.Length > 0)
        {
            return call.Refuse(FaultCode.ConfigurationRefused, wrong);
        }

        StoreStatus status = _configuration.Commit(out uint sequence);
        if (status != StoreStatus.Ok)
        {
            return call.Refuse(FaultCode.ConfigurationNotStored, status == StoreStatus.Full ? "there is no room for it" : string.Empty);
        }

        call.Answer.Number("sequence", sequence);
        call.Answer.Number("confirmWithinMs", ConfigurationStore.TrialUs / 1000);
        _services.RestartAt(call.NowUs + RestartUs, FaultCode.RebootCommanded);
        return CommandTurn.Done;
    }

    /// <summary><c>config confirm</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done or refused.</returns>
    public CommandTurn Confirm(ConsoleCall call)
    {
        if (_services.RestartUs != long.MaxValue)
        {
            return call.Refuse(FaultCode.ConsoleBusy, "the pod is about to restart");
        }

        if (!_configuration.IsOnTrial)
        {
            return call.Refuse(FaultCode.ConsoleArgumentWrong, _configuration.WasUndone ? "it was undone: nobody confirmed it in time" : "no configuration is on trial");
        }

        if (IsCuffInflated)
        {
            return call.Refuse(FaultCode.ConsoleBusy, "nothing is written while the cuff holds pressure");
        }

        if (_configuration.Confirm() != StoreStatus.Ok)
        {
            return call.Refuse(FaultCode.ConfigurationNotStored, string.Empty);
        }

        _services.Pod?.Report(FaultCode.ConfigurationConfirmed, call.NowUs);
        call.Answer.Number("sequence", _configuration.Sequence);
        return CommandTurn.Done;
    }

    /// <summary><c>config revert</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done or refused.</returns>
    public CommandTurn Revert(ConsoleCall call)
    {
        if (_services.RestartUs != long.MaxValue)
        {
            return call.Refuse(FaultCode.ConsoleBusy, "the pod is about to restart");
        }

        if (!_configuration.IsOnTrial)
        {
            _configuration.Revert();
            call.Answer.Number("sequence", _configuration.Sequence);
            return CommandTurn.Done;
        }

        if (IsCuffInflated || _configuration.Undo() != StoreStatus.Ok)
        {
            return call.Refuse(FaultCode.ConfigurationNotStored, string.Empty);
        }

        _services.RestartAt(call.NowUs + RestartUs, FaultCode.ConfigurationUndone);
        call.Answer.Flag("restarts", true);
        return CommandTurn.Done;
    }

    /// <summary><c>calibration list</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>One row a turn.</returns>
    public CommandTurn Calibrations(ConsoleCall call)
    {
        if (call.Turn == 2)
        {
            return CommandTurn.Done;
        }

        bool isCuff = call.Turn == 0;
        int key = isCuff ? ConfigurationKeys.CuffCalibration : ConfigurationKeys.OximeterCalibration;
        bool isThere = _configuration.Active.Has(key) && _calibration.Read(isCuff, _configuration.Active.Text(key)).Length == 0;
        call.Answer.Text("part", isCuff ? "cuff" : "oximeter", 10);
        call.Answer.Flag("calibrated", isThere, 11);
        call.Answer.Text("serial", isThere ? _calibration.Serial : string.Empty, 24);
        call.Answer.Text("date", isThere ? _calibration.Date : string.Empty, 11);
        call.Answer.Text("due", isThere ? _calibration.Due : string.Empty, 11);
        call.Answer.EndRow();
        return CommandTurn.More;
    }

    /// <summary><c>calibration set</c>.</summary>
    /// <param name="call">The call.</param>
    /// <returns>Done or refused.</returns>
    public CommandTurn Calibrate(ConsoleCall call)
    {
        bool isCuff = string.Equals(call.Argument(0), "cuff");
        if ((!isCuff && !string.Equals(call.Argument(0), "oximeter")) || call.Arguments.Length != 5)
        {
            return call.Refuse(FaultCode.ConsoleArgumentWrong, "calibration set takes cuff or oximeter, serial, date, due and values");
        }

        PodConfiguration working = _configuration.Working;
        int serialKey = isCuff ? ConfigurationKeys.CuffSerial : ConfigurationKeys.OximeterSerial;
        string serial = call.Argument(1);
        string text = serial + ";" + call.Argument(2) + ";" + call.Argument(3) + ";" + call.Argument(4);
        string wrong = _calibration.Read(isCuff, text);
        if (wrong.Length == 0 && working.Has(serialKey) && !string.Equals(working.Text(serialKey), serial))
        {
            wrong = "the sensor that is fitted has serial number " + working.Text(serialKey);
        }

        int key = isCuff ? ConfigurationKeys.CuffCalibration : ConfigurationKeys.OximeterCalibration;
        if (wrong.Length == 0 && text.Length > ConfigurationKeys.All[key].Max)
        {
            wrong = "it is longer than " + ConfigurationKeys.All[key].Max.ToString() + " signs";
        }

        if (wrong.Length == 0 && !working.Has(serialKey))
        {
            wrong = working.Set(serialKey, serial);
        }

        if (wrong.Length > 0)
        {
            return call.Refuse(FaultCode.CalibrationRefused, wrong);
        }

        working.SetBytes(key, PodConfiguration.Ascii(text));
        call.Answer.Text("serial", serial);
        call.Answer.Text("due", _calibration.Due);
        return CommandTurn.Done;
    }

    private bool IsCuffInflated => _services.Pod != null && _services.Pod.Situation.IsCuffInflated;

    // What belongs together must come together: half of a TLS identity is a pod that cannot connect.
    private string Whole()
    {
        PodConfiguration working = _configuration.Working;
        bool hasAny = working.Has(ConfigurationKeys.TlsAuthority) || working.Has(ConfigurationKeys.TlsCertificate) || working.Has(ConfigurationKeys.TlsKey);
        bool hasAll = working.Has(ConfigurationKeys.TlsAuthority) && working.Has(ConfigurationKeys.TlsCertificate) && working.Has(ConfigurationKeys.TlsKey);
        if (hasAny && !hasAll)
        {
            return "tls.ca, tls.certificate and tls.key belong together, and one is missing";
        }

        if (working.Has(ConfigurationKeys.WifiPassword) && !working.Has(ConfigurationKeys.WifiSsid))
        {
            return "wifi.password without wifi.ssid";
        }

        return _services.HasKey && !working.Has(ConfigurationKeys.TechnicianKey) ? "a provisioned pod keeps a technicianKey; factory takes it away" : string.Empty;
    }

    // A key that was mistyped may stand before a secret, so only the key is repeated.
    private static CommandTurn Unknown(ConsoleCall call, string key) =>
        call.Refuse(FaultCode.ConfigurationRefused, "there is no key '" + (key.Length > 24 ? key.Substring(0, 24) : key) + "'");
}
