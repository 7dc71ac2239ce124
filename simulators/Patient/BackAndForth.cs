using System;

namespace Simulators.Patient;

/// <summary>A short recording played forward and backward in turn, so that it goes on without a step; ratios of its pulsations stay as they are.</summary>
public sealed class BackAndForth : IPatientLight
{
    private readonly RecordedLight _recording;

    /// <summary>Makes one.</summary>
    /// <param name="recording">What is played; laid on the world's time by its <see cref="RecordedLight.StartUs"/>.</param>
    public BackAndForth(RecordedLight recording) => _recording = recording;

    /// <inheritdoc/>
    public OpticalSample At(long worldUs)
    {
        long sinceUs = worldUs - _recording.StartUs;
        if (sinceUs <= 0)
        {
            return _recording.At(worldUs);
        }

        long lengthUs = _recording.DurationUs;
        long placeUs = sinceUs % (2 * lengthUs);
        return _recording.At(_recording.StartUs + Math.Min(placeUs, (2 * lengthUs) - placeUs));
    }
}
