using System.Globalization;

namespace EdgeGateway.Core;

/// <summary>Text that is the same whatever the machine's culture.</summary>
internal static class Invariant
{
    /// <summary>A whole number in decimal digits.</summary>
    /// <param name="value">The number.</param>
    /// <returns>Its text, with '-' when it is below 0.</returns>
    internal static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
