// @ts-check
// The bedside view, on the cart: opens and closes the session, shows the link for the remote side, the cart's health, and the same live view.

import { byId, drawFaults, say } from "./dom.js";
import { View } from "./view.js";
import { connectionText, timeOfDay } from "./core/format.js";
import { listen } from "./core/listen.js";
import { language, text } from "./core/text.js";
import { CuffPanel } from "./cuff.js";
import { SoundPanel } from "./stethoscope.js";
import { RequestList } from "./requests.js";
import { LockPanel } from "./lock.js";

/** @typedef {import("./core/wire.js").Health} Health */
/** @typedef {import("./core/wire.js").Issue} Issue */
/** @typedef {import("./core/wire.js").Link} Link */

const HEALTH_MS = 2000;
/** Without an answer for this long there is none: to the question how it is, and to a request that may wait for the disk. */
const HEALTH_ANSWER_MS = 4000, ANSWER_MS = 15000;
const NAME = /^[A-Za-z0-9_-]{1,64}$/;

const view = new View({ titleKey: "title" });
/** @type {ReturnType<typeof listen> | null} */
let heard = null;
/** @type {Link | null} */
let link = null;
let isRefused = false, healthShown = "", busy = false;
/** @type {Health | null} The last that came. */
let health = null;
/** @type {Issue[]} What is not well now, or why there is no answer. */
let issues = [];
let isAway = false, misses = 0;
/** @type {number | null} */
let answeredAt = null;
/** @type {Promise<void> | null} */
let polling = null;
/** @type {import("./core/mqtt.js").ConnectionState & { first?: boolean }} first: nothing has come of it yet. */
let connection = { connected: false, reason: 0, text: "", first: true };

/**
 * Asks the gateway.
 * @param {string} method
 * @param {string} path
 * @param {object} [what]
 * @param {number} [answerMs]
 * @returns {Promise<import("./core/wire.js").Answer<any>>}
 */
async function ask(method, path, what, answerMs = ANSWER_MS) {
  // Whatever changes something says that it is JSON: no page of another site can send that without asking first.
  const body = method === "GET" ? undefined : JSON.stringify(what ?? {});
  const headers = new Headers({ "Accept-Language": language() });
  if (body !== undefined) headers.set("Content-Type", "application/json");
  const answer = await fetch(path, { method, body, headers, cache: "no-store", signal: AbortSignal.timeout(answerMs) });
  if (answer.status === 401 && !path.startsWith("/api/login")) lock.needed();
  return { ok: answer.ok, isLocked: answer.status === 401, body: await answer.json() };
}

const lock = new LockPanel({
  state: () => ask("GET", "/api/login", undefined, HEALTH_ANSWER_MS),
  enter: (what) => ask("POST", "/api/login", what),
  keep: () => ask("POST", "/api/login/keep", {}),
  leave: () => ask("DELETE", "/api/login"),
  claim: (what) => ask("POST", "/api/claim", what),
  onopen: () => { cuff.askAgain(); pollHealth(); },
});

const cuff = new CuffPanel({
  view,
  actions: {
    patient: (session) => ask("GET", `/api/session/${session}/patient`),
    setPatient: (session, body) => ask("PUT", `/api/session/${session}/patient`, body),
    start: (session) => ask("POST", `/api/session/${session}/cuff/start`, {}),
    stop: () => ask("POST", "/api/cuff/stop", {}),
    test: () => ask("POST", "/api/cuff/test", { cuffOffTheArm: true }),
  },
});
const sound = new SoundPanel({
  view,
  publish: (below, what) => heard?.publish(below, what) ?? false,
  consumer: () => heard?.consumer,
  actions: {
    sound: (session, body) => ask("PUT", `/api/session/${session}/sound`, body),
    clip: (session) => ask("POST", `/api/session/${session}/clip`, {}),
  },
  hasGateway: true,
});
view.add(cuff);
view.add(sound);
const requests = new RequestList({
  list: () => ask("GET", "/api/requests"),
  answer: (id, answer) => ask("POST", "/api/requests/" + encodeURIComponent(id), { answer }),
});

function openSession() { return health?.sessions.findLast((session) => session.state === "open") ?? null; }

/** One poll at a time: whoever asks meanwhile waits for the one that runs. */
function pollHealth() {
  polling ??= pollOnce().finally(() => { polling = null; });
  return polling;
}

async function pollOnce() {
  let answer = null;
  try {
    answer = await ask("GET", "/health", undefined, HEALTH_ANSWER_MS);
  } catch { /* nobody is there */ }
  issues = answer?.body.issues ?? [];   // none while nobody is logged in elsewhere
  const wasAway = isAway;
  // A cart that only is slow once, while its readings still come, is not away.
  misses = answer?.ok || answer?.isLocked ? 0 : misses + 1;
  isAway = misses > 1 || misses === 1 && (wasAway || !connection.connected);
  if (answer?.ok) {
    const isAnother = health !== null && health.boot !== answer.body.boot;
    health = answer.body;
    answeredAt = Date.now();
    if (wasAway) heard?.listener.hurry();
    await lock.poll(wasAway || isAnother);
    try {
      await follow();
    } catch {
      isAway = true;
    }
    if (wasAway || isAnother) cuff.askAgain();
  }
  drawHealth();
  if (!lock.isLocked) await requests.poll();
}

