// @ts-check
// The cuff on both pages: phase, live pressure, result or the reason for none, the next step, and the one message that stands across the page until a person has
// confirmed it. On the bedside view also who is measured, start, self test and STOP. Nothing here judges a value.

import { byId, drawFaults, fillChoices, make, say } from "./dom.js";
import { absenceText, choices, formatNumber, timeOfDay } from "./core/format.js";
import { has, language, text } from "./core/text.js";
import { Strip } from "./strip.js";
import { CUFF_PHASE, CUFF_SIZE, FAULTS, MDC, PATIENT_CATEGORY } from "./core/vocabulary.g.js";

/** @typedef {import("./core/model.js").StreamReading} StreamReading */
/** @typedef {import("./core/wire.js").Patient} Patient */
/** @typedef {import("./core/wire.js").StopAnswer} StopAnswer */
/** @typedef {import("./core/wire.js").Fault} Fault */
/**
 * @template T
 * @typedef {Promise<import("./core/wire.js").Answer<T>>} Asked
 */

/**
 * What this page may ask of the gateway; a refusal's body is a fault.
 * @typedef {object} CuffActions
 * @property {(session: string) => Asked<any>} patient
 * @property {(session: string, body: Patient) => Asked<any>} setPatient
 * @property {(session: string) => Asked<any>} start
 * @property {() => Asked<any>} stop
 * @property {() => Asked<any>} test
 */

/** @typedef {{ answer: StopAnswer | "failed" | null, isLate: boolean, confirmedMs?: number }} Press A press of STOP. */

/** How the codes of the cuff begin: also those that this page does not know. */
const OF_CUFF = "P15";
const PRESSURE_SILENT_MS = 1500, STRIP_S = 60;
const PHASES = Object.keys(CUFF_PHASE);
const UNDER_WAY = new Set(["zeroCheck", "inflate", "bleed", "dump", "rest"]);
const KEPT = "cuffNotEmpty";
/** After this a STOP that is not confirmed is said to be so. */
const STOP_CONFIRM_MS = 1000;
/** A confirmation is shown this long. */
const CONFIRMED_MS = 30000;
/** Phases in which the valves may still be shut. */
const MAY_BE_TIGHT = new Set(["zeroCheck", "inflate", "bleed", "rest"]);

/**
 * Events that nobody has confirmed yet, kept for this tab: a reload must not take the message away.
 * @returns {{ id: string, code: string, device: string }[]}
 */
function readKept() {
  try { return JSON.parse(sessionStorage.getItem(KEPT) ?? "null") ?? []; } catch { return []; }
}

/** The part of the page about the cuff. */
export class CuffPanel {
  /**
   * @param {object} parts
   * @param {import("./view.js").View} parts.view
   * @param {CuffActions | null} parts.actions Null on the clinician view.
   */
  constructor({ view, actions }) {
    this.view = view;
    this.actions = actions;
    /** @type {import("./core/model.js").SessionModel | null} */
    this.model = null;
    /** @type {string | null} The session that is open. */
    this.session = null;
    /** @type {Patient | null} Who is measured, when that was said. */
    this.patient = null;
    this.asking = false;
    /** What is known of the self test: unknown, running, passed, failed or due. */
    this.test = "unknown";
    this.waiting = false;
    /** @type {Press | null} */
    this.press = null;
    this.pressureMs = -Infinity;
    /** mmHg. */
    this.pressure = 0;
    this.unconfirmed = readKept();
    this.shown = "";
    this.strip = new Strip(byId("cuff-pressure", HTMLCanvasElement), { spanS: STRIP_S, range: { low: 0, high: 300 }, lines: [100, 200] });
    byId("cuff-banner-confirm", HTMLButtonElement).addEventListener("click", () => this.confirm());
    if (actions) this.listen(actions);
  }

  /** @param {CuffActions} actions */
  listen(actions) {
    byId("cuff-patient").addEventListener("submit", (event) => { event.preventDefault(); this.sendPatient(); });
    byId("cuff-change", HTMLButtonElement).addEventListener("click", () => { this.asking = true; this.view.draw(); });
    byId("cuff-start", HTMLButtonElement).addEventListener("click", () => this.ask("start", actions.start));
    byId("cuff-test", HTMLButtonElement).addEventListener("click", () => this.ask("test", actions.test));
    byId("cuff-off", HTMLInputElement).addEventListener("change", () => this.view.draw());
    byId("cuff-stop").addEventListener("click", () => this.stop());
  }

