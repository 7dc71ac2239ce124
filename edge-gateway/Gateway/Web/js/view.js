// @ts-check
// Draws what a SessionModel knows. Elements are made once and changed in place, so that reading aids and keyboards keep their place.

import { byId, drawFaults, fill, make, say } from "./dom.js";
import { absenceText, formatAge, formatNumber, formatUnit, partText, quantityName } from "./core/format.js";
import { has, language, preferredLanguage, setLanguage, text } from "./core/text.js";
import { PageClock } from "./core/time.js";
import { Sweep } from "./sweep.js";

/** @typedef {import("./core/model.js").SessionModel} SessionModel */
/** @typedef {import("./core/model.js").StreamReading} StreamReading */
/** @typedef {import("./core/wire.js").Fault} Fault */

/**
 * A part of the page with its own section.
 * @typedef {object} Panel
 * @property {(model: SessionModel | null) => void} show Shows another session; null for none.
 * @property {() => void} relabel The language changed.
 * @property {(nowMs: number) => void} draw
 */

const STATE_MS = 250;
const WAVE_SILENT_MS = 3000;
const LANGUAGE_KEY = "language";

/** The page as a whole: language, clock, wave, and a regular redrawing of everything. */
export class View {
  /** @param {{ titleKey: string }} parts The key of the page's title in text.js. */
  constructor({ titleKey }) {
    this.titleKey = titleKey;
    /** @type {SessionModel | null} */
    this.model = null;
    this.clock = new PageClock();
    /** @type {Map<string, import("./core/time.js").DeviceClock>} By "device.boot". */
    this.clocks = new Map();
    /** @type {Map<string, import("./core/wire.js").CatalogueEntry>} By code. */
    this.catalogue = new Map();
    /** @type {Map<string, ReturnType<typeof makeTile>>} */
    this.tiles = new Map();
    /** @type {Map<string, HTMLElement>} By device. */
    this.podElements = new Map();
    this.eventsShown = "";
    this.lostShown = "";
    /** @type {string | null} "device.boot" whose wave is drawn. */
    this.waveSource = null;
    this.waveHeardMs = -Infinity;
    this.wavePeriodS = 0;
    /** True while nothing new can come. */
    this.isOld = false;
    /** @type {Panel[]} */
    this.panels = [];
    this.onlanguage = () => { };
    this.ondraw = () => { };
    useLanguage(readLanguage() ?? preferredLanguage(navigator.languages ?? [navigator.language]));
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.sweep = new Sweep(byId("pleth", HTMLCanvasElement), { clock: () => this.clock.now(), calm: calm.matches });
    calm.addEventListener("change", () => { this.sweep.calm = calm.matches; });
    byId("language").addEventListener("click", () => {
      useLanguage(language() === "en" ? "fr" : "en");
      try { localStorage.setItem(LANGUAGE_KEY, language()); } catch { /* a browser that keeps nothing asks again next time */ }
      this.relabel();
      this.onlanguage();
    });
    this.relabel();
    this.loadCatalogue();
    setInterval(() => this.draw(), STATE_MS);
  }

  /**
   * Shows another session's model.
   * @param {SessionModel | null} model Null for none.
   */
  show(model) {
    this.model = model;
    this.waveSource = null;
    this.waveHeardMs = -Infinity;
    this.sweep.clear();
    for (const tile of this.tiles.values()) tile.root.remove();
    this.tiles.clear();
    if (model) model.onwave = (wave) => this.takeWave(wave);
    for (const panel of this.panels) panel.show(model);
    this.draw();
  }

  /** @param {import("./core/model.js").WaveChunk} wave */
  takeWave(wave) {
    const source = wave.device + "." + wave.boot;
    if (this.waveSource !== source) {
      // One wave at a time: the first pod's, and another's only when that one is silent.
      if (this.waveSource !== null && this.waveSource.slice(0, 16) !== wave.device && this.clock.now() - this.waveHeardMs < WAVE_SILENT_MS) return;
      this.waveSource = source;
      this.sweep.clear();
    }
    this.waveHeardMs = this.clock.now();
    this.wavePeriodS = wave.periodS;
    this.sweep.add(wave.startS, wave.periodS, wave.samples);
  }

  /** Says everything in the language in force. */
  relabel() {
    document.title = text(this.titleKey);
    fill();
    const button = byId("language");
    button.lang = language() === "en" ? "fr" : "en";
    button.setAttribute("aria-label", text("languageName"));
    this.eventsShown = this.lostShown = "";
    for (const panel of this.panels) panel.relabel();
    this.draw();
  }