/** Listens to the session that is open; a closed one stays on the page, so that what was seen last is not lost to the eye. */
async function follow() {
  const session = openSession()?.session ?? null;
  cuff.setSession(session);
  if (session === null) { link = null; return; }
  if (link?.session === session && !isRefused) return;
  const answer = await ask("GET", `/api/session/${session}/link`);
  if (!answer.ok) return;
  isRefused = false;
  /** @type {Link} */
  const next = answer.body;
  const isSame = link?.session === session && link.token === next.token && link.broker === next.broker;
  link = next;
  if (isSame) return;   // it goes on trying by itself
  heard?.stop();
  connection = { connected: false, reason: 0, text: "", first: true };
  heard = listen({ ...next, far: false, view, onstate: (state) => {
    const lost = connection.connected && !state.connected;
    connection = state;
    // The token is no longer good, for example after the gateway's key was made anew: the next poll fetches another.
    isRefused ||= state.reason >= 0x85 && state.reason <= 0x87;
    drawHealth();
    if (lost) pollHealth();
  } });
  Object.assign(globalThis, { cartPage: { ...heard, cuff, sound } });   // for diagnosis in the browser's console
}

function drawHealth() {
  const session = openSession();
  const state = byId("session-state");
  // What is not known is not said: without an answer of the cart the session may be open or not.
  const away = answeredAt === null ? text("cartAwayAtOnce")
    : text("cartAway", timeOfDay(answeredAt));
  say(state, isAway ? away : session ? text("sessionOpen", session.session) : text("sessionNone"));
  state.dataset.open = isAway ? "unknown" : String(session !== null);
  document.body.dataset.gateway = isAway ? "away" : "here";
  view.isOld = isAway || heard !== null && !connection.first && !connection.connected;
  const waiting = [];
  if (session && session.pending > 0) waiting.push(text("sessionPending", session.pending));
  if (session && !session.hasSubscriber) waiting.push(text("sessionUnheard"));
  say(byId("session-pending"), isAway ? "" : waiting.join(" "));
  byId("session-name", HTMLInputElement).disabled = session !== null || busy;
  byId("open-session", HTMLButtonElement).disabled = isAway || session !== null || busy;
  byId("close-session", HTMLButtonElement).disabled = isAway || session === null || busy;
  byId("far-box").hidden = link === null;
  if (link) {
    if (byId("far-link", HTMLInputElement).value !== link.page) byId("far-link", HTMLInputElement).value = link.page;
    byId("far-open", HTMLAnchorElement).href = link.page;
  }
  const faults = issues.map(fault);
  const signature = language() + isAway + JSON.stringify(faults);
  if (signature !== healthShown) {
    healthShown = signature;
    drawFaults(byId("issues"), faults);
    say(byId("health-state"), isAway ? text("healthUnreachable") : faults.length === 0 ? text("healthOk") : "");
  }
  if (isAway) view.connection(connection.first && !heard ? away : text("reconnecting"));
  else view.connection(session === null && !heard ? text("sessionNone") : connection.first ? text("connecting") : connectionText({ ...connection, over: session === null }));
}

/**
 * An issue's line: its words, and behind them what it is about, since when, and how often. Nothing in it changes while it only lasts.
 * @param {Issue} issue
 * @returns {import("./core/wire.js").Fault}
 */
function fault({ code, happened, detail, subject, since, count, do: next }) {
  /** @type {Intl.DateTimeFormatOptions} */
  const day = since && new Date(since).toDateString() === new Date().toDateString() ? {} : { day: "2-digit", month: "2-digit" };
  const when = since ? text("issueSince", timeOfDay(new Date(since), day)) : "";
  const facts = [...Object.values(subject ?? {}), detail, when, count !== undefined && count > 1 ? text("issueTimes", count) : ""];
  return { code, happened, detail: facts.filter(Boolean).join(", "), do: next };
}

/**
 * @param {"PUT" | "DELETE"} method
 * @param {string} name The session's.
 */
async function change(method, name) {
  busy = true;
  drawHealth();
  try {
    const answer = await ask(method, "/api/session/" + encodeURIComponent(name));
    drawFaults(byId("session-fault"), answer.ok ? [] : [answer.body]);
  } catch {
    drawFaults(byId("session-fault"), []);
    say(byId("session-pending"), text("requestFailed"));
  }
  busy = false;
  await pollHealth();
}

byId("session-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = byId("session-name", HTMLInputElement).value.trim();
  byId("session-name", HTMLInputElement).setAttribute("aria-invalid", String(!NAME.test(name)));
  if (NAME.test(name)) change("PUT", name);
  else byId("session-name", HTMLInputElement).focus();
});
byId("close-session", HTMLButtonElement).addEventListener("click", () => { const session = openSession(); if (session) change("DELETE", session.session); });
byId("far-copy").addEventListener("click", async () => {
  byId("far-link", HTMLInputElement).select();
  try { await navigator.clipboard.writeText(byId("far-link", HTMLInputElement).value); say(byId("far-copied"), text("copied")); } catch { /* it is selected: the keyboard copies it */ }
});
view.onlanguage = () => { lock.relabel(); healthShown = ""; drawHealth(); pollHealth(); };
pollHealth();
setInterval(pollHealth, HEALTH_MS);
