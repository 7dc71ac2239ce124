// @ts-check
// The stethoscope on both pages: where it sits, what is asked and confirmed, live sound, clips. The doctor asks for a site and marks clips; whoever stands beside the
// patient confirms, listens first and records. Verdicts are on the recording, never on the patient.

import { byId, drawFaults, fillChoices, make, say } from "./dom.js";
import { ClipStore, clipPath, fetchClip, zipPath } from "./core/clips.js";
import { choices } from "./core/format.js";
import { has, language, text } from "./core/text.js";
import { Player } from "./player.js";
import { BodyMap } from "./bodymap.js";
import { Strip } from "./strip.js";
import { ListenerCheck } from "./check.js";
import { LISTENING_MODE, LISTENING_STEP, PATIENT_POSTURE } from "./core/vocabulary.g.js";

/** @typedef {import("./core/wire.js").Answer<any>} Answer */
/** @typedef {import("./core/wire.js").Clip} Clip */
/** @typedef {import("./core/wire.js").Place} Place */
/** @typedef {{ sound: (session: string, body: object) => Promise<Answer>, clip: (session: string) => Promise<Answer> }} SoundActions What this page may ask of the gateway. */

const LIVE_SILENT_MS = 3000, REPORT_MS = 1000, STRIP_S = 4;
const POSTURES = choices(PATIENT_POSTURE), FILTERS = choices(LISTENING_MODE), STEPS = Object.keys(LISTENING_STEP);

/** The part of the page about the stethoscope. */
export class SoundPanel {
  /**
   * @param {object} parts
   * @param {import("./view.js").View} parts.view
   * @param {(below: string, what: object) => boolean} parts.publish Says something as this listener; false when not connected.
   * @param {() => string | undefined} parts.consumer The listener's name.
   * @param {SoundActions | null} parts.actions Null on the clinician view.
   * @param {boolean} parts.hasGateway This page's own server is the cart's gateway.
   */
  constructor({ view, publish, consumer, actions, hasGateway }) {
    this.view = view;
    this.publish = publish;
    this.actions = actions;
    this.hasGateway = hasGateway;
    /** @type {import("./core/model.js").SessionModel | null} */
    this.model = null;
    /** @type {string | null} The site that is chosen here. */
    this.site = null;
    this.busy = false;
    this.player = new Player();
    this.player.onclipend = () => view.draw();
    this.store = new ClipStore();
    /** @type {string | null} The clip that was played last. */
    this.playing = null;
    /** @type {string | null} */
    this.step = null;
    this.chunkMs = -Infinity;
    this.reportMs = -Infinity;
    /** @type {{ name: string, device: string, stream: number } | null} The stethoscope that is heard. */
    this.source = null;
    this.led = "";               // the request to which the page has gone
    this.wasRequested = false;
    this.clipsShown = "";
    this.reports = 0;
    this.map = new BodyMap(byId("body-map"), (site) => { this.site = site; view.draw(); });
    this.strip = new Strip(byId("sound-wave", HTMLCanvasElement), { spanS: STRIP_S });
    byId("sound-listen").addEventListener("click", () => this.toggle());
    byId("sound-volume", HTMLInputElement).addEventListener("input", () => this.player.setVolume(Number(byId("sound-volume", HTMLInputElement).value) / 100));
    byId("sound-form").addEventListener("submit", (event) => { event.preventDefault(); this.send(); });
    if (actions) {
      byId("sound-end", HTMLButtonElement).addEventListener("click", () => this.act((session) => actions.sound(session, { listening: false })));
      byId("sound-record", HTMLButtonElement).addEventListener("click", () => this.act((session) => actions.clip(session)));
    } else {
      this.check = new ListenerCheck({ player: this.player, consumer, send: (bands) => publish("listener-check", { bands }) });
    }
  }

  async toggle() {
    const on = !this.player.listening;
    if (on) await this.player.start();
    this.player.listen(on);
    this.view.draw();
  }

