using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Architecture.Tests.Nano;

/// <summary>Searches compiled code for what compiles but fails on the device.</summary>
internal static partial class NanoScan
{
    /// <summary>Type parameters of any kind.</summary>
    public const string Generic = "NANO01";

    /// <summary>Arrays of more than one dimension.</summary>
    public const string Rank = "NANO02";

    /// <summary>Interface members with a body, or static ones.</summary>
    public const string InterfaceBody = "NANO03";

    /// <summary>An enum turned into text or boxed.</summary>
    public const string EnumText = "NANO04";

    /// <summary>Checked arithmetic.</summary>
    public const string Checked = "NANO05";

    /// <summary>A number format that the device prints as it stands, or throws at.</summary>
    public const string Format = "NANO06";

    /// <summary>Pointers, stack memory, calls through a pointer.</summary>
    public const string Pointer = "NANO07";

    /// <summary>A type of the runtime that is declared here to please the compiler.</summary>
    public const string Impostor = "NANO08";

    /// <summary>Own ref structs.</summary>
    public const string RefStruct = "NANO09";

    /// <summary>An array that is larger than the device can allocate.</summary>
    public const string Array = "NANO12";

    private static readonly Dictionary<string, string> Reasons = new(StringComparer.Ordinal)
    {
        [Generic] = "the device cannot load generic code; write the type out, or use an array, ArrayList or a delegate of its own",
        [Rank] = "the device cannot load arrays of several dimensions; use an array of arrays or one array and an index",
        [InterfaceBody] = "the device ignores interface members with a body in silence; put the code into a class",
        [EnumText] = "the device prints a boxed enum as a number; cast to int, or choose the text with a switch",
        [Checked] = "the device never throws on overflow; test the range before, and cast a long index to int",
        [Format] = "the device knows the formats D F G N X E with up to two digits as literals, and no alignment; use F2 and the like",
        [Pointer] = "the device has no pointers or stack memory; use a byte[] with offset and count",
        [Impostor] = "the device's runtime does not have this type, and declaring it here only silences the compiler; use another construct",
        [Array] = "one array of the device takes at most 65,535 blocks of its heap; use several, or a smaller one",
        [RefStruct] = "only SpanByte is a ref struct on the device; use a class or byte[] with offset and count",
    };

    /// <summary>Searches one assembly, with its symbols beside it.</summary>
    /// <param name="assembly">The file.</param>
    /// <param name="references">The libraries it was compiled against.</param>
    /// <returns>What was found.</returns>
    public static IReadOnlyList<NanoFinding> Search(string assembly, params string[] references)
    {
        using FixedResolver resolver = new(references);
        using ModuleDefinition module = ModuleDefinition.ReadModule(assembly, new ReaderParameters
        {
            AssemblyResolver = resolver,
            ReadSymbols = true,
            SymbolReaderProvider = new PortablePdbReaderProvider(),
        });
        List<NanoFinding> findings = [];
        foreach (TypeDefinition type in module.GetTypes())
        {
            SearchType(type, findings);
        }

        return findings.Distinct().OrderBy(f => f.File, StringComparer.Ordinal).ThenBy(f => f.Line).ThenBy(f => f.Rule, StringComparer.Ordinal).ToArray();
    }

    private static void SearchType(TypeDefinition type, List<NanoFinding> findings)
    {
        (string file, int line) = PlaceOf(type);
        void Add(string rule, string what) => findings.Add(new NanoFinding(file, line, rule, $"{what}: {Reasons[rule]}"));

        // What the compiler writes for its own use stands in its generated attributes; the device's tool drops those.
        bool compilers = type.CustomAttributes.Any(a => a.AttributeType.FullName is "Microsoft.CodeAnalysis.EmbeddedAttribute");
        if (compilers || type.Name == "<Module>")
        {
            return;
        }

        if (type.HasGenericParameters)
        {
            Add(Generic, $"type {type.Name}");
        }

        if (!type.Name.Contains('<', StringComparison.Ordinal) &&
            (type.Namespace == "System" || type.Namespace.StartsWith("System.", StringComparison.Ordinal)))
        {
            Add(Impostor, $"type {type.FullName}");
        }

        if (type.CustomAttributes.Any(a => a.AttributeType.Name == "IsByRefLikeAttribute"))
        {
            Add(RefStruct, $"type {type.Name}");
        }

        Check(type.BaseType, "base type", Add);
        foreach (InterfaceImplementation implemented in type.Interfaces)
        {
            Check(implemented.InterfaceType, "interface", Add);
        }

        foreach (FieldDefinition field in type.Fields)
        {
            Check(field.FieldType, $"field {field.Name}", Add);
        }

        foreach (MethodDefinition method in type.Methods)
        {
            SearchMethod(type, method, file, line, findings);
        }
    }