  /**
   * Another session: who is measured is asked of the gateway, and of the nurse when it does not know.
   * @param {string | null} session Null for none.
   */
  async setSession(session) {
    if (session === this.session) return;
    this.session = session;
    this.patient = null;
    this.asking = false;
    this.say([]);
    if (session === null || !this.actions) return;
    const answer = await this.actions.patient(session).catch(() => null);
    if (this.session !== session) return;
    if (answer?.ok && answer.body.category !== null) this.patient = answer.body;
    else this.asking = true;
    this.view.draw();
  }

  /** The gateway was away: after a restart it does not know any more who is measured, and asks again. What is being chosen stays. */
  async askAgain() {
    const { session } = this;
    if (session === null || this.asking || !this.actions) return;
    const answer = await this.actions.patient(session).catch(() => null);
    if (!answer?.ok || this.session !== session || this.asking) return;
    this.patient = answer.body.category === null ? null : answer.body;
    this.asking = this.patient === null;
    this.view.draw();
  }

  /** Tells the gateway who is measured, when both are chosen. */
  async sendPatient() {
    const { actions } = this;
    if (!actions) return;
    const category = byId("cuff-category", HTMLSelectElement).value, cuffSize = byId("cuff-size", HTMLSelectElement).value;
    byId("cuff-category", HTMLSelectElement).setAttribute("aria-invalid", String(category === ""));
    byId("cuff-size", HTMLSelectElement).setAttribute("aria-invalid", String(cuffSize === ""));
    if (category === "" || cuffSize === "") return;
    const body = { category, cuffSize, cuffOnOximeterArm: byId("cuff-arm", HTMLInputElement).checked };
    if (await this.ask("setPatient", (session) => actions.setPatient(session, body))) {
      this.patient = body;
      this.asking = false;
      this.view.draw();
    }
  }

  /**
   * Asks something of the gateway and says what it refuses.
   * @param {"start" | "test" | "setPatient"} what
   * @param {(session: string) => Asked<any>} send
   * @returns {Promise<boolean>} Whether it was done.
   */
  async ask(what, send) {
    const before = this.press;
    this.waiting = true;
    this.view.draw();
    try {
      const answer = await send(this.session ?? "");
      this.say(answer.ok ? [] : [answer.body]);
      if (answer.ok && what !== "setPatient") {
        // A STOP that was pressed meanwhile keeps its words, and comes after what it was meant for.
        if (this.press === before) { this.press = null; this.judgeStop(); }
        else if (this.press) this.stop();
      }
      if (answer.ok && what === "test") { this.test = "running"; byId("cuff-off", HTMLInputElement).checked = false; }
      return answer.ok;
    } catch {
      this.say([{ code: "", happened: text("requestFailed"), do: "" }]);
      return false;
    } finally {
      this.waiting = false;
      this.view.draw();
    }
  }

  /** The button that is never disabled. The newest press is the one that is spoken of. */
  async stop() {
    if (!this.actions) return;
    /** @type {Press} */
    const press = { answer: null, isLate: false };
    this.press = press;
    this.judgeStop();
    setTimeout(() => { press.isLate = true; this.judgeStop(); }, STOP_CONFIRM_MS);
    try {
      const answer = await this.actions.stop();
      press.answer = answer.ok ? answer.body : "failed";
    } catch {
      press.answer = "failed";
    }
    this.judgeStop();
  }

  /**
   * Whether the last STOP is confirmed: the pod has acknowledged it, and does not report a measurement any more. What is not confirmed in time is said so at once,
   * and is corrected when the confirmation comes later.
   */
  judgeStop() {
    const { press } = this;
    const bar = byId("stop-bar"), words = byId("cuff-stopped");
    if (!press) { bar.dataset.state = "idle"; say(words, ""); return; }
    const { answer } = press;
    const taken = answer !== null && answer !== "failed" && answer.confirmed === true;
    const stillOn = MAY_BE_TIGHT.has(this.phase ?? "");
    if (taken && !stillOn) {
      press.confirmedMs ??= this.view.clock.now();
      if (this.view.clock.now() - press.confirmedMs > CONFIRMED_MS) { this.press = null; return; }
      if (bar.dataset.state !== "confirmed" && this.test === "running") this.test = "due";
      bar.dataset.state = "confirmed";
      say(words, text("cuffStopConfirmed"));
      return;
    }
    const refused = answer !== null && !taken;
    if (!press.isLate && !refused) { bar.dataset.state = "sending"; say(words, text("cuffStopSending")); return; }
    bar.dataset.state = "unconfirmed";
    const why = answer === null || answer === "failed" ? "cuffStopNoGateway" : taken ? "cuffStopStillOn" : answer.told === 0 || answer.taken === answer.told ? "cuffStopNoPod" : "cuffStopPodSilent";
    bar.dataset.why = why;
    say(words, text("cuffStopUnconfirmed") + " " + text(why));
  }