  /** The place as it is chosen on the page. */
  get place() { return { site: this.site, posture: byId("sound-posture", HTMLSelectElement).value, filter: byId("sound-filter", HTMLSelectElement).value }; }

  send() {
    const { actions } = this;
    if (!this.site) { say(byId("sound-said"), text("soundChooseSite")); return; }
    if (actions) this.act((session) => actions.sound(session, { listening: true, ...this.place }));
    else say(byId("sound-said"), text(this.publish("request", this.place) ? "soundAsked" : "soundNotSent"));
  }

  /**
   * Asks something of the gateway and says what it refuses.
   * @param {(session: string) => Promise<Answer>} what
   */
  async act(what) {
    if (!this.model) return;
    const { session } = this.model;
    this.busy = true;
    this.view.draw();
    try {
      const answer = await what(session);
      drawFaults(byId("sound-fault"), answer.ok ? [] : [answer.body]);
      say(byId("sound-said"), answer.ok && answer.body.clip ? text("clipBegun", answer.body.clip) : "");
    } catch {
      drawFaults(byId("sound-fault"), []);
      say(byId("sound-said"), text("requestFailed"));
    }
    this.busy = false;
    this.view.draw();
  }

  /** @param {import("./core/model.js").SessionModel | null} model */
  show(model) {
    this.model = model;
    this.store.clear();
    this.strip.clear();
    this.step = this.source = null;
    this.chunkMs = -Infinity;
    if (!model) return;
    model.onlive = (chunk) => this.chunk(chunk);
    model.onsound = (frame) => this.store.add(frame);
  }

  /** @param {import("./core/sound-codec.js").ReceivedChunk & { device: string, stream: number }} chunk */
  chunk(chunk) {
    const source = chunk.device + "/" + chunk.stream;
    const nowMs = this.view.clock.now();
    // One stethoscope at a time: another only when the first is silent.
    if (this.source !== null && this.source.name !== source && nowMs - this.chunkMs < LIVE_SILENT_MS) return;
    this.source = { name: source, device: chunk.device, stream: chunk.stream };
    this.chunkMs = nowMs;
    this.step = STEPS[chunk.step];
    this.player.frozen = this.model?.live?.status.verdict === "noContact";
    this.player.live(chunk);
    this.strip.add(chunk.deviceUs / 1e6, 1 / chunk.rateHz, chunk.samples);
    this.report(nowMs, this.source);
  }

  /**
   * Tells the cart how far this page is, so that it can send less on a constrained link. The page on the cart does not speak for the network.
   * @param {number} nowMs
   * @param {{ device: string, stream: number }} source
   */
  report(nowMs, { device, stream }) {
    if (this.actions || nowMs - this.reportMs < REPORT_MS) return;
    const { jitter } = this.player;
    if (!this.publish("listening", { device, stream, number: jitter.number, lost: jitter.missed })) return;
    this.reportMs = nowMs;
    this.reports++;
  }

  /** Says everything in the language in force. */
  relabel() {
    fillChoices(byId("sound-posture", HTMLSelectElement), POSTURES, "posture.");
    fillChoices(byId("sound-filter", HTMLSelectElement), FILTERS, "filter.");
    fillChoices(byId("listen-filter", HTMLSelectElement), ["", ...FILTERS], "filter.", "filter.none");
    this.clipsShown = "";
  }

