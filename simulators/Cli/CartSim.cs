using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Faults;
using Simulators.Cart.Evaluation;
using Simulators.Cart.Scenario;
using Simulators.Patient;

namespace Simulators.Cli;

/// <summary>The command line of cart-sim.</summary>
public static class CartSim
{
    private const string RealSpeed = "real";
    private const string MaxSpeed = "max";
    private const string PtyConsole = "pty";
    private const string Speeds = RealSpeed + "|" + MaxSpeed;

    /// <summary>Runs one command.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="output">Results.</param>
    /// <param name="diagnostics">Everything else.</param>
    /// <param name="time">The real clock.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter diagnostics, TimeProvider time)
    {
        using CancellationTokenSource stop = new();
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, stop));
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, stop));
        RootCommand root = Build(new CommandContext(output, diagnostics, time, stop.Token));
        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            string command = parsed.CommandResult.Command == root ? string.Empty : parsed.CommandResult.Command.Name + " ";
            IReadOnlyList<CodedError> errors = parsed.Errors
                .Select(e => new CodedError(FaultCodes.SimulatorCommandLineWrong, ErrorPlace.None, e.Message.TrimEnd('.'), Hint(root, e)))
                .ToList();
            await diagnostics.WriteLineAsync(CodedError.RenderAll(errors)).ConfigureAwait(false);
            await diagnostics.WriteLineAsync($"Try: cart-sim {command}--help").ConfigureAwait(false);
            return ExitCode.Usage;
        }

        InvocationConfiguration configuration = new()
        {
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
            Output = output,
            Error = diagnostics,
        };
        try
        {
            return await parsed.InvokeAsync(configuration, CancellationToken.None).ConfigureAwait(false);
        }
        catch (CodedErrorException e)
        {
            await diagnostics.WriteLineAsync(CodedError.RenderAll(e.Errors)).ConfigureAwait(false);
            return ExitCode.Refused;
        }
        catch (RecordingException e)
        {
            IEnumerable<CodedError> errors = e.Faults.Select(f => new CodedError(f.Code, new ErrorPlace(f.File, f.Line, null), f.Detail));
            await diagnostics.WriteLineAsync(CodedError.RenderAll(errors)).ConfigureAwait(false);
            return ExitCode.Refused;
        }
#pragma warning disable CA1031 // the last place that can name the fault
        catch (Exception e)
