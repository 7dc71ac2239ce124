using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Core.Tests;
using EdgeGateway.Mqtt;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace Gateway.Tests.Hosting;

/// <summary>The gateway's loop over a rig; it turns when the test says so, and takes only so much work.</summary>
internal sealed class HeldLoop(Rig rig, int places = int.MaxValue) : IMqttLoop
{
    private readonly Queue<Action> _work = [];
    private int _places = places;

    public long NowUs => rig.NowUs;

    public int Waiting => _work.Count;

    public bool TryPost(Action work)
    {
        if (_places <= 0)
        {
            return false;
        }

        _places--;
        _work.Enqueue(work);
        return true;
    }

    public void Run()
    {
        while (_work.TryDequeue(out Action? work))
        {
            work();
        }
    }

    /// <summary>Turns the loop and the rig until a request is answered.</summary>
    public void Finish(Task asked)
    {
        bool isAnswered = rig.RunUntil(() =>
        {
            Run();

            // What the loop answers is written by another thread.
            SpinWait.SpinUntil(() => asked.IsCompleted || Waiting > 0, 20);
            return asked.IsCompleted;
        });

        // The rig's time is soon over when nothing is due in it; that thread may take longer on a busy machine.
        Assert.IsTrue(isAnswered || SpinWait.SpinUntil(() => asked.IsCompleted, TimeSpan.FromSeconds(60)), "answered\n" + rig.LogText());
    }
}

/// <summary>A request without a web server.</summary>
internal static class BareRequest
{
    /// <summary>What results need to be written.</summary>
    public static readonly IServiceProvider Services = new ServiceCollection().AddLogging().BuildServiceProvider();

    /// <summary>Asks one route and writes its answer.</summary>
    public static async Task AnswerAsync(HttpContext context, Task<IResult> asked) => await (await asked).ExecuteAsync(context);

    public static DefaultHttpContext Of(string method, string body, params ReadOnlySpan<(string Name, string Value)> route)
    {
        DefaultHttpContext context = new() { RequestServices = Services };
        context.Request.Method = method;
        context.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes(body));
        foreach ((string name, string value) in route)
        {
            context.Request.RouteValues[name] = value;
        }

        context.Response.Body = new MemoryStream();
        return context;
    }

    public static byte[] Bytes(HttpContext context) => ((MemoryStream)context.Response.Body).ToArray();

    public static string Text(HttpContext context) => Encoding.UTF8.GetString(Bytes(context));
}
