using System;
using System.IO;
using System.Threading;
using EdgeGateway.Core.Access;
using EdgeGateway.Machine;

namespace EdgeGateway.Gateway.Security;

/// <summary>
/// The accounts in the running process. The file is looked at again at each question about them, so that what cartctl changes holds without a new start; what cannot be read leaves the last whole state in use, and
/// where there never was one, nobody. Any thread.
/// </summary>
internal sealed class AccountStore : IApiTokens
{
    private readonly AccountFolder _folder;
    private readonly string _cartId;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private volatile AccountBook _book = AccountBook.Empty;
    private string _stamp = string.Empty;
    private string? _problem;
    private int _version;

    /// <summary>Makes it; nothing is read before the first question.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="cartId">The cart's name.</param>
    /// <param name="time">The machine's clock.</param>
    public AccountStore(AccountFolder folder, string cartId, TimeProvider time)
    {
        _folder = folder;
        _cartId = cartId;
        _time = time;
    }

    /// <summary>The accounts as they are now.</summary>
    public AccountBook Book
    {
        get
        {
            Refresh();
            return _book;
        }
    }

    /// <summary>Why the file cannot be read; null when it can.</summary>
    public string? Problem
    {
        get
        {
            lock (_gate)
            {
                return _problem;
            }
        }
    }

    /// <summary>Rises with each new state, and with each other problem.</summary>
    public int Version
    {
        get
        {
            lock (_gate)
            {
                return _version;
            }
        }
    }

    /// <summary>Looks whether the file has changed, and reads it if so.</summary>
    public void Refresh()
    {
        lock (_gate)
        {
            string? before = _problem;
            AccountBook old = _book;
            try
            {
                string stamp = _folder.Stamp();
                if (string.Equals(stamp, _stamp, StringComparison.Ordinal))
                {
                    return;
                }

                if (stamp.Length == 1 && _book.Accounts.Count > 0)
                {
                    // A list that is gone is damage: whoever takes it away does not make the cart one without administrator.
                    _problem = _folder.AccountsPath + " is gone";
                    return;
                }

                _book = _folder.Read();
                _stamp = stamp;
                _problem = null;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _problem = e.Message;
            }
            finally
            {
                _version += old != _book || !string.Equals(before, _problem, StringComparison.Ordinal) ? 1 : 0;
            }
        }
    }

    /// <summary>Changes the accounts on the disk.</summary>
    /// <param name="change">Makes the new book of the one that is there now.</param>
    /// <exception cref="IOException">They cannot be read or written, or cartctl changes them at this moment.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public void Change(Func<AccountBook, AccountBook> change)
    {
        using (_folder.Lock())
        {
            _folder.Write(change(_folder.Read()));
        }

        Refresh();
    }

    /// <inheritdoc/>
    public string? IdOf(ReadOnlySpan<byte> presented) => ApiTokenText.IdOf(presented) is null ? null : Book.TokenOf(_cartId, presented, _time.GetUtcNow())?.Id;

    /// <inheritdoc/>
    public bool IsGood(string id) => Book.IsGood(id, _time.GetUtcNow());
}
