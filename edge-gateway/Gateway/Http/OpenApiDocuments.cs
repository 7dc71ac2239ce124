using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using EdgeGateway.Faults;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.OpenApi;

namespace EdgeGateway.Gateway.Http;

/// <summary>The OpenAPI document of the gateway: made from the rows of <see cref="HttpRoutes"/>, served at <see cref="Path"/>, and kept in openapi.json beside the project.</summary>
internal static class OpenApiDocuments
{
    /// <summary>The document's name.</summary>
    public const string Name = "v1";

    /// <summary>Where it is served.</summary>
    public const string Path = "/openapi/" + Name + ".json";

    /// <summary>The framework would take another document's name from this query parameter.</summary>
    public const string NameParameter = "documentName";

    /// <summary>Sets what the document says besides its operations.</summary>
    /// <param name="options">Its options.</param>
    public static void Configure(OpenApiOptions options)
    {
        options.AddDocumentTransformer(Describe);
        options.AddOperationTransformer(Complete);
    }

    private static Task Describe(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellation)
    {
        document.Info = new OpenApiInfo
        {
            Title = "cart-gateway",
            Version = Name,
            Description = "What stands at the cart: its pages and programs of the same machine. Attended spot checks and live viewing alone. Refusals are problem details (RFC 9457) with a code of /faults.json.",
        };

        // The document is the same wherever it is served.
        document.Servers?.Clear();
        return Task.CompletedTask;
    }

    private static Task Complete(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        HttpRoute? route = context.Description.ActionDescriptor.EndpointMetadata.OfType<HttpRoute>().FirstOrDefault();
        if (route is null)
        {
            return Task.CompletedTask;
        }

        operation.Parameters ??= [];
        foreach (RoutePatternParameterPart part in RoutePatternFactory.Parse(route.Pattern).Parameters)
        {
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = part.Name,
                In = ParameterLocation.Path,
                Required = true,
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, Pattern = "^[A-Za-z0-9_-]{1,64}$" },
            });
        }

        foreach (IGrouping<int, string> refusals in route.AllRefusals.Order(StringComparer.Ordinal).GroupBy(Problems.StatusOf))
        {
            string status = refusals.Key.ToString(System.Globalization.CultureInfo.InvariantCulture);
            if (operation.Responses?.TryGetValue(status, out IOpenApiResponse? response) == true)
            {
                response.Description = string.Join(' ', refusals.Select(c => c + ": " + FaultCatalogue.Default[c].Happened.English));
            }
        }

        if (route.IsAnsweredBusy && operation.Responses is { } answers && answers["503"].Content is { } busy)
        {
            foreach ((string type, var answer) in answers["200"].Content!)
            {
                busy[type] = answer;
            }
        }

        return Task.CompletedTask;
    }
}