  /** @param {Fault[]} faults */
  say(faults) { if (this.actions) drawFaults(byId("cuff-fault"), faults); }

  /** @param {import("./core/model.js").SessionModel | null} model */
  show(model) {
    this.model = model;
    this.strip.clear();
    this.pressureMs = -Infinity;
    if (!model) return;
    this.test = "unknown";
    model.onpressure = ({ startS, periodS, samples }) => {
      if (samples.length === 0) return;
      this.pressure = samples[samples.length - 1];
      this.pressureMs = this.view.clock.now();
      this.strip.add(startS, periodS, samples);
    };
    model.onevent = (event) => this.event(event);
  }

  /** @param {import("./core/model.js").ModelEvent} event */
  event({ id, code, device }) {
    if (code === FAULTS.CuffSelfTestPassed) this.test = "passed";
    else if (code === FAULTS.CuffSelfTestFailed) this.test = "failed";
    else if (code === FAULTS.CuffLinkPassed) { if (this.test !== "failed") this.test = "running"; }
    // Whatever else the cuff says while a test is waited for: it was refused or given up.
    else if (code === FAULTS.CuffSelfTestDue || this.test === "running" && code.startsWith(OF_CUFF)) this.test = "due";
    if (code === FAULTS.CuffDeflationNotConfirmed && !this.unconfirmed.some((event) => event.id === id)) {
      this.unconfirmed.push({ id, code, device });
      this.keep();
    }
  }

  keep() { try { sessionStorage.setItem(KEPT, JSON.stringify(this.unconfirmed)); } catch { /* then it is kept until a reload */ } }

  confirm() {
    this.unconfirmed = [];
    this.keep();
    this.view.draw();
  }

  /** Says everything in the language in force. */
  relabel() {
    this.shown = "";
    if (!this.actions) return;
    fillChoices(byId("cuff-category", HTMLSelectElement), ["", ...choices(PATIENT_CATEGORY)], "category.", "choose");
    fillChoices(byId("cuff-size", HTMLSelectElement), ["", ...choices(CUFF_SIZE)], "cuffSize.", "choose");
  }

  /** The phase by its word; null when it is not known. */
  get phase() {
    const reading = this.model?.latest(MDC.CuffPhase);
    return reading && reading.value !== null ? PHASES[reading.value] ?? null : null;
  }

  /** @param {number} nowMs */
  draw(nowMs) {
    const banner = this.unconfirmed.length > 0;
    byId("cuff-banner").hidden = !banner;
    byId("cuff-banner-confirm", HTMLButtonElement).disabled = !banner;
    const { phase } = this;
    const section = byId("cuff");
    section.dataset.phase = phase ?? "";
    say(byId("cuff-phase"), text(phase ? "cuffPhase." + phase : "cuffPhaseUnknown"));
    const live = nowMs - this.pressureMs < PRESSURE_SILENT_MS;
    section.dataset.pressure = live ? String(this.pressure) : "";
    say(byId("cuff-live"), live ? text("cuffPressureNow", formatNumber(this.pressure, MDC.CuffPressure)) : text("cuffPressureNone"));
    byId("cuff-pressure", HTMLCanvasElement).setAttribute("aria-label", text("cuffPressure") + ". " + byId("cuff-live").textContent);
    say(byId("cuff-test-state"), text("cuffTest." + (phase === "selfTest" && this.test !== "passed" && this.test !== "failed" ? "running" : this.test)));
    this.drawResult(phase, nowMs);
    if (this.actions) {
      this.drawActions(phase);
      this.judgeStop();
    }
  }

