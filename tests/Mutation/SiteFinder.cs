using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Mono.Cecil;
using Mono.Cecil.Cil;
using Mono.Cecil.Rocks;

namespace Mutation;

/// <summary>Finds every place of an assembly that can be changed, with its file and line.</summary>
/// <remarks>
/// Not drawn is what nobody wrote or what cannot matter by construction: code without a line in the source (records' own members, plumbing of iterators, of async and of lambdas),
/// what a text is put together with, capacities, sizes of array literals, the hashes of a switch over texts, and assertions of debug builds. Nothing is left out by attribute or comment.
/// </remarks>
internal static class SiteFinder
{
    /// <summary>All sites of a module, in the order of the code.</summary>
    /// <param name="module">The module, read with symbols. Its methods come back with long forms of instructions.</param>
    /// <param name="file">The path in the repository of a document of the symbols, or null when the document is not of the repository.</param>
    /// <returns>The sites.</returns>
    public static List<Site> Find(ModuleDefinition module, Func<string, string?> file)
    {
        List<Site> sites = [];
        foreach (MethodDefinition method in module.GetTypes().SelectMany(t => t.Methods).Where(IsWritten))
        {
            method.Body.SimplifyMacros();
            sites.AddRange(new MethodSites(method, file).Find());
        }

        return sites;
    }

    private static bool IsWritten(MethodDefinition method)
    {
        bool isGenerated = method.CustomAttributes.Any(a => a.AttributeType.Name == "CompilerGeneratedAttribute");
        bool isLocalFunction = method.Name.Contains(">g__", StringComparison.Ordinal) || method.Name.Contains(">b__", StringComparison.Ordinal);
        return method.HasBody && method.DebugInformation.HasSequencePoints && (!isGenerated || isLocalFunction);
    }

    private sealed class MethodSites
    {
        private readonly MethodDefinition _method;
        private readonly Func<string, string?> _file;
        private readonly HashSet<Instruction> _targets = [];
        private readonly HashSet<VariableDefinition> _hashes = [];
        private readonly bool _isStateMachine;
        private readonly List<Site> _sites = [];

        public MethodSites(MethodDefinition method, Func<string, string?> file)
        {
            _method = method;
            _file = file;
            _isStateMachine = method.DeclaringType.Name.StartsWith('<') && method.Name == "MoveNext";
            foreach (Instruction instruction in method.Body.Instructions)
            {
                if (instruction.Operand is Instruction target)
                {
                    _targets.Add(target);
                }
                else if (instruction.Operand is Instruction[] targets)
                {
                    _targets.UnionWith(targets);
                }
                else if (instruction.Operand is MethodReference { Name: "ComputeStringHash" } && instruction.Next?.Operand is VariableDefinition hash)
                {
                    _hashes.Add(hash);
                }
            }
        }

        public List<Site> Find()
        {
            SequencePoint? point = null;
            Dictionary<int, SequencePoint> points = _method.DebugInformation.SequencePoints.ToDictionary(p => p.Offset);
            foreach (Instruction instruction in _method.Body.Instructions)
            {
                point = points.GetValueOrDefault(instruction.Offset) ?? point;
                if (point is { IsHidden: false } && _file(point.Document.Url) is { } path)
                {
                    Find(instruction, path, point.StartLine);
                }
            }

            return _sites;
        }

