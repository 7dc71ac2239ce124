using System;
using Firmware.Flash;

return FlashTool.Run(args, Console.Out, Console.Error, Environment.GetEnvironmentVariable("PATH") ?? string.Empty);
