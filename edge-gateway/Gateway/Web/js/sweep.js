// @ts-check
// A wave as bedside displays draw it: a pen that moves from left to right and wipes what it meets. Samples stand at their own times, a
// fixed delay behind the newest, so that uneven arrival does not show. What is lost, late or out of order stays a sequence gap in the line.

import { penOf } from "./dom.js";

const SECONDS_SHOWN = 6;
const DELAY_S = 1;
const MAX_SAMPLES = 8192;       // 40 s at 200 Hz; above it the oldest give way
const SCALE_SECONDS = 4;        // the height follows the samples of this time
const WIPE_FRACTION = 0.03;     // how far ahead of the pen is wiped
const CATCH_UP_S = 1.5;         // farther than this from its place, the pen jumps
const CALM_STEP_S = 2;          // with reduced motion the picture changes this seldom, as a whole

/** A wave on a canvas. */
export class Sweep {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {object} options
   * @param {() => number} options.clock The page's clock, ms.
   * @param {boolean} [options.calm] Still pictures.
   * @param {(draw: () => void) => void} [options.schedule] Asks for the next drawing.
   */
  constructor(canvas, { clock, calm = false, schedule = (draw) => requestAnimationFrame(draw) }) {
    this.canvas = canvas;
    this.context = penOf(canvas);
    this.clock = clock;
    this.calm = calm;
    this.schedule = schedule;
    this.counters = { samples: 0, late: 0, gaps: 0, segments: 0 };
    /** @type {{ t: number, v: number }[]} Ascending; t: s on the device's clock. */
    this.samples = [];
    /** @type {number | null} Device time minus page time. */
    this.penS = null;
    this.drawnS = this.newestS = this.calmS = -Infinity;
    this.periodS = this.low = this.high = 0;
    this.resize();
    const observer = new ResizeObserver(() => this.resize());
    observer.observe(canvas);
    const tick = () => { this.draw(this.clock() / 1000); this.schedule(tick); };
    this.schedule(tick);
  }

  /** Forgets the wave: another pod, another boot, or nothing arrives. */
  clear() {
    this.samples = [];
    this.penS = null;
    this.drawnS = this.newestS = this.calmS = -Infinity;
    this.periodS = this.low = this.high = 0;
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  resize() {
    const scale = globalThis.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(this.canvas.clientWidth * scale)), height = Math.max(1, Math.round(this.canvas.clientHeight * scale));
    if (this.canvas.width === width && this.canvas.height === height) return;
    this.canvas.width = width;   // also wipes
    this.canvas.height = height;
    this.context.lineWidth = 2 * scale;
    this.context.lineJoin = "round";
    this.calmS = -Infinity;
  }

  /**
   * A chunk. Light falls at systole: it is drawn turned over.
   * @param {number} startS The device's clock at the first sample.
   * @param {number} periodS
   * @param {ArrayLike<number>} counts
   */
  add(startS, periodS, counts) {
    if (counts.length === 0) return;
    const endS = startS + (counts.length - 1) * periodS;
    if (endS < this.newestS - SECONDS_SHOWN || startS <= this.drawnS) this.counters.late++;
    if (startS > this.newestS + periodS * 1.5 && this.newestS > -Infinity) this.counters.gaps++;
    this.periodS = periodS;
    this.counters.samples += counts.length;
    const chunk = Array.from(counts, (count, i) => ({ t: startS + i * periodS, v: -count }));
    let at = this.samples.length;
    while (at > 0 && this.samples[at - 1].t > startS) at--;
    if (at === this.samples.length) this.samples.push(...chunk);
    else {
      // Late, or twice: put in order; a time that is there already is not there twice.
      const known = new Set(this.samples.slice(at > 0 ? at - 1 : 0).map((s) => s.t));
      this.samples.push(...chunk.filter((s) => !known.has(s.t)));
      this.samples.sort((a, b) => a.t - b.t);
    }
    this.newestS = Math.max(this.newestS, endS);
    const oldest = this.newestS - SECONDS_SHOWN - DELAY_S;
    let drop = Math.max(0, this.samples.length - MAX_SAMPLES);
    while (drop < this.samples.length && this.samples[drop].t < oldest) drop++;
    if (drop > 0) this.samples.splice(0, drop);
    this.rescale();
  }