        private void Find(Instruction at, string path, int line)
        {
            void Add(ChangeKind kind, string change, Instruction? head = null, Instruction? tail = null) =>
                _sites.Add(new Site(new Mutant(path, line, kind, change, Name(_method)), _method, head ?? at, tail ?? at));

            Code code = at.OpCode.Code;
            if (IsOfHash(at))
            {
                return;
            }

            if (at.OpCode.FlowControl == FlowControl.Cond_Branch && code != Code.Switch)
            {
                if (!IsPlumbing(at))
                {
                    Add(ChangeKind.Inverted, $"condition inverted ({at.OpCode.Name})");
                    AddBoundary(at, Add);
                }
            }
            else if (code is Code.Ceq or Code.Cgt or Code.Cgt_Un or Code.Clt or Code.Clt_Un)
            {
                // A "not" after a comparison is one thing with it.
                bool isNot = code == Code.Ceq && at.Previous is { OpCode.Code: Code.Ldc_I4, Operand: 0 };
                if (!isNot || !IsComparison(at.Previous!.Previous))
                {
                    Add(ChangeKind.Inverted, isNot ? "'not' removed" : $"comparison inverted ({at.OpCode.Name})");
                    AddBoundary(at, Add);
                }
            }
            else if (Instructions.Partner(code) is { } partner)
            {
                Add(ChangeKind.Arithmetic, $"{at.OpCode.Name} became {partner.Name}");
            }
            else if (Instructions.IsConstant(at))
            {
                if (IsConstantThatMatters(at))
                {
                    Add(ChangeKind.Constant, $"constant {Text(at.Operand)} became {Text(Instructions.Changed(at.Operand))}");
                }
            }
            else if (code is Code.Call or Code.Callvirt)
            {
                AddCall(at, (MethodReference)at.Operand, Add);
            }
            else if (code is Code.Stfld or Code.Stsfld)
            {
                FieldReference field = (FieldReference)at.Operand;
                if (!field.Name.StartsWith('<') && !_method.IsConstructor && at.Previous?.OpCode.Code != Code.Volatile)
                {
                    Add(ChangeKind.AssignmentRemoved, $"{field.Name} is not set");
                }
            }
            else if (code == Code.Ret)
            {
                AddReturn(at, Add);
            }
        }

        private void AddBoundary(Instruction at, Action<ChangeKind, string, Instruction?, Instruction?> add)
        {
            // "Greater than null" and "greater than 0" without a sign are "not equal".
            bool isNotEqual = at.OpCode.Code == Code.Cgt_Un && at.Previous is { OpCode.Code: Code.Ldnull } or { OpCode.Code: Code.Ldc_I4, Operand: 0 };
            if (Instructions.Boundary(at.OpCode.Code) is { } other && !isNotEqual)
            {
                add(ChangeKind.Boundary, $"boundary: {other}", null, null);
            }
        }

        private void AddCall(Instruction at, MethodReference called, Action<ChangeKind, string, Instruction?, Instruction?> add)
        {
            bool isDropped = at.Next is { OpCode.Code: Code.Pop } pop && !_targets.Contains(pop);
            bool isVoid = called.ReturnType.FullName == "System.Void";
            if ((!isVoid && !isDropped) || called.Name == ".ctor" || IsPlumbing(called))
            {
                return;
            }

            Instruction? head = null;
            for (Instruction? before = at.Previous; before?.OpCode.OpCodeType == OpCodeType.Prefix; before = before.Previous)
            {
                head = before;
            }

            if (head is not null && _targets.Contains(at))
            {
                return;
            }

            bool isSetter = called.Name.StartsWith("set_", StringComparison.Ordinal);
            string name = called.DeclaringType.Name + "." + called.Name;
            add(
                isSetter ? ChangeKind.AssignmentRemoved : ChangeKind.CallRemoved,
                isSetter ? $"{called.Name[4..]} is not set" : $"{name} is not called",
                head,
                isDropped && !isVoid ? at.Next : null);
        }

        private void AddReturn(Instruction at, Action<ChangeKind, string, Instruction?, Instruction?> add)
        {
            TypeReference type = _method.ReturnType;
            if (type.FullName == "System.Void" || _isStateMachine || type.IsByReference || type.IsPointer)
            {
                return;
            }

            bool isAlone = !_targets.Contains(at);
            if (type.FullName == "System.Boolean")
            {
                // A constant or a comparison just before is a mutant of its own.
                if (!isAlone || !(IsComparison(at.Previous) || at.Previous.OpCode.Code == Code.Ldc_I4))
                {
                    add(ChangeKind.Returned, "the opposite is returned", null, null);
                }

                return;
            }

            bool isDefault = isAlone && at.Previous is { OpCode.Code: Code.Ldnull } or { OpCode.Code: Code.Ldc_I4, Operand: 0 };
            bool isEmptyText = isAlone && at.Previous is { OpCode.Code: Code.Ldstr, Operand: "" };
            if (!isDefault && !isEmptyText)
            {
                add(ChangeKind.Returned, type.FullName == "System.String" ? "the empty text is returned" : "the default of the type is returned", null, null);
            }
        }

