using System;
using Simulators.Cli;

return await CartSim.RunAsync(args, Console.Out, Console.Error, TimeProvider.System).ConfigureAwait(false);
