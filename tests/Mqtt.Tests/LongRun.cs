using System;

namespace Mqtt.Tests;

/// <summary>The same tests with bigger numbers, when the environment says <c>CART_LONG=1</c>.</summary>
internal static class LongRun
{
    public static bool IsOn { get; } = Environment.GetEnvironmentVariable("CART_LONG") == "1";

    public static int Choose(int usual, int longRun) => IsOn ? longRun : usual;
}
