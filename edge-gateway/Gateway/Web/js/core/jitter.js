// @ts-check
// When a live chunk is played. Chunks come irregularly and some not at all; the ear wants them evenly. No clock of its own: the audio graph's time is passed in.

const FIRST_PLAYOUT_DELAY_S = 0.1, PLAYOUT_DELAY_STEP_S = 0.05, MAX_PLAYOUT_DELAY_S = 1;
const MAX_AHEAD_S = 0.5;            // beyond what is kept in the playout delay: later sound is of no use to who listens and speaks
const LONGEST_SILENCE_S = 1;

/**
 * A chunk of sound with its place in the stream.
 * @typedef {object} Chunk
 * @property {number} boot The pod's count of its starts.
 * @property {number} number Counts chunks of a boot.
 * @property {number} deviceUs The pod's clock at the first sample, microseconds.
 * @property {number} rateHz
 * @property {{ readonly length: number }} samples
 */

/**
 * The rule: a chunk is played its own length and a playout delay after it came, then each follows on the one before. A chunk that comes when its moment has passed makes that
 * delay longer by 50 ms, up to 1 s; after 10 s without one it shrinks by 10 ms. A missing chunk is silence of its length. A chunk that would be played more than
 * 0.5 s later than that is dropped.
 */
export class Jitter {
  constructor() {
    this.counters = { chunks: 0, lost: 0, late: 0, dropped: 0, dry: 0 };
    this.playoutDelayS = FIRST_PLAYOUT_DELAY_S;
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

  /** Missing chunks and those that came too late: for the report to the cart. */
  get missed() { return this.counters.lost + this.counters.late; }

  /**
   * A chunk came.
   * @param {Chunk} chunk
   * @param {number} nowS The audio graph's time.
   * @returns {number | null} When its first sample is to be played, s; null when it is not.
   */
  place(chunk, nowS) {
    const lengthS = chunk.samples.length / chunk.rateHz;
    if (chunk.boot !== this.boot) {
      this.restart();
      this.boot = chunk.boot;
    } else if (chunk.number <= this.number) {
      this.counters.late++;
      return null;
    }
    this.counters.chunks++;
    if (this.number > 0) {
      this.counters.lost += chunk.number - this.number - 1;
      const holeS = (chunk.deviceUs - this.endUs) / 1e6;
      if (this.nextS >= 0 && holeS > 0.02) this.nextS = holeS <= LONGEST_SILENCE_S ? this.nextS + holeS : -1;
    }
    this.number = chunk.number;
    this.endUs = chunk.deviceUs + lengthS * 1e6;
    if (this.nextS >= 0 && this.nextS < nowS) {
      this.counters.dry++;
      this.playoutDelayS = Math.min(MAX_PLAYOUT_DELAY_S, this.playoutDelayS + PLAYOUT_DELAY_STEP_S);
      this.nextS = -1;
      this.calmSinceS = nowS;
    } else if (nowS - this.calmSinceS > 10) {
      this.playoutDelayS = Math.max(FIRST_PLAYOUT_DELAY_S, this.playoutDelayS - 0.01);
      this.calmSinceS = nowS;
    }
    const atS = this.nextS >= 0 ? this.nextS : nowS + this.playoutDelayS;
    if (atS > nowS + this.playoutDelayS + lengthS + MAX_AHEAD_S) {
      this.counters.dropped++;
      return null;
    }
    this.nextS = atS + lengthS;
    return atS;
  }
}
