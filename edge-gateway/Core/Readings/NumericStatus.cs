using System;
using Firmware.Protocol;

namespace EdgeGateway.Core.Readings;

/// <summary>What a numeric frame says of its value beside it: bits, and their words.</summary>
internal static class NumericStatus
{
    /// <summary>The bits of a frame's status.</summary>
    /// <param name="head">The frame's head, of kind Numeric.</param>
    /// <param name="bytes">Where its body is.</param>
    /// <param name="body">Where the body begins.</param>
    /// <param name="quantity">What it measures, or null when it is not known.</param>
    /// <returns>The bits; 0 of a quantity without a status, and of a pod that writes none.</returns>
    public static int Of(in FrameHead head, byte[] bytes, int body, Quantity? quantity) => quantity?.Carries switch
    {
        NumericExtra.BloodPressureStatus when head.BodyLength >= NumericBody.LengthWithStatus => BloodPressureStatus.Read(bytes, body),
        NumericExtra.OximetryStatus when head.BodyLength >= NumericBody.LengthWithStatus => OximetryStatus.Read(bytes, body),
        NumericExtra.Ratio when head.BodyLength >= NumericBody.LengthWithRatioAndStatus => OximetryStatus.ReadBesideRatio(bytes, body),
        _ => 0,
    };

    /// <summary>The words of a quantity's status bits.</summary>
    /// <param name="quantity">What is measured, or null when it is not known.</param>
    /// <returns>Bits with their words, in ascending order.</returns>
    public static ReadOnlySpan<(int Bit, string Word)> WordsOf(Quantity? quantity) => quantity?.Carries switch
    {
        NumericExtra.BloodPressureStatus => WireWords.BloodPressureStatusBits,
        NumericExtra.OximetryStatus or NumericExtra.Ratio => WireWords.OximetryStatusBits,
        _ => default,
    };

    /// <summary>True of a value that is not taken into the vital-sign set by itself: it may be worse than it says.</summary>
    /// <param name="head">The frame's head, of kind Numeric.</param>
    /// <param name="bytes">Where its body is.</param>
    /// <param name="body">Where the body begins.</param>
    /// <param name="quantity">What it measures, or null when it is not known.</param>
    /// <returns>Whether the oximeter calls it questionable.</returns>
    public static bool IsQuestionable(in FrameHead head, byte[] bytes, int body, Quantity? quantity) =>
        quantity?.Carries is NumericExtra.Ratio or NumericExtra.OximetryStatus && (Of(head, bytes, body, quantity) & OximetryStatus.Questionable) != 0;
}
