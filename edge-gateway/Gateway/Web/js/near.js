// The near page, on the cart: opens and closes the session, shows the link for the far side, the cart's health, and the same live view.

import { View, byId, connectionText, drawFaults, say } from "./view.js";
import { language, text } from "./text.js";
import { listen } from "./listen.js";
import { CuffPanel } from "./cuff.js";
import { SoundPanel } from "./stethoscope.js";

const HEALTH_MS = 2000;
const NAME = /^[A-Za-z0-9_-]{1,64}$/;

const view = new View({ titleKey: "title" });
let heard = null, link = null, health = null, healthShown = "", busy = false;
let connection = { connected: false, reason: 0, first: true };

async function ask(method, path, what) {
  const body = what === undefined ? undefined : JSON.stringify(what);
  const answer = await fetch(path, { method, body, headers: { "Accept-Language": language() }, cache: "no-store" });
  return { ok: answer.ok, body: await answer.json() };
}

const cuff = new CuffPanel({
  view,
  actions: {
    patient: (session) => ask("GET", `/api/session/${session}/patient`),
    setPatient: (session, body) => ask("PUT", `/api/session/${session}/patient`, body),
    start: (session) => ask("POST", `/api/session/${session}/cuff/start`),
    stop: () => ask("POST", "/api/cuff/stop"),
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

function openSession() { return health?.sessions.findLast((session) => session.state === "open") ?? null; }

async function pollHealth() {
  try {
    health = (await ask("GET", "/health")).body;
  } catch {
    health = null;
  }
  if (health) await follow();
  drawHealth();
}

/** Listens to the session that is open; a closed one stays on the page, so that what was seen last is not lost to the eye. */
async function follow() {
  const session = openSession()?.session ?? null;
  cuff.setSession(session);
  if (session === null) { link = null; return; }
  if (link?.session === session) return;
  const answer = await ask("GET", `/api/session/${session}/link`);
  if (!answer.ok) return;
  link = answer.body;
  heard?.stop();
  connection = { connected: false, reason: 0, first: true };
  heard = listen({ ...link, far: false, view, onstate: (next) => { connection = next; } });
  globalThis.cartPage = { ...heard, cuff, sound };   // for diagnosis in the browser's console
}

function drawHealth() {
  const session = openSession();
  const state = byId("session-state");
  say(state, session ? text("sessionOpen", session.session) : text("sessionNone"));
  state.dataset.open = String(session !== null);
  const waiting = [];
  if (session?.pending > 0) waiting.push(text("sessionPending", session.pending));
  if (session && !session.hasSubscriber) waiting.push(text("sessionUnheard"));
  say(byId("session-pending"), waiting.join(" "));
  byId("session-name").disabled = session !== null || busy;
  byId("open-session").disabled = session !== null || busy;
  byId("close-session").disabled = session === null || busy;
  byId("far-box").hidden = link === null;
  if (link) {
    if (byId("far-link").value !== link.page) byId("far-link").value = link.page;
    byId("far-open").href = link.page;
  }
  const signature = language() + JSON.stringify(health?.issues ?? "none");
  if (signature !== healthShown) {
    healthShown = signature;
    drawFaults(byId("issues"), health?.issues ?? []);
    say(byId("health-state"), health === null ? text("healthUnreachable") : health.issues.length === 0 ? text("healthOk") : "");
  }
  view.connection(session === null && !heard ? text("sessionNone") : connection.first ? text("connecting") : connectionText({ ...connection, over: session === null }));
}

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
  const name = byId("session-name").value.trim();
  byId("session-name").setAttribute("aria-invalid", String(!NAME.test(name)));
  if (NAME.test(name)) change("PUT", name);
  else byId("session-name").focus();
});
byId("close-session").addEventListener("click", () => { const session = openSession(); if (session) change("DELETE", session.session); });
byId("far-copy").addEventListener("click", async () => {
  byId("far-link").select();
  try { await navigator.clipboard.writeText(byId("far-link").value); say(byId("far-copied"), text("copied")); } catch { /* it is selected: the keyboard copies it */ }
});
view.onlanguage = () => { healthShown = ""; drawHealth(); pollHealth(); };
pollHealth();
setInterval(pollHealth, HEALTH_MS);
