using System;
using System.IO;
using Firmware.Core;

namespace Firmware.Esp32;

/// <summary>The littlefs drive by System.IO. Every exception becomes a false or -1: what it was is not known to the caller, and not needed.</summary>
public sealed class EspFileDrive : IFileDrive
{
    private readonly string _root;
    private FileStream? _open;

    /// <summary>Stores; opens nothing.</summary>
    /// <param name="root">The drive's root with its separator.</param>
    public EspFileDrive(string root)
    {
        _root = root;
    }

    /// <inheritdoc/>
    public bool IsMounted
    {
        get
        {
            try
            {
                return Directory.Exists(_root);
            }
            catch (Exception)
            {
                return false;
            }
        }
    }

    /// <inheritdoc/>
    public bool Open(string name)
    {
        Close();
        try
        {
            _open = new FileStream(_root + name, FileMode.Append, FileAccess.Write);
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public bool Write(byte[] buffer, int offset, int count)
    {
        FileStream? file = _open;
        if (file == null)
        {
            return false;
        }

        try
        {
            file.Write(buffer, offset, count);
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public bool Close()
    {
        FileStream? file = _open;
        _open = null;
        if (file == null)
        {
            return true;
        }

        bool isFlushed = true;
        try
        {
            file.Flush();
        }
        catch (Exception)
        {
            isFlushed = false;
        }

        try
        {
            file.Close();
            return isFlushed;
        }
        catch (Exception)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public int Read(string name, int position, byte[] buffer, int offset, int count)
    {
        try
        {
            FileStream file = new FileStream(_root + name, FileMode.Open, FileAccess.Read);
            try
            {
                file.Seek(position, SeekOrigin.Begin);
                return file.Read(buffer, offset, count);
            }
            finally
            {
                file.Close();
            }
        }
        catch (Exception)
        {
            return -1;
        }
    }

    /// <inheritdoc/>
    public int Length(string name)
    {
        try
        {
            return File.Exists(_root + name) ? (int)new FileInfo(_root + name).Length : -1;
        }
        catch (Exception)
        {
            return -1;
        }
    }

    /// <inheritdoc/>
    public bool Delete(string name)
    {
        try
        {
            File.Delete(_root + name);
            return true;
        }
        catch (Exception)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public string[] List()
    {
        try
        {
            string[] paths = Directory.GetFiles(_root);
            for (int i = 0; i < paths.Length; i++)
            {
                paths[i] = Path.GetFileName(paths[i]);
            }

            return paths;
        }
        catch (Exception)
        {
            return new string[0];
        }
    }
}
