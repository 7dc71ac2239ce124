using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EdgeGateway.Core.Access;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;
using EdgeGateway.Machine;
using EdgeGateway.Tool.Certificates;

namespace EdgeGateway.Tool.Accounts;

/// <summary><c>cartctl accounts</c>, <c>cartctl tokens</c> and <c>cartctl claim</c>: who may log in at a cart. The gateway may run meanwhile and takes what is changed here at once. Secrets come from a file, the terminal or standard input, never from an argument.</summary>
internal sealed class AccountCommands(TextReader input, TextWriter results, TextWriter diagnostics, Action<int> exit, TimeProvider time)
{
    private const int DefaultTokenDays = 90;
    private const int MaxSecretFileBytes = 4096;

    /// <summary>The commands.</summary>
    /// <returns><c>accounts</c>, <c>tokens</c> and <c>claim</c>.</returns>
    public IEnumerable<Command> Commands()
    {
        yield return new Command("accounts", "Who may log in: cartctl accounts add gateway.yaml anna --role nurse") { Add(), List(), Remove(), Reset(), Badge() };
        yield return new Command("tokens", "Tokens of platforms' programs: cartctl tokens add gateway.yaml visits --days 90") { AddToken(), ListTokens(), RevokeToken() };
        yield return Claim();
    }

    private static Argument<string> Configuration() => new("gateway.yaml") { Description = "The gateway's configuration file." };

    private static Argument<string> Name(string whose) => new("name") { Description = whose + ": 1 to 64 of A-Z a-z 0-9 _ -." };

    private static Option<string?> SecretFile() =>
        new("--secret-file") { Description = "A file with the PIN (6 to 12 digits, for the cart's own screen alone) or password (12 to 128 characters); else it is read from the terminal or standard input." };

    private Command Add()
    {
        Argument<string> configuration = Configuration();
        Argument<string> name = Name("The account's name");
        Option<string> role = new("--role") { Description = "nurse, doctor, technician or integrator.", Required = true };
        role.AcceptOnlyFromAmong("nurse", "doctor", "technician", "integrator");
        Option<string?> file = SecretFile();
        return Make("add", "Makes an account.", [configuration, name, role, file], parsed =>
        {
            AccountFolder folder = Folder(parsed.GetValue(configuration)!);
            string who = Named(parsed.GetValue(name)!);
            Missing(folder.Read().Find(who) is null, "there is an account " + who + " already; cartctl accounts reset gives it another secret");
            Account account = AccountFolder.NewAccount(who, RoleRights.OfAccount(parsed.GetValue(role))!.Value, Secret(parsed.GetValue(file)));
            Change(folder, book => book.Find(who) is null ? book.With(account) : throw new InvalidOperationException("there is an account " + who + " already"));
            results.WriteLine("account " + who + " is made: " + RoleRights.Word(account.Role) + ", " + (account.IsPin ? "PIN" : "password") + ", recorded as " + account.Token + ".");
        });
    }

    private Command List()
    {
        Argument<string> configuration = Configuration();
        Option<bool> json = new("--json") { Description = "Exactly one JSON object." };
        return Make("list", "Shows the accounts.", [configuration, json], parsed =>
        {
            AccountBook book = Folder(parsed.GetValue(configuration)!).Read();
            if (parsed.GetValue(json))
            {
                WriteList("accounts", book.Accounts, (writer, account) =>
                {
                    writer.WriteString("name", account.Name);
                    writer.WriteString("role", RoleRights.Word(account.Role));
                    writer.WriteString("token", account.Token);
                    writer.WriteBoolean("pin", account.IsPin);
                    writer.WriteBoolean("badge", account.Badge.Length > 0);
                });
                return;
            }

            foreach (Account account in book.Accounts)
            {
                results.WriteLine($"{account.Name}  {RoleRights.Word(account.Role)}  {account.Token}  {(account.IsPin ? "PIN" : "password")}{(account.Badge.Length > 0 ? "  badge" : string.Empty)}");
            }
        });
    }

    private Command Remove()
    {
        Argument<string> configuration = Configuration();
        Argument<string> name = Name("The account's name");
        return Make("remove", "Removes an account; whoever is logged in with it is not any longer.", [configuration, name], parsed =>
        {
            AccountFolder folder = Folder(parsed.GetValue(configuration)!);
            string who = parsed.GetValue(name)!;
            Known(folder.Read().Find(who) is not null, who);
            Change(folder, book =>
            {
                AccountBook left = book.WithoutAccount(who);
                return left.Accounts.Any(static a => a.Role == ActorRole.Integrator) || !book.Accounts.Any(static a => a.Role == ActorRole.Integrator)
                    ? left
                    : throw new InvalidOperationException(who + " is the last integrator; make another one first");
            });
            results.WriteLine("account " + who + " is removed.");
        });
    }

