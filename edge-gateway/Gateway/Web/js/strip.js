// @ts-check
// A strip of the last seconds of something: the newest at the right. What is missing is empty; nothing is bridged. Sound is drawn as its range per column.

import { penOf } from "./dom.js";

const COLUMNS = 600;
const DRAW_MS = 100, CALM_MS = 2000;

/** @typedef {{ spanS: number, range?: { low: number, high: number } | null, lines?: number[] }} StripOptions Without a range it follows what is seen, the same both ways from 0. */

/** A strip on a canvas. */
export class Strip {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {StripOptions} options
   */
  constructor(canvas, { spanS, range = null, lines = [] }) {
    this.canvas = canvas;
    this.pen = penOf(canvas);
    this.range = range;
    this.lines = lines;
    this.columnS = spanS / COLUMNS;
    this.calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.total = 0;
    this.ids = new Float64Array(COLUMNS).fill(-1);
    this.lows = new Float32Array(COLUMNS);
    this.highs = new Float32Array(COLUMNS);
    this.newest = -1;
    this.dirty = true;
    setInterval(() => this.draw(), this.calm ? CALM_MS : DRAW_MS);
  }

  /** Forgets everything. */
  clear() {
    this.ids.fill(-1);
    this.newest = -1;
    this.dirty = true;
  }

  /**
   * @param {number} startS The device's clock at the first value.
   * @param {number} periodS
   * @param {ArrayLike<number>} values
   */
  add(startS, periodS, values) {
    for (let i = 0; i < values.length; i++) {
      const id = Math.floor((startS + i * periodS) / this.columnS), at = id % COLUMNS;
      if (id < this.newest - COLUMNS) this.clear();   // another boot's clock
      const value = values[i];
      if (this.ids[at] !== id) {
        this.ids[at] = id;
        this.lows[at] = this.highs[at] = value;
      } else {
        this.lows[at] = Math.min(this.lows[at], value);
        this.highs[at] = Math.max(this.highs[at], value);
      }
      if (id > this.newest) this.newest = id;
    }
    this.total += values.length;
    this.canvas.dataset.samples = String(this.total);
    this.dirty = true;
  }

  /** The range of what is seen, the same both ways from 0. */
  seen() {
    let high = 0.001;
    for (let i = 0; i < COLUMNS; i++) if (this.ids[i] > this.newest - COLUMNS) high = Math.max(high, -this.lows[i], this.highs[i]);
    return { low: -high, high };
  }

  draw() {
    if (!this.dirty) return;
    this.dirty = false;
    const { canvas } = this;
    const scale = devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * scale), height = Math.round(canvas.clientHeight * scale);
    if (width === 0 || height === 0) return;
    if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
    const { pen } = this;
    pen.clearRect(0, 0, width, height);
    const colour = getComputedStyle(canvas).color;
    const { low, high } = this.range ?? this.seen();
    /** @param {number} value */
    const y = (value) => height - 2 - (value - low) / (high - low) * (height - 4);
    pen.strokeStyle = pen.fillStyle = colour;
    pen.font = `${11 * scale}px sans-serif`;
    pen.globalAlpha = 0.35;
    pen.lineWidth = 1;
    for (const line of this.lines) {
      pen.beginPath();
      pen.moveTo(0, y(line));
      pen.lineTo(width, y(line));
      pen.stroke();
    }
    pen.globalAlpha = 1;
    for (const line of this.lines) pen.fillText(String(line), 3, y(line) - 3);
    pen.lineWidth = Math.max(1, 1.2 * scale);
    pen.beginPath();
    let joined = false;
    for (let id = this.newest - COLUMNS + 1; id <= this.newest; id++) {
      const at = ((id % COLUMNS) + COLUMNS) % COLUMNS;
      if (this.ids[at] !== id) { joined = false; continue; }
      const x = (id - this.newest + COLUMNS - 0.5) / COLUMNS * width;
      if (joined) pen.lineTo(x, y(this.lows[at]));
      else pen.moveTo(x, y(this.lows[at]));
      pen.lineTo(x, y(this.highs[at]) + 0.5);
      joined = true;
    }
    pen.stroke();
  }
}
