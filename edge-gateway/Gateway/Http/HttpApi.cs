using System;
using System.Linq;
using System.Text.Json.Serialization;
using System.Threading.Tasks;
using EdgeGateway.Core.Commands;
using EdgeGateway.Faults;
using EdgeGateway.Gateway.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EdgeGateway.Gateway.Http;

/// <summary>
/// The gateway's HTTP side: its pages, health and readiness, the commands, what the pages read, and MQTT over WebSocket, as rows of one table. Every refusal is problem details
/// (RFC 9457) with a code of the catalogue, under its status.
/// </summary>
public static class HttpApi
{
    /// <summary>Makes a builder that nothing but this program decides about: no configuration file and no environment variable names an address or changes anything.</summary>
    /// <returns>The builder: Kestrel without a listener, routing, the OpenAPI document, no logging provider.</returns>
    public static WebApplicationBuilder CreateBuilder()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions
        {
            ApplicationName = typeof(HttpApi).Assembly.GetName().Name,
            EnvironmentName = Environments.Production,
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(static o => o.AddServerHeader = false);
        builder.Services.AddRoutingCore();

        // For the schemas of the document alone: a number is a number, never a text.
        builder.Services.ConfigureHttpJsonOptions(static o => o.SerializerOptions.NumberHandling = JsonNumberHandling.Strict);
        builder.Services.AddOpenApi(OpenApiDocuments.Name, OpenApiDocuments.Configure);
        return builder;
    }

    /// <summary>Puts the gateway's HTTP side together: what stands around every request, then the routes.</summary>
    /// <param name="application">The application.</param>
    /// <param name="gateway">The gateway.</param>
    public static void UseGateway(this IApplicationBuilder application, GatewayHandle gateway)
    {
        ArgumentNullException.ThrowIfNull(application);
        ArgumentNullException.ThrowIfNull(gateway);
        application.UseProtectiveHeaders(gateway);
        application.UseExceptionHandler(new ExceptionHandlerOptions { ExceptionHandler = context => FailedAsync(context, gateway), AllowStatusCode404Response = true });
        application.UseStatusCodePages(context => Problems.WriteAsync(context.HttpContext, gateway, Problems.CodeOf(context.HttpContext.Response.StatusCode), string.Empty));
        application.UseRequestPlaces(gateway);
        application.UseRequestGuard(gateway);
        application.UseWebSockets();
        application.UseRouting();
        application.UseEndpoints(routes => routes.MapGateway(gateway));
    }

    /// <summary>Adds the routes, one for each row of the table, and the OpenAPI document.</summary>
    /// <param name="routes">The application's routes.</param>
    /// <param name="gateway">The gateway.</param>
    internal static void MapGateway(this IEndpointRouteBuilder routes, GatewayHandle gateway)
    {
        routes.MapOpenApi(OpenApiDocuments.Path).ExcludeFromDescription().AddEndpointFilter((context, next) =>
            context.HttpContext.Request.Query.ContainsKey(OpenApiDocuments.NameParameter)
                ? ValueTask.FromResult<object?>(Problems.Of(FaultCodes.PathUnknown, string.Empty, gateway.LanguageOf(context.HttpContext)))
                : next(context));
        foreach (HttpRoute route in HttpRoutes.All)
        {
            RequestDelegate handler = async context => await (await AnswerAsync(context, route, gateway).ConfigureAwait(false)).ExecuteAsync(context).ConfigureAwait(false);
            if (!route.IsDescribed)
            {
                (route.Method is null ? routes.Map(route.Pattern, handler) : routes.MapMethods(route.Pattern, [route.Method], handler)).WithMetadata(route).ExcludeFromDescription();
                continue;
            }

            // A RequestDelegate that is given as a Delegate is described like every handler, and nothing is compiled for it at the first request.
            RouteHandlerBuilder endpoint = route.Method is null ? routes.Map(route.Pattern, (Delegate)handler) : routes.MapMethods(route.Pattern, [route.Method], (Delegate)handler);
            endpoint.WithMetadata(route);
            endpoint.WithName(route.Name).WithSummary(route.Summary).WithTags(route.Tag).Produces(StatusCodes.Status200OK, route.Answer, route.ContentType);
            if (route.Body is not null)
            {
                // An empty body is an empty object.
                endpoint.Accepts(route.Body, isOptional: true, "application/json");
            }

            // Run when the endpoints are first asked for: the catalogue, which has the statuses, is not waited for by the start.
            endpoint.Add(built => AddRefusals(built, route));
        }
    }

    // Who asks, for every route but STOP, which asks nobody.
    private static Task<IResult> AnswerAsync(HttpContext context, HttpRoute route, GatewayHandle gateway)
    {
        if (route.Right == AccessRight.Stop || gateway.Access?.Refused(context, route) is not { } refused)
        {
            return route.Handle(context, gateway);
        }

        if (refused.Wait > TimeSpan.Zero)
        {
            Problems.RetryAfter(context, refused.Wait);
        }

        if (string.Equals(refused.Code, FaultCodes.LoginNeeded, StringComparison.Ordinal))
        {
            context.Response.Headers.WWWAuthenticate = "Bearer"; // RFC 9110, 15.5.2; no browser asks anybody for it
        }

        return Task.FromResult<IResult>(Problems.Of(refused.Code, refused.Text, gateway.LanguageOf(context)));
    }

    private static void AddRefusals(EndpointBuilder endpoint, HttpRoute route)
    {
        foreach (int status in route.AllRefusals.Select(Problems.StatusOf).Distinct())
        {
            endpoint.Metadata.Add(new ProducesResponseTypeMetadata(status, typeof(FaultProblem), [Problems.ContentType]));
        }
    }

    // One request's fault ends that one. Whoever asked is told the code; the exception's text is in the log alone.
    private static Task FailedAsync(HttpContext context, GatewayHandle gateway)
    {
        Exception? exception = context.Features.Get<IExceptionHandlerFeature>()?.Error;
        (string code, string detail) = exception is null ? (Problems.CodeOf(StatusCodes.Status500InternalServerError), string.Empty) : Problems.CodeOf(exception);
        if (exception is not null and not BadHttpRequestException)
        {
            gateway.Write(code, GatewayHandle.TextOf(exception));
        }

        return Problems.WriteAsync(context, gateway, code, detail);
    }
}
