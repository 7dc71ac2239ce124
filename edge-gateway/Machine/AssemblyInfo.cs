using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Tool.Tests")]
