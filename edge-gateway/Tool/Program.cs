using EdgeGateway.Tool;

return CartCtl.Run(args, System.Console.In, System.Console.Out, System.Console.Error);
