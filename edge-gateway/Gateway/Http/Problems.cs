using System;
using System.Text.Json.Serialization;
using System.Threading.Tasks;
using EdgeGateway.Faults;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace EdgeGateway.Gateway.Http;

/// <summary>A refusal as its reader gets it: problem details (RFC 9457) with the members of the catalogue's entry.</summary>
internal sealed class FaultProblem : ProblemDetails
{
    /// <summary>The code, such as "G2302".</summary>
    [JsonPropertyName("code")]
    public required string Code { get; init; }

    /// <summary>"info", "warning", "error" or "fault".</summary>
    [JsonPropertyName("severity")]
    public required string Severity { get; init; }

    /// <summary>What happened, as a sentence; the same as the title.</summary>
    [JsonPropertyName("happened")]
    public required string Happened { get; init; }

    /// <summary>What it means.</summary>
    [JsonPropertyName("means")]
    public required string Means { get; init; }

    /// <summary>The next step.</summary>
    [JsonPropertyName("do")]
    public required string Do { get; init; }

    /// <summary>What becomes of a running consultation.</summary>
    [JsonPropertyName("consultation")]
    public required string Consultation { get; init; }
}

/// <summary>Makes problem details of codes. The status is the catalogue's.</summary>
internal static class Problems
{
    /// <summary>The media type of problem details.</summary>
    public const string ContentType = "application/problem+json";

    /// <summary>The status of a code's answer.</summary>
    /// <param name="code">The code.</param>
    /// <returns>The catalogue's status; 500 for a code that has none.</returns>
    public static int StatusOf(string code) => FaultCatalogue.Default[code].Http ?? StatusCodes.Status500InternalServerError;

    /// <summary>The answer for a code.</summary>
    /// <param name="code">The code.</param>
    /// <param name="detail">What happened here; may be empty.</param>
    /// <param name="language">"en" or "fr".</param>
    /// <returns>The result.</returns>
    public static ProblemHttpResult Of(string code, string detail, string language)
    {
        FaultEntry fault = FaultCatalogue.Default[code];
        return TypedResults.Problem(new FaultProblem
        {
            // The catalogue is served at this path; a reader finds the code in it.
            Type = "/faults.json#" + code,
            Title = fault.Happened.In(language),
            Status = StatusOf(code),
            Detail = string.IsNullOrEmpty(detail) ? null : detail,
            Code = code,
            Severity = fault.Severity.ToString().ToLowerInvariant(),
            Happened = fault.Happened.In(language),
            Means = fault.Means.In(language),
            Do = fault.Do.In(language),
            Consultation = fault.Consultation.In(language),
        });
    }

    /// <summary>Says on an answer when to try again (RFC 9110, 10.2.3), in whole seconds.</summary>
    /// <param name="context">The request.</param>
    /// <param name="wait">How long to wait.</param>
    public static void RetryAfter(HttpContext context, TimeSpan wait) =>
        context.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Answers with a code.</summary>
    /// <param name="context">The request.</param>
    /// <param name="gateway">Has the language.</param>
    /// <param name="code">The code.</param>
    /// <param name="detail">What happened here; may be empty.</param>
    /// <returns>When it is written.</returns>
    public static Task WriteAsync(HttpContext context, GatewayHandle gateway, string code, string detail) => Of(code, detail, gateway.LanguageOf(context)).ExecuteAsync(context);

    /// <summary>The code of a status that the web server itself decides on.</summary>
    /// <param name="status">The status, 400 to 599.</param>
    /// <returns>The code.</returns>
    public static string CodeOf(int status) => status switch
    {
        StatusCodes.Status404NotFound => FaultCodes.PathUnknown,
        StatusCodes.Status405MethodNotAllowed => FaultCodes.MethodNotAllowed,
        StatusCodes.Status408RequestTimeout => FaultCodes.RequestBodyTooSlow,
        StatusCodes.Status413PayloadTooLarge => FaultCodes.RequestBodyTooLarge,
        StatusCodes.Status415UnsupportedMediaType => FaultCodes.ContentTypeNotJson,
        >= StatusCodes.Status400BadRequest and < StatusCodes.Status500InternalServerError => FaultCodes.RequestBodyUnreadable,
        _ => FaultCodes.RequestHandlerFailed,
    };

    /// <summary>The code and text of what a handler threw.</summary>
    /// <param name="exception">The exception.</param>
    /// <returns>The code, and what may be told of it: never more than the exception's type.</returns>
    public static (string Code, string Detail) CodeOf(Exception exception) =>
        exception is BadHttpRequestException bad ? (CodeOf(bad.StatusCode), string.Empty) : (FaultCodes.RequestHandlerFailed, exception.GetType().Name);
}
