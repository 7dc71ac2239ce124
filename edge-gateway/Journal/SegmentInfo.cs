namespace EdgeGateway.Journal;

/// <summary>A segment other than the active one.</summary>
internal sealed class SegmentInfo(SegmentName name, long last, long length, int[] counts)
{
    public SegmentName Name { get; } = name;

    /// <summary>Last index it stands for.</summary>
    public long Last { get; } = last;

    public long Length { get; } = length;

    public int[] Counts { get; } = counts;

    /// <summary>Without a seal: to be written anew.</summary>
    public bool Unfinished { get; set; }

    /// <summary>Damage was found and declared.</summary>
    public bool DamageDeclared { get; set; }

    /// <summary>The owner's declarations go up to here: they are synced before the damage is set aside.</summary>
    public long DeclaredThrough { get; set; }

    /// <summary>Records with an unknown mark among the vital signs of <see cref="Counts"/>; 0 also as long as nobody has read the segment.</summary>
    public int UnknownMarks { get; set; }

    public int ReadFailures { get; set; }

    /// <summary>Given up, or of a newer version: left where it is and not read again before the next start.</summary>
    public bool Unreadable { get; set; }

    /// <summary>Sequence of the newest checkpoint when it became empty.</summary>
    public long EmptySince { get; set; }

    public bool IsEmpty => Counts[0] + Counts[1] + Counts[2] + Counts[3] + Counts[4] == 0;
}

/// <summary>What a sequence of operations hands back.</summary>
internal sealed class Box<T>
{
    public T Value { get; set; } = default!;
}
