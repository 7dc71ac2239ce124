using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using EdgeGateway.Core.Commands;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Http;
using EdgeGateway.Gateway.Web;
using Gateway.Tests.Hosting;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Http;

/// <summary>The table of routes is what is served, and the OpenAPI document says what it is.</summary>
[TestClass]
public sealed class HttpRoutesTests
{
    private const string DocumentFile = "edge-gateway/Gateway/openapi.json";

    private static string DocumentPath
    {
        get
        {
            DirectoryInfo folder = new(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "Firmware.sln")))
            {
                folder = folder.Parent!;
            }

            return Path.Combine(folder.FullName, DocumentFile);
        }
    }

    [TestMethod]
    public async Task What_is_served_is_the_table_and_the_document()
    {
        await using LiveGateway gateway = await LiveGateway.StartAsync();
        string[] served = [.. gateway.Routes.Select(r => string.Join(',', r.Methods) + " " + r.Pattern).Order(StringComparer.Ordinal)];
        string[] rows = [.. HttpRoutes.All.Select(r => r.Method + " " + r.Pattern).Append("GET /openapi/v1.json").Order(StringComparer.Ordinal)];
        CollectionAssert.AreEqual(rows, served);
        CollectionAssert.AllItemsAreUnique(HttpRoutes.All.Select(r => r.Name).ToArray());
        CollectionAssert.AllItemsAreUnique(rows);
        CollectionAssert.IsSubsetOf(WebFiles.All.Keys.Select(f => "GET " + f).ToArray(), rows);
    }

    [TestMethod]
    public void Every_command_is_a_row_with_its_rights()
    {
        foreach (GatewayCommand command in GatewayCommands.All)
        {
            HttpRoute route = HttpRoutes.All.Single(r => r.Name == command.Document.Id);
            Assert.AreEqual((command.Method, command.Route, command.Rights), (route.Method, route.Pattern, route.Rights));
            Assert.AreEqual(command.MaxLength > 0, route.Body is not null, command.Name + ": a body is described when one is read");
            Assert.AreEqual(command.Rights != CommandRights.Always, route.AllRefusals.Contains(command.NotUnderstood), command.Name);
            Assert.AreEqual(command.Rights != CommandRights.Always, route.AllRefusals.Contains(FaultCodes.ContentTypeNotJson), command.Name);
            Assert.AreEqual(command.Rights == CommandRights.BedsideScreen, route.AllRefusals.Contains(FaultCodes.NotAtBedside), command.Name);
        }
    }

    /// <summary>A member that is described is read: with a value of another type the command says so by its name.</summary>
    [TestMethod]
    public void Every_described_member_of_a_body_is_read()
    {
        int members = 0;
        foreach (GatewayCommand command in GatewayCommands.All.Where(c => c.Document.Body is not null))
        {
            foreach (PropertyInfo property in command.Document.Body!.GetProperties().Where(p => p.Name != "EqualityContract"))
            {
                string name = JsonNamingPolicy.CamelCase.ConvertName(property.Name);
                byte[] body = Encoding.UTF8.GetBytes("{\"" + name + "\":[]}");
                (CommandRun? run, string? problem) = command.Read(new CommandCall("a1", "S1", body, IsOfSession: false, 0, null));
                Assert.IsNull(run, command.Name + " " + name);
                StringAssert.Matches(problem, new Regex(@"^'?" + name + @"\b", RegexOptions.None, TimeSpan.FromSeconds(1)), command.Name);
                Assert.IsFalse(problem!.Contains("no key here", StringComparison.Ordinal), problem);
                members++;
            }
        }

        Assert.IsGreaterThan(10, members);
    }

    [TestMethod]
    public async Task The_document_is_served_and_is_the_one_beside_the_project()
    {
        await using LiveGateway gateway = await LiveGateway.StartAsync();
        using HttpClient http = LiveGateway.Client();
        using HttpResponseMessage answer = await http.GetAsync(new Uri(gateway.Origin + "/openapi/v1.json"));
        Assert.AreEqual("application/json", answer.Content.Headers.ContentType?.MediaType);
        string document = (await answer.Content.ReadAsStringAsync()).ReplaceLineEndings("\n").TrimEnd('\n') + "\n";
        if (Environment.GetEnvironmentVariable("GOLDEN_WRITE") == "1")
        {
            await File.WriteAllTextAsync(DocumentPath, document);
        }

        Assert.AreEqual(await File.ReadAllTextAsync(DocumentPath), document, $"{DocumentFile} is another one; GOLDEN_WRITE=1 writes it");
    }

    [TestMethod]
    public void The_document_describes_every_row_with_its_answers()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(DocumentPath));
        JsonElement paths = document.RootElement.GetProperty("paths");
        HashSet<string> described = [];
        foreach (HttpRoute route in HttpRoutes.All.Where(r => r.IsDescribed))
        {
            JsonElement operation = paths.GetProperty(route.Pattern).GetProperty(route.Method!.ToLowerInvariant());
            described.Add(route.Method + " " + route.Pattern);
            Assert.AreEqual(route.Name, operation.GetProperty("operationId").GetString());
            Assert.AreEqual(route.Summary, operation.GetProperty("summary").GetString());
            Assert.AreEqual(route.Body is not null, operation.TryGetProperty("requestBody", out _), route.Name);
            JsonElement responses = operation.GetProperty("responses");
            Assert.IsTrue(responses.GetProperty("200").GetProperty("content").TryGetProperty(route.ContentType, out _), route.Name);
            foreach (string code in route.AllRefusals)
            {
                JsonElement refusal = responses.GetProperty(Problems.StatusOf(code).ToString(System.Globalization.CultureInfo.InvariantCulture));
                StringAssert.Contains(refusal.GetProperty("description").GetString(), code + ": ");
                StringAssert.EndsWith(refusal.GetProperty("content").GetProperty(Problems.ContentType).GetProperty("schema").GetProperty("$ref").GetString(), "/FaultProblem");
            }

            string[] names = [.. Regex.Matches(route.Pattern, @"\{(?<name>\w+)\}", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)).Select(m => m.Groups["name"].Value)];
            string[] parameters = operation.TryGetProperty("parameters", out JsonElement list) ? [.. list.EnumerateArray().Select(p => p.GetProperty("name").GetString()!)] : [];
            CollectionAssert.AreEqual(names, parameters, route.Name);
        }

        Assert.AreEqual(described.Count, paths.EnumerateObject().Sum(p => p.Value.EnumerateObject().Count()));
    }
}
