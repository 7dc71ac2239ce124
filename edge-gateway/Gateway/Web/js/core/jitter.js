// @ts-check
// When a live piece is played. Pieces come irregularly and some not at all; the ear wants them evenly. No clock of its own: the audio graph's time is passed in.

const FIRST_SPARE_S = 0.1, MORE_SPARE_S = 0.05, MOST_SPARE_S = 1;
const MOST_AHEAD_S = 0.5;            // beyond what is kept in spare: later sound is of no use to who listens and speaks
const LONGEST_SILENCE_S = 1;

/**
 * A piece of sound with its place in the stream.
 * @typedef {object} Piece
 * @property {number} boot The pod's count of its starts.
 * @property {number} number Counts pieces of a boot.
 * @property {number} deviceUs The pod's clock at the first sample, microseconds.
 * @property {number} rateHz
 * @property {{ readonly length: number }} samples
 */

/**
 * The rule: a piece is played its own length and a spare after it came, then each follows on the one before. A piece that comes when its moment has passed makes the
 * spare longer by 50 ms, up to 1 s; after 10 s without one it shrinks by 10 ms. A missing piece is silence of its length. A piece that would be played more than
 * 0.5 s later than that is dropped.
 */
export class Jitter {
  constructor() {
    this.counters = { pieces: 0, lost: 0, late: 0, dropped: 0, dry: 0 };
    this.spareS = FIRST_SPARE_S;
    this.number = 0;
    this.boot = 0;
    this.endUs = 0;
    this.nextS = -1;
    this.calmSinceS = 0;
  }

  /** Begins again: what came before is not waited for. */
  restart() {
    this.number = 0;
    this.boot = 0;
    this.endUs = 0;
    this.nextS = -1;
    this.calmSinceS = 0;
  }

  /** Missing pieces and those that came too late: for the report to the cart. */
  get missed() { return this.counters.lost + this.counters.late; }

  /**
   * A piece came.
   * @param {Piece} piece
   * @param {number} nowS The audio graph's time.
   * @returns {number | null} When its first sample is to be played, s; null when it is not.
   */
  place(piece, nowS) {
    const lengthS = piece.samples.length / piece.rateHz;
    if (piece.boot !== this.boot) {
      this.restart();
      this.boot = piece.boot;
    } else if (piece.number <= this.number) {
      this.counters.late++;
      return null;
    }
    this.counters.pieces++;
    if (this.number > 0) {
      this.counters.lost += piece.number - this.number - 1;
      const holeS = (piece.deviceUs - this.endUs) / 1e6;
      if (this.nextS >= 0 && holeS > 0.02) this.nextS = holeS <= LONGEST_SILENCE_S ? this.nextS + holeS : -1;
    }
    this.number = piece.number;
    this.endUs = piece.deviceUs + lengthS * 1e6;
    if (this.nextS >= 0 && this.nextS < nowS) {
      this.counters.dry++;
      this.spareS = Math.min(MOST_SPARE_S, this.spareS + MORE_SPARE_S);
      this.nextS = -1;
      this.calmSinceS = nowS;
    } else if (nowS - this.calmSinceS > 10) {
      this.spareS = Math.max(FIRST_SPARE_S, this.spareS - 0.01);
      this.calmSinceS = nowS;
    }
    const atS = this.nextS >= 0 ? this.nextS : nowS + this.spareS;
    if (atS > nowS + this.spareS + lengthS + MOST_AHEAD_S) {
      this.counters.dropped++;
      return null;
    }
    this.nextS = atS + lengthS;
    return atS;
  }
}
