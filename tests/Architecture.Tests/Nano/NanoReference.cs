using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Mono.Cecil;
using Mono.Cecil.Cil;
using EventAttributes = Mono.Cecil.EventAttributes;
using FieldAttributes = Mono.Cecil.FieldAttributes;
using MethodAttributes = Mono.Cecil.MethodAttributes;
using MethodImplAttributes = Mono.Cecil.MethodImplAttributes;
using ParameterAttributes = Mono.Cecil.ParameterAttributes;
using PropertyAttributes = Mono.Cecil.PropertyAttributes;
using TypeAttributes = Mono.Cecil.TypeAttributes;

namespace Architecture.Tests.Nano;

/// <summary>Makes a reference assembly from lines of members: it stands for every library of the device but mscorlib, which is the real one.</summary>
internal sealed class NanoReference : IDisposable
{
    private const MethodAttributes PublicMember = MethodAttributes.Public | MethodAttributes.HideBySig;

    private readonly ModuleDefinition _module;
    private readonly ModuleDefinition _core = ModuleDefinition.ReadModule(NanoApi.CoreLibrary);
    private readonly Dictionary<string, TypeDefinition> _types = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TypeDefinition> _coreTypes;
    private readonly List<string> _problems = [];

    private NanoReference()
    {
        AssemblyDefinition assembly = AssemblyDefinition.CreateAssembly(new AssemblyNameDefinition("NanoLibraries", new Version(1, 0, 0, 0)), "NanoLibraries", ModuleKind.Dll);
        _module = assembly.MainModule;
        _coreTypes = _core.GetTypes().Where(IsPublic).ToDictionary(t => t.FullName.Replace('/', '.'), t => t, StringComparer.Ordinal);
    }

    /// <summary>Writes the assembly.</summary>
    /// <param name="lines">Lines of types and members.</param>
    /// <param name="file">Where to write it.</param>
    /// <returns>What could not be understood: lines that name a type which has no line and is not in mscorlib.</returns>
    public static IReadOnlyList<string> Write(IReadOnlyList<string> lines, string file)
    {
        using NanoReference reference = new();
        reference.DeclareTypes(lines);
        reference.DescribeTypes(lines);
        reference.AddMembers(lines);
        reference.AllowAttributesTwice();
        reference._module.Assembly.Write(file);
        return reference._problems;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _core.Dispose();
        _module.Dispose();
    }

    private static bool IsPublic(TypeDefinition type) => type.IsPublic || (type.IsNestedPublic && IsPublic(type.DeclaringType));

