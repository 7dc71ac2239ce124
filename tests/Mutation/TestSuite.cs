using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.ExceptionServices;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Mutation;

/// <summary>The tests of one assembly, called by reflection as MSTest calls them: one object per run, initialisers and clean-ups, data rows, conditions.</summary>
internal sealed class TestSuite
{
    private readonly HashSet<Type> _begun = [];
    private readonly List<TestCase> _cases = [];
    private readonly Assembly _assembly;
    private bool _assemblyBegun;

    public TestSuite(Assembly assembly)
    {
        _assembly = assembly;
        foreach (Type type in assembly.GetTypes().Where(t => t is { IsClass: true, IsAbstract: false } && t.IsDefined(typeof(TestClassAttribute), inherit: true)).OrderBy(t => t.FullName, StringComparer.Ordinal))
        {
            foreach (MethodInfo method in type.GetMethods().Where(m => m.IsDefined(typeof(TestMethodAttribute), inherit: true)).OrderBy(m => m.Name, StringComparer.Ordinal).ThenBy(m => m.MetadataToken))
            {
                if (!IsSkipped(type) && !IsSkipped(method))
                {
                    Add(type, method);
                }
            }
        }
    }

    public IReadOnlyList<TestCase> Cases => _cases;

    /// <summary>Runs a test.</summary>
    /// <param name="test">The test.</param>
    /// <param name="folder">A folder for its files, which is removed afterwards.</param>
    /// <returns>Null when it passed, otherwise why not.</returns>
    public string? Run(TestCase test, string folder)
    {
        TestFolder context = new(folder, test.Method.Name);
        object? made = null;
        try
        {
            Begin(test.Type, context);
            made = Activator.CreateInstance(test.Type);
            test.Type.GetProperty("TestContext")?.SetValue(made, context);
            CallAll(test.Type, made, typeof(TestInitializeAttribute));
            Call(test.Method, made, test.Arguments);
            return null;
        }
        catch (Exception e)
        {
            return e is AssertInconclusiveException ? "inconclusive: " + e.Message : e.GetType().Name + ": " + e.Message;
        }
        finally
        {
            try
            {
                CallAll(test.Type, made, typeof(TestCleanupAttribute));
                (made as IDisposable)?.Dispose();
            }
            finally
            {
                context.Remove();
            }
        }
    }

    private void Add(Type type, MethodInfo method)
    {
        List<object?[]> rows = [.. method.GetCustomAttributes().OfType<ITestDataSource>().SelectMany(s => s.GetData(method)).Select(Unwrap)];
        string name = type.Name + "." + method.Name;
        if (rows.Count == 0 && method.GetParameters().Length == 0)
        {
            _cases.Add(new TestCase(_cases.Count, name, type, method, null));
        }

        foreach (object?[] row in rows)
        {
            string arguments = string.Join(", ", row.Select(a => Convert.ToString(a, CultureInfo.InvariantCulture)?.ReplaceLineEndings(" ")));
            _cases.Add(new TestCase(_cases.Count, $"{name}({(arguments.Length > 60 ? arguments[..60] : arguments)})", type, method, Fit(method.GetParameters(), row)));
        }
    }

    private static object?[] Unwrap(object?[] row) =>
        row is [{ } only] && only.GetType() is { IsGenericType: true } type && type.Name.StartsWith("TestDataRow", StringComparison.Ordinal) ? [type.GetProperty("Value")!.GetValue(only)] : row;

    /// <summary>Gathers the last arguments for a parameter that takes any number, and fills in defaults.</summary>
    private static object?[] Fit(ParameterInfo[] parameters, object?[] row)
    {
        if (parameters.Length > 0 && parameters[^1].IsDefined(typeof(ParamArrayAttribute)) && !(row.Length == parameters.Length && parameters[^1].ParameterType.IsInstanceOfType(row[^1])))
        {
            object?[] rest = row[(parameters.Length - 1)..];
            Array gathered = Array.CreateInstance(parameters[^1].ParameterType.GetElementType()!, rest.Length);
            Array.Copy(rest, gathered, rest.Length);
            return [.. row[..(parameters.Length - 1)], gathered];
        }

        return [.. row, .. parameters.Skip(row.Length).Select(p => p.DefaultValue)];
    }

    private static bool IsSkipped(MemberInfo member) =>
        member.GetCustomAttributes().OfType<ConditionBaseAttribute>().Any(c => (c.Mode == ConditionMode.Include) != c.IsConditionMet);

    private void Begin(Type type, TestContext context)
    {
        if (!_assemblyBegun)
        {
            _assemblyBegun = true;
            foreach (MethodInfo method in _assembly.GetTypes().SelectMany(t => t.GetMethods()).Where(m => m.IsStatic && m.IsDefined(typeof(AssemblyInitializeAttribute))))
            {
                Call(method, null, [context]);
            }
        }

        if (_begun.Add(type))
        {
            foreach (MethodInfo method in type.GetMethods().Where(m => m.IsStatic && m.IsDefined(typeof(ClassInitializeAttribute))))
            {
                Call(method, null, [context]);
            }
        }
    }

    private static void CallAll(Type type, object? made, Type attribute)
    {
        foreach (MethodInfo method in made is null ? [] : type.GetMethods().Where(m => m.IsDefined(attribute, inherit: true)))
        {
            Call(method, made, null);
        }
    }

    private static void Call(MethodInfo method, object? made, object?[]? arguments)
    {
        try
        {
            switch (method.Invoke(made, arguments))
            {
                case Task task:
                    task.GetAwaiter().GetResult();
                    break;
                case ValueTask task:
                    task.AsTask().GetAwaiter().GetResult();
                    break;
            }
        }
        catch (TargetInvocationException e) when (e.InnerException is { } inner)
        {
            ExceptionDispatchInfo.Capture(inner).Throw();
        }
    }

    private sealed class TestFolder : TestContext
    {
        private readonly string _folder;

        public TestFolder(string folder, string test)
        {
            _folder = folder;
            Directory.CreateDirectory(folder);
            foreach (string name in new[] { "TestRunDirectory", "DeploymentDirectory", "ResultsDirectory", "TestResultsDirectory", "TestRunResultsDirectory", "TestDeploymentDir", "TestDir" })
            {
                Properties[name] = folder;
            }

            Properties["TestName"] = test;
        }

        public override IDictionary<string, object?> Properties { get; } = new Dictionary<string, object?>(StringComparer.Ordinal);

        public void Remove()
        {
            if (Directory.Exists(_folder))
            {
                Directory.Delete(_folder, recursive: true);
            }
        }

        public override void AddResultFile(string fileName)
        {
        }

        public override void DisplayMessage(MessageLevel messageLevel, string message)
        {
        }

        public override void Write(string? message)
        {
        }

        public override void Write(string format, params object?[] args)
        {
        }

        public override void WriteLine(string? message)
        {
        }

        public override void WriteLine(string format, params object?[] args)
        {
        }
    }
}

/// <summary>One test, or one row of one.</summary>
internal sealed record TestCase(int Number, string Name, Type Type, MethodInfo Method, object?[]? Arguments);
