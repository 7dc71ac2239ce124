using System;
using System.Collections.Generic;
using System.Linq;
using Mono.Cecil;
using Mono.Cecil.Cil;
using Mono.Cecil.Rocks;

namespace Mutation;

/// <summary>Puts drawn mutants into one copy of an assembly, each behind a question to <see cref="MutationSwitch"/>, so that one process can run them all.</summary>
internal sealed class Weaver
{
    private readonly ModuleDefinition _module;
    private readonly MethodReference _is;
    private readonly MethodReference _touch;
    private readonly MethodReference _enter;
    private readonly MethodReference _leave;

    private Weaver(ModuleDefinition module)
    {
        _module = module;
        _is = module.ImportReference(typeof(MutationSwitch).GetMethod(nameof(MutationSwitch.Is)));
        _touch = module.ImportReference(typeof(MutationSwitch).GetMethod(nameof(MutationSwitch.Touch)));
        _enter = module.ImportReference(typeof(MutationSwitch).GetMethod(nameof(MutationSwitch.Enter)));
        _leave = module.ImportReference(typeof(MutationSwitch).GetMethod(nameof(MutationSwitch.Leave)));
    }

    /// <summary>Weaves the sites into their module; the number of a mutant is its place in the list.</summary>
    /// <param name="module">The module of the sites.</param>
    /// <param name="sites">What was drawn.</param>
    /// <returns>How many static constructors are watched.</returns>
    public static int Weave(ModuleDefinition module, IReadOnlyList<Site> sites)
    {
        Weaver weaver = new(module);
        foreach (IGrouping<MethodDefinition, (Site Site, int Number)> method in sites.Select((s, i) => (s, i)).GroupBy(s => s.s.Body))
        {
            foreach (IGrouping<Instruction, (Site Site, int Number)> place in method.GroupBy(s => s.Site.Head))
            {
                weaver.Weave(method.Key, [.. place]);
            }
        }

        int initializers = weaver.WatchInitializers();
        foreach (MethodDefinition method in module.GetTypes().SelectMany(t => t.Methods).Where(m => m.HasBody))
        {
            method.Body.OptimizeMacros();
        }

        return initializers;
    }

    private void Weave(MethodDefinition method, List<(Site Site, int Number)> mutants)
    {
        ILProcessor il = method.Body.GetILProcessor();
        Instruction head = mutants[0].Site.Head;
        Instruction tail = mutants.Select(m => m.Site.Tail).OrderByDescending(t => t.Offset).First();
        List<Instruction> original = [];
        for (Instruction at = head; ; at = at.Next)
        {
            original.Add(at);
            if (at == tail)
            {
                break;
            }
        }

        // What follows: the copy of a "ret" needs nothing.
        Instruction end = tail.Next ?? tail;
        Instruction site = Instructions.Copy(original.Single(i => i.OpCode.OpCodeType != OpCodeType.Prefix && i.OpCode.Code != Code.Pop));
        List<Instruction> copies = [.. original.Select(Instructions.Copy)];
        foreach (Instruction old in original.Skip(1))
        {
            il.Remove(old);
        }

        List<Instruction> code = [];
        List<Instruction> changed = [];
        foreach ((Site drawn, int number) in mutants.OrderByDescending(m => m.Site.Mutant.Kind == ChangeKind.Boundary))
        {
            List<Instruction> instead = Instead(drawn.Mutant.Kind, site, end, method);
            if (site.OpCode.Code != Code.Ret)
            {
                instead.Add(Instruction.Create(OpCodes.Br, end));
            }

            Instruction next = Instruction.Create(OpCodes.Nop);
            if (drawn.Mutant.Kind == ChangeKind.Boundary && OperandType(head, method) is { } type)
            {
                // A boundary matters only where both sides are equal: elsewhere nobody asks, and no test counts as reaching it.
                VariableDefinition left = new(type);
                VariableDefinition right = new(type);
                method.Body.Variables.Add(left);
                method.Body.Variables.Add(right);
                method.Body.InitLocals = true;
                instead.InsertRange(0, [Instruction.Create(OpCodes.Ldloc, left), Instruction.Create(OpCodes.Ldloc, right)]);
                code.AddRange(
                [
                    Instruction.Create(OpCodes.Stloc, right), Instruction.Create(OpCodes.Stloc, left),
                    Instruction.Create(OpCodes.Ldloc, left), Instruction.Create(OpCodes.Ldloc, right), Instruction.Create(OpCodes.Bne_Un, next),
                    Instruction.Create(OpCodes.Ldc_I4, number), Instruction.Create(OpCodes.Call, _is), Instruction.Create(OpCodes.Brtrue, instead[0]),
                    next, Instruction.Create(OpCodes.Ldloc, left), Instruction.Create(OpCodes.Ldloc, right),
                ]);
            }
            else
            {
                code.AddRange([Instruction.Create(OpCodes.Ldc_I4, number), Instruction.Create(OpCodes.Call, _is), Instruction.Create(OpCodes.Brtrue, instead[0])]);
            }

            changed.AddRange(instead);
        }

        code.AddRange(copies);
        if (site.OpCode.Code != Code.Ret)
        {
            code.Add(Instruction.Create(OpCodes.Br, end));
        }

        code.AddRange(changed);

        // The head keeps its identity: jumps and blocks point at it.
        head.OpCode = OpCodes.Nop;
        head.Operand = null;
        Instruction last = head;
        foreach (Instruction instruction in code)
        {
            il.InsertAfter(last, instruction);
            last = instruction;
        }
    }

