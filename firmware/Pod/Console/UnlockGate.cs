using System;
using Firmware.Core;
using Firmware.Pod.Configuration;
using Firmware.Pod.Store;
using Firmware.Protocol;

namespace Firmware.Pod.Console;

/// <summary>
/// The technician's unlock: 16 bytes are shown, and the first 8 bytes of HMAC-SHA-256 of them under the pod's key open it. A challenge takes one answer, ends after <see cref="ChallengeUs"/>, and is known to
/// this boot only, so that an answer can be used once, on one pod. After <see cref="MaxWrong"/> wrong answers nothing is taken for <see cref="LockUs"/>; the count outlives a restart, as names of files.
/// </summary>
public sealed class UnlockGate
{
    /// <summary>Bytes of a challenge.</summary>
    public const int ChallengeLength = 16;

    /// <summary>Bytes of an answer.</summary>
    public const int AnswerLength = 8;

    /// <summary>Wrong answers that lock.</summary>
    public const int MaxWrong = 5;

    /// <summary>How long it stays locked, µs.</summary>
    public const long LockUs = 900_000_000;

    /// <summary>A challenge waits for its answer so long, µs. Assumption: time to carry it to another machine and back.</summary>
    public const long ChallengeUs = 300_000_000;

    /// <summary>Without input it locks again after so long, µs. Assumption: longer than looking at a wire takes.</summary>
    public const long IdleUs = 600_000_000;

    private const string WrongPrefix = "unlock-wrong-";

    private readonly IByteStore _store;
    private readonly IHmacSha256 _hmac;
    private readonly IEntropy _entropy;
    private readonly byte[] _challenge = new byte[ChallengeLength];
    private bool _isAsked;
    private long _askedUs;
    private uint _count;
    private int _wrong;
    private long _lockedUntilUs;
    private long _inputUs;

    /// <summary>Stores; <see cref="Begin"/> reads.</summary>
    /// <param name="store">Where wrong answers are counted.</param>
    /// <param name="hmac">HMAC-SHA-256.</param>
    /// <param name="entropy">Random bits; the challenge does not rely on them alone.</param>
    public UnlockGate(IByteStore store, IHmacSha256 hmac, IEntropy entropy)
    {
        _store = store;
        _hmac = hmac;
        _entropy = entropy;
    }

    /// <summary>True while it is open.</summary>
    public bool IsUnlocked { get; private set; }

    /// <summary>How long answers are refused still.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>µs; 0 when they are taken.</returns>
    public long LockedForUs(long nowUs) => nowUs < _lockedUntilUs ? _lockedUntilUs - nowUs : 0;

    /// <summary>Reads how many wrong answers the boots before took. A locked pod stays so for the whole time: it has no clock that runs while it is off.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Begin(long nowUs)
    {
        string[] names = _store.List();
        for (int i = 0; i < names.Length; i++)
        {
            long number = SegmentLog.NumberOf(WrongPrefix, names[i]);
            _wrong = number > _wrong ? (int)number : _wrong;
        }

        if (_wrong >= MaxWrong)
        {
            _lockedUntilUs = nowUs + LockUs;
        }
    }

    /// <summary>
    /// Makes a challenge; the one before is void. It is the HMAC, under the pod's key, of a count, the boot, the time and random bits: none comes twice, and none can be foretold without the key.
    /// </summary>
    /// <param name="key">The pod's key.</param>
    /// <param name="bootId">This boot.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>32 hexadecimal digits.</returns>
    public string NewChallenge(byte[] key, uint bootId, long nowUs)
    {
        byte[] seed = new byte[24];
        _count++;
        LittleEndian.WriteUInt32(seed, 0, bootId);
        LittleEndian.WriteUInt32(seed, 4, _count);
        LittleEndian.WriteUInt64(seed, 8, (ulong)nowUs);
        LittleEndian.WriteUInt32(seed, 16, _entropy.NextUInt32());
        LittleEndian.WriteUInt32(seed, 20, _entropy.NextUInt32());
        Array.Copy(_hmac.Compute(key, seed), 0, _challenge, 0, ChallengeLength);
        _isAsked = true;
        _askedUs = nowUs;
        return Hex(_challenge);
    }

    /// <summary>Takes an answer.</summary>
    /// <param name="key">The pod's key.</param>
    /// <param name="answer">16 hexadecimal digits.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>ConsoleUnlocked, or ConsoleUnlockRefused, or ConsoleLocked.</returns>
    public FaultCode TryUnlock(byte[] key, string answer, long nowUs)
    {
        if (LockedForUs(nowUs) > 0)
        {
            return FaultCode.ConsoleLocked;
        }

        if (_wrong >= MaxWrong)
        {
            Forget(); // the time is over
        }

        bool isAsked = _isAsked && nowUs - _askedUs < ChallengeUs;
        _isAsked = false;
        if (!isAsked)
        {
            return FaultCode.ConsoleUnlockRefused; // nothing was guessed: there was nothing to answer
        }

        if (IsRight(key, answer))
        {
            IsUnlocked = true;
            _inputUs = nowUs;
            Forget();
            return FaultCode.ConsoleUnlocked;
        }

        IsUnlocked = false;
        _wrong++;
        byte[] content = [1];
        string name = SegmentLog.NameOf(WrongPrefix, (uint)_wrong);
        if (_store.Append(name, content, 0, 1) == StoreStatus.Ok)
        {
            _store.Flush(name);
        }

        if (_wrong < MaxWrong)
        {
            return FaultCode.ConsoleUnlockRefused;
        }

        _lockedUntilUs = nowUs + LockUs;
        return FaultCode.ConsoleLocked;
    }

    /// <summary>Somebody types.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void OnInput(long nowUs)
    {
        Step(nowUs);
        _inputUs = nowUs;
    }

    /// <summary>Locks after a pause.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Step(long nowUs)
    {
        if (IsUnlocked && nowUs - _inputUs >= IdleUs)
        {
            Lock();
        }
    }

    /// <summary>Locks, and forgets the challenge.</summary>
    public void Lock()
    {
        IsUnlocked = false;
        _isAsked = false;
    }

    /// <summary>Hexadecimal digits of bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <returns>Lower-case digits.</returns>
    public static string Hex(byte[] bytes)
    {
        const string Digits = "0123456789abcdef";
        char[] text = new char[2 * bytes.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            text[2 * i] = Digits[bytes[i] >> 4];
            text[(2 * i) + 1] = Digits[bytes[i] & 0xF];
        }

        return new string(text);
    }

    private bool IsRight(byte[] key, string answer)
    {
        if (answer.Length != 2 * AnswerLength)
        {
            return false;
        }

        byte[] right = _hmac.Compute(key, _challenge);
        int different = 0;
        for (int i = 0; i < answer.Length; i++)
        {
            int wanted = (i & 1) == 0 ? right[i / 2] >> 4 : right[i / 2] & 0xF;
            different |= wanted ^ DeviceIdentity.HexDigit(answer[i]);
        }

        return different == 0;
    }

    private void Forget()
    {
        for (int i = 1; i <= _wrong; i++)
        {
            _store.Delete(SegmentLog.NameOf(WrongPrefix, (uint)i));
        }

        _wrong = 0;
    }
}
