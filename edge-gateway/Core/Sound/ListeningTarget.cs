using EdgeGateway.Core.Auscultation;

namespace EdgeGateway.Core.Sound;

/// <summary>What is listened to.</summary>
public static class ListeningTarget
{
    /// <summary>The lungs at their fields, or with their filter where no site was said; else the heart.</summary>
    /// <param name="site">The site.</param>
    /// <param name="mode">The filter.</param>
    /// <returns>What the analysis expects to hear.</returns>
    public static AuscultationTarget Of(AuscultationSite site, ListeningMode mode) =>
        site >= AuscultationSite.RightUpperLung || (site == AuscultationSite.Unknown && mode == ListeningMode.Lung) ? AuscultationTarget.Lung : AuscultationTarget.Heart;
}