    private List<Instruction> Instead(ChangeKind kind, Instruction site, Instruction end, MethodDefinition method)
    {
        switch (kind)
        {
            case ChangeKind.Inverted when site.OpCode.FlowControl == FlowControl.Cond_Branch:
                return [Instruction.Create(site.OpCode, end), Instruction.Create(OpCodes.Br, (Instruction)site.Operand)];
            case ChangeKind.Inverted:
                return [Instructions.Copy(site), Instruction.Create(OpCodes.Ldc_I4, 0), Instruction.Create(OpCodes.Ceq)];
            case ChangeKind.Boundary:
                return Instructions.WithOtherBoundary(site);
            case ChangeKind.Arithmetic:
                return [Instruction.Create(Instructions.Partner(site.OpCode.Code)!.Value)];
            case ChangeKind.Constant:
                Instruction constant = Instructions.Copy(site);
                constant.Operand = Instructions.Changed(site.Operand);
                return [constant];
            case ChangeKind.CallRemoved:
            case ChangeKind.AssignmentRemoved:
                return [.. Enumerable.Range(0, Taken(site)).Select(_ => Instruction.Create(OpCodes.Pop))];
            case ChangeKind.Returned:
                return Returned(method);
            default:
                throw new ArgumentOutOfRangeException(nameof(kind));
        }
    }

    private List<Instruction> Returned(MethodDefinition method)
    {
        TypeReference type = method.ReturnType;
        if (type.FullName == "System.Boolean")
        {
            return [Instruction.Create(OpCodes.Ldc_I4, 0), Instruction.Create(OpCodes.Ceq), Instruction.Create(OpCodes.Ret)];
        }

        if (type.FullName == "System.String")
        {
            return [Instruction.Create(OpCodes.Pop), Instruction.Create(OpCodes.Ldstr, string.Empty), Instruction.Create(OpCodes.Ret)];
        }

        VariableDefinition none = new(type);
        method.Body.Variables.Add(none);
        method.Body.InitLocals = true;
        return
        [
            Instruction.Create(OpCodes.Pop), Instruction.Create(OpCodes.Ldloca, none), Instruction.Create(OpCodes.Initobj, type),
            Instruction.Create(OpCodes.Ldloc, none), Instruction.Create(OpCodes.Ret),
        ];
    }

    private static int Taken(Instruction site) => site.Operand switch
    {
        MethodReference called => called.Parameters.Count + (called.HasThis ? 1 : 0),
        _ => site.OpCode.Code == Code.Stfld ? 2 : 1,
    };

