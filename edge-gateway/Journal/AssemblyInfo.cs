using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Journal.Tests")]