    private static void SearchMethod(TypeDefinition type, MethodDefinition method, string typeFile, int typeLine, List<NanoFinding> findings)
    {
        (string file, int line) = (typeFile, typeLine);
        SequencePoint? first = method.HasBody ? method.DebugInformation.SequencePoints.FirstOrDefault(p => !p.IsHidden) : null;
        if (first is not null)
        {
            (file, line) = (Repository.Name(first.Document.Url), first.StartLine);
        }

        void Add(string rule, string what) => findings.Add(new NanoFinding(file, line, rule, $"{what}: {Reasons[rule]}"));

        if (method.HasGenericParameters)
        {
            Add(Generic, $"method {method.Name}");
        }

        if (type.IsInterface && (!method.IsAbstract || method.IsStatic) && method.Name != ".cctor")
        {
            Add(InterfaceBody, $"{type.Name}.{method.Name}");
        }

        Check(method.ReturnType, $"result of {method.Name}", Add);
        foreach (ParameterDefinition parameter in method.Parameters)
        {
            Check(parameter.ParameterType, $"parameter {parameter.Name}", Add);
        }

        if (!method.HasBody)
        {
            return;
        }

        foreach (VariableDefinition variable in method.Body.Variables)
        {
            Check(variable.VariableType, $"variable in {method.Name}", Add);
        }

        foreach (Instruction instruction in method.Body.Instructions)
        {
            SequencePoint? here = method.DebugInformation.SequencePoints.LastOrDefault(p => !p.IsHidden && p.Offset <= instruction.Offset);
            if (here is not null)
            {
                line = here.StartLine;
            }

            SearchInstruction(method, instruction, Add);
        }
    }

    private static void SearchInstruction(MethodDefinition method, Instruction instruction, Action<string, string> add)
    {
        switch (instruction.OpCode.Code)
        {
            case Code.Newarr when Constant(instruction.Previous) is long length && length * ElementBytes((TypeReference)instruction.Operand) > Firmware.Core.RuntimeBounds.MaxArrayBytes:
                add(Array, $"new {((TypeReference)instruction.Operand).Name}[{length}] in {method.Name}");
                break;
            case Code.Box when IsEnum((TypeReference)instruction.Operand):
            case Code.Constrained when IsEnum((TypeReference)instruction.Operand):
                add(EnumText, ((TypeReference)instruction.Operand).Name);
                break;
            case Code.Localloc:
            case Code.Calli:
                add(Pointer, instruction.OpCode.Name + " in " + method.Name);
                break;
            default:
                if (instruction.OpCode.Name.Contains(".ovf", StringComparison.Ordinal))
                {
                    add(Checked, instruction.OpCode.Name + " in " + method.Name);
                }

                break;
        }

        switch (instruction.Operand)
        {
            case GenericInstanceMethod generic:
                add(Generic, "call of " + generic.Name);
                break;
            case MethodReference called:
                Check(called.DeclaringType, "call of " + called.Name, add);
                CheckFormat(instruction, called, add);
                break;
            case FieldReference field:
                Check(field.FieldType, "field " + field.Name, add);
                break;
            case TypeReference type:
                Check(type, "use", add);
                break;
            default:
                break;
        }
    }