  rescale() {
    let low = Infinity, high = -Infinity;
    for (let i = this.samples.length - 1; i >= 0 && this.samples[i].t >= this.newestS - SCALE_SECONDS; i--) {
      low = Math.min(low, this.samples[i].v);
      high = Math.max(high, this.samples[i].v);
    }
    const margin = Math.max(high - low, 4) * 0.12;
    const weight = this.high > this.low ? 0.25 : 1;
    this.low += (low - margin - this.low) * weight;
    this.high += (high + margin - this.high) * weight;
  }

  /** @param {number} t */
  x(t) { return ((t % SECONDS_SHOWN) / SECONDS_SHOWN) * this.canvas.width; }

  /** @param {number} v */
  y(v) { return this.canvas.height * (1 - (v - this.low) / (this.high - this.low || 1)); }

  /**
   * True for two samples that follow each other without a gap.
   * @param {{ t: number }} a
   * @param {{ t: number }} b
   */
  joined(a, b) { return b.t - a.t < this.periodS * 1.5; }

  /** @param {number} nowS The page's clock. */
  draw(nowS) {
    if (this.newestS === -Infinity) return;
    if (this.calm) { this.drawCalm(nowS); return; }
    const wanted = this.newestS - DELAY_S;
    if (this.penS === null || Math.abs(this.penS + nowS - wanted) > CATCH_UP_S) {
      // Only when data comes again does the pen jump; while nothing comes it stops at the newest.
      if (this.penS !== null && this.penS + nowS > wanted && this.drawnS >= this.newestS) return;
      this.penS = wanted - nowS;
      this.drawnS = Math.max(this.drawnS, wanted - 0.5);
    }
    this.penS += (wanted - (this.penS + nowS)) * 0.02;
    const untilS = Math.min(this.penS + nowS, this.newestS);
    this.wipe(this.drawnS, untilS);
    this.stroke(this.drawnS, untilS);
    this.drawnS = Math.max(this.drawnS, untilS);
  }

  /**
   * Clears what the pen passes and a little ahead of it.
   * @param {number} fromS
   * @param {number} toS
   */
  wipe(fromS, toS) {
    if (toS <= fromS) return;
    const { context, canvas } = this;
    const ahead = canvas.width * WIPE_FRACTION;
    if (toS - fromS >= SECONDS_SHOWN) { context.clearRect(0, 0, canvas.width, canvas.height); return; }
    const from = this.x(fromS), to = this.x(toS) + ahead;
    if (this.x(toS) < from) { context.clearRect(from, 0, canvas.width, canvas.height); context.clearRect(0, 0, to, canvas.height); }
    else {
      context.clearRect(from + 1, 0, to - from - 1, canvas.height);
      if (to > canvas.width) context.clearRect(0, 0, to - canvas.width, canvas.height);
    }
  }

  /**
   * @param {number} fromS
   * @param {number} toS
   */
  stroke(fromS, toS) {
    const { context } = this;
    context.strokeStyle = getComputedStyle(this.canvas).color;
    context.beginPath();
    let previous = null;
    for (const sample of this.samples) {
      if (sample.t > toS) break;
      if (sample.t > fromS && previous && this.joined(previous, sample) && this.x(previous.t) < this.x(sample.t)) {
        context.moveTo(this.x(previous.t), this.y(previous.v));
        context.lineTo(this.x(sample.t), this.y(sample.v));
        this.counters.segments++;
      }
      previous = sample;
    }
    context.stroke();
  }

  /**
   * The last seconds as one still picture.
   * @param {number} nowS
   */
  drawCalm(nowS) {
    if (nowS - this.calmS < CALM_STEP_S) return;
    this.calmS = nowS;
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.stroke(this.newestS - SECONDS_SHOWN, this.newestS);
    this.drawnS = this.newestS;
  }
}
