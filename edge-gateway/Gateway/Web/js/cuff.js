// The cuff on both pages: phase, live pressure, result or the reason for none, the next step, and the one message that stands across the page until a person has
// confirmed it. On the near page also who is measured, start, self test and STOP. Nothing here judges a value.

import { absenceText, byId, choices, drawFaults, fillChoices, formatNumber, make, say } from "./view.js";
import { has, language, text } from "./text.js";
import { Strip } from "./strip.js";
import { CUFF_PHASE, CUFF_SIZE, FAULTS, MDC, PATIENT_CATEGORY } from "./vocabulary.js";

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

/** Events that nobody has confirmed yet, kept for this tab: a reload must not take the message away. */
function readKept() {
  try { return JSON.parse(sessionStorage.getItem(KEPT)) ?? []; } catch { return []; }
}

export class CuffPanel {
  /** actions: null on the far page, else {patient(), setPatient(body), start(), stop(), test()}, each giving {ok, body}. */
  constructor({ view, actions }) {
    Object.assign(this, { view, actions, model: null, session: null, patient: null, asking: false, test: "unknown", waiting: false, press: null });
    this.pressureMs = -Infinity;
    this.pressure = null;
    this.unconfirmed = readKept();
    this.shown = "";
    this.strip = new Strip(byId("cuff-pressure"), { spanS: STRIP_S, low: 0, high: 300, lines: [100, 200] });
    byId("cuff-banner-confirm").addEventListener("click", () => this.confirm());
    if (actions) this.listen();
  }

  listen() {
    byId("cuff-patient").addEventListener("submit", (event) => { event.preventDefault(); this.sendPatient(); });
    byId("cuff-change").addEventListener("click", () => { this.asking = true; this.view.draw(); });
    byId("cuff-start").addEventListener("click", () => this.ask("start"));
    byId("cuff-test").addEventListener("click", () => this.ask("test"));
    byId("cuff-off").addEventListener("change", () => this.view.draw());
    byId("cuff-stop").addEventListener("click", () => this.stop());
  }

  /** Another session: who is measured is asked of the gateway, and of the nurse when it does not know. */
  async setSession(session) {
    if (session === this.session) return;
    this.session = session;
    this.patient = null;
    this.asking = false;
    this.say([]);
    if (session === null) return;
    const answer = await this.actions.patient(session).catch(() => null);
    if (this.session !== session) return;
    if (answer?.ok && answer.body.category !== null) this.patient = answer.body;
    else this.asking = true;
    this.view.draw();
  }

  /** The gateway was away: after a restart it does not know any more who is measured, and asks again. What is being chosen stays. */
  async askAgain() {
    const { session } = this;
    if (session === null || this.asking) return;
    const answer = await this.actions.patient(session).catch(() => null);
    if (!answer?.ok || this.session !== session || this.asking) return;
    this.patient = answer.body.category === null ? null : answer.body;
    this.asking = this.patient === null;
    this.view.draw();
  }

  async sendPatient() {
    const category = byId("cuff-category").value, cuffSize = byId("cuff-size").value;
    byId("cuff-category").setAttribute("aria-invalid", String(category === ""));
    byId("cuff-size").setAttribute("aria-invalid", String(cuffSize === ""));
    if (category === "" || cuffSize === "") return;
    const body = { category, cuffSize, cuffOnOximeterArm: byId("cuff-arm").checked };
    if (await this.ask("setPatient", body)) {
      this.patient = body;
      this.asking = false;
      this.view.draw();
    }
  }