  /**
   * @param {string | null} phase
   * @param {number} nowMs
   */
  drawResult(phase, nowMs) {
    const { model } = this;
    const systolic = model?.latest(MDC.NoninvasiveSystolic) ?? null;
    const result = byId("cuff-result");
    /** @param {number} mdc */
    const together = (mdc) => {
      const reading = model?.latest(mdc);
      return reading && systolic && reading.device === systolic.device && reading.boot === systolic.boot && reading.deviceMs === systolic.deviceMs ? reading : null;
    };
    const event = model?.events.find(({ code }) => code.startsWith(OF_CUFF) && code !== FAULTS.CuffSelfTestPassed && code !== FAULTS.CuffLinkPassed) ?? null;
    const parts = systolic ? [MDC.NoninvasiveDiastolic, MDC.NoninvasiveMean, MDC.NoninvasivePulseRate].map(together) : [];
    const ageMs = model && systolic ? model.ageMs(systolic, nowMs) : null;
    const minutes = ageMs === null ? -1 : Math.floor(ageMs / 60000);
    const signature = JSON.stringify([language(), phase, systolic, parts, event, minutes, this.view.catalogue.size]);
    if (signature === this.shown) return;
    this.shown = signature;
    /** @type {(reading: StreamReading | null, mdc: number) => string} */
    const number = (reading, mdc) => reading && reading.value !== null ? formatNumber(reading.value, mdc) : "–";
    const [diastolic, mean, pulse] = parts;
    const hasValue = systolic !== null && systolic.absent === null;
    result.dataset.state = !systolic ? "none" : hasValue ? "value" : "absent";
    result.dataset.reason = systolic?.absent ?? "";
    say(byId("cuff-pressures"), hasValue ? `${number(systolic, MDC.NoninvasiveSystolic)} / ${number(diastolic, MDC.NoninvasiveDiastolic)} (${number(mean, MDC.NoninvasiveMean)})` : "–");
    say(byId("cuff-pulse"), hasValue ? text("cuffPulse", number(pulse, MDC.NoninvasivePulseRate)) : "");
    const when = !systolic ? "" : systolic.utcMs === null ? text("unsynchronised")
      : text("cuffMeasuredAt", timeOfDay(systolic.utcMs, { second: "2-digit" }));
    const age = minutes < 0 ? "" : minutes === 0 ? text("cuffAgeNow") : text("cuffAgeMinutes", minutes);
    const previous = systolic && UNDER_WAY.has(phase ?? "") ? text("cuffPrevious") : "";
    say(byId("cuff-when"), [previous, when, age].filter(Boolean).join(" · "));
    say(byId("cuff-quality"), hasValue ? text("qualityOf", systolic.quality) : "");
    const marks = byId("cuff-marks");
    marks.replaceChildren();
    for (const mark of systolic?.status ?? []) if (has("cuffStatus." + mark)) make("li", "mark", marks, text("cuffStatus." + mark)).dataset.mark = mark;
    say(byId("cuff-reason"), !systolic ? text("noValueYet") : hasValue ? "" : absenceText("absence." + systolic.absent));
    const next = systolic && !hasValue ? "cuffNext." + systolic.absent : "";
    say(byId("cuff-next"), next ? text("nextStep") + " " + text(has(next) ? next : "cuffNext.other") : "");
    drawFaults(byId("cuff-message"), event ? [this.view.fault(event)] : []);
  }

  /** @param {string | null} phase */
  drawActions(phase) {
    const { session, patient } = this;
    const form = session !== null && this.asking;
    byId("cuff-patient").hidden = !form;
    for (const part of [byId("cuff-category", HTMLSelectElement), byId("cuff-size", HTMLSelectElement), byId("cuff-arm", HTMLInputElement), byId("cuff-patient-keep", HTMLButtonElement)]) part.disabled = !form;
    const known = session !== null && !this.asking && patient !== null;
    byId("cuff-known").hidden = !known;
    byId("cuff-change", HTMLButtonElement).disabled = !known || UNDER_WAY.has(phase ?? "");
    if (known) {
      say(byId("cuff-who"), [text("category." + patient.category), text("cuffSize." + patient.cuffSize), patient.cuffOnOximeterArm ? text("cuffSameArm") : ""].filter(Boolean).join(", "));
    }
    const busy = this.view.isOld || UNDER_WAY.has(phase ?? "") || phase === "selfTest" && this.test === "running";
    byId("cuff-start", HTMLButtonElement).disabled = !known || this.waiting || busy;
    byId("cuff-test", HTMLButtonElement).disabled = this.waiting || busy || !byId("cuff-off", HTMLInputElement).checked;
  }
}
