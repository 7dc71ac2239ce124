// @ts-check
// The check of a listener's own way: loudspeaker or headphones, and ears. One to four pulses a band, how many only chance knows; the listener types what was heard.
// It says whether low sounds reach this person here and now, and nothing about the patient.

import { byId, make, say } from "./dom.js";
import { text } from "./core/text.js";

/** @typedef {import("./core/wire.js").CheckBand} CheckBand */

/** Bands of the check, Hz: first and second heart sound lie between, and a small loudspeaker gives the lowest not at all. */
const CHECK_HZ = [60, 120, 250];

/** One to four, evenly: 256 is a multiple of four. */
function chance() { return 1 + crypto.getRandomValues(new Uint8Array(1))[0] % 4; }

/** The check as a form on the page. */
export class ListenerCheck {
  /**
   * @param {object} parts
   * @param {import("./player.js").Player} parts.player
   * @param {(bands: CheckBand[]) => boolean} parts.send False when not connected.
   * @param {() => string | undefined} parts.consumer The name under which the cart knows this page.
   */
  constructor({ player, send, consumer }) {
    this.player = player;
    this.send = send;
    this.consumer = consumer;
    /** @type {Map<number, number>} By tone, Hz: how many pulses were played. */
    this.sent = new Map();
    this.playing = false;
    this.rows = CHECK_HZ.map((hz) => this.row(hz));
    byId("check-form").addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
  }

  /** @param {number} hz */
  row(hz) {
    const row = make("div", "check-row", byId("check-bands"));
    const button = make("button", "", row);
    button.type = "button";
    button.id = "check-play-" + hz;
    const label = make("label", "", row);
    const input = make("input", "", row);
    input.id = label.htmlFor = "check-heard-" + hz;
    Object.assign(input, { type: "number", min: "0", max: "9", step: "1", inputMode: "numeric", autocomplete: "off" });
    button.addEventListener("click", () => this.play(hz));
    return { hz, button, label, input };
  }

  /** @param {number} hz */
  async play(hz) {
    if (this.playing) return;
    this.playing = true;
    this.draw();
    const count = chance();
    try {
      await this.player.tones(hz, count);
      this.sent.set(hz, count);
    } finally {
      this.playing = false;
      this.draw();
    }
  }

  submit() {
    const bands = this.rows.filter(({ hz, input }) => this.sent.has(hz) && input.value !== "")
      .map(({ hz, input }) => ({ hz, sent: this.sent.get(hz) ?? 0, heard: Math.max(0, Math.min(99, Math.round(Number(input.value)) || 0)) }));
    if (bands.length === 0) { say(byId("check-state"), text("checkNothing")); return; }
    const gone = this.send(bands);
    say(byId("check-state"), text(gone ? "checkSent" : "checkNotSent"));
    // The counts are known now: another try has others.
    if (gone) this.sent.clear();
    this.draw();
  }

  draw() {
    for (const { hz, button, label, input } of this.rows) {
      say(button, text("checkPlay", hz));
      button.disabled = this.playing;
      say(label, text("checkHeard", hz));
      input.disabled = !this.sent.has(hz);
    }
    byId("check-send", HTMLButtonElement).disabled = this.playing || this.sent.size === 0;
  }

  /**
   * What the cart keeps of this listener.
   * @param {{ consumer: string, bands: CheckBand[] }[]} [checks]
   */
  result(checks) {
    const own = checks?.find(({ consumer }) => consumer === this.consumer());
    const words = (own?.bands ?? []).map(({ hz, sent, heard, heardAll }) => text(heardAll ? "checkAll" : "checkPart", hz, heard, sent));
    say(byId("check-result"), words.join(" "));
    byId("check-result").dataset.bands = String(own ? own.bands.length : 0);
  }
}
