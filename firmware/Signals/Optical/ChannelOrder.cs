namespace Firmware.Signals.Optical;

/// <summary>
/// Tells whether red and infrared are exchanged, as they are on some boards. Exchanged channels turn R into 1/R, so a healthy R of 0.5 becomes 2 and is
/// out of range by itself; between 0.8 and 1.3 R alone says nothing, and there the share of red light speaks: at equal currents this part returns
/// more red than infrared, so less than the board's least share together with a high R means exchanged. Since the order is the board's and not the
/// moment's, a steady R that exchanged channels could only show at a saturation below 70 % settles it for good, and no finger seen later is suspected.
/// </summary>
public sealed class ChannelOrder
{
    /// <summary>Above this R, x 10,000, exchanged channels are possible. Source: 1/R of the default curve's 70 % is 0.76.</summary>
    public const int SuspectRatio = 7500;

    /// <summary>Below this R, x 10,000, channels are in order: exchanged it would be 1.43 and more, below 66 % by the default curve.</summary>
    public const int ProvenRatio = 7000;

    /// <summary>Below this R, x 10,000, nothing is proven. Source: R of the default curve's 102 % is 0.31, less a margin.</summary>
    public const int MinRatio = 2500;

    /// <summary>So many results in a row prove that channels are in order.</summary>
    public const int ProofResults = 3;

    private int _proof;

    /// <summary>True when the newest result is of exchanged channels.</summary>
    public bool IsExchanged { get; private set; }

    /// <summary>True when channels are known to be in order.</summary>
    public bool IsProven => _proof >= ProofResults;

    /// <summary>Forgets what is known, as for another board.</summary>
    public void Reset()
    {
        _proof = 0;
        IsExchanged = false;
    }

    /// <summary>Takes one result of good correlation.</summary>
    /// <param name="ratioTenThousandths">R x 10,000.</param>
    /// <param name="redShareThousandths">Red over infrared light at equal LED currents, thousandths.</param>
    /// <param name="minShareThousandths">The board's least share, <see cref="OpticalCalibration.MinRedShareThousandths"/>.</param>
    /// <param name="isSure">True when the result is good enough to prove that channels are in order.</param>
    public void Take(int ratioTenThousandths, int redShareThousandths, int minShareThousandths, bool isSure)
    {
        if (IsProven)
        {
            IsExchanged = false;
            return;
        }

        IsExchanged = ratioTenThousandths > SuspectRatio && redShareThousandths < minShareThousandths;
        bool proves = isSure && ratioTenThousandths >= MinRatio && ratioTenThousandths <= ProvenRatio;
        _proof = proves ? _proof + 1 : 0;
    }
}