#pragma warning restore CA1031
        {
            await diagnostics.WriteLineAsync(new CodedError(FaultCodes.SimulatorInvariantBroken, ErrorPlace.None, e.Message.TrimEnd('.')).Render()).ConfigureAwait(false);
            await diagnostics.WriteLineAsync(e.ToString()).ConfigureAwait(false);
            return ExitCode.Internal;
        }
    }

    private static void Stop(PosixSignalContext context, CancellationTokenSource stop)
    {
        context.Cancel = true;
        stop.Cancel();
    }

    private static string? Hint(RootCommand root, ParseError error)
    {
        int first = error.Message.IndexOf('\'', StringComparison.Ordinal);
        int last = error.Message.IndexOf('\'', first + 1);
        return error.Message.StartsWith("Unrecognized", StringComparison.Ordinal) && first >= 0 && last > first
            ? NearestWord.Suggest(error.Message[(first + 1)..last], root.Subcommands.Select(c => c.Name))
            : null;
    }

    private static RootCommand Build(CommandContext here)
    {
        RootCommand root = new(
            "Simulated telemedicine carts: unchanged pod and gateway code in a simulated world. Without a command it plays first-consultation for a minute.");
        root.SetAction((_, _) => RunCommand.RunAsync(
            here, new RunRequest("first-consultation") { RealTime = true, Serve = true, Table = true }));
        root.Subcommands.Add(Run(here));
        root.Subcommands.Add(Play(here));
        root.Subcommands.Add(Evaluate(here));
        root.Subcommands.Add(List(here));
        root.Subcommands.Add(Faults(here));
        root.Subcommands.Add(PerturbationTable(here));
        root.Subcommands.Add(Broker(here));
        root.Subcommands.Add(Pod(here));
        root.Subcommands.Add(Subscribe(here));
        return root;
    }

    private static Command Run(CommandContext here)
    {
        Argument<string> scenario = new("scenario") { Description = "Name of a built-in scenario, or the path of a file that ends in .yaml." };
        Option<ulong?> seed = new("--seed") { Description = "Seed in place of the scenario's own." };
        Option<bool> serve = new("--serve") { Description = "Serve the first cart's gateway on HTTP, on port 8080 or a free one." };
        Option<string> speed = Speed(defaultsToReal: false);
        Option<string?> trace = new("--trace") { Description = "Write the trace to this file (simulators/Kernel/README.md describes it)." };
        Option<string?> layers = new("--layers") { Description = "Write the trace's counts and digests by layer to this file (simulators/Scenarios/README.md describes it)." };
        Option<bool> json = Json();
        Command command = new("run", "Runs a scenario and compares what came out with what it expects.") { scenario, seed, serve, speed, trace, layers, json };
        command.SetAction((parsed, _) => RunCommand.RunAsync(here, new RunRequest(parsed.GetValue(scenario)!)
        {
            Seed = parsed.GetValue(seed),
            Serve = parsed.GetValue(serve),
            RealTime = parsed.GetValue(speed) is RealSpeed,
            TraceFile = parsed.GetValue(trace),
            LayersFile = parsed.GetValue(layers),
            Json = parsed.GetValue(json),
        }));
        return command;
    }

    private static Command Play(CommandContext here)
    {
        Argument<string> recording = new("recording") { Description = "A bidmc or oxiwear CSV file." };
        Option<ulong?> seed = new("--seed") { Description = "Seed of everything but the recording; 1 unless given." };
        Option<string> speed = Speed(defaultsToReal: false);
        Option<string?> trace = new("--trace") { Description = "Write the trace to this file." };
        Option<string?> unit = new("--time-unit") { Description = "Unit of the time column: ms or s. Left out: ms, and refused when the column's name or its steps say otherwise." };
        unit.AcceptOnlyFromAmong("ms", "s");
        Option<bool> json = Json();
        Command command = new("play", "Plays recorded light through the oximeter's stimulus input into a consultation.") { recording, unit, seed, speed, trace, json };
        command.SetAction((parsed, _) => RunCommand.RunAsync(here, new RunRequest(parsed.GetValue(recording)!)
        {
            IsRecording = true,
            TimeUnit = parsed.GetValue(unit) switch { "s" => RecordedTimeUnit.Seconds, "ms" => RecordedTimeUnit.Milliseconds, _ => RecordedTimeUnit.Unstated },
            Seed = parsed.GetValue(seed),
            RealTime = parsed.GetValue(speed) is RealSpeed,
            TraceFile = parsed.GetValue(trace),
            Json = parsed.GetValue(json),
        }));
        return command;
    }

    private static Command Evaluate(CommandContext here)
    {
        Argument<string> set = new("set") { Description = "Which set of recordings: " + string.Join(", ", RecordingSet.Names.Concat(CuffEvaluation.Names).Concat(SoundEvaluation.Names)) + "; or matrix: each perturbation on each set, as one table." };
        Option<string> data = new("--data") { Description = "The folder that holds the sets' folders.", Required = true };
        Option<ulong> seed = new("--seed") { Description = "Seed of everything but the recordings.", DefaultValueFactory = _ => 1 };
        Option<string[]> perturb = new("--perturb")
        {
            Description = "Something wrong with each recording, name or name=value; may stand several times. " + Names(),
            HelpName = "NAME[=VALUE]",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
        };
        perturb.Validators.Add(result =>
        {
            foreach (Token token in result.Tokens)
            {
                if (Perturbations.Read(token.Value, out _) is { } problem)
                {
                    result.AddError(problem);
                }
            }
        });
        Option<string[]> only = new Option<string[]>("--set") { Description = "A set of the matrix; may stand several times, all sets when left out.", HelpName = "SET", Arity = ArgumentArity.OneOrMore }
            .AcceptOnlyFromAmong([.. EvaluationMatrix.Sets]);
        only.AllowMultipleArgumentsPerToken = false;
        Option<bool> wrong = new("--confidently-wrong") { Description = "Say per recording what was published as a value and is wrong, and count it." };
        Option<bool> json = Json();
        Command command = new("evaluate", "Plays a set of recordings with references through the whole way and scores what the subscriber received.") { set, data, seed, perturb, wrong, only, json };
        command.Validators.Add(result =>
        {
            if (result.GetResult(only) is { Tokens.Count: > 0 } && result.GetResult(set) is { Tokens.Count: 1 } whole && whole.Tokens[0].Value is not EvaluationMatrix.Name)
            {
                result.AddError("--set belongs to 'evaluate matrix'");
            }

            if (result.GetResult(set) is { Tokens.Count: 1 } name && IsSet(name.Tokens[0].Value) && result.GetResult(perturb) is { } given)
            {
                List<Perturbation> asked = Asked([.. given.Tokens.Select(t => t.Value)]);
                if (asked.Count == given.Tokens.Count && Perturbations.Check(name.Tokens[0].Value, asked) is { } problem)
                {
                    result.AddError(problem);
                }
            }
        });
        command.SetAction((parsed, _) => EvaluateCommand.RunAsync(here, new EvaluateRequest(parsed.GetValue(set)!, parsed.GetValue(data)!, parsed.GetValue(seed))
        {
            Perturbations = Asked(parsed.GetValue(perturb) ?? []),
            ConfidentlyWrong = parsed.GetValue(wrong),
            Only = [.. (parsed.GetValue(only) ?? []).Distinct(StringComparer.Ordinal)],
            Json = parsed.GetValue(json),
        }));
        return command;
    }

    private static bool IsSet(string name) =>
        RecordingSet.Names.Contains(name, StringComparer.Ordinal) || CuffEvaluation.Names.Contains(name, StringComparer.Ordinal) || SoundEvaluation.Names.Contains(name, StringComparer.Ordinal);

    private static string Names() => string.Join(", ", Perturbations.All.Select(k => new Perturbation(k, k.Default).ToString())) + ".";

    private static List<Perturbation> Asked(IReadOnlyList<string> texts)
    {
        List<Perturbation> asked = [];
        foreach (string text in texts)
        {
            if (Perturbations.Read(text, out Perturbation? perturbation) is null)
            {
                asked.Add(perturbation!);
            }
        }

        return asked;
    }

    private static Command List(CommandContext here)
    {
        Option<bool> json = Json();
        Command command = new("list", "Names the built-in scenarios.") { json };
        command.SetAction(parsed => ListCommand.Run(here, parsed.GetValue(json)));
        return command;
    }

    private static Command Broker(CommandContext here)
    {
        Option<int> port = new("--port") { Description = "TCP port on loopback, 0 for any free one.", DefaultValueFactory = _ => 1883 };
        port.Validators.Add(result => Range(result, 0, 65_535));
        Option<string> profile = new Option<string>("--profile")
        {
            Description = "How it behaves: plain, or paho for the interoperability suite of paho.mqtt.testing (server keep-alive 60 s, test/nosubscribe refused with 0x80).",
            DefaultValueFactory = _ => BrokerCommand.Plain,
        }.AcceptOnlyFromAmong(BrokerCommand.Plain, BrokerCommand.Paho);
        Command command = new("broker", "An MQTT broker in memory, on loopback, until it is stopped.") { port, profile };
        command.SetAction((parsed, _) => BrokerCommand.RunAsync(here, parsed.GetValue(port), string.Equals(parsed.GetValue(profile), BrokerCommand.Paho, StringComparison.Ordinal)));
        return command;
    }

    private static Command Pod(CommandContext here)
    {
        Option<HostAndPort?> gateway = Endpoint("--gateway", "Where the gateway's MQTT listener is.");
        Option<ulong> device = new("--device")
        {
            Description = "The pod's EUI-64, 16 hexadecimal digits.",
            Required = true,
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                if (text.Length == 16
                    && ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong value) && value != 0)
                {
                    return value;
                }

                result.AddError($"'{text}' is not 16 hexadecimal digits above 0");
                return 0;
            },
        };
        Option<string?> log = new("--log") { Description = "Append one line per produced, acknowledged or evicted reading to this file, and flush it." };
        Option<string?> store = new("--store") { Description = "Folder of the pod's flash; in memory unless given." };
        Option<double?> duration = new("--duration") { Description = "End after so many seconds; at SIGTERM unless given." };
        duration.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double?>() is double value && (value <= 0 || value > 86_400))
            {
                result.AddError($"'{result.Tokens[0].Value}' is not above 0 and at most 86,400");
            }
        });
        Option<ulong> seed = new("--seed") { Description = "Seed of patient and chips.", DefaultValueFactory = _ => 1 };
        Option<string?> console = new("--console")
        {
            Description = "pty: the pod's console on a pseudo-terminal, whose path is printed. The pod then drives what its configuration names, and the device id stands for the chip's (fffe in its middle).",
            HelpName = PtyConsole,
        };
        console.AcceptOnlyFromAmong(PtyConsole);
        Command command = new("pod", "One simulated pod as a process of its own, in real time over TCP.") { gateway, device, log, store, duration, seed, console };
        command.SetAction((parsed, _) => SimulatedPodCommand.RunAsync(
            here,
            parsed.GetValue(gateway)!,
            parsed.GetValue(device),
            parsed.GetValue(log),
            parsed.GetValue(store),
            parsed.GetValue(duration),
            parsed.GetValue(seed),
            parsed.GetValue(console) is not null));
        return command;
    }

    private static Command Faults(CommandContext here)
    {
        Command command = new("faults", "Prints the table of what can happen on a scenario's timeline, as simulators/Scenarios/README.md has it.");
        command.SetAction(_ => here.Output.Write(ScenarioFaults.Table()));
        return command;
    }

    private static Command PerturbationTable(CommandContext here)
    {
        Command command = new("perturbations", "Prints the table of what can be wrong with a recording ('evaluate --perturb'), as simulators/README.md has it.");
        command.SetAction(_ => here.Output.Write(Perturbations.Table()));
        return command;
    }

    private static Command Subscribe(CommandContext here)
    {
        Option<HostAndPort?> broker = Endpoint("--broker", "Where the session's broker is.");
        Option<string> cart = new("--cart") { Description = "The cart's name.", Required = true };
        Option<string> session = new("--session") { Description = "The session's name.", Required = true };
        Option<string> name = new("--name") { Description = "The subscriber's own name.", DefaultValueFactory = _ => "subscriber" };
        Option<string?> log = new("--log") { Description = "Append one line per reading received to this file, and flush it; to stdout unless given." };
        Option<bool> noReceipts = new("--no-receipts") { Description = "Send no receipts." };
        Option<double?> duration = new("--duration") { Description = "End after so many seconds; at SIGTERM unless given." };
        Command command = new("subscribe", "One session's subscriber as a process of its own, over TCP.") { broker, cart, session, name, log, noReceipts, duration };
        command.SetAction((parsed, _) => SubscribeCommand.RunAsync(
            here,
            parsed.GetValue(broker)!,
            new SubscribeRequest(
                parsed.GetValue(cart)!,
                parsed.GetValue(session)!,
                parsed.GetValue(name)!,
                parsed.GetValue(log),
                !parsed.GetValue(noReceipts),
                parsed.GetValue(duration))));
        return command;
    }

    private static Option<bool> Json() => new("--json") { Description = "Exactly one JSON object on stdout." };

    // A word, not a truth value: the parser takes no word but true and false after an option of type bool.
    private static Option<string> Speed(bool defaultsToReal) => new Option<string>("--speed")
    {
        Description = "real: one second per second; max: as fast as the machine can.",
        HelpName = Speeds,
        Arity = ArgumentArity.ExactlyOne,
        DefaultValueFactory = _ => defaultsToReal ? RealSpeed : MaxSpeed,
    }.AcceptOnlyFromAmong(RealSpeed, MaxSpeed);

    private static Option<HostAndPort?> Endpoint(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "HOST:PORT",
        Required = true,
        CustomParser = result =>
        {
            if (HostAndPort.TryParse(result.Tokens[0].Value, out HostAndPort? value))
            {
                return value;
            }

            result.AddError($"'{result.Tokens[0].Value}' is not HOST:PORT");
            return null;
        },
    };

    private static void Range(OptionResult result, int min, int max)
    {
        if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out int value) && (value < min || value > max))
        {
            result.AddError($"'{value}' is not {min} to {max}");
        }
    }
}

/// <summary>A place in the real network.</summary>
/// <param name="Host">Name or address.</param>
/// <param name="Port">TCP port, 1 to 65,535.</param>
public sealed record HostAndPort(string Host, int Port)
{
    /// <summary>Reads <c>HOST:PORT</c>; an IPv6 address stands in brackets.</summary>
    /// <param name="text">The text.</param>
    /// <param name="value">The place.</param>
    /// <returns>False when it is none.</returns>
    public static bool TryParse(string text, out HostAndPort? value)
    {
        int colon = text.LastIndexOf(':');
        value = null;
        if (colon <= 0 || !int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int port) || port is < 1 or > 65_535)
        {
            return false;
        }

        value = new HostAndPort(text[..colon].Trim('[', ']'), port);
        return true;
    }
}

/// <summary>What a command has around it.</summary>
/// <param name="Output">Results.</param>
/// <param name="Diagnostics">Everything else.</param>
/// <param name="Time">The real clock.</param>
/// <param name="Stop">Set by SIGTERM and SIGINT.</param>
public sealed record CommandContext(TextWriter Output, TextWriter Diagnostics, TimeProvider Time, CancellationToken Stop);