  async loadCatalogue() {
    try {
      const answer = await fetch(new URL("../faults.json", import.meta.url));
      if (!answer.ok) return;
      for (const fault of (await answer.json()).faults) this.catalogue.set(fault.code, fault);
      this.eventsShown = "";
    } catch { /* codes stand alone where the catalogue was not copied along */ }
  }

  /** Draws everything as it is now. */
  draw() {
    const { model } = this;
    document.body.dataset.old = String(this.isOld);
    const nowMs = this.clock.now();
    this.drawTiles(nowMs);
    byId("simulated").hidden = !model?.unreal;
    this.drawWaveState(nowMs);
    if (model) {
      this.drawPods(model.pods(nowMs));
      this.drawLosses([...model.losses.values()]);
      this.drawEvents(model.events);
    }
    byId("no-pods").hidden = this.podElements.size > 0;
    for (const panel of this.panels) panel.draw(nowMs);
    this.ondraw();
  }

  /**
   * Adds a part of the page.
   * @param {Panel} panel
   */
  add(panel) {
    this.panels.push(panel);
    panel.relabel();
    if (this.model) panel.show(this.model);
  }

  /** @param {number} nowMs */
  drawTiles(nowMs) {
    const { model } = this;
    const list = model ? model.tiles().map((tile) => ({ ...tile, shown: model.shown(tile.reading, nowMs) })) : [];
    const container = byId("tiles");
    const wanted = new Set(list.map((tile) => tile.key));
    for (const [key, tile] of this.tiles) if (!wanted.has(key)) { tile.root.remove(); this.tiles.delete(key); }
    list.forEach(({ key, mdc, reading, shown }, index) => {
      let tile = this.tiles.get(key);
      if (!tile) { tile = makeTile(key, mdc); this.tiles.set(key, tile); }
      if (container.children[index] !== tile.root) container.insertBefore(tile.root, container.children[index] ?? null);
      this.drawTile(tile, mdc, reading, shown, model?.statusOf(reading, shown) ?? []);
    });
  }

  /**
   * @param {ReturnType<typeof makeTile>} tile
   * @param {number} mdc
   * @param {StreamReading | null} reading
   * @param {import("./core/model.js").Shown} shown
   * @param {string[]} status
   */
  drawTile(tile, mdc, reading, shown, status) {
    const extra = [];
    if (reading?.site) extra.push(reading.site);
    if (reading?.flags.includes("predicted")) extra.push(text("predicted"));
    if (reading?.flags.includes("manual")) extra.push(text("manual"));
    say(tile.name, [quantityName(mdc), ...extra].join(", "));
    say(tile.number, shown.number === null ? "–" : formatNumber(shown.number, mdc));
    say(tile.unit, shown.number === null ? "" : formatUnit(reading?.unit));
    const reason = shown.reason === null ? "" : shown.reason.startsWith("absence.") ? absenceText(shown.reason) : text(shown.reason);
    say(tile.reason, reason);
    const marks = status.filter((mark) => has("oximetryStatus." + mark));
    say(tile.marks, marks.map((mark) => text("oximetryStatus." + mark)).join(" · "));
    tile.root.dataset.marks = marks.join(" ");
    const age = shown.ageMs === null ? "" : formatAge(shown.ageMs);
    say(tile.age, shown.number === null ? "" : shown.isLast ? text("lastValue", age) : age);
    tile.root.classList.toggle("last", shown.isLast);
    tile.root.dataset.mdc = String(mdc);
    tile.root.dataset.state = shown.number === null ? "none" : shown.isLast ? "last" : "live";
    tile.root.dataset.value = String(shown.number ?? "");
    tile.root.dataset.reason = shown.reason ?? "";
    const quality = shown.quality;
    tile.quality.hidden = quality === null;
    if (quality !== null) {
      tile.bar.style.width = quality + "%";
      tile.meter.setAttribute("aria-valuenow", String(quality));
      tile.meter.setAttribute("aria-label", text("quality"));
      tile.meter.setAttribute("aria-valuetext", text("qualityOf", quality));
      say(tile.qualityNumber, text("quality") + " " + quality);
    }
  }

  /** @param {number} nowMs */
  drawWaveState(nowMs) {
    const live = nowMs - this.waveHeardMs < WAVE_SILENT_MS;
    const words = live ? text("plethLive", Math.round(1 / this.wavePeriodS)) : text("plethNone");
    say(byId("pleth-state"), words);
    byId("pleth").setAttribute("aria-label", text("pleth") + ". " + words);
    byId("pleth").dataset.segments = String(this.sweep.counters.segments);
    byId("pleth").dataset.holes = String(this.sweep.counters.gaps);
    byId("pleth").dataset.late = String(this.sweep.counters.late);
  }

