using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Mutation;

/// <summary>The kinds of change.</summary>
internal enum ChangeKind
{
    /// <summary>A condition, a comparison or a "not" gives the opposite.</summary>
    Inverted,

    /// <summary>An ordering takes its boundary in or leaves it out: less or equal instead of less.</summary>
    Boundary,

    /// <summary>Plus for minus, times for divided, and for or, left for right shift, and back.</summary>
    Arithmetic,

    /// <summary>True for false, 0 for 1 and back; up to 16 one more; above twice as much.</summary>
    Constant,

    /// <summary>A call whose result nobody uses is not made.</summary>
    CallRemoved,

    /// <summary>A field or property is not set.</summary>
    AssignmentRemoved,

    /// <summary>A method returns 0, null, the empty text or the default of its type; a bool the opposite.</summary>
    Returned,
}

/// <summary>One change of one place in the product's code.</summary>
/// <param name="File">Path from the repository's root.</param>
/// <param name="Line">Line in the file, from 1.</param>
/// <param name="Kind">What kind of change.</param>
/// <param name="Change">The change in words.</param>
/// <param name="Method">The method that holds the place.</param>
internal sealed record Mutant(string File, int Line, ChangeKind Kind, string Change, string Method)
{
    /// <summary>The same text in each run on the same code.</summary>
    public override string ToString() => $"{File}:{Line}: {Change} (in {Method})";
}

/// <summary>A mutant with its place in the compiled code.</summary>
/// <param name="Mutant">The change.</param>
/// <param name="Body">The code of the method.</param>
/// <param name="Head">The first instruction that the change replaces.</param>
/// <param name="Tail">The last one; the same for most.</param>
internal sealed record Site(Mutant Mutant, MethodDefinition Body, Instruction Head, Instruction Tail);