  /** @param {number} nowMs */
  draw(nowMs) {
    const state = this.model?.auscultation ?? null;
    const requested = state?.requested ?? null, confirmed = state?.confirmed ?? null;
    const listening = state?.listening === true;
    const section = byId("sound");
    section.dataset.site = confirmed?.site ?? "";
    section.dataset.requested = requested?.site ?? "";
    section.dataset.listening = String(listening);
    if (!this.actions && this.wasRequested && !requested) say(byId("sound-said"), "");
    this.wasRequested = requested !== null;
    // The nurse is led to what is asked, unless another place was chosen.
    if (this.actions && requested && this.led !== JSON.stringify(requested)) {
      this.led = JSON.stringify(requested);
      this.site = requested.site;
      if (POSTURES.includes(requested.posture)) byId("sound-posture", HTMLSelectElement).value = requested.posture;
      byId("sound-filter", HTMLSelectElement).value = requested.filter;
    }
    this.map.draw({ chosen: this.site, requested: requested?.site ?? null, confirmed: listening ? confirmed?.site ?? null : null });
    say(byId("sound-chosen"), this.site ? text("soundChosen", text("site." + this.site)) : text("soundChooseSite"));
    say(byId("sound-requested"), requested ? text("soundRequested", this.words(requested)) : text("soundNothingAsked"));
    say(byId("sound-confirmed"), !listening || !confirmed ? text("soundOff") : text("soundConfirmed", this.words(confirmed)));
    const open = this.model !== null && this.model.open === true;
    byId("sound-send", HTMLButtonElement).disabled = this.busy || !open || !this.site;
    if (this.actions) {
      byId("sound-end", HTMLButtonElement).disabled = this.busy || !open || !listening;
      byId("sound-record", HTMLButtonElement).disabled = this.busy || !open || !listening;
    }
    this.drawLive(nowMs, confirmed, listening);
    this.drawClips();
    this.check?.draw();
    this.check?.result(state?.checks);
  }

  /** @param {Place} place */
  words({ site, posture, filter }) {
    return [has("site." + site) ? text("site." + site) : text("site.none"), has("posture." + posture) ? text("posture." + posture) : "", text("filter." + filter)].filter(Boolean).join(", ");
  }

  /**
   * @param {number} nowMs
   * @param {Place | null} confirmed
   * @param {boolean} listening
   */
  drawLive(nowMs, confirmed, listening) {
    const { player } = this;
    const { jitter } = player;
    const live = nowMs - this.chunkMs < LIVE_SILENT_MS;
    const known = this.model?.live ?? null;
    const status = known && nowMs - known.arrivedMs < LIVE_SILENT_MS ? known.status : null;
    const step = live ? this.step : status?.step === "clipsOnly" ? "clipsOnly" : null;
    player.setMode(byId("listen-filter", HTMLSelectElement).value || (confirmed?.filter ?? "raw"));
    say(byId("sound-listen"), text(player.listening ? "soundMute" : "soundHear"));
    byId("sound-listen").setAttribute("aria-pressed", String(player.listening));
    say(byId("sound-state"), step ? text("step." + step) : text(listening ? "soundWaiting" : "soundNone"));
    byId("sound").dataset.step = step ?? "";
    const here = text("soundDropped", jitter.counters.chunks, jitter.counters.lost, jitter.counters.late + jitter.counters.dropped);
    say(byId("sound-dropped"), status ? here + " " + text("soundDroppedCart", status.dropped.missing, status.dropped.notTaken) : here);
    const gain = new Intl.NumberFormat(language(), { maximumFractionDigits: 0 }).format(player.gainDb);
    say(byId("sound-gain"), text("soundGain", gain));
    say(byId("sound-filtered"), text("soundFiltered", text("filter." + player.mode)));
    const verdict = status?.verdict ?? null;
    say(byId("sound-verdict"), verdict && has("verdict." + verdict) ? text("verdict." + verdict) : text("verdictNone"));
    byId("sound").dataset.verdict = verdict ?? "";
    say(byId("sound-rate"), status && status.heartRate !== null && verdict === "good" ? text("soundRate", Math.round(status.heartRate)) : "");
    const meter = byId("sound-meter");
    meter.style.width = Math.round(Math.min(1, player.counters.rms * 4) * 100) + "%";
    Object.assign(meter.dataset, { rendered: String(player.counters.rendered), clip: String(player.counters.clipRendered), rms: player.counters.rms.toFixed(5), lost: String(jitter.counters.lost) });
    byId("sound-wave", HTMLCanvasElement).setAttribute("aria-label", text("soundWave") + ". " + byId("sound-state").textContent);
  }

