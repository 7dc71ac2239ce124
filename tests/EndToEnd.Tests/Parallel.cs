using Microsoft.VisualStudio.TestTools.UnitTesting;

// The programs mostly wait for one another, so two classes at a time halve the run; each test has its own folder, ports and browser profile.
[assembly: Parallelize(Workers = 2, Scope = ExecutionScope.ClassLevel)]
