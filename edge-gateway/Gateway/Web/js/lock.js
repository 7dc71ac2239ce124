// @ts-check
// Who is at the screen, where accounts are set up: a name and its PIN on large keys, and a lock that comes by itself. It covers the values; STOP, the header and the cuff's message are never under it.

import { byId, drawFaults, make, say } from "./dom.js";
import { text } from "./core/text.js";

/** @typedef {import("./core/wire.js").LoginState} LoginState */
/**
 * @template T
 * @typedef {Promise<import("./core/wire.js").Answer<T>>} Asked
 */

/** A touch is told this often at most; and at least four times before the lock would come. */
const KEEP_MS = 10000;
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"];

/** The lock of the page. */
export class LockPanel {
  /**
   * @param {object} parts
   * @param {() => Asked<any>} parts.state
   * @param {(what: { name: string, secret: string } | { withoutBadge: true } | { badge: true }) => Asked<any>} parts.enter
   * @param {() => Asked<any>} parts.keep
   * @param {() => Asked<any>} parts.leave
   * @param {(what: { code: string, name: string, secret: string }) => Asked<any>} parts.claim
   * @param {() => void} parts.onopen Somebody has come.
   */
  constructor({ state, enter, keep, leave, claim, onopen }) {
    this.asks = { state, enter, keep, leave, claim };
    this.onopen = onopen;
    /** @type {LoginState | null} Null until the gateway has said it. */
    this.known = null;
    this.isLocked = false;
    this.waiting = false;
    this.mustAsk = true;
    this.keptMs = -Infinity;
    this.shown = "";
    byId("lock-form").addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
    byId("lock-without", HTMLButtonElement).addEventListener("click", () => this.enter({ withoutBadge: true }));
    byId("lock-now", HTMLButtonElement).addEventListener("click", () => this.leave());
    for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => this.touched(), { passive: true });
    this.keys();
  }

  /** The keys of the screen write where the keyboard writes. */
  keys() {
    const field = byId("lock-secret", HTMLInputElement);
    for (const digit of KEYS) {
      const key = make("button", digit === "0" ? "zero" : "", byId("lock-keys"), digit);
      key.type = "button";
      key.addEventListener("click", () => { if (field.value.length < field.maxLength) field.value += digit; });
    }
    const erase = make("button", "wide", byId("lock-keys"));
    erase.type = "button";
    erase.id = "lock-erase";
    erase.addEventListener("click", () => { field.value = field.value.slice(0, -1); });
  }

  /** The gateway has refused something because nobody is logged in. */
  needed() {
    this.mustAsk = true;
    this.poll();
  }

  /**
   * Asks who is here: at the start, after an absence of the gateway, when something was refused, and all the time where accounts are set up.
   * @param {boolean} isNew The gateway may be another one.
   */
  async poll(isNew = false) {
    if (!this.mustAsk && !isNew && this.known !== null && !this.known.accounts) return;
    try {
      const answer = await this.asks.state();
      if (!answer.ok) return;
      this.mustAsk = false;
      this.take(answer.body);
      if (this.isLocked && answer.body.badge) await this.enter({ badge: true });
    } catch { /* the gateway is away: the page says so */ }
  }

  /** @param {LoginState} state */
  take(state) {
    const wasLocked = this.isLocked;
    this.known = state;
    this.isLocked = state.accounts && state.who === null;
    if (this.isLocked !== wasLocked || this.isLocked && this.signature() !== this.shown) this.draw(this.isLocked && !wasLocked);
    else this.drawWho();
    if (wasLocked && !this.isLocked) this.onopen();
  }

  /** @param {{ name: string, secret: string } | { withoutBadge: true } | { badge: true }} what */
  async enter(what) {
    if (this.waiting) return;
    this.wait(true);
    try {
      const answer = await this.asks.enter(what);
      this.say(answer.ok ? [] : [answer.body]);
      if (answer.ok) this.take(answer.body);
    } catch {
      this.say([{ code: "", happened: text("requestFailed"), do: "" }]);
    } finally {
      byId("lock-secret", HTMLInputElement).value = "";
      this.wait(false);
    }
  }

  async submit() {
    const name = byId("lock-name", HTMLInputElement).value.trim(), secret = byId("lock-secret", HTMLInputElement).value;
    if (!this.known?.unclaimed) {
      if (name === "" || secret === "") { byId(name === "" ? "lock-name" : "lock-secret").focus(); return; }
      await this.enter({ name, secret });
      return;
    }
    if (this.waiting) return;
    this.wait(true);
    try {
      const answer = await this.asks.claim({ code: byId("lock-code", HTMLInputElement).value, name, secret });
      this.say(answer.ok ? [] : [answer.body]);
      this.mustAsk = true;
      if (answer.ok) {
        byId("lock-code", HTMLInputElement).value = byId("lock-secret", HTMLInputElement).value = "";
        await this.poll();
      }
    } catch {
      this.say([{ code: "", happened: text("requestFailed"), do: "" }]);
    } finally {
      this.wait(false);
    }
  }

  async leave() {
    try {
      const answer = await this.asks.leave();
      if (answer.ok) this.take(answer.body);
    } catch { this.mustAsk = true; }
  }

  /** Somebody is here: the lock does not come yet. */
  touched() {
    const { known } = this;
    if (!known?.accounts || known.who === null) return;
    const nowMs = performance.now();
    if (nowMs - this.keptMs < Math.min(KEEP_MS, known.lockAfterMs / 4)) return;
    this.keptMs = nowMs;
    this.asks.keep().catch(() => { this.mustAsk = true; });
  }

  /** @param {boolean} isWaiting */
  wait(isWaiting) {
    this.waiting = isWaiting;
    byId("lock-open", HTMLButtonElement).disabled = byId("lock-without", HTMLButtonElement).disabled = isWaiting;
  }

  /** @param {import("./core/wire.js").Fault[]} faults */
  say(faults) { drawFaults(byId("lock-fault"), faults); }

  signature() {
    const { known } = this;
    return JSON.stringify([known?.names, known?.withoutBadge, known?.unclaimed, known?.atCart]);
  }

  /** Says everything in the language in force. */
  relabel() {
    this.say([]);
    this.draw(false);
  }

  drawWho() {
    const who = this.known?.who ?? null;
    byId("operator").hidden = byId("lock-now", HTMLButtonElement).hidden = who === null;
    if (who !== null) say(byId("operator"), who.name === "" ? text("lockWithoutWho") : who.name);
  }

  /** @param {boolean} isNew The lock has just come. */
  draw(isNew) {
    const { known, isLocked } = this;
    this.shown = this.signature();
    document.body.dataset.locked = String(isLocked);
    byId("lock").hidden = !isLocked;
    this.drawWho();
    if (!isLocked || known === null) { this.say([]); return; }
    const { unclaimed } = known;
    say(byId("lock-title"), text(unclaimed ? "lockClaimTitle" : "lockTitle"));
    say(byId("lock-how"), text(unclaimed ? "lockClaimHow" : known.atCart ? "lockHow" : "lockHowElsewhere"));
    say(byId("lock-open"), text(unclaimed ? "lockClaim" : "lockOpen"));
    say(byId("lock-erase"), text("lockErase"));
    byId("lock-code", HTMLInputElement).hidden = byId("lock-code-label").hidden = !unclaimed;
    byId("lock-keys").hidden = unclaimed || !known.atCart;
    byId("lock-without", HTMLButtonElement).hidden = byId("lock-without-means").hidden = !known.withoutBadge || unclaimed;
    const name = byId("lock-name", HTMLInputElement);
    byId("lock-names").replaceChildren(...known.names.map((one) => {
      const button = make("button", "", null, one);
      button.type = "button";
      button.dataset.name = one;
      button.addEventListener("click", () => { name.value = one; this.press(); byId("lock-secret", HTMLInputElement).focus(); });
      return button;
    }));
    name.oninput = () => this.press();
    if (isNew) {
      byId("lock-secret", HTMLInputElement).value = "";
      name.value = known.names.length === 1 ? known.names[0] : "";
    }
    this.press();
  }

  /** Whose name is chosen. */
  press() {
    const chosen = byId("lock-name", HTMLInputElement).value;
    for (const button of byId("lock-names").children) button.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (button).dataset.name === chosen));
  }
}
