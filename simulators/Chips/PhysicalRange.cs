namespace Simulators.Chips;

/// <summary>What a simulated chip promises of its stimulus input: between the bounds, the right answer is within the tolerance.</summary>
/// <param name="Low">Lowest value, in <paramref name="Unit"/>.</param>
/// <param name="High">Highest value, in <paramref name="Unit"/>.</param>
/// <param name="Tolerance">Largest difference between the truth and what a right driver makes of the registers, in <paramref name="Unit"/>, without noise and part error.</param>
/// <param name="Unit">The unit, as the last word of a name has it.</param>
public readonly record struct PhysicalRange(long Low, long High, long Tolerance, string Unit);
