// @ts-check
// The clinician view: knows the session's broker and nothing else, from the link's fragment (#broker=…&cart=…&session=…&token=…). The fragment
// never reaches a server; it is taken out of the address bar and kept for this tab, so that a reload works and a screenshot shows no token.

import { byId, say } from "./dom.js";
import { View } from "./view.js";
import { connectionText } from "./core/format.js";
import { listen } from "./core/listen.js";
import { text } from "./core/text.js";
import { CuffPanel } from "./cuff.js";
import { SoundPanel } from "./stethoscope.js";

const KEPT = "link";
const NAME = /^[A-Za-z0-9_-]{1,64}$/, TOKEN = /^[\x21-\x7e]{1,256}$/;

/** @returns {{ broker: string, cart: string, session: string, token: string } | null} Null when it is not whole. */
function readLink() {
  let fragment = location.hash.slice(1);
  try {
    if (fragment) {
      sessionStorage.setItem(KEPT, fragment);
      history.replaceState(null, "", location.pathname + location.search);
    } else fragment = sessionStorage.getItem(KEPT) ?? "";
  } catch { /* nothing can be kept here: the fragment stays where it is */ }
  const fields = new URLSearchParams(fragment);
  const [broker, cart, session, token] = ["broker", "cart", "session", "token"].map((name) => fields.get(name) ?? "");
  const whole = /^wss?:\/\//.test(broker) && NAME.test(cart) && NAME.test(session) && TOKEN.test(token);
  return whole ? { broker, cart, session, token } : null;
}

const view = new View({ titleKey: "titleClinician" });
const link = readLink();
/** @type {ReturnType<typeof listen> | null} */
let heard = null;
const cuff = new CuffPanel({ view, actions: null });
const sound = new SoundPanel({
  view,
  publish: (below, what) => heard?.publish(below, what) ?? false,
  consumer: () => heard?.consumer,
  actions: null,
  // Where the link's broker is this page's own server, that is the cart's gateway.
  hasGateway: link !== null && URL.canParse(link.broker) && new URL(link.broker).host === location.host,
});
view.add(cuff);
view.add(sound);
/** @type {import("./core/mqtt.js").ConnectionState & { first?: boolean }} first: nothing has come of it yet. */
let state = { connected: false, reason: 0, text: "", first: true };

function describe() {
  if (!link) { view.connection(text("linkMissing")); return; }
  view.connection(state.first ? text("connecting") : connectionText(state));
}

view.onlanguage = describe;
addEventListener("hashchange", () => location.reload());
if (link) {
  const { session } = link;
  const here = listen({ ...link, far: true, view, onstate: (next) => { state = next; view.isOld = !next.connected; describe(); } });
  heard = here;
  view.ondraw = () => {
    const { open } = here.model;
    const key = open === null ? "sessionUnknown" : open ? "sessionOpen" : "sessionClosed";
    say(byId("session-state"), text(key, session));
    byId("session-state").dataset.open = String(open);
  };
  Object.assign(globalThis, { cartPage: { ...heard, cuff, sound } });   // for diagnosis in the browser's console
}
describe();
