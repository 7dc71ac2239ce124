namespace Firmware.Pod.Cuff;

/// <summary>Where the cuff's measurement stands.</summary>
public enum CuffState : byte
{
    /// <summary>Nothing was asked for; valves open.</summary>
    Idle = 0,

    /// <summary>The empty cuff has its rest before it is inflated.</summary>
    Rest = 1,

    /// <summary>The open cuff must read zero.</summary>
    ZeroCheck = 2,

    /// <summary>The pump runs.</summary>
    Inflate = 3,

    /// <summary>Pump off, valves closed: a leak would show.</summary>
    Hold = 4,

    /// <summary>Slow deflation, measured.</summary>
    Bleed = 5,

    /// <summary>Valves open; the cuff must empty.</summary>
    Dump = 6,

    /// <summary>Valves open, and the cuff is not known to be empty: a person must take it off.</summary>
    Unconfirmed = 7,

    /// <summary>Ended; there is a result or a reason.</summary>
    Done = 8,
}

/// <summary>What can happen to it.</summary>
public enum CuffEvent : byte
{
    /// <summary>A person asks for a measurement; the cuff has rested.</summary>
    Start = 0,

    /// <summary>A person asks for a measurement; the cuff has not rested yet.</summary>
    StartTired = 1,

    /// <summary>The rest is over.</summary>
    Rested = 2,

    /// <summary>The open cuff reads zero.</summary>
    Zeroed = 3,

    /// <summary>The target pressure is reached.</summary>
    Reached = 4,

    /// <summary>Held without a leak.</summary>
    Held = 5,

    /// <summary>The deflation has shown all that is needed.</summary>
    Measured = 6,

    /// <summary>A limit was passed or a part failed.</summary>
    Fault = 7,

    /// <summary>A person, or the end of the session, ends it.</summary>
    Stop = 8,

    /// <summary>The cuff is empty and the measurement is over.</summary>
    Emptied = 9,

    /// <summary>The cuff is empty and the measurement is to be repeated.</summary>
    EmptiedRepeat = 10,

    /// <summary>The cuff is not empty in time, or nothing says so.</summary>
    NotEmptied = 11,
}

/// <summary>What is to be done with a transition.</summary>
public enum CuffAction : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Open the valves, then stop the pump.</summary>
    Open = 1,

    /// <summary>Close the bleed valve and pump.</summary>
    Pump = 2,

    /// <summary>Stop the pump, keep the valves closed.</summary>
    Hold = 3,

    /// <summary>Begin to bleed.</summary>
    Bleed = 4,

    /// <summary>Open the valves and begin the zero check.</summary>
    Zero = 5,

    /// <summary>Open the valves and tell the person to take the cuff off.</summary>
    Warn = 6,
}

/// <summary>The measurement's one table, a pure function.</summary>
public static class CuffTable
{
    /// <summary>How many states there are.</summary>
    public const int States = 9;

    /// <summary>How many events there are.</summary>
    public const int Events = 12;

    private const byte Stay = 0xFF;

    // Rows: state. Columns: Start, StartTired, Rested, Zeroed, Reached, Held, Measured, Fault, Stop, Emptied, EmptiedRepeat, NotEmptied.
    // An entry is 16 x next state + action. "Stay" is an event that means nothing there. Wherever air may be in the cuff, Fault and Stop lead to Dump.
    private static readonly byte[] Entries =
    [
        /* Idle        */ 0x25, 0x11, Stay, Stay, Stay, Stay, Stay, 0x81, 0x01, Stay, Stay, Stay,
        /* Rest        */ Stay, Stay, 0x25, Stay, Stay, Stay, Stay, 0x81, 0x81, Stay, Stay, Stay,
        /* ZeroCheck   */ Stay, Stay, Stay, 0x32, Stay, Stay, Stay, 0x81, 0x81, Stay, Stay, Stay,
        /* Inflate     */ Stay, Stay, Stay, Stay, 0x43, Stay, Stay, 0x61, 0x61, Stay, Stay, Stay,
        /* Hold        */ Stay, Stay, Stay, Stay, Stay, 0x54, Stay, 0x61, 0x61, Stay, Stay, Stay,
        /* Bleed       */ Stay, Stay, Stay, Stay, Stay, Stay, 0x61, 0x61, 0x61, Stay, Stay, Stay,
        /* Dump        */ Stay, Stay, Stay, Stay, Stay, Stay, Stay, 0x61, 0x61, 0x81, 0x11, 0x76,
        /* Unconfirmed */ Stay, Stay, Stay, Stay, Stay, Stay, Stay, 0x71, 0x71, 0x81, 0x81, Stay,
        /* Done        */ 0x25, 0x11, Stay, Stay, Stay, Stay, Stay, 0x81, 0x81, Stay, Stay, Stay,
    ];

    /// <summary>The next state and what to do.</summary>
    /// <param name="state">The present state.</param>
    /// <param name="happened">What happened.</param>
    /// <param name="action">What to do.</param>
    /// <returns>The next state.</returns>
    public static CuffState Next(CuffState state, CuffEvent happened, out CuffAction action)
    {
        byte entry = Entries[((int)state * Events) + (int)happened];
        if (entry == Stay)
        {
            action = CuffAction.None;
            return state;
        }

        action = (CuffAction)(entry & 0x0F);
        return (CuffState)(entry >> 4);
    }
}
