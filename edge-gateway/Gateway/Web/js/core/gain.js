// @ts-check
// How loud live sound and clips are played.

const TARGET_PEAK = 0.5, MAX_GAIN = 100, PEAK_SECONDS = 3, RISE_PER_S = 2;   // 6 dB/s

/**
 * The gain rule: the loudest sample of the last 3 s is brought to half of full scale, by 0 to 40 dB; down at once, up by at most 6 dB each second. Without contact
 * the gain stays what it was, so that noise is not made loud.
 */
export class GainRule {
  constructor() {
    /** @type {{ peak: number, nowS: number }[]} */
    this.peaks = [];
    this.gain = 1;
    /** @type {number | null} */
    this.atS = null;
  }

  /**
   * A chunk of sound arrived.
   * @param {number} peak Its loudest sample, 0 to 1.
   * @param {number} nowS
   * @param {boolean} frozen True while the gain may not rise.
   * @returns {number} The gain from now on, as a factor.
   */
  heard(peak, nowS, frozen) {
    this.peaks = this.peaks.filter((p) => nowS - p.nowS < PEAK_SECONDS);
    this.peaks.push({ peak, nowS });
    const wanted = gainOf(Math.max(...this.peaks.map((p) => p.peak)));
    const rise = this.atS === null ? 1 : RISE_PER_S ** Math.max(0, nowS - this.atS);
    this.atS = nowS;
    if (!frozen || wanted < this.gain) this.gain = Math.min(wanted, this.gain * rise);
    return this.gain;
  }
}

/**
 * The gain that brings a peak to half of full scale.
 * @param {number} peak 0 to 1.
 * @returns {number} A factor from 1 to 100.
 */
export function gainOf(peak) { return peak <= 0 ? 1 : Math.max(1, Math.min(MAX_GAIN, TARGET_PEAK / peak)); }