  drawClips() {
    const clips = this.model ? [...this.model.clips.values()].sort((a, b) => Number(a.clip.slice(1)) - Number(b.clip.slice(1))) : [];
    const playing = this.player.clip ? this.playing : null;
    const signature = JSON.stringify([language(), clips, playing]);
    if (signature === this.clipsShown) return;
    this.clipsShown = signature;
    byId("clips-none").hidden = clips.length > 0;
    const zip = byId("clips-zip", HTMLAnchorElement);
    zip.hidden = !this.hasGateway || clips.length === 0;
    if (this.model && !zip.hidden) zip.href = zipPath(this.model.session);
    const list = byId("clips");
    const focused = document.activeElement?.id ?? "";
    list.replaceChildren();
    for (const clip of clips) this.clip(list, clip, this.model?.session ?? "", playing);
    if (focused.startsWith("clip-")) document.getElementById(focused)?.focus();
  }

  /**
   * @param {HTMLElement} list
   * @param {Clip} clip
   * @param {string} session
   * @param {string | null} playing
   */
  clip(list, clip, session, playing) {
    const item = make("li", "clip", list);
    Object.assign(item.dataset, { clip: clip.clip, state: clip.state, usable: String(clip.usable), verdict: clip.verdict ?? "" });
    make("strong", "", item, clip.clip);
    const missing = clip.missingSamples > 0 && clip.state !== "recording"
      ? text("clipMissing", new Intl.NumberFormat(language(), { maximumFractionDigits: 1 }).format(clip.missingSamples / clip.rateHz)) : "";
    const parts = [this.words(clip), text("clipState." + clip.state), missing, clip.verdict && has("clipVerdict." + clip.verdict) ? text("clipVerdict." + clip.verdict) : "",
      clip.usable === null ? "" : text(clip.usable ? "clipIsUsable" : "clipIsNotUsable")];
    make("span", "", item, " " + parts.filter(Boolean).join(" · ") + " ");
    const row = make("span", "actions", item);
    const isPlaying = playing === clip.clip;
    /** @type {(name: string, key: string, act: () => void) => HTMLButtonElement} */
    const button = (name, key, act) => {
      const made = make("button", "", row, text(key));
      made.type = "button";
      made.id = `clip-${clip.clip}-${name}`;
      made.setAttribute("aria-label", text(key) + ", " + clip.clip);
      made.addEventListener("click", act);
      return made;
    };
    button("play", isPlaying ? "clipStop" : "clipPlay", () => (isPlaying ? this.stopClip() : this.playClip(clip))).disabled = clip.state === "recording";
    if (!this.actions) {
      button("usable", "clipUsable", () => this.mark(clip, true)).setAttribute("aria-pressed", String(clip.usable === true));
      button("not", "clipNotUsable", () => this.mark(clip, false)).setAttribute("aria-pressed", String(clip.usable === false));
    }
    if (this.hasGateway && clip.state !== "recording") {
      const file = make("a", "file", row, "WAV");
      file.href = clipPath(session, clip.clip);
      file.setAttribute("aria-label", "WAV, " + clip.clip);
    }
  }

  /**
   * @param {Clip} clip
   * @param {boolean} usable
   */
  mark({ clip }, usable) {
    say(byId("clips-said"), text(this.publish(`clip/${clip}/mark`, { usable }) ? "clipMarked" : "soundNotSent", clip));
  }

  /** @param {Clip} clip */
  async playClip(clip) {
    await this.player.start();
    if (!this.model) return;
    const { session } = this.model;
    /** @type {(import("./core/sound-codec.js").Samples & { lacking?: number }) | null} */
    const own = this.actions ? null : this.store.make(clip);
    /** @type {typeof own} */
    const sound = own && own.lacking === 0 ? own : (this.hasGateway ? await fetchClip(session, clip.clip) : null) ?? own;
    if (!sound) { say(byId("clips-said"), text("clipNotHere", clip.clip)); return; }
    say(byId("clips-said"), sound.lacking ? text("clipPartly", clip.clip) : "");
    this.playing = clip.clip;
    await this.player.playClip(sound);
    this.view.draw();
  }

  stopClip() {
    this.player.stopClip();
    this.view.draw();
  }
}
