using System;
using System.Collections.Generic;
using System.Globalization;

namespace EdgeGateway.Journal;

/// <content>
/// A full disk. Two reserves are kept in files of about a segment each, the highest number given back first: those of vital signs of the open session, then those
/// of bookkeeping, last the one for removal and for a start. While one of them is missing readings are refused: whoever sent them keeps them. They are taken again
/// when there is room, the lowest first, and then readings are taken again.
/// </content>
public sealed partial class JournalLog
{
    /// <summary>The unit that writing never takes: removal and a start write the new file before the old one goes.</summary>
    private const int LastUnit = 1;

    private static byte[] _filling = [];

    private bool[] _held = []; // by unit
    private int _wantedUnits;
    private bool _pressed; // the disk was full: readings are refused, and what was released gives way whatever the quota says
    private JournalIntake _reportedIntake = JournalIntake.Nothing;

    /// <inheritdoc/>
    public JournalIntake Intake =>
        !IsWritable ? JournalIntake.Nothing
        : !_pressed && HasRoomWithoutReserve() ? JournalIntake.Everything
        : HeldUnits > ReserveUnits ? JournalIntake.OpenSessionVitals : JournalIntake.Bookkeeping;

    /// <inheritdoc/>
    public string IntakeReason
    {
        get
        {
            string free = _disk.FreeBytes == long.MaxValue ? string.Empty : string.Create(CultureInfo.InvariantCulture, $", {_disk.FreeBytes} bytes free");
            string kept = string.Create(CultureInfo.InvariantCulture, $"reserve {HeldBytes} of {ReserveWantedBytes} bytes{free}");
            return Intake switch
            {
                JournalIntake.Everything => string.Empty,
                JournalIntake.OpenSessionVitals => "the disk is full: readings are refused but vital signs of the open session; " + kept,
                JournalIntake.Bookkeeping => "the disk is full: readings are refused; " + kept,
                _ => !_open ? "the journal is not open" : _closing ? "the journal is being closed" : "the disk refuses to write; " + kept,
            };
        }
    }

    /// <inheritdoc/>
    public bool IsReserveMissing => _open && _options.ReserveBytes > 0 && _wantedUnits < ReserveUnits + VitalUnits;

    private int ReserveUnits => Math.Max(0, (_options.ReserveBytes / _options.SegmentBytes) - 1);

    private int VitalUnits => _options.VitalReserveBytes / _options.SegmentBytes;

    private int HeldUnits
    {
        get
        {
            int count = 0;
            foreach (bool held in _held)
            {
                count += held ? 1 : 0;
            }

            return count;
        }
    }

    private long HeldBytes
    {
        get
        {
            long bytes = 0;
            for (int i = 0; i < _held.Length; i++)
            {
                bytes += _held[i] ? UnitBytes(i) : 0;
            }

            return bytes;
        }
    }

    private long ReserveWantedBytes => _options.ReserveBytes == 0 ? 0 : ((long)ReserveUnits + 1 + VitalUnits) * _options.SegmentBytes;

    // Without a reserve the same is done by what the system says is free.
    private bool HasRoomWithoutReserve() =>
        _options.ReserveBytes == 0 || _wantedUnits >= ReserveUnits || _disk.FreeBytes >= _options.MaxUnsyncedBytes + (2L * _options.SegmentBytes);

    private int UnitBytes(int unit) => unit == 0 ? 2 * _options.SegmentBytes : _options.SegmentBytes;

    private void NoteIntake()
    {
        JournalIntake intake = Intake;
        if (intake != _reportedIntake)
        {
            _reportedIntake = intake;
            _handler.IntakeChanged(intake, IntakeReason);
        }
    }

    // A disk that the reserves would mostly fill gets none: the bound is that the journal could have half as much again for itself.
    private void DecideReserve(long listedBytes)
    {
        if (_held.Length == 0)
        {
            _held = new bool[_options.ReserveBytes == 0 ? 0 : ReserveUnits + VitalUnits];
        }

        long free = _disk.FreeBytes;
        long all = free == long.MaxValue ? long.MaxValue : free + listedBytes;
        int wanted = _options.ReserveBytes == 0 || all / 3 * 2 < _options.ReserveBytes ? 0
            : all / 3 * 2 < (long)_options.ReserveBytes + _options.VitalReserveBytes ? ReserveUnits : ReserveUnits + VitalUnits;
        _wantedUnits = Math.Max(wanted, HeldUnits);
    }

    private int NextUnit()
    {
        for (int i = 0; i < _wantedUnits; i++)
        {
            if (!_held[i])
            {
                return i;
            }
        }

        return -1;
    }

    private bool NeedsReserve() => !_failing && !_closing && NextUnit() is >= 0 and int unit && HasRoomFor(UnitBytes(unit));

    private bool HasRoomFor(long bytes) => _disk.FreeBytes == long.MaxValue || _disk.FreeBytes >= bytes + (2L * _options.SegmentBytes);

    private bool MayRelax() => _pressed && !_failing && NextUnit() < 0 && (_disk.FreeBytes == long.MaxValue || _disk.FreeBytes >= 4L * _options.SegmentBytes);

    private IEnumerator<Op> TakeUnit(int unit)
    {
        var written = new Box<bool>();
        yield return Op.Call(WriteWhole(JournalFormat.ReserveFile(unit), Filling(UnitBytes(unit)), written, int.MaxValue));
        if (!written.Value)
        {
            _maintainFailed = true;
            if (_wholeStatus == DiskStatus.Full && _disk.FreeBytes == long.MaxValue && !_pressed)
            {
                _wantedUnits = HeldUnits; // nothing says how much there is: without it, then
            }

            yield break;
        }

        _held[unit] = true;
    }

    // No zeros: a file system that compresses or leaves holes would keep no room with them.
    private static ReadOnlyMemory<byte> Filling(int length)
    {
        byte[] filling = _filling;
        if (filling.Length < length)
        {
            filling = new byte[length];
            uint x = 0x9E3779B9;
            for (int i = 0; i < length; i++)
            {
                x ^= x << 13;
                x ^= x >> 17;
                x ^= x << 5;
                filling[i] = (byte)x;
            }

            _filling = filling;
        }

        return filling.AsMemory(0, length);
    }

    // The highest unit that may go; those below the bound stay.
    private IEnumerator<Op> GiveBackUnit(int keep, Box<bool> given)
    {
        given.Value = false;
        for (int i = _held.Length - 1; i >= keep && !given.Value; i--)
        {
            if (_held[i])
            {
                _held[i] = false;
                given.Value = true;
                yield return Op.Delete(JournalFormat.ReserveFile(i));
                yield return Op.SyncDirectory(); // some file systems free the blocks only then
            }
        }

        NoteIntake();
    }

    // Nothing can be done but to look how much is free.
    private IEnumerator<Op> LookAgain()
    {
        yield return Op.List();
        if (Last.Status == DiskStatus.Ok)
        {
            long listed = 0;
            foreach (DiskFile file in Last.Files)
            {
                listed += file.IsRegular && JournalFormat.KindOf(file.Name, out _, out _) != FileKind.Other ? file.Length : 0;
            }

            DecideReserve(listed);
        }

        _maintainFailed = !NeedsReserve() && !MayRelax();
    }
}
