using System;
using System.Globalization;
using System.IO;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Certificates;
using EdgeGateway.Machine;
using EdgeGateway.Tool;
using EdgeGateway.Tool.Certificates;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Tool.Tests;

/// <summary>A cart with its folder of certificates, made without a passphrase's slow rounds.</summary>
internal sealed class ToolCart : IDisposable
{
    public const string Host = "cart.example";

    private readonly RootAuthority _root;
    private readonly bool _ownsRoot;

    public ToolCart(string cartId = "ward-3", ToolCart? under = null, Action<string>? step = null)
    {
        CartId = cartId;
        _ownsRoot = under is null;
        _root = under?._root ?? RootAuthority.Create("hospital", TimeProvider.System.GetUtcNow());
        Home = Directory.CreateTempSubdirectory("cartctl-cart-").FullName;
        Yaml = Path.Combine(Home, "gateway.yaml");
        File.WriteAllText(Yaml, $"cart:\n  id: {cartId}\n  gatewayId: \"0200000000000001\"\njournal:\n  directory: ./journal\ntls:\n  directory: ./certificates\n");
        Folder = new CertificateFolder(Path.Combine(Home, "certificates"), step);
        Office = new CertificateOffice(cartId, Folder, TimeProvider.System);
    }

    public string CartId { get; }

    public string Home { get; }

    public string Yaml { get; }

    public CertificateFolder Folder { get; }

    public CertificateOffice Office { get; }

    public string RootPem => _root.Certificate.ExportCertificatePem();

    /// <summary>The certificate of the present issuing key, from a root.</summary>
    public string Signed(RootAuthority? root = null)
    {
        using X509Certificate2 signed = (root ?? _root).SignIssuing(Office.Request(), CartId, TimeProvider.System.GetUtcNow());
        return signed.ExportCertificatePem();
    }

    public ToolCart Installed()
    {
        Office.Install(Signed(), RootPem, [Host, "127.0.0.1"]);
        return this;
    }

    public string At(string name) => Path.Combine(Home, name);

    public void Dispose()
    {
        if (_ownsRoot)
        {
            _root.Dispose();
        }

        Directory.Delete(Home, recursive: true);
    }
}

/// <summary><c>cartctl certs enrol --listen</c> while it runs.</summary>
internal sealed class Listening : IDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Lines _results = new();
    private readonly Lines _diagnostics = new();
    private readonly Task<int> _exit;

    public Listening(ToolCart cart, string pod, TimeProvider? time = null)
    {
        _exit = Task.Run(() => CartCtl.Run(
            ["certs", "enrol", cart.Yaml, pod, "--host", ToolCart.Host, "--listen", "127.0.0.1:0"], TextReader.Null, _results, _diagnostics, time));
        SpinWait.SpinUntil(() => _results.Text.Contains("code: ", StringComparison.Ordinal) || _exit.IsCompleted, Patience);
    }

    public string Said => _results.Text + _diagnostics.Text;

    public string Code => After("code: ", 8);

    public string Pin => After("--pin ", 64);

    public int Port => int.Parse(After("listening on 127.0.0.1:", 5).Trim().TrimEnd('f', 'o', ' '), CultureInfo.InvariantCulture);

    public async Task<int> ExitAsync() => await _exit.WaitAsync(Patience);

    /// <summary>Fetches by cartctl, as on another computer.</summary>
    public (int Exit, string Said) Fetch(string pod, string file, string? code = null, string? pin = null)
    {
        using StringWriter results = new(CultureInfo.InvariantCulture);
        using StringWriter diagnostics = new(CultureInfo.InvariantCulture);
        int exit = CartCtl.Run(
            ["certs", "fetch", "127.0.0.1:" + Port.ToString(CultureInfo.InvariantCulture), pod, "--pin", pin ?? Pin, "--out", file], new StringReader((code ?? Code) + "\n"), results, diagnostics);
        return (exit, results.ToString() + diagnostics.ToString());
    }

    public void Dispose()
    {
        _results.Dispose();
        _diagnostics.Dispose();
    }

    private string After(string mark, int length)
    {
        string said = _results.Text;
        int start = said.IndexOf(mark, StringComparison.Ordinal);
        Assert.IsGreaterThanOrEqualTo(0, start, Said);
        return said.Substring(start + mark.Length, length);
    }

    // A writer that another thread may read.
    private sealed class Lines : TextWriter
    {
        private readonly StringBuilder _text = new();

        public override Encoding Encoding => Encoding.UTF8;

        public string Text
        {
            get
            {
                lock (_text)
                {
                    return _text.ToString();
                }
            }
        }

        public override void Write(char value)
        {
            lock (_text)
            {
                _text.Append(value);
            }
        }
    }
}
