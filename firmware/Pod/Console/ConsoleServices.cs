using Firmware.Core;
using Firmware.Pod.Configuration;
using Firmware.Pod.Start;

namespace Firmware.Pod.Console;

/// <summary>What the console's commands work with. Put together by the board's program, and by the simulated one.</summary>
public sealed class ConsoleServices
{
    /// <summary>Stores.</summary>
    /// <param name="configuration">The configuration, opened.</param>
    /// <param name="store">The store.</param>
    /// <param name="board">The board.</param>
    /// <param name="gate">The unlock, begun.</param>
    /// <param name="crc32">The CRC of protocol lines.</param>
    /// <param name="hmac">HMAC-SHA-256.</param>
    public ConsoleServices(ConfigurationStore configuration, IByteStore store, IBoardService board, UnlockGate gate, ICrc32 crc32, IHmacSha256 hmac)
    {
        Configuration = configuration;
        Store = store;
        Board = board;
        Gate = gate;
        Crc32 = crc32;
        Hmac = hmac;
    }

    /// <summary>Reads what the store holds, and takes up the configuration in force. Once, at the start of a boot, before the pod's loop is made.</summary>
    /// <param name="store">The store.</param>
    /// <param name="board">The board.</param>
    /// <param name="crc32">The CRC of files and protocol lines.</param>
    /// <param name="hmac">HMAC-SHA-256.</param>
    /// <param name="entropy">Random bits.</param>
    /// <param name="mac">The chip's MAC, six bytes.</param>
    /// <param name="resetReason">Why the boot before ended.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>The services.</returns>
    public static ConsoleServices Begin(IByteStore store, IBoardService board, ICrc32 crc32, IHmacSha256 hmac, IEntropy entropy, byte[] mac, FaultCode resetReason, long nowUs)
    {
        ConfigurationStore configuration = new ConfigurationStore(store, crc32);
        configuration.Open();
        UnlockGate gate = new UnlockGate(store, hmac, entropy);
        gate.Begin(nowUs);
        RebootLog reboots = new RebootLog(store);
        reboots.Begin(resetReason);
        bool isNamed = DeviceIdentity.TryParse(configuration.Active.Text(ConfigurationKeys.DeviceId), out ulong deviceId);
        return new ConsoleServices(configuration, store, board, gate, crc32, hmac)
        {
            Reboots = reboots,
            ResetReason = resetReason,
            DeviceId = isNamed ? deviceId : DeviceIdentity.OfMac(mac),
            MacText = HexOf(mac),
        };
    }

    /// <summary>The configuration.</summary>
    public ConfigurationStore Configuration { get; }

    /// <summary>The store.</summary>
    public IByteStore Store { get; }

    /// <summary>The board.</summary>
    public IBoardService Board { get; }

    /// <summary>The unlock.</summary>
    public UnlockGate Gate { get; }

    /// <summary>The CRC of protocol lines.</summary>
    public ICrc32 Crc32 { get; }

    /// <summary>HMAC-SHA-256.</summary>
    public IHmacSha256 Hmac { get; }

    /// <summary>The chip's MAC, twelve lower-case hexadecimal digits; by it a bring-up knows which board answers.</summary>
    public string MacText { get; private set; } = string.Empty;

    /// <summary>The pod's loop; null in safe mode, and before it begins.</summary>
    public IPodService? Pod { get; set; }

    /// <summary>The bus with the technician's fault; null where there is none.</summary>
    public InjectableBus? Bus { get; set; }

    /// <summary>Why the last boots ended; null where nobody keeps it.</summary>
    public RebootLog? Reboots { get; set; }

    /// <summary>This pod's EUI-64.</summary>
    public ulong DeviceId { get; set; }

    /// <summary>The board's name.</summary>
    public string BoardName { get; set; } = string.Empty;

    /// <summary>Version of the program.</summary>
    public string Version { get; set; } = string.Empty;

    /// <summary>Hash of the program's sources, 16 hexadecimal digits.</summary>
    public string Build { get; set; } = string.Empty;

    /// <summary>Why the boot before ended; None for a cut of power or a reset from outside.</summary>
    public FaultCode ResetReason { get; set; }

    /// <summary>True in safe mode.</summary>
    public bool IsSafeMode { get; set; }

    /// <summary>The record of the failed start that led to safe mode; empty for none.</summary>
    public string Record { get; set; } = string.Empty;

    /// <summary>A fault of the start that people must know: a calibration that was not used; None for none.</summary>
    public FaultCode StartFault { get; set; }

    /// <summary>When the pod is to restart, monotonic µs; <see cref="long.MaxValue"/> for not at all. The board's loop does it.</summary>
    public long RestartUs { get; private set; } = long.MaxValue;

    /// <summary>Why it restarts.</summary>
    public FaultCode RestartReason { get; private set; }

    /// <summary>What the pod is in, one plain word.</summary>
    public string State =>
        IsSafeMode ? "safeMode"
        : Configuration.IsDamaged ? "damaged"
        : !Configuration.IsProvisioned ? "unprovisioned"
        : Configuration.IsOnTrial ? "trial"
        : Pod == null || !Pod.IsReady ? "starting"
        : Pod.IsOnBench ? "bench"
        : "running";

    /// <summary>Whether settings need the unlock: the configuration in force has a technician's key.</summary>
    public bool HasKey => Configuration.Active.Has(ConfigurationKeys.TechnicianKey);

    /// <summary>True while a session is open.</summary>
    public bool IsInSession => Pod != null && Pod.Epoch != 0;

    private static string HexOf(byte[] bytes)
    {
        const string Digits = "0123456789abcdef";
        char[] text = new char[bytes.Length * 2];
        for (int i = 0; i < bytes.Length; i++)
        {
            text[2 * i] = Digits[bytes[i] >> 4];
            text[(2 * i) + 1] = Digits[bytes[i] & 15];
        }

        return new string(text);
    }

    /// <summary>Asks for a restart; the first one holds.</summary>
    /// <param name="atUs">When, monotonic µs.</param>
    /// <param name="reason">Why.</param>
    public void RestartAt(long atUs, FaultCode reason)
    {
        if (RestartUs == long.MaxValue)
        {
            RestartUs = atUs;
            RestartReason = reason;
            if (Pod != null)
            {
                Pod.IsRestarting = true; // no session is opened on a pod that is about to restart
            }
        }
    }

    /// <summary>Word of why a boot ended.</summary>
    /// <param name="reason">The code.</param>
    /// <returns>powerOn, or the code as P and four digits.</returns>
    public static string ResetWord(FaultCode reason) => reason == FaultCode.None ? "powerOn" : "P" + ((int)reason).ToString();
}