    private Command Reset()
    {
        Argument<string> configuration = Configuration();
        Argument<string> name = Name("The account's name");
        Option<string?> file = SecretFile();
        return Make("reset", "Gives an account another secret; whoever is logged in with it logs in again.", [configuration, name, file], parsed =>
        {
            AccountFolder folder = Folder(parsed.GetValue(configuration)!);
            string who = parsed.GetValue(name)!;
            Account before = Known(folder.Read().Find(who), who);
            Account next = AccountFolder.NewAccount(who, before.Role, Secret(parsed.GetValue(file)));
            Change(folder, book =>
            {
                Account now = Known(book.Find(who), who);
                return book.With(next with { Role = now.Role, Token = now.Token, Badge = now.Badge });
            });
            results.WriteLine("account " + who + " has another " + (next.IsPin ? "PIN" : "password") + ".");
        });
    }

    private Command Badge()
    {
        Argument<string> configuration = Configuration();
        Argument<string> name = Name("The account's name");
        Option<string?> file = new("--badge-file") { Description = "A file with the badge's number; else it is read from the terminal or standard input. An empty one takes the badge away." };
        return Make("badge", "Says which badge is an account's.", [configuration, name, file], parsed =>
        {
            AccountFolder folder = Folder(parsed.GetValue(configuration)!);
            string who = parsed.GetValue(name)!;
            Known(folder.Read().Find(who), who);
            string badge = Line(parsed.GetValue(file), "Number of the badge: ");
            Missing(badge.Length == 0 || AccountBook.IsName(badge), "a badge's number is 1 to 64 of A-Z a-z 0-9 _ -");
            Change(folder, book => book.With(Known(book.Find(who), who) with { Badge = badge }));
            results.WriteLine("account " + who + (badge.Length == 0 ? " has no badge." : " has a badge."));
        });
    }

    private Command AddToken()
    {
        Argument<string> configuration = Configuration();
        Argument<string> name = Name("The token's name");
        Option<int> days = new("--days") { Description = "How long it is good, 1 to 366 days.", DefaultValueFactory = static _ => DefaultTokenDays };
        days.Validators.Add(static r =>
        {
            if (r.GetValueOrDefault<int>() is < 1 or > AccountBook.MaxTokenDays)
            {
                r.AddError("--days must be 1 to 366.");
            }
        });
        return Make("add", "Makes a token and shows it, once.", [configuration, name, days], parsed =>
        {
            (GatewayHostOptions options, AccountFolder folder) = Open(parsed.GetValue(configuration)!);
            string who = Named(parsed.GetValue(name)!);
            string id = RandomNumberGenerator.GetHexString(ApiTokenText.IdLength, lowercase: true);
            string text = ApiTokenText.Of(id, RandomNumberGenerator.GetBytes(ApiTokenText.SecretLength));

            // Whole seconds, as the file has them.
            DateTimeOffset now = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
            ApiToken token = new(who, id, ApiTokenText.HashOf(options.Core.CartId, Encoding.ASCII.GetBytes(text)), now, now.AddDays(parsed.GetValue(days)));
            Change(folder, book => book.FindToken(who) is null ? book.With(token) : throw new InvalidOperationException("there is a token " + who + " already; revoke it first"));
            results.WriteLine(text);
            diagnostics.WriteLine("This is shown once. It is good until " + Day(token.Expires) + ": Authorization: Bearer by HTTP, the password by MQTT.");
        });
    }

    private Command ListTokens()
    {
        Argument<string> configuration = Configuration();
        Option<bool> json = new("--json") { Description = "Exactly one JSON object." };
        return Make("list", "Shows the tokens, without their secrets.", [configuration, json], parsed =>
        {
            AccountBook book = Folder(parsed.GetValue(configuration)!).Read();
            DateTimeOffset now = time.GetUtcNow();
            if (parsed.GetValue(json))
            {
                WriteList("tokens", book.Tokens, (writer, token) =>
                {
                    writer.WriteString("name", token.Name);
                    writer.WriteString("id", token.Id);
                    writer.WriteString("created", Day(token.Created));
                    writer.WriteString("expires", Day(token.Expires));
                    writer.WriteBoolean("good", book.IsGood(token.Id, now));
                });
                return;
            }

            foreach (ApiToken token in book.Tokens)
            {
                results.WriteLine($"{token.Name}  {token.Id}  {(book.IsGood(token.Id, now) ? "good until" : "ended")} {Day(token.Expires)}");
            }
        });
    }

