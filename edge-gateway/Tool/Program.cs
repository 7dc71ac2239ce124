using EdgeGateway.Tool;

return CartCtl.Run(args, System.Console.Out, System.Console.Error);
