using System;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace EdgeGateway.Certificates;

/// <summary>What became of a try.</summary>
public enum EnrolmentAnswer
{
    /// <summary>The code is right; it is used up.</summary>
    Right,

    /// <summary>The code is wrong; others may be tried.</summary>
    Wrong,

    /// <summary>The time is over, the code was used, or too many were wrong: a new one is needed.</summary>
    Over,
}

/// <summary>A code of 8 digits by which one pod is enrolled over the network: for one use, 10 minutes by the monotonic clock and 5 wrong tries.</summary>
public sealed class EnrolmentCode
{
    /// <summary>Digits.</summary>
    public const int Length = 8;

    /// <summary>Life, µs.</summary>
    public const long LifeUs = 600_000_000;

    /// <summary>Wrong tries that end it.</summary>
    public const int MaxWrong = 5;

    private readonly byte[] _digits;
    private readonly long _endUs;
    private int _wrong;
    private bool _isOver;

    /// <summary>Makes a code.</summary>
    /// <param name="digits">8 digits; <see cref="NewDigits"/> gives random ones.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <exception cref="ArgumentException">They are not 8 digits.</exception>
    public EnrolmentCode(string digits, long nowUs)
    {
        ArgumentNullException.ThrowIfNull(digits);
        if (digits.Length != Length || digits.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            throw new ArgumentException("A code has 8 digits.", nameof(digits));
        }

        _digits = Encoding.ASCII.GetBytes(digits);
        _endUs = nowUs + LifeUs;
    }

    /// <summary>Random digits, each code as likely as any other.</summary>
    /// <returns>8 digits.</returns>
    public static string NewDigits() => RandomNumberGenerator.GetInt32(100_000_000).ToString("D8", CultureInfo.InvariantCulture);

    /// <summary>True while it may be tried.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>False when it is over.</returns>
    public bool IsOpen(long nowUs) => !_isOver && nowUs < _endUs;

    /// <summary>Tries a code, in a time that does not depend on where it is wrong.</summary>
    /// <param name="presented">What the peer sent.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>The answer.</returns>
    public EnrolmentAnswer Try(ReadOnlySpan<byte> presented, long nowUs)
    {
        if (!IsOpen(nowUs))
        {
            return EnrolmentAnswer.Over;
        }

        if (CryptographicOperations.FixedTimeEquals(presented, _digits))
        {
            _isOver = true;
            return EnrolmentAnswer.Right;
        }

        _wrong++;
        _isOver = _wrong >= MaxWrong;
        return _isOver ? EnrolmentAnswer.Over : EnrolmentAnswer.Wrong;
    }
}