  /** @param {import("./core/model.js").Pod[]} pods */
  drawPods(pods) {
    const list = byId("pods");
    const wanted = new Set(pods.map((pod) => pod.device));
    for (const [device, element] of this.podElements) if (!wanted.has(device)) { element.remove(); this.podElements.delete(device); }
    for (const pod of pods) {
      let element = this.podElements.get(pod.device);
      if (!element) { element = make("li", "pod", list); this.podElements.set(pod.device, element); }
      const { about } = pod;
      const name = about?.role === "gateway" ? text("gateway") : text("pod", pod.device);
      // What was said of connections before the cart went is not true any more.
      const state = this.isOld ? text(about?.role === "gateway" ? "podOffline" : "podUnknown") : about ? text(about.connected ? "podOnline" : "podOffline") : text("podUnknown");
      const model = [about?.maker, about?.model].filter(Boolean).join(" ");
      const lines = [name + ": " + state + (model ? " (" + model + (about?.sensorClass === "hobby" ? ", " + text("notCeMarked") : "") + ")" : "")];
      for (const part of [...pod.parts.values()].sort((a, b) => a.stream - b.stream)) {
        const [key, stream] = part.name.split("/");
        if (about?.role === "gateway") continue;
        const what = part.ageMs > 30000 ? text("partSilent", Math.floor(part.ageMs / 1000)) : partText(part);
        lines.push("\u2003" + text(key, stream) + ": " + what);
      }
      element.dataset.connected = this.isOld ? String(about?.role === "gateway" ? false : "") : about ? String(about.connected) : "";
      say(element, lines.join("\n"));
    }
  }

  /** @param {{ cause: string, unit: string, count: number, atLeast: boolean }[]} losses */
  drawLosses(losses) {
    const signature = language() + JSON.stringify(losses);
    if (signature === this.lostShown) return;
    this.lostShown = signature;
    const list = byId("losses");
    list.replaceChildren();
    for (const { cause, unit, count, atLeast } of losses) {
      const number = atLeast ? text("lostAtLeast", count) : count;
      make("li", "", list, text(unit === "samples" ? "lostSamples" : "lostReadings", number, has("gap." + cause) ? text("gap." + cause) : text("gap.unknown")));
    }
    byId("losses-none").hidden = losses.length > 0;
  }

  /** @param {import("./core/model.js").ModelEvent[]} events */
  drawEvents(events) {
    const signature = language() + this.catalogue.size + JSON.stringify(events);
    if (signature === this.eventsShown) return;
    this.eventsShown = signature;
    drawFaults(byId("events"), events.slice(0, 5).map((event) => this.fault(event)));
    byId("events-none").hidden = events.length > 0;
  }

  /**
   * An event's words from the catalogue.
   * @param {{ code: string, device: string }} event
   * @returns {Fault}
   */
  fault({ code, device }) {
    const entry = this.catalogue.get(code);
    return { code, detail: device, happened: entry ? entry.happened[language()] : text("unknownCode"), do: entry ? entry.do[language()] : "" };
  }

  /**
   * One line on the connection, said politely by reading aids.
   * @param {string} words
   */
  connection(words) { say(byId("connection"), words); }
}

/**
 * @param {string} key
 * @param {number} mdc
 */
function makeTile(key, mdc) {
  const root = make("article", "tile");
  const id = "tile-" + key.replace(/[^a-z0-9]/gi, "-");
  root.setAttribute("aria-labelledby", id);
  const name = make("h3", "name", root);
  name.id = id;
  const line = make("p", "reading", root);
  const number = make("span", "number", line);
  line.append(" ");
  const unit = make("span", "unit", line);
  const reason = make("p", "reason", root);
  const marks = make("p", "marks", root);
  const age = make("p", "age", root);
  const quality = make("div", "quality", root);
  const meter = make("div", "meter", quality);
  meter.setAttribute("role", "meter");
  meter.setAttribute("aria-valuemin", "0");
  meter.setAttribute("aria-valuemax", "100");
  const bar = make("div", "bar", meter);
  const qualityNumber = make("span", "quality-number", quality);
  return { root, name, number, unit, reason, marks, age, quality, meter, bar, qualityNumber, mdc };
}

/** @param {string} name */
function useLanguage(name) {
  setLanguage(name);
  document.documentElement.lang = language();
}

function readLanguage() {
  try { return localStorage.getItem(LANGUAGE_KEY); } catch { return null; }
}
