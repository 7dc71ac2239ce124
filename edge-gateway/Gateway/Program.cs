using System;
using EdgeGateway.Gateway.Hosting;

return await GatewayProgram.RunAsync(args, Console.Out, Console.Error).ConfigureAwait(false);
