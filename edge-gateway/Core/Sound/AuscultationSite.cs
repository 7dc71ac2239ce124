using System;
using EdgeGateway.Core.Auscultation;

namespace EdgeGateway.Core.Sound;

/// <summary>The words for sites, postures and modes in JSON and in files.</summary>
public static class AuscultationWords
{
    private static readonly string[] Sites =
        ["unknown", "aortic", "pulmonic", "tricuspid", "mitral", "rightUpperLung", "leftUpperLung", "rightLowerLung", "leftLowerLung"];

    private static readonly string[] Postures = ["unknown", "sitting", "supine", "leftLateral", "standing"];

    private static readonly string[] Modes = ["raw", "bell", "diaphragm", "extended", "lung"];

    private static readonly string[] Steps = ["full", "longChunks", "heartMode", "rhythmOnly", "clipsOnly"];

    /// <summary>The word for a site.</summary>
    /// <param name="site">The site.</param>
    /// <returns>For example "mitral"; "unknown" for one this code does not know.</returns>
    public static string Of(AuscultationSite site) => Word(Sites, (int)site);

    /// <summary>The word for a posture.</summary>
    /// <param name="posture">The posture.</param>
    /// <returns>For example "sitting".</returns>
    public static string Of(PatientPosture posture) => Word(Postures, (int)posture);

    /// <summary>The word for a mode.</summary>
    /// <param name="mode">The mode.</param>
    /// <returns>For example "bell".</returns>
    public static string Of(ListeningMode mode) => Word(Modes, (int)mode);

    /// <summary>The word for a step.</summary>
    /// <param name="step">The step.</param>
    /// <returns>For example "heartMode".</returns>
    public static string Of(ListeningStep step) => Word(Steps, (int)step);

    /// <summary>What is listened to: the lungs at their fields, or with their filter where no site was said; else the heart.</summary>
    /// <param name="site">The site.</param>
    /// <param name="mode">The filter.</param>
    /// <returns>What the analysis expects to hear.</returns>
    public static AuscultationTarget TargetOf(AuscultationSite site, ListeningMode mode) =>
        site >= AuscultationSite.RightUpperLung || (site == AuscultationSite.Unknown && mode == ListeningMode.Lung) ? AuscultationTarget.Lung : AuscultationTarget.Heart;

    /// <summary>Reads a site's word.</summary>
    /// <param name="word">The word, or null for none given.</param>
    /// <param name="site">The site; Unknown when none was given.</param>
    /// <returns>False when the word names none.</returns>
    public static bool TrySite(string? word, out AuscultationSite site)
    {
        bool found = TryFind(Sites, word, out int index);
        site = (AuscultationSite)index;
        return found;
    }

    /// <summary>Reads a posture's word.</summary>
    /// <param name="word">The word, or null for none given.</param>
    /// <param name="posture">The posture; Unknown when none was given.</param>
    /// <returns>False when the word names none.</returns>
    public static bool TryPosture(string? word, out PatientPosture posture)
    {
        bool found = TryFind(Postures, word, out int index);
        posture = (PatientPosture)index;
        return found;
    }

    /// <summary>Reads a mode's word.</summary>
    /// <param name="word">The word, or null for none given.</param>
    /// <param name="mode">The mode; Raw when none was given.</param>
    /// <returns>False when the word names none.</returns>
    public static bool TryMode(string? word, out ListeningMode mode)
    {
        bool found = TryFind(Modes, word, out int index);
        mode = (ListeningMode)index;
        return found;
    }

    private static string Word(string[] words, int index) => index < words.Length ? words[index] : "unknown";

    private static bool TryFind(string[] words, string? word, out int index)
    {
        index = word is null ? 0 : Array.IndexOf(words, word);
        if (index >= 0)
        {
            return true;
        }

        index = 0;
        return false;
    }
}