    private static void CheckFormat(Instruction call, MethodReference called, Action<string, string> add)
    {
        string owner = called.DeclaringType.FullName;
        if (called.Name == "ToString" && called.Parameters.Count == 1 && called.Parameters[0].ParameterType.FullName == "System.String"
            && owner.StartsWith("System.", StringComparison.Ordinal) && owner != "System.DateTime")
        {
            string? format = call.Previous?.Operand as string;
            if (format is null || !Known().IsMatch(format))
            {
                add(Format, $"{owner}.ToString({(format is null ? "computed" : "\"" + format + "\"")})");
            }
        }
        else if (called.Name == "Format" && owner == "System.String")
        {
            // The format is the nearest literal before the call that has a place holder.
            Instruction? at = call.Previous;
            while (at is not null && !(at.Operand is string s && s.Contains('{', StringComparison.Ordinal)))
            {
                at = at.OpCode.FlowControl is FlowControl.Branch or FlowControl.Return ? null : at.Previous;
            }

            if (at?.Operand is not string literal)
            {
                add(Format, "String.Format(computed)");
                return;
            }

            foreach (Match gap in SequenceGap().Matches(literal))
            {
                if (gap.Groups["align"].Success || (gap.Groups["format"].Success && !Known().IsMatch(gap.Groups["format"].Value)))
                {
                    add(Format, gap.Value);
                }
            }
        }
    }

    private static void Check(TypeReference? type, string what, Action<string, string> add)
    {
        switch (type)
        {
            case null:
                return;
            case GenericInstanceType or GenericParameter:
                add(Generic, $"{what} is {type.Name}");
                return;
            case ArrayType { Rank: > 1 }:
                add(Rank, $"{what} is {type.Name}");
                return;
            case PointerType or FunctionPointerType:
                add(Pointer, $"{what} is {type.Name}");
                return;
            case TypeSpecification specification:
                Check(specification.ElementType, what, add);
                return;
            default:
                return;
        }
    }

    private static long? Constant(Instruction? load) => load?.OpCode.Code switch
    {
        Code.Ldc_I4 => (int)load.Operand,
        Code.Conv_I or Code.Conv_Ovf_I => Constant(load.Previous),
        Code.Ldc_I8 => (long)load.Operand,
        _ => null,
    };

    // On the device an element that is no number takes a whole block of the heap. Source: nf-interpreter, CLR_RT_HeapBlock of 12 bytes.
    private static int ElementBytes(TypeReference type) => type.FullName switch
    {
        "System.Byte" or "System.SByte" or "System.Boolean" => 1,
        "System.Int16" or "System.UInt16" or "System.Char" => 2,
        "System.Int32" or "System.UInt32" or "System.Single" => 4,
        "System.Int64" or "System.UInt64" or "System.Double" => 8,
        _ => 12,
    };

    private static bool IsEnum(TypeReference type) => type is not TypeSpecification && type.Resolve()?.IsEnum == true;

    private static (string File, int Line) PlaceOf(TypeDefinition type)
    {
        for (TypeDefinition? at = type; at is not null; at = at.DeclaringType)
        {
            foreach (MethodDefinition method in at.Methods.Where(m => m.HasBody))
            {
                SequencePoint? point = method.DebugInformation.SequencePoints.FirstOrDefault(p => !p.IsHidden);
                if (point is not null)
                {
                    return (Repository.Name(point.Document.Url), point.StartLine);
                }
            }
        }

        // A type without code (an interface, an enum) has no symbols; its name must do.
        return (type.FullName, 0);
    }

    [GeneratedRegex("^[DFGNXEdfgnxe][0-9]{0,2}$", RegexOptions.None, 1000)]
    private static partial Regex Known();

    [GeneratedRegex(@"(?<!\{)\{[0-9]+(?<align>,[^:}]*)?(?::(?<format>[^}]*))?\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SequenceGap();

    private sealed class FixedResolver(string[] references) : IAssemblyResolver
    {
        private readonly AssemblyDefinition[] _references = [.. references.Select(AssemblyDefinition.ReadAssembly)];

        public AssemblyDefinition? Resolve(AssemblyNameReference name) => System.Array.Find(_references, r => r.Name.Name == name.Name);

        public AssemblyDefinition? Resolve(AssemblyNameReference name, ReaderParameters parameters) => Resolve(name);

        public void Dispose() => System.Array.ForEach(_references, r => r.Dispose());
    }
}
