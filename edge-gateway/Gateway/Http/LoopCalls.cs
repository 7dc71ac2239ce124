using System;
using System.Buffers;
using System.Text.Json;
using System.Threading.Tasks;
using EdgeGateway.Core;
using EdgeGateway.Core.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EdgeGateway.Gateway.Http;

/// <summary>An answer of the loop, or none: its queue is full, it has stopped, or the gateway does not run.</summary>
/// <typeparam name="T">What is answered.</typeparam>
/// <param name="IsGiven">False when there is none.</param>
/// <param name="Value">The answer; meaningless without one.</param>
internal readonly record struct LoopAnswer<T>(bool IsGiven, T Value);

/// <summary>What every HTTP handler does: asks on the gateway's loop, reads bodies, and makes answers.</summary>
internal static class LoopCalls
{
    /// <summary>The media type of answers.</summary>
    public const string Json = "application/json; charset=utf-8";

    /// <summary>Asks on the loop.</summary>
    /// <typeparam name="T">What is answered.</typeparam>
    /// <param name="context">The request; when it is gone the wait ends.</param>
    /// <param name="gateway">The gateway.</param>
    /// <param name="ask">Asks, and says the answer once. What it throws is thrown here; the loop goes on.</param>
    public static async Task<LoopAnswer<T>> AskAsync<T>(HttpContext context, GatewayHandle gateway, Action<GatewayCore, Action<T>> ask)
    {
        TaskCompletionSource<LoopAnswer<T>> answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        bool posted = gateway.TryPost(answered, () =>
        {
            if (gateway.Core() is { } running)
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

    /// <summary>An answer of JSON.</summary>
    /// <param name="utf8">The JSON.</param>
    /// <param name="status">The status.</param>
    /// <returns>The result.</returns>
    public static Utf8ContentHttpResult Text(ReadOnlySpan<byte> utf8, int status = StatusCodes.Status200OK) => TypedResults.Text(utf8, Json, status);

    /// <summary>An answer of one object.</summary>
    /// <param name="members">Writes its members.</param>
    /// <returns>The result.</returns>
    public static Utf8ContentHttpResult Object(Action<Utf8JsonWriter> members)
    {
        ArrayBufferWriter<byte> buffer = new(256);
        using (Utf8JsonWriter json = new(buffer, JsonOutput.Options))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return Text(buffer.WrittenSpan);
    }
}
