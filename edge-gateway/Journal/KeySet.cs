using System;
using System.Collections.Generic;
using System.Security.Cryptography;

namespace EdgeGateway.Journal;

/// <summary>How an encrypted record could be read.</summary>
internal enum KeyOutcome
{
    /// <summary>It was.</summary>
    Opened,

    /// <summary>There is no key for it: erased, or lost.</summary>
    NoKey,

    /// <summary>There is one, and it does not fit: the bytes are damaged, whatever their checksum says.</summary>
    Damaged,
}

/// <summary>Keys in memory, by key owner and by the start of the gateway that made them.</summary>
internal sealed class KeySet : IDisposable
{
    private readonly Dictionary<(JournalKeyOwner Owner, uint Boot), Held> _keys = [];

    public void Add(JournalKeyOwner owner, uint boot, byte[] key)
    {
        if (_keys.Remove((owner, boot), out Held? old))
        {
            old.Dispose();
        }

        _keys.Add((owner, boot), new Held(key));
    }

    /// <summary>The cipher of one key; null when there is none.</summary>
    public AesGcm? Find(JournalKeyOwner owner, uint boot) => _keys.TryGetValue((owner, boot), out Held? held) ? held.Cipher : null;

    /// <summary>Decrypts a whole record; the target has exactly the payload's length.</summary>
    public KeyOutcome TryOpen(ReadOnlySpan<byte> record, Span<byte> payload) =>
        Find(RecordCipher.OwnerOf(record), RecordCipher.BootOf(record)) is not { } key ? KeyOutcome.NoKey
        : RecordCipher.TryOpen(record, key, payload) ? KeyOutcome.Opened : KeyOutcome.Damaged;

    /// <summary>Forgets the keys of one owner that were made before a start of the gateway; their bytes are overwritten.</summary>
    public void Remove(JournalKeyOwner owner, uint before)
    {
        foreach ((JournalKeyOwner Owner, uint Boot) known in new List<(JournalKeyOwner Owner, uint Boot)>(_keys.Keys))
        {
            if (known.Owner == owner && known.Boot < before && _keys.Remove(known, out Held? held))
            {
                held.Dispose();
            }
        }
    }

    /// <summary>Forgets all.</summary>
    public void Dispose()
    {
        foreach (Held held in _keys.Values)
        {
            held.Dispose();
        }

        _keys.Clear();
    }

    private sealed class Held(byte[] key) : IDisposable
    {
        private AesGcm? _cipher;

        public AesGcm Cipher => _cipher ??= new AesGcm(key, RecordCipher.TagBytes);

        public void Dispose()
        {
            CryptographicOperations.ZeroMemory(key);
            _cipher?.Dispose();
        }
    }
}