    private void DeclareTypes(IReadOnlyList<string> lines)
    {
        // Ordinal order puts an outer type before the types nested in it.
        foreach (string line in lines.Where(l => !l.Contains("::", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            string name = line[..line.IndexOf(" : ", StringComparison.Ordinal)];
            int dot = name.LastIndexOf('.');
            string before = name[..dot];
            TypeDefinition type = new(string.Empty, name[(dot + 1)..], TypeAttributes.Class);
            if (_types.TryGetValue(before, out TypeDefinition? outer))
            {
                type.Attributes |= TypeAttributes.NestedPublic;
                outer.NestedTypes.Add(type);
            }
            else
            {
                type.Namespace = before;
                type.Attributes |= TypeAttributes.Public;
                _module.Types.Add(type);
            }

            _types[name] = type;
            if (_coreTypes.ContainsKey(name))
            {
                _problems.Add($"'{line}': {name} is in the real mscorlib, which needs no lines.");
            }
        }
    }

    private void DescribeTypes(IReadOnlyList<string> lines)
    {
        foreach (string line in lines.Where(l => !l.Contains("::", StringComparison.Ordinal)))
        {
            int colon = line.IndexOf(" : ", StringComparison.Ordinal);
            string name = line[..colon];
            TypeDefinition type = _types[name];
            string rest = line[(colon + 3)..].Replace(" [Obsolete]", string.Empty, StringComparison.Ordinal);
            if (rest.StartsWith("delegate ", StringComparison.Ordinal))
            {
                DescribeDelegate(type, rest["delegate ".Length..], line);
                continue;
            }

            string[] halves = rest.Split(" : ", 2);
            string[] words = halves[0].Split(' ');
            string[] bases = halves.Length > 1 ? halves[1].Split(", ") : [];
            foreach (string word in words)
            {
                switch (word)
                {
                    case "static": type.Attributes |= TypeAttributes.Abstract | TypeAttributes.Sealed; break;
                    case "abstract": type.Attributes |= TypeAttributes.Abstract; break;
                    case "sealed": type.Attributes |= TypeAttributes.Sealed; break;
                    default: break;
                }
            }

            switch (words[^1])
            {
                case "interface":
                    type.Attributes |= TypeAttributes.Interface | TypeAttributes.Abstract;
                    AddInterfaces(type, bases, line);
                    break;
                case "enum":
                    type.Attributes |= TypeAttributes.Sealed;
                    type.BaseType = Resolve("System.Enum", line);
                    type.Fields.Add(new FieldDefinition(
                        "value__", FieldAttributes.Public | FieldAttributes.SpecialName | FieldAttributes.RTSpecialName, Resolve(bases[0], line)));
                    break;
                case "struct":
                    type.Attributes |= TypeAttributes.Sealed | TypeAttributes.SequentialLayout;
                    type.BaseType = Resolve("System.ValueType", line);
                    AddInterfaces(type, bases, line);
                    break;
                default:
                    bool hasBase = bases.Length > 0 && (_coreTypes.TryGetValue(bases[0], out TypeDefinition? core) ? core.IsClass : lines.Any(l =>
                        l.StartsWith(bases[0] + " : ", StringComparison.Ordinal) && l[(bases[0].Length + 3)..].Contains("class", StringComparison.Ordinal)));
                    type.BaseType = Resolve(hasBase ? bases[0] : "System.Object", line);
                    AddInterfaces(type, hasBase ? bases[1..] : bases, line);
                    break;
            }
        }
    }

    private void DescribeDelegate(TypeDefinition type, string signature, string line)
    {
        type.Attributes |= TypeAttributes.Sealed;
        type.BaseType = Resolve("System.MulticastDelegate", line);
        MethodDefinition constructor = new(
            ".ctor",
            PublicMember | MethodAttributes.SpecialName | MethodAttributes.RTSpecialName,
            Resolve("System.Void", line))
        {
            ImplAttributes = MethodImplAttributes.Runtime,
        };
        constructor.Parameters.Add(new ParameterDefinition("object", ParameterAttributes.None, Resolve("System.Object", line)));
        constructor.Parameters.Add(new ParameterDefinition("method", ParameterAttributes.None, Resolve("System.IntPtr", line)));
        type.Methods.Add(constructor);
        int close = signature.IndexOf(") : ", StringComparison.Ordinal);
        MethodDefinition invoke = new(
            "Invoke", PublicMember | MethodAttributes.Virtual | MethodAttributes.NewSlot, Resolve(signature[(close + 4)..], line))
        {
            ImplAttributes = MethodImplAttributes.Runtime,
        };
        AddParameters(invoke, signature[1..close], line);
        type.Methods.Add(invoke);
    }

    private void AddInterfaces(TypeDefinition type, IEnumerable<string> names, string line)
    {
        foreach (string name in names)
        {
            type.Interfaces.Add(new InterfaceImplementation(Resolve(name, line)));
        }
    }

    private void AddMembers(IReadOnlyList<string> lines)
    {
        foreach (string line in lines)
        {
            int split = line.IndexOf("::", StringComparison.Ordinal);
            if (split < 0)
            {
                continue;
            }

            if (!_types.TryGetValue(line[..split], out TypeDefinition? type))
            {
                _problems.Add($"'{line}': its type {line[..split]} has no line.");
                continue;
            }

            AddMember(type, line[(split + 2)..].Replace(" [Obsolete]", string.Empty, StringComparison.Ordinal), line);
        }
    }

    // The lists do not show where and how often an attribute may stand, so that is not judged.
    private void AllowAttributesTwice()
    {
        MethodReference constructor = Constructor("System.AttributeUsageAttribute");

        // ECMA-335 II.23.3: prolog, AttributeTargets.All, one named property of type bool.
        byte[] name = Encoding.UTF8.GetBytes("AllowMultiple");
        byte[] blob = [1, 0, 0xFF, 0x7F, 0, 0, 1, 0, 0x54, 0x02, (byte)name.Length, .. name, 1];
        foreach (TypeDefinition type in _types.Values.Where(t => t.BaseType?.FullName == "System.Attribute"))
        {
            type.CustomAttributes.Add(new CustomAttribute(constructor, blob));
        }
    }

    private void AddMember(TypeDefinition type, string member, string line)
    {
        if (member.StartsWith("event ", StringComparison.Ordinal))
        {
            AddEvent(type, member["event ".Length..], line);
        }
        else if (member.Contains(" { ", StringComparison.Ordinal))
        {
            AddProperty(type, member, line);
        }
        else if (member.Contains('(', StringComparison.Ordinal))
        {
            AddMethod(type, member, line);
        }
        else
        {
            AddField(type, member, line);
        }
    }

    private void AddMethod(TypeDefinition type, string member, string line)
    {
        int open = member.IndexOf('(', StringComparison.Ordinal);
        int close = member.LastIndexOf(") : ", StringComparison.Ordinal);
        string name = member[..open];
        (MethodAttributes attributes, string result) = Modifiers(type, member[(close + 4)..]);
        if (name == ".ctor")
        {
            attributes |= MethodAttributes.SpecialName | MethodAttributes.RTSpecialName;
        }
        else if (name.StartsWith("op_", StringComparison.Ordinal))
        {
            attributes |= MethodAttributes.SpecialName;
        }

        MethodDefinition method = new(name, attributes, Resolve(result == "void" ? "System.Void" : result, line));
        AddParameters(method, member[(open + 1)..close], line);
        Finish(type, method);
    }

    private void AddProperty(TypeDefinition type, string member, string line)
    {
        int brace = member.IndexOf(" { ", StringComparison.Ordinal);
        string head = member[..brace];
        int end = member.IndexOf(" } : ", StringComparison.Ordinal);
        (MethodAttributes attributes, string kind) = Modifiers(type, member[(end + 5)..]);
        attributes |= MethodAttributes.SpecialName;
        string parameters = string.Empty;
        int bracket = head.IndexOf('[', StringComparison.Ordinal);
        if (bracket >= 0)
        {
            parameters = head[(bracket + 1)..^1];
            head = head[..bracket];
            AddDefaultMember(type, head);
        }

        TypeReference value = Resolve(kind, line);
        PropertyDefinition property = new(head, PropertyAttributes.None, value);
        string accessors = member[brace..end];
        if (accessors.Contains("get;", StringComparison.Ordinal))
        {
            MethodDefinition getter = new("get_" + head, attributes, value);
            AddParameters(getter, parameters, line);
            Finish(type, getter);
            property.GetMethod = getter;
        }

        if (accessors.Contains("set;", StringComparison.Ordinal))
        {
            MethodDefinition setter = new("set_" + head, attributes, Resolve("System.Void", line));
            AddParameters(setter, parameters, line);
            setter.Parameters.Add(new ParameterDefinition("value", ParameterAttributes.None, value));
            Finish(type, setter);
            property.SetMethod = setter;
        }

        type.Properties.Add(property);
    }

    private void AddEvent(TypeDefinition type, string member, string line)
    {
        int colon = member.IndexOf(" : ", StringComparison.Ordinal);
        string name = member[..colon];
        (MethodAttributes attributes, string kind) = Modifiers(type, member[(colon + 3)..]);
        TypeReference handler = Resolve(kind, line);
        EventDefinition definition = new(name, EventAttributes.None, handler);
        foreach (string prefix in new[] { "add_", "remove_" })
        {
            MethodDefinition accessor = new(prefix + name, attributes | MethodAttributes.SpecialName, Resolve("System.Void", line));
            accessor.Parameters.Add(new ParameterDefinition("value", ParameterAttributes.None, handler));
            Finish(type, accessor);
            if (prefix == "add_")
            {
                definition.AddMethod = accessor;
            }
            else
            {
                definition.RemoveMethod = accessor;
            }
        }

        type.Events.Add(definition);
    }

    private void AddField(TypeDefinition type, string member, string line)
    {
        if (type.BaseType?.FullName == "System.Enum")
        {
            string[] pair = member.Split(" = ");
            FieldDefinition constant = new(
                pair[0], FieldAttributes.Public | FieldAttributes.Static | FieldAttributes.Literal | FieldAttributes.HasDefault, type)
            {
                Constant = Constant(type.Fields[0].FieldType.FullName, pair[1]),
            };
            type.Fields.Add(constant);
            return;
        }

        int colon = member.IndexOf(" : ", StringComparison.Ordinal);
        string rest = member[(colon + 3)..];
        FieldAttributes attributes = rest.Contains("protected ", StringComparison.Ordinal) ? FieldAttributes.Family : FieldAttributes.Public;
        string? value = null;
        int equals = rest.IndexOf(" = ", StringComparison.Ordinal);
        if (rest.Contains("const ", StringComparison.Ordinal) && equals >= 0)
        {
            value = rest[(equals + 3)..];
            rest = rest[..equals];
            attributes |= FieldAttributes.Static | FieldAttributes.Literal | FieldAttributes.HasDefault;
        }

        attributes |= rest.Contains("static ", StringComparison.Ordinal) ? FieldAttributes.Static : default;
        attributes |= rest.Contains("readonly ", StringComparison.Ordinal) ? FieldAttributes.InitOnly : default;
        string kind = rest[(rest.LastIndexOf(' ') + 1)..];
        FieldDefinition field = new(member[..colon], attributes, Resolve(kind, line));
        if (value is not null)
        {
            field.Constant = Constant(kind, value);
        }

        type.Fields.Add(field);
    }

    private void Finish(TypeDefinition type, MethodDefinition method)
    {
        if (!method.IsAbstract)
        {
            method.Body.Instructions.Add(Instruction.Create(OpCodes.Ldnull));
            method.Body.Instructions.Add(Instruction.Create(OpCodes.Throw));
        }

        type.Methods.Add(method);
    }

    private static (MethodAttributes Attributes, string Type) Modifiers(TypeDefinition type, string text)
    {
        MethodAttributes attributes = MethodAttributes.HideBySig | MethodAttributes.Public;
        string[] words = text.Split(' ');
        foreach (string word in words[..^1])
        {
            switch (word)
            {
                case "static": attributes |= MethodAttributes.Static; break;
                case "protected": attributes = (attributes & ~MethodAttributes.MemberAccessMask) | MethodAttributes.Family; break;
                case "virtual": attributes |= MethodAttributes.Virtual | MethodAttributes.NewSlot; break;
                case "override": attributes |= MethodAttributes.Virtual; break;
                case "abstract": attributes |= MethodAttributes.Virtual | MethodAttributes.Abstract | MethodAttributes.NewSlot; break;
                default: break;
            }
        }

        if (type.IsInterface)
        {
            attributes |= MethodAttributes.Virtual | MethodAttributes.Abstract | MethodAttributes.NewSlot;
        }

        return (attributes, words[^1]);
    }

    private void AddParameters(MethodDefinition method, string text, string line)
    {
        foreach (string part in text.Length == 0 ? [] : text.Split(", "))
        {
            string parameter = part;
            string? constant = null;
            int equals = parameter.IndexOf(" = ", StringComparison.Ordinal);
            if (equals >= 0)
            {
                constant = parameter[(equals + 3)..];
                parameter = parameter[..equals];
            }

            string[] words = parameter.Split(' ');
            TypeReference kind = Resolve(words[^2], line);
            ParameterAttributes attributes = ParameterAttributes.None;
            bool array = false;
            foreach (string word in words[..^2])
            {
                array |= word == "params";
                attributes |= word == "out" ? ParameterAttributes.Out : ParameterAttributes.None;
                kind = word is "out" or "ref" or "in" ? new ByReferenceType(kind) : kind;
            }

            ParameterDefinition definition = new(words[^1], attributes, kind);
            if (constant is not null)
            {
                definition.Attributes |= ParameterAttributes.Optional | ParameterAttributes.HasDefault;
                definition.Constant = constant == "null" ? null : Constant(kind.FullName, constant);
            }

            if (array)
            {
                definition.CustomAttributes.Add(new CustomAttribute(Constructor("System.ParamArrayAttribute")));
            }

            method.Parameters.Add(definition);
        }
    }

    private void AddDefaultMember(TypeDefinition type, string name)
    {
        // ECMA-335 II.23.3: prolog, the string, no named arguments.
        byte[] text = Encoding.UTF8.GetBytes(name);
        type.CustomAttributes.Add(new CustomAttribute(Constructor("System.Reflection.DefaultMemberAttribute"), [1, 0, (byte)text.Length, .. text, 0, 0]));
    }

    private MethodReference Constructor(string attribute) => _module.ImportReference(_coreTypes[attribute].Methods.Single(m => m.IsConstructor && !m.IsStatic));

    private TypeReference Resolve(string name, string line)
    {
        if (name.EndsWith("[]", StringComparison.Ordinal))
        {
            return new ArrayType(Resolve(name[..^2], line));
        }

        if (name.EndsWith('*'))
        {
            return new PointerType(Resolve(name[..^1], line));
        }

        if (name.EndsWith('&'))
        {
            return new ByReferenceType(Resolve(name[..^1], line));
        }

        if (_types.TryGetValue(name, out TypeDefinition? type))
        {
            return type;
        }

        if (_coreTypes.TryGetValue(name, out TypeDefinition? core))
        {
            return _module.ImportReference(core);
        }

        _problems.Add($"'{line}' needs the type {name}, which has no line.");
        TypeDefinition missing = new("Missing", name, TypeAttributes.NotPublic | TypeAttributes.Class);
        _module.Types.Add(missing);
        _types[name] = missing;
        return missing;
    }

    private static object Constant(string type, string text)
    {
        CultureInfo plain = CultureInfo.InvariantCulture;
        return type switch
        {
            "System.Boolean" => text is "True" or "true",
            "System.Byte" => byte.Parse(text, plain),
            "System.SByte" => sbyte.Parse(text, plain),
            "System.Int16" => short.Parse(text, plain),
            "System.UInt16" => ushort.Parse(text, plain),
            "System.UInt32" => uint.Parse(text, plain),
            "System.Int64" => long.Parse(text, plain),
            "System.UInt64" => ulong.Parse(text, plain),
            "System.Single" => float.Parse(text, plain),
            "System.Double" => double.Parse(text, plain),
            "System.String" => text.Trim('"'),
            "System.Char" => (char)int.Parse(text.AsSpan(3, 4), NumberStyles.HexNumber, plain),
            _ => int.Parse(text, plain),
        };
    }
}
