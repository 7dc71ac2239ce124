using System;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using EdgeGateway.Core.Configuration;
using EdgeGateway.Faults;
using EdgeGateway.Machine;
using EdgeGateway.Tool.Certificates;

namespace EdgeGateway.Tool;

/// <summary><c>cartctl init</c>: asks at most eight questions and writes a gateway.yaml that the check accepts. It never writes over a file.</summary>
/// <param name="input">Where answers come from, a line each; the password from the terminal without showing it.</param>
/// <param name="results">What was written, and what comes next.</param>
/// <param name="diagnostics">Questions and errors.</param>
/// <param name="exit">Takes the exit code.</param>
internal sealed class InitCommand(TextReader input, TextWriter results, TextWriter diagnostics, Action<int> exit)
{
    /// <summary>How often a question is asked again after an answer that is none.</summary>
    public const int MaxTries = 3;

    // Source: NetworkManager, ipv4.method shared: the address of a machine with an access point of its own.
    private const string AccessPointAddress = "10.42.0.1";
    private const string PackageFolder = "/etc/cart-gateway";
    private const string PackageState = "/var/lib/cart-gateway";

    /// <summary>The command.</summary>
    /// <returns><c>init</c>.</returns>
    public Command Make()
    {
        Argument<string> file = new("gateway.yaml") { Description = "Where the configuration is written.", DefaultValueFactory = static _ => PackageFolder + "/gateway.yaml" };
        Option<string?> secret = new("--password-file") { Description = "A file with the broker's password; else it is read from the terminal or standard input." };
        Command command = new("init", "Asks at most eight questions and writes a gateway's configuration. Examples: cartctl init; cartctl init ./gateway.yaml --password-file secret.txt.") { file, secret };
        command.SetAction(parsed => exit(Run(parsed.GetValue(file)!, parsed.GetValue(secret))));
        return command;
    }

    private static CodedErrorException Refused(string? file, string detail, string? suggestion = null) => CertificateOffice.Refused(FaultCodes.InitRefused, file, detail, suggestion);

    private int Run(string file, string? passwordFile)
    {
        try
        {
            string folder = Path.GetDirectoryName(Path.GetFullPath(file)) ?? ".";
            string secret = Path.Combine(folder, InitialConfiguration.PasswordFile);
            foreach (string there in new[] { file, secret }.Where(Path.Exists))
            {
                throw Refused(there, "it is there already", "Change it with an editor, or move it away.");
            }

            if (!Directory.Exists(folder))
            {
                throw Refused(folder, "there is no such folder");
            }

            (InitialConfiguration made, byte[]? password) = Ask(folder, passwordFile);
            string text = made.Text();
            GatewayHostOptions options = Checked(text, folder, file, password);
            Write(folder, file, secret, text, password);
            Report(file, made, options);
            return CartCtl.Clean;
        }
        catch (CodedErrorException e)
        {
            diagnostics.WriteLine(CodedError.RenderAll(e.Errors));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            diagnostics.WriteLine(new CodedError(FaultCodes.InitNotWritten, new ErrorPlace(file, 0, null), e.Message.TrimEnd('.')).Render());
        }

        return CartCtl.Unreadable;
    }

    private static GatewayHostOptions Checked(string text, string folder, string file, byte[]? password)
    {
        ConfigurationResult result = Parse(text, folder, file, password);
        if (result.Options is not { } options)
        {
            throw new CodedErrorException(result.Errors[0]);
        }

        return MachineCheck.Run(options, file) is { Count: > 0 } problems ? throw new CodedErrorException(problems[0]) : options;
    }

    private static ConfigurationResult Parse(string text, string folder, string file, byte[]? password) => GatewayConfiguration.Parse(text, file, folder, _ => password);

    private (InitialConfiguration Made, byte[]? Password) Ask(string folder, string? passwordFile)
    {
        string state = string.Equals(folder, PackageFolder, StringComparison.Ordinal) ? PackageState : ".";
        InitialConfiguration made = new()
        {
            CartId = "cart-1",
            GatewayId = NewGatewayId(),
            JournalDirectory = state + "/journal",
            CertificateDirectory = state + "/certificates",
        };
        made = Answer("The cart's name in topics: 1 to 64 of A-Z a-z 0-9 _ -", "cart-1", folder, a => made with { CartId = a });
        made = Answer("Language of messages: en or fr", "en", folder, a => made with { Language = a is "en" or "fr" ? a : throw new FormatException() });
        made = Answer("How pods come: access-point (the cart's own), site (its network) or none (this machine alone)", "access-point", folder, a => made with { Network = NetworkOf(a) });
        made = made with { HasCertificates = new CertificateFolder(Path.Combine(folder, made.CertificateDirectory)).ProblemOf(made.CartId) is null };
        if (made.Network != PodNetwork.None)
        {
            string usual = made.Network == PodNetwork.AccessPoint ? AccessPointAddress : "0.0.0.0";
            made = Answer("The gateway's address there; 0.0.0.0 for every one of this machine", usual, folder, a => IsAddress(a) ? made with { Address = a } : throw new FormatException());
        }

        made = Answer("The session's broker, a name or address, reached by TLS; - for the gateway's own endpoint", "-", folder, a => made with { BrokerHost = a is "-" ? string.Empty : a });
        byte[]? password = null;
        if (made.BrokerHost.Length > 0)
        {
            made = Answer("The gateway's user there; - for none", "-", folder, a => made with { BrokerUser = a is "-" ? string.Empty : a });
            password = made.BrokerUser.Length > 0 ? Password(passwordFile) : null;
        }

        return (Answer("Accounts, so that whoever uses the pages logs in: yes or no", "yes", folder, a => made with { HasAccounts = a switch { "yes" => true, "no" => false, _ => throw new FormatException() } }), password);
    }

