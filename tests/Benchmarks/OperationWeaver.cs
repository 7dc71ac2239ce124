using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Mono.Cecil;
using Mono.Cecil.Cil;
using Mono.Cecil.Rocks;

namespace Benchmarks;

/// <summary>Makes an assembly count its instructions: at the head of each stretch without a jump it says to <see cref="OperationCounter"/> how many there are. Prefixes and nops are no instructions.</summary>
internal static class OperationWeaver
{
    /// <summary>Weaves.</summary>
    /// <param name="path">The assembly.</param>
    /// <param name="counter">The type that is told, <see cref="OperationCounter"/>.</param>
    /// <param name="step">Full name of the method that is one step, as Type::Method; null for none.</param>
    /// <param name="groups">The groups, by number: namespaces, ordinal order.</param>
    /// <param name="native">Name of a type that the device has in native code: its instructions are not counted; null for none.</param>
    /// <returns>The woven assembly's bytes.</returns>
    public static byte[] Weave(string path, Type counter, string? step, out string[] groups, string? native = null)
    {
        using DefaultAssemblyResolver resolver = new();
        resolver.AddSearchDirectory(Path.GetDirectoryName(path)!);
        resolver.AddSearchDirectory(Path.GetDirectoryName(typeof(object).Assembly.Location)!);
        using AssemblyDefinition assembly = AssemblyDefinition.ReadAssembly(path, new ReaderParameters { AssemblyResolver = resolver });
        ModuleDefinition module = assembly.MainModule;
        MethodReference count = module.ImportReference(counter.GetMethod(nameof(OperationCounter.Count)));
        MethodReference begins = module.ImportReference(counter.GetMethod(nameof(OperationCounter.StepBegins)));
        MethodReference ends = module.ImportReference(counter.GetMethod(nameof(OperationCounter.StepEnds)));
        string[] names = [.. module.GetTypes().Select(Namespace).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        bool hasStep = false;
        foreach (TypeDefinition type in module.GetTypes().Where(t => t.Name != native))
        {
            int group = Array.IndexOf(names, Namespace(type));
            foreach (MethodDefinition method in type.Methods.Where(m => m.HasBody))
            {
                method.Body.SimplifyMacros();
                Weave(method, count, group);
                if (step is not null && string.Equals(type.FullName + "::" + method.Name, step, StringComparison.Ordinal))
                {
                    hasStep = true;
                    WeaveStep(method, begins, ends);
                }

                method.Body.OptimizeMacros();
            }
        }

        if (step is not null && !hasStep)
        {
            throw new InvalidOperationException($"{path} has no {step}.");
        }

        groups = names;
        using MemoryStream bytes = new();
        assembly.Write(bytes);
        return bytes.ToArray();
    }

    /// <summary>Instructions of a body as they are counted.</summary>
    /// <param name="instructions">The instructions.</param>
    /// <returns>How many.</returns>
    public static int Count(IEnumerable<Instruction> instructions) => instructions.Count(i => i.OpCode.OpCodeType != OpCodeType.Prefix && i.OpCode.Code != Code.Nop);

    private static string Namespace(TypeDefinition type)
    {
        while (type.DeclaringType is { } outer)
        {
            type = outer;
        }

        return type.Namespace;
    }

    private static void Weave(MethodDefinition method, MethodReference count, int group)
    {
        ILProcessor il = method.Body.GetILProcessor();
        Instruction[] all = [.. method.Body.Instructions];
        HashSet<Instruction> heads = [all[0]];
        for (int i = 0; i < all.Length; i++)
        {
            switch (all[i].Operand)
            {
                case Instruction target:
                    heads.Add(target);
                    break;
                case Instruction[] targets:
                    heads.UnionWith(targets);
                    break;
            }

            if (all[i].OpCode.FlowControl is FlowControl.Branch or FlowControl.Cond_Branch or FlowControl.Return or FlowControl.Throw && i + 1 < all.Length)
            {
                heads.Add(all[i + 1]);
            }
        }

        foreach (ExceptionHandler handler in method.Body.ExceptionHandlers)
        {
            heads.Add(handler.HandlerStart);
            if (handler.FilterStart is { } filter)
            {
                heads.Add(filter);
            }
        }

        for (int from = 0; from < all.Length;)
        {
            int until = from + 1;
            while (until < all.Length && !heads.Contains(all[until]))
            {
                until++;
            }

            int instructions = Count(all[from..until]);
            if (instructions > 0)
            {
                Before(il, all[from], Instruction.Create(OpCodes.Ldc_I4, instructions), Instruction.Create(OpCodes.Ldc_I4, group), Instruction.Create(OpCodes.Call, count));
            }

            from = until;
        }
    }

    private static void WeaveStep(MethodDefinition method, MethodReference begins, MethodReference ends)
    {
        ILProcessor il = method.Body.GetILProcessor();
        foreach (Instruction end in method.Body.Instructions.Where(i => i.OpCode.Code == Code.Ret).ToArray())
        {
            Before(il, end, Instruction.Create(OpCodes.Call, ends));
        }

        Before(il, method.Body.Instructions[0], Instruction.Create(OpCodes.Call, begins));
    }

    // The instruction keeps its identity for jumps and blocks, which so run what is put before it.
    private static void Before(ILProcessor il, Instruction at, params Instruction[] code)
    {
        Instruction moved = Instruction.Create(OpCodes.Nop);
        (moved.OpCode, moved.Operand) = (at.OpCode, at.Operand);
        (at.OpCode, at.Operand) = (code[0].OpCode, code[0].Operand);
        Instruction last = at;
        foreach (Instruction instruction in code.Skip(1).Append(moved))
        {
            il.InsertAfter(last, instruction);
            last = instruction;
        }
    }
}