    private Command RevokeToken()
    {
        Argument<string> configuration = Configuration();
        Argument<string> name = Name("The token's name");
        return Make("revoke", "Ends a token, and its connections within a second.", [configuration, name], parsed =>
        {
            AccountFolder folder = Folder(parsed.GetValue(configuration)!);
            string who = parsed.GetValue(name)!;
            Known(folder.Read().FindToken(who) is not null, who);
            Change(folder, book => book.WithoutToken(who));
            results.WriteLine("token " + who + " is revoked.");
        });
    }

    private Command Claim()
    {
        Argument<string> configuration = Configuration();
        return Make("claim", "Makes the code of the first administrator, for whoever sets the cart up in the browser: good for 15 minutes, once.", [configuration], parsed =>
        {
            AccountFolder folder = Folder(parsed.GetValue(configuration)!);
            Missing(folder.Read().Accounts.Count == 0, "there is an account already; cartctl accounts makes more");
            string code = AccountFolder.NewClaimCode();
            using (folder.Lock())
            {
                folder.WriteClaim(code, time.GetUtcNow());
            }

            results.WriteLine(code);
        });
    }

    private static string Day(DateTimeOffset utc) => utc.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static AccountFolder Folder(string configuration) => Open(configuration).Folder;

    private static (GatewayHostOptions Options, AccountFolder Folder) Open(string configuration)
    {
        ConfigurationResult result = ConfigurationFile.Load(configuration);
        return result.Options is { } options ? (options, AccountFolder.Of(options)) : throw new CodedErrorException(result.Errors);
    }

    private static void Change(AccountFolder folder, Func<AccountBook, AccountBook> change)
    {
        using (folder.Lock())
        {
            folder.Write(change(folder.Read()));
        }
    }

    private static string Named(string name)
    {
        Missing(AccountBook.IsName(name), "a name is 1 to 64 of A-Z a-z 0-9 _ -");
        return name;
    }

    private static void Missing(bool isRight, string what)
    {
        if (!isRight)
        {
            throw new CodedErrorException([new CodedError(FaultCodes.AccountCommandRefused, ErrorPlace.None, what)]);
        }
    }

    private static Account Known(Account? account, string name)
    {
        Known(account is not null, name);
        return account!;
    }

    private static void Known(bool isThere, string name)
    {
        if (!isThere)
        {
            throw new CodedErrorException([new CodedError(FaultCodes.AccountNameUnknown, ErrorPlace.None, "'" + name + "'")]);
        }
    }

    private string Secret(string? file)
    {
        string secret = Line(file, "PIN or password: ");
        if (file is null && ReferenceEquals(input, Console.In) && !Console.IsInputRedirected)
        {
            Missing(string.Equals(secret, Line(null, "Once more: "), StringComparison.Ordinal), "the two are not the same");
        }

        string? problem = SecretHash.Problem(secret);
        Missing(problem is null, problem ?? string.Empty);
        return secret;
    }

    private string Line(string? file, string prompt)
    {
        if (file is not null)
        {
            // A device has no end: as much as a secret can have, and no more.
            using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.Read);
            byte[] bytes = new byte[MaxSecretFileBytes];
            return Encoding.UTF8.GetString(bytes, 0, stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)).TrimEnd('\r', '\n');
        }

        diagnostics.Write(prompt);
        string line = SecretInput.ReadLine(input);
        diagnostics.WriteLine();
        return line;
    }

    private void WriteList<T>(string name, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter writer = new(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartArray(name);
            foreach (T item in items)
            {
                writer.WriteStartObject();
                write(writer, item);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        results.WriteLine(Encoding.UTF8.GetString(buffer.ToArray()));
    }

    private Command Make(string name, string description, IEnumerable<Symbol> symbols, Action<ParseResult> action)
    {
        Command command = new(name, description);
        foreach (Symbol symbol in symbols)
        {
            if (symbol is Argument argument)
            {
                command.Add(argument);
            }
            else if (symbol is Option option)
            {
                command.Add(option);
            }
        }

        command.SetAction(parsed => exit(Guarded(() => action(parsed))));
        return command;
    }

    private int Guarded(Action action)
    {
        try
        {
            action();
            return CartCtl.Clean;
        }
        catch (CodedErrorException e)
        {
            diagnostics.WriteLine(CodedError.RenderAll(e.Errors));
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            diagnostics.WriteLine(new CodedError(FaultCodes.AccountCommandRefused, ErrorPlace.None, e.Message.TrimEnd('.')).Render());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            diagnostics.WriteLine(new CodedError(FaultCodes.AccountStateUnusable, ErrorPlace.None, e.Message.TrimEnd('.')).Render());
        }

        return CartCtl.Unreadable;
    }
}
