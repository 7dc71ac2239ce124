// @ts-check
// Tells the cart what this page has: per stream the highest number below which all is known, and the sequence gaps (as edge-gateway/MQTT.md says).
// Sent at most every PERIOD_MS, and only when something changed: each receipt says all, so a lost one costs nothing. It never says
// "seen": a page cannot know that a person looked.

/** @typedef {import("./wire.js").Identity} Identity */

const PERIOD_MS = 3000;
const MAX_STREAMS = 64, MAX_HOLES = 64;

/** What one page has received. */
export class Receipts {
  /**
   * @param {object} parts
   * @param {string} parts.consumer The name under which the cart knows this page.
   * @param {(json: string) => boolean} parts.publish Sends a receipt; false when not connected.
   * @param {() => number} parts.now The page's clock, ms.
   */
  constructor({ consumer, publish, now }) {
    this.consumer = consumer;
    this.publish = publish;
    this.now = now;
    /** @type {Map<string, { device: string, boot: number, stream: number, through: number, holes: number[][] }>} */
    this.streams = new Map();
    this.changed = false;
    this.sentMs = -Infinity;
  }

  /**
   * A reading was taken in.
   * @param {Identity} reading
   */
  read({ device, boot, stream, sequence }) {
    const key = device + "." + boot + "." + stream;
    let known = this.streams.get(key);
    if (!known) {
      if (this.streams.size >= MAX_STREAMS) return;
      // What came before this page joined is not this page's: it begins with the first that it sees.
      known = { device, boot, stream, through: sequence, holes: sequence > 1 ? [[1, sequence - 1]] : [] };
      this.streams.set(key, known);
    } else if (sequence > known.through) {
      if (sequence > known.through + 1) known.holes.push([known.through + 1, sequence - 1]);
      known.through = sequence;
    } else {
      known.holes = known.holes.flatMap(([first, last]) =>
        sequence < first || sequence > last ? [[first, last]] : [[first, sequence - 1], [sequence + 1, last]].filter(([a, b]) => a <= b));
    }
    this.changed = true;
  }

  /** Sends what is due; to be called now and then. */
  step() {
    const nowMs = this.now();
    if (!this.changed || nowMs - this.sentMs < PERIOD_MS) return;
    const streams = [...this.streams.values()].map(({ device, boot, stream, through, holes }) => {
      // More sequence gaps than fit: claim less, never more.
      const fits = holes.slice(0, MAX_HOLES);
      const claimed = holes.length > MAX_HOLES ? holes[MAX_HOLES][0] - 1 : through;
      return { device, boot, stream, through: claimed, holes: fits };
    });
    if (this.publish(JSON.stringify({ v: 1, consumer: this.consumer, streams }))) {
      this.sentMs = nowMs;
      this.changed = false;
    }
  }
}
