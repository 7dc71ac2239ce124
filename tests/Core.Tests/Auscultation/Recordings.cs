using System;
using System.IO;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Core.Tests.Auscultation;

/// <summary>Where the published heart sounds are: CART_RECORDINGS, or shared/data beside the repository.</summary>
internal static class Recordings
{
    public static string? Folder { get; } = Find();

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("CART_RECORDINGS") is { Length: > 0 } named)
        {
            return named;
        }

        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Firmware.sln")) && at.Parent is not null)
            {
                string folder = Path.Combine(at.Parent.FullName, "shared", "data");
                return Directory.Exists(Path.Combine(folder, "circor")) ? folder : null;
            }
        }

        return null;
    }
}

/// <summary>Skips, with the reason, where the recordings are absent.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
internal sealed class RecordingsAttribute : ConditionBaseAttribute
{
    public RecordingsAttribute()
        : base(ConditionMode.Include)
    {
        IgnoreMessage = "The published heart sounds are not here: set CART_RECORDINGS, or put them at ../shared/data beside the repository.";
    }

    public override bool IsConditionMet => Recordings.Folder is not null;

    public override string GroupName => "Recordings";
}
