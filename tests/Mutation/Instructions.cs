using System.Collections.Generic;
using Mono.Cecil.Cil;

namespace Mutation;

/// <summary>Which instruction stands for which.</summary>
internal static class Instructions
{
    private const int SmallConstant = 16;

    private static readonly Dictionary<Code, OpCode> s_partners = new()
    {
        [Code.Add] = OpCodes.Sub,
        [Code.Add_Ovf] = OpCodes.Sub_Ovf,
        [Code.Add_Ovf_Un] = OpCodes.Sub_Ovf_Un,
        [Code.Sub] = OpCodes.Add,
        [Code.Sub_Ovf] = OpCodes.Add_Ovf,
        [Code.Sub_Ovf_Un] = OpCodes.Add_Ovf_Un,
        [Code.Mul] = OpCodes.Div,
        [Code.Mul_Ovf] = OpCodes.Div,
        [Code.Mul_Ovf_Un] = OpCodes.Div_Un,
        [Code.Div] = OpCodes.Mul,
        [Code.Div_Un] = OpCodes.Mul,
        [Code.Rem] = OpCodes.Mul,
        [Code.Rem_Un] = OpCodes.Mul,
        [Code.And] = OpCodes.Or,
        [Code.Or] = OpCodes.And,
        [Code.Xor] = OpCodes.Or,
        [Code.Shl] = OpCodes.Shr_Un,
        [Code.Shr] = OpCodes.Shl,
        [Code.Shr_Un] = OpCodes.Shl,
    };

    private static readonly Dictionary<Code, (OpCode Other, string Words)> s_branches = new()
    {
        [Code.Blt] = (OpCodes.Ble, "< became <="),
        [Code.Blt_Un] = (OpCodes.Ble_Un, "< became <="),
        [Code.Ble] = (OpCodes.Blt, "<= became <"),
        [Code.Ble_Un] = (OpCodes.Blt_Un, "<= became <"),
        [Code.Bgt] = (OpCodes.Bge, "> became >="),
        [Code.Bgt_Un] = (OpCodes.Bge_Un, "> became >="),
        [Code.Bge] = (OpCodes.Bgt, ">= became >"),
        [Code.Bge_Un] = (OpCodes.Bgt_Un, ">= became >"),
    };

    /// <summary>Comparisons that give a value: the one that, with a "not" after it, takes the boundary in.</summary>
    private static readonly Dictionary<Code, (OpCode Opposite, string Words)> s_comparisons = new()
    {
        [Code.Clt] = (OpCodes.Cgt, "< became <="),
        [Code.Clt_Un] = (OpCodes.Cgt_Un, "< became <="),
        [Code.Cgt] = (OpCodes.Clt, "> became >="),
        [Code.Cgt_Un] = (OpCodes.Clt_Un, "> became >="),
    };

    /// <summary>The operation that stands for an arithmetic one, or null.</summary>
    public static OpCode? Partner(Code code) => s_partners.TryGetValue(code, out OpCode partner) ? partner : null;

    /// <summary>The words for a changed boundary; null for what is no ordering. The words are those of the instruction: the compiler often turns a condition of the source round.</summary>
    public static string? Boundary(Code code) =>
        s_branches.TryGetValue(code, out (OpCode, string Words) branch) ? branch.Words : s_comparisons.TryGetValue(code, out (OpCode, string Words) comparison) ? comparison.Words : null;

    /// <summary>The ordering with the other boundary.</summary>
    public static List<Instruction> WithOtherBoundary(Instruction at) =>
        s_branches.TryGetValue(at.OpCode.Code, out (OpCode Other, string) branch)
            ? [Instruction.Create(branch.Other, (Instruction)at.Operand)]
            : [Instruction.Create(s_comparisons[at.OpCode.Code].Opposite), Instruction.Create(OpCodes.Ldc_I4, 0), Instruction.Create(OpCodes.Ceq)];

    /// <summary>A number in the code.</summary>
    public static bool IsConstant(Instruction at) => at.OpCode.Code is Code.Ldc_I4 or Code.Ldc_I8 or Code.Ldc_R4 or Code.Ldc_R8;

    /// <summary>The number that stands for another.</summary>
    public static object Changed(object constant) => constant switch
    {
        0 => 1,
        1 => 0,
        int i => i is >= -SmallConstant and <= SmallConstant ? i + 1 : unchecked(i * 2),
        long l => l is >= -SmallConstant and <= SmallConstant ? l + 1 : unchecked(l * 2),
        float f => f is >= -SmallConstant and <= SmallConstant ? f + 1 : f * 2,
        double d => d is >= -SmallConstant and <= SmallConstant ? d + 1 : d * 2,
        _ => constant,
    };

    /// <summary>A second instruction that does the same.</summary>
    public static Instruction Copy(Instruction at)
    {
        Instruction copy = Instruction.Create(OpCodes.Nop);
        copy.OpCode = at.OpCode;
        copy.Operand = at.Operand;
        return copy;
    }
}
