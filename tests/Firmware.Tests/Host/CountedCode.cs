using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using Firmware.Core;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Firmware.Tests.Host;

/// <summary>Sources compiled with a counter at each operation: what they cost is a property of the code, the same on any machine.</summary>
internal static class CountedCode
{
    private const string Counter = """
        public static class Cost
        {
            public static long Multiplications, Others, Accesses;
            public static int M(int value) { Multiplications++; return value; }
            public static long M(long value) { Multiplications++; return value; }
            public static uint M(uint value) { Multiplications++; return value; }
            public static int O(int value) { Others++; return value; }
            public static long O(long value) { Others++; return value; }
            public static uint O(uint value) { Others++; return value; }
            public static bool O(bool value) { Others++; return value; }
            public static T O<T>(T value) where T : struct, System.Enum { Others++; return value; }
            public static int A(int index) { Accesses++; return index; }
            public static int I(ref int value) { Others++; return value++; }
        }
        """;

    /// <summary>Compiles.</summary>
    /// <param name="sources">The sources.</param>
    /// <param name="withMemory">Whether array accesses and increments are counted too.</param>
    /// <returns>The assembly; its type Cost holds the counters.</returns>
    public static Assembly Compile(IEnumerable<string> sources, bool withMemory)
    {
        CSharpParseOptions options = new(LanguageVersion.CSharp13);
        SyntaxTree[] trees = sources
            .Select(text => CSharpSyntaxTree.Create((CSharpSyntaxNode)new Counting(withMemory).Visit(CSharpSyntaxTree.ParseText(text, options).GetRoot()), options))
            .Append(CSharpSyntaxTree.ParseText(Counter, options))
            .ToArray();
        string platform = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        string[] names = ["System.Runtime.dll", "System.Private.CoreLib.dll", "netstandard.dll"];
        CSharpCompilation compilation = CSharpCompilation.Create(
            "counted-code",
            trees,
            platform.Split(Path.PathSeparator).Where(path => names.Contains(Path.GetFileName(path))).Append(typeof(AbsenceReason).Assembly.Location)
                .Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release, nullableContextOptions: NullableContextOptions.Enable));
        using MemoryStream image = new();
        Microsoft.CodeAnalysis.Emit.EmitResult result = compilation.Emit(image);
        Assert.IsTrue(result.Success, string.Join("\n", result.Diagnostics.Where(d => d.Severity == DiagnosticSeverity.Error)));
        return Assembly.Load(image.ToArray());
    }

    /// <summary>Puts a counter around each operation that is not a constant.</summary>
    private sealed class Counting(bool withMemory) : CSharpSyntaxRewriter
    {
        public override SyntaxNode? VisitFieldDeclaration(FieldDeclarationSyntax node) => node;

        public override SyntaxNode? VisitEnumDeclaration(EnumDeclarationSyntax node) => node;

        public override SyntaxNode? VisitBinaryExpression(BinaryExpressionSyntax node)
        {
            SyntaxNode visited = base.VisitBinaryExpression(node)!;
            return node.Kind() switch
            {
                SyntaxKind.MultiplyExpression or SyntaxKind.DivideExpression or SyntaxKind.ModuloExpression => Counted("M", visited),
                SyntaxKind.LogicalAndExpression or SyntaxKind.LogicalOrExpression => visited,
                _ => Counted("O", visited),
            };
        }

        public override SyntaxNode? VisitAssignmentExpression(AssignmentExpressionSyntax node)
        {
            var visited = (AssignmentExpressionSyntax)base.VisitAssignmentExpression(node)!;
            return node.IsKind(SyntaxKind.SimpleAssignmentExpression) ? visited : visited.WithRight(Counted("O", visited.Right));
        }

        public override SyntaxNode? VisitElementAccessExpression(ElementAccessExpressionSyntax node)
        {
            var visited = (ElementAccessExpressionSyntax)base.VisitElementAccessExpression(node)!;
            return withMemory && visited.ArgumentList.Arguments.Count == 1
                ? visited.WithArgumentList(SyntaxFactory.BracketedArgumentList(SyntaxFactory.SingletonSeparatedList(SyntaxFactory.Argument(Counted("A", visited.ArgumentList.Arguments[0].Expression)))))
                : visited;
        }

        public override SyntaxNode? VisitPostfixUnaryExpression(PostfixUnaryExpressionSyntax node) =>
            withMemory && node.IsKind(SyntaxKind.PostIncrementExpression) && node.Operand is IdentifierNameSyntax
                ? SyntaxFactory.ParseExpression($"global::Cost.I(ref {node.Operand})")
                : base.VisitPostfixUnaryExpression(node);

        private static ExpressionSyntax Counted(string counter, SyntaxNode expression) =>
            SyntaxFactory.ParseExpression($"global::Cost.{counter}({expression})");
    }
}
