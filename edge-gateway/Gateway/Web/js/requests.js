// @ts-check
// What somebody elsewhere asks of whoever stands at the cart. An answer moves no air: the cuff inflates by its own button alone.

import { byId, make, say } from "./dom.js";
import { language, text } from "./core/text.js";

/** @typedef {import("./core/wire.js").BedsideRequest} BedsideRequest */

/** The list on the page. */
export class RequestList {
  /**
   * @param {object} parts
   * @param {() => Promise<import("./core/wire.js").Answer<{ requests: BedsideRequest[] }>>} parts.list
   * @param {(id: string, answer: string) => Promise<unknown>} parts.answer
   */
  constructor({ list, answer }) {
    this.list = list;
    this.answer = answer;
    this.shown = "";
  }

  /** Asks for the list and draws it when it changed. */
  async poll() {
    /** @type {BedsideRequest[]} */
    let requests = [];
    try {
      const answer = await this.list();
      if (answer.ok) requests = answer.body.requests;
    } catch { return; }   // the gateway is away: what was asked stays on the page
    const signature = language() + requests.map((request) => request.id).join();
    if (signature === this.shown) return;
    this.shown = signature;
    byId("requests-box").hidden = requests.length === 0;
    byId("requests").replaceChildren(...requests.map((request) => this.line(request)));
  }

  /** @param {BedsideRequest} request */
  line({ id, action, utc }) {
    // Without a clock that is synchronised nothing is said of the time.
    const asked = utc === null ? "" : " " + text("request.asked", new Date(utc).toLocaleTimeString(language()));
    const line = make("li", "request");
    const words = make("span");
    say(words, text("request." + action) + asked);
    const buttons = [["done", "requestDone"], ["notPossible", "requestNotPossible"]].map(([answer, key]) => {
      const button = make("button");
      button.type = "button";
      say(button, text(key));
      button.addEventListener("click", () => this.send(id, answer));
      return button;
    });
    line.append(words, " ", ...buttons);
    line.dataset.request = id;
    return line;
  }

  /**
   * @param {string} id
   * @param {string} answer
   */
  async send(id, answer) {
    try { await this.answer(id, answer); } catch { return; }
    await this.poll();
  }
}
