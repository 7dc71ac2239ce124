using System;
using Firmware.Core;
using Firmware.Peripherals;
using Firmware.Pod.Cuff;
using Firmware.Pod.Diagnostics;
using Firmware.Pod.Store;
using Firmware.Pod.Supervision;
using Firmware.Protocol;

namespace Firmware.Pod.Channels;

/// <summary>Makes a part's driver and what makes readings of its counts. The one place that knows which chip is driven by what.</summary>
public sealed class PartFactory
{
    private readonly PodOptions _options;
    private readonly II2cPort _bus;
    private readonly PodRing _ring;
    private readonly PodCounters _counters;
    private readonly EventReporter _events;
    private readonly PodSituation _situation;
    private readonly LinkWatch _link;

    /// <summary>Stores.</summary>
    /// <param name="options">The pod.</param>
    /// <param name="bus">The I2C bus of its parts.</param>
    /// <param name="ring">Where readings go.</param>
    /// <param name="counters">The counters.</param>
    /// <param name="events">Where faults are reported.</param>
    /// <param name="situation">What one part must know of another.</param>
    /// <param name="link">What is known of the gateway.</param>
    public PartFactory(PodOptions options, II2cPort bus, PodRing ring, PodCounters counters, EventReporter events, PodSituation situation, LinkWatch link)
    {
        _options = options;
        _bus = bus;
        _ring = ring;
        _counters = counters;
        _events = events;
        _situation = situation;
        _link = link;
    }

    /// <summary>Makes one part. No I/O.</summary>
    /// <param name="part">Which, and what it is wired to; its driver, when it has one, is used.</param>
    /// <param name="driver">Its driver.</param>
    /// <param name="sensor">What makes readings of the driver's counts.</param>
    /// <exception cref="PodFaultException">This program has no driver for the part, or the driver that it was given is one of another kind of part (P1007).</exception>
    /// <exception cref="ArgumentOutOfRangeException">The part needs outputs, a line or a sound port, and has none.</exception>
    public void Make(PeripheralOptions part, out IDriver driver, out Sensor sensor)
    {
        switch (part.Part)
        {
            case PodPart.Tmp117:
                ITemperatureSource temperature = (part.Driver ?? new Tmp117(_bus, part.Address)) as ITemperatureSource ?? throw Wrong(part, "temperatures");
                driver = temperature;
                sensor = new Thermometer(temperature, _options, _ring, _counters);
                return;
            case PodPart.Max30102:
                ILightSource light = (part.Driver ?? new Max30102(_bus, part.Address)) as ILightSource ?? throw Wrong(part, "light");
                driver = light;
                sensor = new Oximeter(light, part, _options, _ring, _counters, _situation);
                return;
            case PodPart.Mprls0300:
                ICuffPressureSource pressure = (part.Driver ?? new Mprls0300(_bus, part.Address)) as ICuffPressureSource ?? throw Wrong(part, "a cuff's pressure");
                driver = pressure;
                sensor = Cuff(new BuiltInCuff(pressure, part, part.Cuff ?? throw Missing("Cuff"), _link));
                return;
            case PodPart.SunTechNibp:
                IBloodPressureModule module = (part.Driver ?? new SunTechNibp(part.Serial ?? throw Missing("Serial"))) as IBloodPressureModule ?? throw Wrong(part, "blood pressures");
                driver = module;
                sensor = Cuff(new OemCuff(module, _link));
                return;
            case PodPart.Pcm1808:
                ISoundSource sound = (part.Driver ?? new Pcm1808(part.Audio ?? throw Missing("Audio"))) as ISoundSource ?? throw Wrong(part, "sound");
                driver = sound;
                sensor = new Stethoscope(sound, _ring, _counters, _events, _situation);
                return;
            default:
                throw new PodFaultException(FaultCode.PartUnknown, "this program has no driver for part " + ((int)part.Part).ToString());
        }
    }

    private BloodPressure Cuff(ICuff cuff) => new BloodPressure(cuff, _ring, _situation, _events, _link);

    private static PodFaultException Wrong(PeripheralOptions part, string counts) => new PodFaultException(
        FaultCode.PartUnknown, "the driver of " + part.Driver!.PartName + " does not give " + counts + ", as part " + Parts.Id(part.Part) + " must");

    private static ArgumentOutOfRangeException Missing(string option) => new ArgumentOutOfRangeException(nameof(option), "This part needs PeripheralOptions." + option + ".");
}