    /// <summary>The type of what a comparison compares, where the instruction before it says so.</summary>
    private TypeReference? OperandType(Instruction comparison, MethodDefinition method)
    {
        Instruction? before = comparison.Previous;
        bool isTarget = method.Body.Instructions.Any(i => i.Operand == comparison || (i.Operand is Instruction[] targets && targets.Contains(comparison)));
        if (before is null || isTarget)
        {
            return null;
        }

        TypeSystem types = _module.TypeSystem;
        return before.OpCode.Code switch
        {
            Code.Ldc_I4 or Code.Conv_I4 or Code.Conv_U4 or Code.Conv_I2 or Code.Conv_U2 or Code.Conv_I1 or Code.Conv_U1 or Code.Ldelem_U1 or Code.Ldelem_U2 => types.Int32,
            Code.Ldc_I8 or Code.Conv_I8 or Code.Conv_U8 => types.Int64,
            Code.Ldc_R8 or Code.Conv_R8 => types.Double,
            Code.Ldloc => OnStack(((VariableDefinition)before.Operand).VariableType),
            Code.Ldarg => before.Operand is ParameterDefinition parameter ? OnStack(parameter.ParameterType) : null,
            Code.Ldfld or Code.Ldsfld => OnStack(((FieldReference)before.Operand).FieldType),
            Code.Call or Code.Callvirt => OnStack(((MethodReference)before.Operand).ReturnType),
            _ => null,
        };
    }

    private TypeReference? OnStack(TypeReference type) => type.FullName switch
    {
        "System.Int32" or "System.UInt32" or "System.Int16" or "System.UInt16" or "System.Byte" or "System.SByte" or "System.Char" => _module.TypeSystem.Int32,
        "System.Int64" or "System.UInt64" => _module.TypeSystem.Int64,
        "System.Double" => _module.TypeSystem.Double,
        _ => null,
    };

    /// <summary>Each static constructor says when it begins and ends, and each use of a static field of its type says so.</summary>
    private int WatchInitializers()
    {
        Dictionary<string, int> numbers = new(StringComparer.Ordinal);
        foreach (TypeDefinition type in _module.GetTypes())
        {
            MethodDefinition? initializer = type.Methods.FirstOrDefault(m => m.IsConstructor && m.IsStatic && m.HasBody);
            if (initializer is null || type.Name.StartsWith('<'))
            {
                continue;
            }

            int number = numbers.Count;
            numbers.Add(type.FullName, number);
            ILProcessor il = initializer.Body.GetILProcessor();
            initializer.Body.SimplifyMacros();
            Instruction first = initializer.Body.Instructions[0];
            il.InsertBefore(first, Instruction.Create(OpCodes.Ldc_I4, number));
            il.InsertBefore(first, Instruction.Create(OpCodes.Call, _enter));
            foreach (Instruction ret in initializer.Body.Instructions.Where(i => i.OpCode.Code == Code.Ret).ToArray())
            {
                Replace(il, ret, Instruction.Create(OpCodes.Ldc_I4, number), Instruction.Create(OpCodes.Call, _leave));
            }
        }

        foreach (MethodDefinition method in _module.GetTypes().SelectMany(t => t.Methods).Where(m => m.HasBody && !(m.IsConstructor && m.IsStatic)))
        {
            ILProcessor il = method.Body.GetILProcessor();
            Instruction[] uses =
            [
                .. method.Body.Instructions.Where(i => i.OpCode.Code is Code.Ldsfld or Code.Ldsflda && i.Previous?.OpCode.OpCodeType != OpCodeType.Prefix
                    && numbers.ContainsKey(((FieldReference)i.Operand).DeclaringType.GetElementType().FullName)),
            ];
            if (uses.Length > 0)
            {
                method.Body.SimplifyMacros();
            }

            foreach (Instruction use in uses)
            {
                int number = numbers[((FieldReference)use.Operand).DeclaringType.GetElementType().FullName];
                Replace(il, use, Instruction.Create(OpCodes.Ldc_I4, number), Instruction.Create(OpCodes.Call, _touch));
            }
        }

        return numbers.Count;
    }

    /// <summary>Puts instructions before one, so that jumps to it run them too.</summary>
    private static void Replace(ILProcessor il, Instruction at, params Instruction[] before)
    {
        Instruction last = Instructions.Copy(at);
        at.OpCode = before[0].OpCode;
        at.Operand = before[0].Operand;
        Instruction place = at;
        foreach (Instruction instruction in before.Skip(1).Append(last))
        {
            il.InsertAfter(place, instruction);
            place = instruction;
        }
    }
}
