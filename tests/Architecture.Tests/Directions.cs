using System;
using System.Collections.Generic;

namespace Architecture.Tests;

/// <summary>Who may know whom, as data. To allow a new direction, add it to its row, and say why in the commit.</summary>
internal static class Directions
{
    /// <summary>Project: the projects that its project file may reference, by folder.</summary>
    public static IReadOnlyDictionary<string, string[]> Projects { get; } = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        ["firmware"] = [],
        ["firmware/Flash"] = [],
        ["edge-gateway/Mqtt"] = [],
        ["edge-gateway/Journal"] = [],
        ["edge-gateway/Faults"] = [],
        ["edge-gateway/Certificates"] = [],
        ["edge-gateway/Mqtt.AspNetCore"] = ["edge-gateway/Mqtt"],
        ["edge-gateway/Mqtt.MqttNet"] = ["edge-gateway/Mqtt"],
        ["edge-gateway/Core"] = ["firmware", "edge-gateway/Faults", "edge-gateway/Mqtt", "edge-gateway/Journal"],
        ["edge-gateway/Machine"] = ["edge-gateway/Certificates", "edge-gateway/Core", "edge-gateway/Faults", "edge-gateway/Mqtt.MqttNet"],
        ["edge-gateway/Gateway"] = ["edge-gateway/Certificates", "edge-gateway/Core", "edge-gateway/Machine", "edge-gateway/Mqtt.AspNetCore"],
        ["edge-gateway/Pi"] = ["edge-gateway/Core"],
        ["edge-gateway/Tool"] = ["edge-gateway/Certificates", "edge-gateway/Core", "edge-gateway/Machine"],
        ["simulators/Kernel"] = [],
        ["simulators/Buses"] = ["simulators/Kernel"],
        ["simulators/Chips"] = ["simulators/Kernel", "simulators/Buses"],
        ["simulators/Patient"] = ["simulators/Kernel", "edge-gateway/Faults"],
        ["simulators/Network"] = ["simulators/Kernel", "edge-gateway/Mqtt"],
        ["simulators/Peers"] = ["simulators/Kernel", "simulators/Network", "edge-gateway/Mqtt"],
        ["simulators/Cart"] =
        [
            "simulators/Kernel", "simulators/Buses", "simulators/Chips", "simulators/Patient", "simulators/Network", "simulators/Peers", "firmware",
            "edge-gateway/Core", "edge-gateway/Faults", "edge-gateway/Mqtt", "edge-gateway/Journal",
        ],
        ["simulators/Cli"] = ["simulators/Cart", "edge-gateway/Gateway"],
        ["hardware/CartGen"] = [],
    };

    /// <summary>Namespace of a project or of a folder of firmware/: the namespaces of this repository that its code may use.</summary>
    public static IReadOnlyDictionary<string, string[]> Namespaces { get; } = new Dictionary<string, string[]>(StringComparer.Ordinal)
    {
        ["Firmware.Core"] = [],
        ["Firmware.Peripherals"] = ["Firmware.Core"],
        ["Firmware.Signals"] = ["Firmware.Core"],
        ["Firmware.Protocol"] = ["Firmware.Core"],
        ["Firmware.Pod"] = ["Firmware.Core", "Firmware.Peripherals", "Firmware.Signals", "Firmware.Protocol"],
        ["EdgeGateway.Mqtt"] = [],
        ["EdgeGateway.Journal"] = [],
        ["EdgeGateway.Faults"] = [],
        ["EdgeGateway.Certificates"] = [],
        ["EdgeGateway.Core"] = ["Firmware.Core", "Firmware.Protocol", "EdgeGateway.Faults", "EdgeGateway.Mqtt", "EdgeGateway.Journal"],
        ["EdgeGateway.Machine"] = ["EdgeGateway.Certificates", "EdgeGateway.Faults", "EdgeGateway.Core", "EdgeGateway.Journal", "EdgeGateway.Mqtt"],
        ["EdgeGateway.Gateway"] = ["EdgeGateway.Certificates", "Firmware.Core", "Firmware.Protocol", "EdgeGateway.Faults", "EdgeGateway.Mqtt", "EdgeGateway.Journal", "EdgeGateway.Core", "EdgeGateway.Machine"],
        ["EdgeGateway.Tool"] = ["EdgeGateway.Certificates", "Firmware.Core", "Firmware.Protocol", "EdgeGateway.Faults", "EdgeGateway.Journal", "EdgeGateway.Core", "EdgeGateway.Machine", "EdgeGateway.Mqtt"],
        ["Simulators.Kernel"] = [],
        ["Simulators.Buses"] = ["Simulators.Kernel"],
        ["Simulators.Chips"] = ["Simulators.Kernel", "Simulators.Buses"],
        ["Simulators.Patient"] = ["Simulators.Kernel", "EdgeGateway.Faults"],
        ["Simulators.Network"] = ["Simulators.Kernel", "EdgeGateway.Mqtt"],
        ["Simulators.Peers"] = ["Simulators.Kernel", "Simulators.Network", "EdgeGateway.Mqtt"],
        ["Simulators.Cart"] =
        [
            "Simulators.Kernel", "Simulators.Buses", "Simulators.Chips", "Simulators.Patient", "Simulators.Network", "Simulators.Peers",
            "Firmware.Core", "Firmware.Peripherals", "Firmware.Signals", "Firmware.Protocol", "Firmware.Pod",
            "EdgeGateway.Core", "EdgeGateway.Faults", "EdgeGateway.Mqtt", "EdgeGateway.Journal",
        ],
    };

    /// <summary>
    /// Namespace whose folders have rows of their own: for each folder the folders beside it that its compiled code may use, "." being the files beside the folders. A folder without a row may use none.
    /// </summary>
    public static IReadOnlyDictionary<string, IReadOnlyDictionary<string, string[]>> Folders { get; } = new Dictionary<string, IReadOnlyDictionary<string, string[]>>(StringComparer.Ordinal)
    {
        ["EdgeGateway.Core"] = new Dictionary<string, string[]>(StringComparer.Ordinal)
        {
            ["Access"] = [".", "Commands", "Health", "Ingest", "Readings", "Records", "Sessions", "Sound", "Time", "Trail"],
            ["Auscultation"] = [],
            ["Commands"] = [".", "Cuff", "Delivery", "Health", "Ingest", "Json", "Records", "Sessions", "Sound", "Time", "Trail"],
            ["Configuration"] = ["."],
            ["Cuff"] = [".", "Commands", "Ingest", "Json", "Records", "Sessions", "Time"],
            ["Delivery"] = [".", "Access", "Commands", "Health", "Ingest", "Readings", "Records", "Retained", "Sessions", "Time", "Trail"],
            ["Health"] = [".", "Configuration", "Delivery", "Ingest", "Json", "Readings", "Records", "Sessions", "Time"],
            ["Ingest"] = [".", "Health", "Readings", "Records", "Sessions", "Time"],
            ["Json"] = ["."],
            ["Readings"] = [".", "Json", "Records", "Sessions", "Time"],
            ["Records"] = [".", "Readings"],
            ["Retained"] = [".", "Delivery", "Ingest", "Json", "Readings", "Records", "Sessions", "Time"],
            ["Sessions"] = [".", "Commands", "Delivery", "Health", "Ingest", "Json", "Readings", "Records", "Time"],
            ["Sound"] = [".", "Auscultation", "Commands", "Delivery", "Health", "Ingest", "Json", "Readings", "Records", "Sessions", "Time"],
            ["Time"] = [".", "Health", "Json", "Readings", "Records"],
            ["Trail"] = [".", "Delivery", "Health", "Json", "Records", "Time"],
        },
        ["Firmware.Pod"] = new Dictionary<string, string[]>(StringComparer.Ordinal)
        {
            ["Channels"] = [".", "Cuff", "Diagnostics", "Store", "Supervision"],
            ["Configuration"] = [".", "Store"],
            ["Console"] = [".", "Configuration", "Cuff", "Diagnostics", "Start", "Store", "Supervision"],
            ["Diagnostics"] = ["Store"],
            ["Link"] = [".", "Cuff", "Diagnostics", "Store", "Supervision"],
            ["Start"] = ["Store"],
            ["Store"] = [".", "Diagnostics"],
            ["Supervision"] = ["Channels", "Diagnostics"],
        },
        ["Simulators.Cart"] = new Dictionary<string, string[]>(StringComparer.Ordinal)
        {
            ["Evaluation"] = ["Ledger", "Scenario", "Subscribers", "World"],
            ["Gateway"] = ["Ledger", "Pod", "Scenario", "World"],
            ["Pod"] = ["Gateway", "Ledger", "Scenario", "World"],
            ["Report"] = ["Gateway", "Ledger", "Pod", "Scenario", "Subscribers", "World"],
            ["Scenario"] = ["Gateway", "Pod", "Subscribers", "World"],
            ["Subscribers"] = ["Gateway", "Ledger", "Scenario", "World"],
            ["World"] = ["Gateway", "Ledger", "Pod", "Report", "Scenario", "Subscribers"],
        },
    };

    /// <summary>Words of the vocabulary that every folder may use, wherever they are generated.</summary>
    public static IReadOnlyList<string> Words { get; } = ["EdgeGateway.Core.Sound.ListeningMode", "EdgeGateway.Core.Readings.WireWords"];

    /// <summary>Types that put the parts together, and by which no part may reach for another: only the files beside the folders know them.</summary>
    public static IReadOnlyList<string> Composition { get; } =
    [
        "EdgeGateway.Core.GatewayCore", "EdgeGateway.Core.GatewayServices", "EdgeGateway.Core.GatewayIngest", "EdgeGateway.Core.GatewayDelivery", "EdgeGateway.Core.GatewayHealth",
        "EdgeGateway.Core.GatewayCounts", "EdgeGateway.Core.JournalEvents", "Firmware.Pod.PodHost",
    ];

    /// <summary>The projects of product and simulation that may know ASP.NET. All others build without it, with everything that they reference.</summary>
    public static IReadOnlyList<string> MayUseAspNet { get; } = ["edge-gateway/Mqtt.AspNetCore", "edge-gateway/Gateway", "simulators/Cli"];

    /// <summary>Project and assembly, to be searched when it was built; the executables have names of their own.</summary>
    public static IReadOnlyList<(string Project, string Assembly)> Assemblies { get; } =
    [
        ("Firmware", "Firmware"), ("Faults", "EdgeGateway.Faults"), ("Certificates", "EdgeGateway.Certificates"), ("Mqtt", "EdgeGateway.Mqtt"), ("Mqtt.AspNetCore", "EdgeGateway.Mqtt.AspNetCore"), ("Mqtt.MqttNet", "EdgeGateway.Mqtt.MqttNet"),
        ("Journal", "EdgeGateway.Journal"), ("Core", "EdgeGateway.Core"), ("Machine", "EdgeGateway.Machine"), ("Gateway", "cart-gateway"), ("Tool", "cartctl"), ("Kernel", "Simulators.Kernel"), ("Buses", "Simulators.Buses"),
        ("Chips", "Simulators.Chips"), ("Patient", "Simulators.Patient"), ("Network", "Simulators.Network"), ("Peers", "Simulators.Peers"), ("Cart", "Simulators.Cart"),
    ];

    /// <summary>Namespaces and types that need a machine, a network or a thread: they stand in adapters, never in the gateway's logic.</summary>
    public static IReadOnlyList<string> AdaptersOnly { get; } =
    [
        "Microsoft.AspNetCore.", "System.Net.Sockets.", "System.Net.Http.", "System.Net.Security.", "System.Console", "System.Diagnostics.Process", "System.IO.File", "System.IO.FileInfo",
        "System.IO.FileStream", "System.IO.Directory", "System.IO.DirectoryInfo", "System.Threading.Thread", "System.Threading.Timer", "System.Threading.Tasks.",
    ];
}