  async ask(what, body) {
    const before = this.press;
    this.waiting = true;
    this.view.draw();
    try {
      const answer = await this.actions[what](this.session, body);
      this.say(answer.ok ? [] : [answer.body]);
      if (answer.ok && what !== "setPatient") {
        // A STOP that was pressed meanwhile keeps its words, and comes after what it was meant for.
        if (this.press === before) { this.press = null; this.judgeStop(); }
        else if (this.press) this.stop();
      }
      if (answer.ok && what === "test") { this.test = "running"; byId("cuff-off").checked = false; }
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
    const stillOn = MAY_BE_TIGHT.has(this.phase);
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

  say(faults) { if (this.actions) drawFaults(byId("cuff-fault"), faults); }

  show(model) {
    this.model = model;
    this.strip.clear();
    this.pressureMs = -Infinity;
    if (!model) return;
    this.test = "unknown";
    model.onpressure = ({ startS, periodS, samples }) => {
      const pressures = Array.from(samples, (value) => value / 100);
      this.pressure = pressures.at(-1);
      this.pressureMs = this.view.clock.now();
      this.strip.add(startS, periodS, pressures);
    };
    model.onevent = (event) => this.event(event);
  }

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

  relabel() {
    this.shown = "";
    if (!this.actions) return;
    fillChoices(byId("cuff-category"), ["", ...choices(PATIENT_CATEGORY)], "category.", "choose");
    fillChoices(byId("cuff-size"), ["", ...choices(CUFF_SIZE)], "cuffSize.", "choose");
  }

  get phase() {
    const reading = this.model?.latest(MDC.CuffPhase);
    return reading && reading.value !== null ? PHASES[reading.value] ?? null : null;
  }

  draw(nowMs) {
    const banner = this.unconfirmed.length > 0;
    byId("cuff-banner").hidden = !banner;
    byId("cuff-banner-confirm").disabled = !banner;
    const { phase } = this;
    const section = byId("cuff");
    section.dataset.phase = phase ?? "";
    say(byId("cuff-phase"), text(phase ? "cuffPhase." + phase : "cuffPhaseUnknown"));
    const live = nowMs - this.pressureMs < PRESSURE_SILENT_MS;
    section.dataset.pressure = live ? this.pressure : "";
    say(byId("cuff-live"), live ? text("cuffPressureNow", formatNumber(this.pressure, MDC.CuffPressure)) : text("cuffPressureNone"));
    byId("cuff-pressure").setAttribute("aria-label", text("cuffPressure") + ". " + byId("cuff-live").textContent);
    say(byId("cuff-test-state"), text("cuffTest." + (phase === "selfTest" && this.test !== "passed" && this.test !== "failed" ? "running" : this.test)));
    this.drawResult(phase, nowMs);
    if (this.actions) {
      this.drawActions(phase);
      this.judgeStop();
    }
  }

  drawResult(phase, nowMs) {
    const { model } = this;
    const systolic = model?.latest(MDC.NoninvasiveSystolic) ?? null;
    const result = byId("cuff-result");
    const together = (mdc) => {
      const reading = model.latest(mdc);
      return reading && reading.device === systolic.device && reading.boot === systolic.boot && reading.deviceMs === systolic.deviceMs ? reading : null;
    };
    const event = model?.events.find(({ code }) => code.startsWith(OF_CUFF) && code !== FAULTS.CuffSelfTestPassed && code !== FAULTS.CuffLinkPassed) ?? null;
    const parts = systolic ? [MDC.NoninvasiveDiastolic, MDC.NoninvasiveMean, MDC.NoninvasivePulseRate].map(together) : [];
    const ageMs = systolic ? model.ageMs(systolic, nowMs) : null;
    const minutes = ageMs === null ? -1 : Math.floor(ageMs / 60000);
    const signature = JSON.stringify([language(), phase, systolic, parts, event, minutes, this.view.catalogue.size]);
    if (signature === this.shown) return;
    this.shown = signature;
    const number = (reading, mdc) => reading && reading.absent === null ? formatNumber(reading.value, mdc) : "–";
    const [diastolic, mean, pulse] = parts;
    const hasValue = systolic !== null && systolic.absent === null;
    result.dataset.state = !systolic ? "none" : hasValue ? "value" : "absent";
    result.dataset.reason = systolic?.absent ?? "";
    say(byId("cuff-pressures"), hasValue ? `${number(systolic, MDC.NoninvasiveSystolic)} / ${number(diastolic, MDC.NoninvasiveDiastolic)} (${number(mean, MDC.NoninvasiveMean)})` : "–");
    say(byId("cuff-pulse"), hasValue ? text("cuffPulse", number(pulse, MDC.NoninvasivePulseRate)) : "");
    const when = !systolic ? "" : systolic.utcMs === null ? text("unsynchronised")
      : text("cuffMeasuredAt", new Intl.DateTimeFormat(language(), { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(systolic.utcMs));
    const age = minutes < 0 ? "" : minutes === 0 ? text("cuffAgeNow") : text("cuffAgeMinutes", minutes);
    const previous = systolic && phase && UNDER_WAY.has(phase) ? text("cuffPrevious") : "";
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

  drawActions(phase) {
    const { session, patient } = this;
    const form = session !== null && this.asking;
    byId("cuff-patient").hidden = !form;
    for (const id of ["cuff-category", "cuff-size", "cuff-arm", "cuff-patient-keep"]) byId(id).disabled = !form;
    const known = session !== null && !this.asking && patient !== null;
    byId("cuff-known").hidden = !known;
    byId("cuff-change").disabled = !known || UNDER_WAY.has(phase);
    if (known) {
      say(byId("cuff-who"), [text("category." + patient.category), text("cuffSize." + patient.cuffSize), patient.cuffOnOximeterArm ? text("cuffSameArm") : ""].filter(Boolean).join(", "));
    }
    const busy = this.view.isOld || UNDER_WAY.has(phase) || phase === "selfTest" && this.test === "running";
    byId("cuff-start").disabled = !known || this.waiting || busy;
    byId("cuff-test").disabled = this.waiting || busy || !byId("cuff-off").checked;
  }
}
