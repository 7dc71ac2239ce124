using System;
using System.Buffers;
using System.Text.Json;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Health;
using EdgeGateway.Faults;
using EdgeGateway.Mqtt;
using Microsoft.AspNetCore.Http;

namespace EdgeGateway.Gateway.Http;

/// <summary>An answer of the loop, or none: its queue is full, it has stopped, or the gateway does not run.</summary>
/// <typeparam name="T">What is answered.</typeparam>
/// <param name="IsGiven">False when there is none.</param>
/// <param name="Value">The answer; meaningless without one.</param>
internal readonly record struct LoopAnswer<T>(bool IsGiven, T Value);

/// <summary>What every HTTP handler does: asks on the gateway's loop, reads bodies, and writes answers. The status of a fault is the catalogue's.</summary>
internal static class LoopCalls
{
    /// <summary>Asks on the loop.</summary>
    /// <typeparam name="T">What is answered.</typeparam>
    /// <param name="context">The request; when it is gone the wait ends.</param>
    /// <param name="loop">The loop that owns the core.</param>
    /// <param name="core">The gateway's logic, null while it does not run; asked on the loop.</param>
    /// <param name="ask">Asks, and says the answer once.</param>
    public static async Task<LoopAnswer<T>> AskAsync<T>(HttpContext context, IMqttLoop loop, Func<GatewayCore?> core, Action<GatewayCore, Action<T>> ask)
    {
        TaskCompletionSource<LoopAnswer<T>> answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        bool posted = loop.TryPost(() =>
        {
            if (core() is { } running)
            {
                ask(running, answer => answered.TrySetResult(new LoopAnswer<T>(true, answer)));
            }
            else
            {
                answered.TrySetResult(default);
            }
        });
        return posted ? await answered.Task.WaitAsync(context.RequestAborted).ConfigureAwait(false) : default;
    }

    /// <summary>A name in the route.</summary>
    /// <param name="context">The request.</param>
    /// <param name="name">Which.</param>
    /// <returns>The name; empty when the route has none.</returns>
    public static string Route(HttpContext context, string name) => (string?)context.Request.RouteValues[name] ?? string.Empty;

    /// <summary>A request's body, at most so many bytes and one more; an empty one is an empty object.</summary>
    /// <param name="context">The request.</param>
    /// <param name="maxLength">Most bytes.</param>
    public static async Task<ReadOnlyMemory<byte>> BodyAsync(HttpContext context, int maxLength)
    {
        byte[] body = new byte[maxLength + 1];
        int length = 0;
        int read;
        while (length < body.Length && (read = await context.Request.Body.ReadAsync(body.AsMemory(length), context.RequestAborted).ConfigureAwait(false)) > 0)
        {
            length += read;
        }

        return length == 0 ? "{}"u8.ToArray() : body.AsMemory(0, length);
    }

    /// <summary>Answers with an object.</summary>
    /// <param name="context">The request.</param>
    /// <param name="members">Writes its members.</param>
    public static Task ObjectAsync(HttpContext context, Action<Utf8JsonWriter> members)
    {
        ArrayBufferWriter<byte> buffer = new(128);
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return JsonAsync(context, StatusCodes.Status200OK, buffer.WrittenMemory);
    }

    /// <summary>Answers with a fault, under the status that the catalogue gives it.</summary>
    /// <param name="context">The request.</param>
    /// <param name="code">Its code.</param>
    /// <param name="detail">What happened here; may be empty.</param>
    /// <param name="language">"en" or "fr".</param>
    public static Task FaultAsync(HttpContext context, string code, string detail, string language) =>
        FaultAsync(context, FaultCatalogue.Default[code].Http ?? StatusCodes.Status500InternalServerError, code, detail, language);

    /// <summary>Answers with a fault under a status of the web server's own.</summary>
    /// <param name="context">The request.</param>
    /// <param name="status">The status.</param>
    /// <param name="code">Its code.</param>
    /// <param name="detail">What happened here; may be empty.</param>
    /// <param name="language">"en" or "fr".</param>
    public static async Task FaultAsync(HttpContext context, int status, string code, string detail, string language)
    {
        ArrayBufferWriter<byte> buffer = new(512);
        using (Utf8JsonWriter json = new(buffer))
        {
            HealthJson.WriteFault(json, code, detail, language);
        }

        await JsonAsync(context, status, buffer.WrittenMemory).ConfigureAwait(false);
    }

    /// <summary>Answers with JSON.</summary>
    /// <param name="context">The request.</param>
    /// <param name="status">The status.</param>
    /// <param name="body">The JSON.</param>
    public static async Task JsonAsync(HttpContext context, int status, ReadOnlyMemory<byte> body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = body.Length;
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.Body.WriteAsync(body, context.RequestAborted).ConfigureAwait(false);
    }
}
