using System;

namespace EdgeGateway.Core.Sound;

/// <summary>What listeners may say of sound, below their session's topic.</summary>
internal static class SoundTopics
{
    /// <summary>The filters under which a broker brings it.</summary>
    public static readonly string[] FromListeners = ["request", "listening", "listener-check", "clip/+/mark"];

    /// <summary>True for a topic of a listener.</summary>
    /// <param name="below">The topic below the session's.</param>
    public static bool IsFromListener(string below) => below is "request" or "listening" or "listener-check"
        || (below.StartsWith("clip/", StringComparison.Ordinal) && below.EndsWith("/mark", StringComparison.Ordinal) && below.AsSpan().Count('/') == 2);
}
