using System.Collections.Generic;
using System.Text.Json;
using EdgeGateway.Core.Ingest;
using EdgeGateway.Core.Json;
using EdgeGateway.Core.Sessions;
using Firmware.Protocol;

namespace EdgeGateway.Core.Retained;

/// <summary>The retained topic of each device of the cart: what it is, and whether it is connected.</summary>
internal sealed class DeviceTopics(RetainedPublisher publisher, SessionProjection sessions, Pods pods, GatewayOptions options)
{
    private readonly SortedDictionary<ulong, bool> _devices = [];

    /// <summary>True when one is to be published.</summary>
    public bool IsDue => _devices.Count > 0 && sessions.Open is not null;

    /// <summary>All are published again.</summary>
    public void Changed()
    {
        _devices[options.GatewayId] = true;
        foreach (Pod pod in pods.All)
        {
            _devices[pod.DeviceId] = true;
        }
    }

    /// <summary>Publishes those that changed, as far as the link takes them.</summary>
    /// <param name="nowUs">Monotonic µs.</param>
    public void Publish(long nowUs)
    {
        if (sessions.Open is not { } session)
        {
            return;
        }

        while (_devices.Count > 0)
        {
            ulong device = 0;
            foreach (ulong id in _devices.Keys)
            {
                device = id;
                break;
            }

            DeviceDescription? about = null;
            foreach (DeviceDescription known in options.Devices)
            {
                about = known.DeviceId == device ? known : about;
            }

            bool gateway = device == options.GatewayId;
            Pod? pod = pods.Find(device);
            Utf8JsonWriter json = publisher.Begin();
            json.WriteDevice("device"u8, device);
            json.WriteString("role"u8, gateway ? "gateway"u8 : "pod"u8);
            json.WriteText("maker"u8, about?.Maker);
            json.WriteText("model"u8, about?.Model);
            json.WriteText("serial"u8, about?.Serial);
            json.WriteText("udi"u8, about?.Udi);
            json.WriteText("firmware"u8, about?.Firmware);
            json.WriteText("calibration"u8, about?.Calibration);
            json.WriteText("sensorClass"u8, about?.SensorClass);
            json.WriteBoolean("connected"u8, gateway || pod is { IsConnected: true });
            json.WriteEndObject();
            if (!publisher.TryPublish(session, "device/" + Topics.DeviceText(device), null, nowUs))
            {
                return;
            }

            _devices.Remove(device);
        }
    }
}
