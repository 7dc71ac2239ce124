using System;
using System.Collections.Generic;
using System.Linq;
using EdgeGateway.Core.Commands;

namespace EdgeGateway.Tool.Broker;

/// <summary>How a broker's own configuration gives a right.</summary>
internal static class AclDialect
{
    /// <summary>The dialects that are known.</summary>
    public static IReadOnlyList<string> Names { get; } = ["mosquitto", "emqx", "hivemq", "rabbitmq", "ejabberd"];

    /// <summary>The lines for some rights.</summary>
    /// <param name="dialect">One of <see cref="Names"/>.</param>
    /// <param name="user">The gateway's user at the broker; null for a user without name.</param>
    /// <param name="rights">The rights.</param>
    /// <returns>Lines, in the broker's own words.</returns>
    public static IReadOnlyList<string> Lines(string dialect, string? user, IReadOnlyList<BrokerRight> rights)
    {
        string name = user ?? "cart";
        return dialect switch
        {
            // mosquitto.conf(5), acl_file: the lines of a user stand below his name.
            "mosquitto" => [.. user is null ? [] : (string[])["user " + user], .. rights.Select(r => "topic " + (r.IsWrite ? "write " : "read ") + r.Filter)],
            "emqx" => [.. rights.Select(r => "{allow, {username, \"" + name + "\"}, " + (r.IsWrite ? "publish" : "subscribe") + ", [\"" + r.Filter + "\"]}.")],
            "hivemq" => [.. rights.Select(r => "<permission><topic>" + r.Filter + "</topic><activity>" + (r.IsWrite ? "PUBLISH" : "SUBSCRIBE") + "</activity></permission>")],

            // One pattern for each direction: a second call replaces the first. MQTT's levels are separated by points there, and write is to publish, read to subscribe.
            "rabbitmq" =>
            [
                "rabbitmqctl set_topic_permissions -p / " + name + " amq.topic '" + Pattern(rights.Where(static r => r.IsWrite)) + "' '" + Pattern(rights.Where(static r => !r.IsWrite)) + "'",
            ],
            "ejabberd" => [.. Ejabberd(rights)],
            _ => throw new ArgumentOutOfRangeException(nameof(dialect), dialect, null),
        };
    }

    private static IEnumerable<string> Ejabberd(IReadOnlyList<BrokerRight> rights)
    {
        foreach (bool isWrite in (bool[])[false, true])
        {
            BrokerRight[] some = [.. rights.Where(r => r.IsWrite == isWrite)];
            if (some.Length > 0)
            {
                yield return isWrite ? "access_publish:" : "access_subscribe:";
                foreach (BrokerRight right in some)
                {
                    yield return "  \"" + right.Filter + "\": [{allow: cart_gateway}]"; // in double quotes: others are refused
                }
            }
        }
    }

    private static string Pattern(IEnumerable<BrokerRight> rights)
    {
        string[] all =
        [
            .. rights.Select(static r => string.Join("\\.", r.Filter.Split('/').Select(static level => level is "+" ? "[^.]+" : level is "#" ? ".*" : level.Replace(".", "\\.", StringComparison.Ordinal)))),
        ];
        return all.Length == 0 ? "^$" : "^(" + string.Join('|', all) + ")$";
    }
}