    // An answer is right when the file that it makes is: the table of settings alone knows what is.
    private InitialConfiguration Answer(string question, string usual, string folder, Func<string, InitialConfiguration> take)
    {
        for (int i = 0; i < MaxTries; i++)
        {
            diagnostics.Write(question + " [" + usual + "]: ");
            string line = input.ReadLine() ?? throw Refused(null, "the answers ended at: " + question);
            string answer = line.Trim() is { Length: > 0 } given ? given : usual;
            try
            {
                InitialConfiguration made = take(answer);
                ConfigurationResult result = Parse((made with { HasCertificates = true }).Text(), folder, "answer", "-"u8.ToArray());
                if (result.Errors.Count == 0)
                {
                    return made;
                }

                diagnostics.WriteLine(result.Errors[0].Render());
            }
            catch (FormatException)
            {
                diagnostics.WriteLine("That is none of them.");
            }
        }

        throw Refused(null, "no answer to: " + question);
    }

    private byte[] Password(string? file)
    {
        string secret;
        if (file is null)
        {
            diagnostics.Write("The password there: ");
            secret = SecretInput.ReadLine(input);
            diagnostics.WriteLine();
        }
        else
        {
            secret = File.ReadAllText(file).TrimEnd('\r', '\n');
        }

        return secret.Length > 0 && Encoding.UTF8.GetByteCount(secret) <= GatewayConfiguration.MaxPasswordBytes ? Encoding.UTF8.GetBytes(secret + "\n") : throw Refused(file, "the password is empty or too long");
    }

    // "10" would be taken for 0.0.0.10.
    private static bool IsAddress(string text) => IPAddress.TryParse(text, out IPAddress? address) && (text.Contains(':', StringComparison.Ordinal) || string.Equals(address.ToString(), text, StringComparison.Ordinal));

    private static PodNetwork NetworkOf(string answer) => answer switch
    {
        "none" => PodNetwork.None,
        "access-point" => PodNetwork.AccessPoint,
        "site" => PodNetwork.Site,
        _ => throw new FormatException(),
    };

    // Locally administered, and of one machine: IEEE 802, the two lowest bits of the first byte are 1 and 0.
    private static string NewGatewayId()
    {
        byte[] id = RandomNumberGenerator.GetBytes(8);
        id[0] = (byte)((id[0] & 0xFC) | 0x02);
        return Convert.ToHexStringLower(id);
    }

    // The secret first: a configuration that is there has what it names.
    private static void Write(string folder, string file, string secret, string text, byte[]? password)
    {
        // In the package's folder files are of the gateway's group, which must read them; elsewhere they are of whoever wrote them.
        bool isShared = !OperatingSystem.IsWindows() && (File.GetUnixFileMode(folder) & UnixFileMode.SetGroup) != UnixFileMode.None;
        UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | (isShared ? UnixFileMode.GroupRead : UnixFileMode.None);
        if (password is not null)
        {
            Create(secret, password, mode);
        }

        try
        {
            Create(file, Encoding.UTF8.GetBytes(text), mode);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (password is not null)
            {
                File.Delete(secret);
            }

            throw;
        }
    }

    // Beside its place and moved there whole.
    private static void Create(string path, byte[] bytes, UnixFileMode mode)
    {
        string beside = path + ".new";
        File.Delete(beside);
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            using (FileStream stream = new(beside, options))
            {
                stream.Write(bytes);
                stream.Flush(flushToDisk: true);
            }

            if (!OperatingSystem.IsWindows())
            {
                // Apart from the creation, of which the user's mask takes away.
                File.SetUnixFileMode(beside, mode);
            }

            File.Move(beside, path, overwrite: false);
        }
        catch
        {
            // A disk that is full leaves no half secret.
            File.Delete(beside);
            throw;
        }
    }

    private void Report(string file, InitialConfiguration made, GatewayHostOptions options)
    {
        results.WriteLine("wrote " + file + ", which the check accepts: cart " + made.CartId + ", gateway " + made.GatewayId + ".");
        foreach (PlannedListener listener in ListenerPlan.Of(options))
        {
            results.WriteLine("  " + listener);
        }

        if (made.Network != PodNetwork.None && !made.HasCertificates)
        {
            results.WriteLine("Pods cannot come yet: take the marks before the section tls away, and make certificates with cartctl certs request, sign and install.");
        }

        if (made.HasAccounts)
        {
            results.WriteLine("The first account: cartctl claim " + file);
        }
    }
}
