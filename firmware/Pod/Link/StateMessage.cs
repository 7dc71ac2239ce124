using System.Text;
using Firmware.Core;
using Firmware.Pod.Supervision;
using Firmware.Protocol;

namespace Firmware.Pod.Link;

/// <summary>
/// The pod's retained state as JSON:
/// <c>{"v":1,"state":"online","boot":7,"epoch":0,"peripherals":[{"name":"TMP117","state":"measuring","part":"Tmp117","streams":[16],"provides":["thermometer"]}],"device":{"maker":"…",…}}</c>;
/// a pod on a bench has <c>"bench":true</c> behind its epoch, and nothing in its place otherwise;
/// <c>part</c>, <c>streams</c> and <c>provides</c> are words and numbers of hardware/vocabulary.json: what the peripheral is, which streams it gives, and what a gateway may do with it.
/// <c>device</c> only when something is known of it. A stethoscope has an <c>activity</c> beside its state: <c>off</c>, <c>listening</c> or <c>suspended</c>. Published when the link comes up and at each change.
/// </summary>
public sealed class StateMessage
{
    /// <summary>Longest message, bytes: <see cref="PodOptions.MaxPeripherals"/> peripherals with the longest words, and texts of the options, which are cut at 64.</summary>
    public const int MaxBytes = 3072;

    /// <summary>Shortest time between two messages, µs; changes within it go together.</summary>
    public const long PeriodUs = 200_000;

    private const int MaxTextBytes = 64;

    private readonly PodOptions _options;
    private readonly IPodLink _link;
    private readonly string _topic;
    private readonly byte[] _buffer = new byte[MaxBytes];
    private int _count;
    private bool _due;
    private long _nextUs;

    /// <summary>No I/O.</summary>
    /// <param name="options">Device and its texts.</param>
    /// <param name="link">The link.</param>
    public StateMessage(PodOptions options, IPodLink link)
    {
        _options = options;
        _link = link;
        _topic = Topics.State(options.DeviceId);
    }

    /// <summary>The will that the link's adapter gives to the broker, retained, on <see cref="Topics.State"/>.</summary>
    /// <returns>UTF-8 bytes.</returns>
    public static byte[] Will() => Encoding.UTF8.GetBytes("{\"v\":1,\"state\":\"offline\"}");

    /// <summary>The retained state of a pod in safe mode, which measures nothing: a gateway that does not know the word changes nothing by it.</summary>
    /// <returns>UTF-8 bytes.</returns>
    public static byte[] SafeMode() => Encoding.UTF8.GetBytes("{\"v\":1,\"state\":\"safeMode\",\"code\":\"P" + ((int)FaultCode.SafeMode).ToString() + "\"}");

    /// <summary>Messages given to the link.</summary>
    public long Sent { get; private set; }

    /// <summary>Something changed, or the link came up.</summary>
    public void Change() => _due = true;

    /// <summary>Publishes when due.</summary>
    /// <param name="bootId">This boot.</param>
    /// <param name="epoch">The epoch in force.</param>
    /// <param name="isOnBench">The pod simulates readings or carries an injected fault.</param>
    /// <param name="supervisors">The peripherals.</param>
    /// <param name="nowUs">Monotonic µs.</param>
    /// <returns>When it wants to be called next.</returns>
    public long Step(uint bootId, uint epoch, bool isOnBench, Supervisor[] supervisors, long nowUs)
    {
        if (!_due || !_link.IsConnected)
        {
            return long.MaxValue;
        }

        if (nowUs < _nextUs)
        {
            return _nextUs;
        }

        _nextUs = nowUs + PeriodUs;
        Build(bootId, epoch, isOnBench, supervisors);
        if (!_link.TryPublish(_topic, _buffer, _count, 0, true))
        {
            return _nextUs;
        }

        _due = false;
        Sent++;
        return long.MaxValue;
    }

    private void Build(uint bootId, uint epoch, bool isOnBench, Supervisor[] supervisors)
    {
        _count = 0;
        Raw("{\"v\":1,\"state\":\"online\",\"boot\":");
        Number(bootId);
        Raw(",\"epoch\":");
        Number(epoch);
        Raw(isOnBench ? ",\"bench\":true" : string.Empty);
        Raw(",\"peripherals\":[");
        for (int i = 0; i < supervisors.Length; i++)
        {
            Raw(i == 0 ? "{\"name\":\"" : ",{\"name\":\"");
            Text(supervisors[i].PartName);
            Raw("\",\"state\":\"");
            Raw(SupervisorWords.Of(supervisors[i].State));
            if (supervisors[i].Activity.Length > 0)
            {
                Raw("\",\"activity\":\"");
                Raw(supervisors[i].Activity);
            }

            Provided(_options.Peripherals[i].Part);
        }

        Raw("]");
        bool any = Member(false, "maker", _options.Maker);
        any = Member(any, "model", _options.Model);
        any = Member(any, "serial", _options.Serial);
        any = Member(any, "firmware", _options.Firmware);
        Raw(any ? "}}" : "}");
    }

    private void Provided(PodPart part)
    {
        Raw("\",\"part\":\"");
        Raw(Parts.Id(part));
        Raw("\",\"streams\":[");
        int[] streams = Parts.StreamsOf(part);
        for (int i = 0; i < streams.Length; i++)
        {
            Raw(i == 0 ? string.Empty : ",");
            Number((uint)streams[i]);
        }

        Raw("],\"provides\":[");
        string[] provides = Parts.Provides(part);
        for (int i = 0; i < provides.Length; i++)
        {
            Raw(i == 0 ? "\"" : ",\"");
            Raw(provides[i]);
            Raw("\"");
        }

        Raw("]}");
    }

    private bool Member(bool any, string name, string value)
    {
        if (value.Length == 0)
        {
            return any;
        }

        Raw(any ? ",\"" : ",\"device\":{\"");
        Raw(name);
        Raw("\":\"");
        Text(value);
        Raw("\"");
        return true;
    }

    private void Raw(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            _buffer[_count++] = (byte)text[i];
        }
    }

    // Texts are ours and plain; whatever is not printable ASCII, or would need escaping, becomes a question mark.
    private void Text(string text)
    {
        for (int i = 0; i < text.Length && i < MaxTextBytes; i++)
        {
            char c = text[i];
            _buffer[_count++] = c < ' ' || c > '~' || c == '"' || c == '\\' ? (byte)'?' : (byte)c;
        }
    }

    private void Number(uint value)
    {
        uint divisor = 1_000_000_000;
        while (divisor > 1 && value / divisor == 0)
        {
            divisor /= 10;
        }

        while (divisor > 0)
        {
            _buffer[_count++] = (byte)('0' + (int)(value / divisor % 10));
            divisor /= 10;
        }
    }
}