        private static bool IsComparison(Instruction? at) => at?.OpCode.Code is Code.Ceq or Code.Cgt or Code.Cgt_Un or Code.Clt or Code.Clt_Un;

        /// <summary>The hidden search for the right text of a switch.</summary>
        private bool IsOfHash(Instruction at) =>
            (at.Operand is VariableDefinition v && _hashes.Contains(v))
            || (at.Previous?.Operand is VariableDefinition before && _hashes.Contains(before) && at.OpCode.Code == Code.Ldc_I4)
            || (at.Previous?.Previous?.Operand is VariableDefinition first && _hashes.Contains(first) && at.Previous.OpCode.Code == Code.Ldc_I4);

        /// <summary>The branch that keeps a delegate for the next time, or that asks whether an awaited task has ended.</summary>
        private static bool IsPlumbing(Instruction branch) =>
            (branch.Previous is { OpCode.Code: Code.Dup } dup && dup.Previous?.Operand is FieldReference field && field.Name.StartsWith('<'))
            || branch.Previous?.Operand is MethodReference { Name: "get_IsCompleted", DeclaringType.Namespace: "System.Runtime.CompilerServices" }
            || (branch.Previous?.Operand is FieldReference state && state.Name.StartsWith("<>", StringComparison.Ordinal))
            || branch.Previous?.Operand is MethodReference { Name: "op_Implicit", DeclaringType.FullName: "System.Boolean" };

        private static bool IsPlumbing(MethodReference called) =>
            called.DeclaringType.Namespace is "System.Runtime.CompilerServices"
            || called.DeclaringType.FullName is "System.Diagnostics.Debug" or "System.Runtime.InteropServices.CollectionsMarshal"
            || called.DeclaringType.Name.EndsWith("InterpolatedStringHandler", StringComparison.Ordinal)
            || (called.DeclaringType.FullName == "System.Text.StringBuilder" && called.Name.StartsWith("Append", StringComparison.Ordinal) && called.Parameters is [{ ParameterType.FullName: "System.Text.StringBuilder/AppendInterpolatedStringHandler&" }, ..]);

        private bool IsConstantThatMatters(Instruction at)
        {
            Instruction? next = at.Next;
            if (next is null || (at.Operand is double or float && Instructions.Changed(at.Operand).Equals(at.Operand)))
            {
                return false;
            }

            // The size of an array literal, the place in it, and the "not" of the compiler.
            if (next.OpCode.Code == Code.Newarr || at.Previous?.OpCode.Code == Code.Dup || (next.OpCode.Code == Code.Ceq && at.Operand is 0))
            {
                return false;
            }

            // What only the boundary of an ordering would change too, or the value that a method returns.
            if (Instructions.Boundary(next.OpCode.Code) is not null || (next.OpCode.Code == Code.Ret && _method.ReturnType.FullName != "System.Boolean"))
            {
                return false;
            }

            // Numbers of an iterator's or async method's own states.
            if (_isStateMachine && next.Operand is FieldReference or VariableDefinition { Index: 0 })
            {
                return false;
            }

            return !IsOfText(at) && !IsCapacity(at);
        }

        /// <summary>Lengths that the compiler gives to what puts a text together.</summary>
        private static bool IsOfText(Instruction at)
        {
            Instruction? next = at.Next;
            for (int i = 0; i < 4 && next is not null; i++, next = next.Next)
            {
                if (next.Operand is MethodReference { Name: ".ctor" } made)
                {
                    return made.DeclaringType.Name.EndsWith("InterpolatedStringHandler", StringComparison.Ordinal);
                }
            }

            return false;
        }

        private static bool IsCapacity(Instruction at) =>
            at.Next?.Operand is MethodReference { Name: ".ctor" } made && made.DeclaringType.Namespace is "System.Collections.Generic" or "System.Text" or "System.Buffers" && made.Parameters.Count == 1;

        private static string Text(object value) => Convert.ToString(value, CultureInfo.InvariantCulture)!;

        private static string Name(MethodDefinition method)
        {
            TypeDefinition type = method.DeclaringType;
            string name = type.Name.StartsWith('<') && type.DeclaringType is not null ? type.DeclaringType.Name : type.Name;
            return name + "." + (type.Name.StartsWith('<') && method.Name == "MoveNext" ? type.Name.Split('>')[0].TrimStart('<') : method.Name);
        }
    }
}
