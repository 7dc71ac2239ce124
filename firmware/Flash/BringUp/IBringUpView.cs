namespace Firmware.Flash.BringUp;

/// <summary>What a person sees of a bring-up; called by several boards at once.</summary>
public interface IBringUpView
{
    /// <summary>A line about a board.</summary>
    /// <param name="port">Its port.</param>
    /// <param name="step">The step: "chip", "runtime", "program", "read back", "provision", "self test", "record".</param>
    /// <param name="text">What happened.</param>
    void Line(string port, string step, string text);

    /// <summary>How far a step is.</summary>
    /// <param name="port">The board's port.</param>
    /// <param name="step">The step.</param>
    /// <param name="percent">0 to 100.</param>
    void Progress(string port, string step, int percent);
}
