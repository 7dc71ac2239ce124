using System.Buffers.Binary;
using EdgeGateway.Core.Commands;
using EdgeGateway.Core.Ingest;
using Firmware.Protocol;

namespace EdgeGateway.Core.Sessions;

/// <summary>Gives the open session's binding epoch to pods that take commands, and withdraws it. Without one a pod stores and sends no patient value.</summary>
internal sealed class BindingEpochs(SessionProjection sessions, Pods pods, PodCommands commands) : IGatewayPart
{
    /// <inheritdoc/>
    public void SessionChanged()
    {
        foreach (Pod pod in pods.All)
        {
            PodReady(pod);
        }
    }

    /// <inheritdoc/>
    public void PodReady(Pod pod)
    {
        if (pod.TakesCommands)
        {
            // What comes of a bench never belongs to a patient.
            pod.IsEpochWithheld = pod.IsOnBench;
            pod.Epoch = pod.IsOnBench ? 0 : sessions.Open?.Epoch ?? 0;
            byte[] body = new byte[4];
            BinaryPrimitives.WriteUInt32LittleEndian(body, pod.Epoch);
            commands.TrySend(pod, PodCommand.SetEpoch, body);
        }
    }

    /// <inheritdoc/>
    public void PodPartsChanged(Pod pod)
    {
        // It came on a bench, or off it. An open session alone is no reason: it counts when the disk has it, and SessionChanged says so.
        if (pod.IsOnBench != pod.IsEpochWithheld)
        {
            PodReady(pod);
        }
    }
}
