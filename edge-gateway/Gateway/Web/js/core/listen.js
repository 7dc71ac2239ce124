// @ts-check
// Joins a model to the session's broker. Both pages listen in the same way; what differs is QoS, and that the far one sends receipts.

import { MqttListener } from "./mqtt.js";
import { SessionModel } from "./model.js";
import { Receipts } from "./receipts.js";

/** Eight random characters for a client identifier that no other page has. */
function randomName() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * What listening needs of a page.
 * @typedef {object} Listening
 * @property {string} broker The broker's address, ws or wss.
 * @property {string} cart
 * @property {string} session
 * @property {string} token
 * @property {boolean} far True for the page elsewhere: QoS 1 and receipts.
 * @property {{ clock: import("./time.js").PageClock, clocks: Map<string, import("./time.js").DeviceClock>, show: (model: SessionModel) => void }} view
 * @property {(state: import("./mqtt.js").ConnectionState) => void} onstate Called at every change of the connection.
 * @property {import("./mqtt.js").SocketMaker} [socket] Opens the WebSocket.
 */

/**
 * Listens to one session. At QoS 1 (clinician view) the cart counts a reading as sent when this page has acknowledged it, and receipts make it
 * received; at QoS 0 (bedside view) nothing that this page does says that the consultation has anything.
 * @param {Listening} parts
 */
export function listen({ broker, cart, session, token, far, view, onstate, socket }) {
  const now = () => view.clock.now();
  const model = new SessionModel({ cart, session, now, clocks: view.clocks });
  // The cart's own page says so by its name: it is nobody's listener.
  const name = (far ? "" : "near-") + randomName();
  const root = `cart/${cart}/session/${session}/`;
  const listener = new MqttListener({
    url: broker, clientId: `web.${session}.${name}`, userName: session, password: token, qos: far ? 1 : 0,
    // Replays of other consumers run under …/replay/: they are not asked for.
    // Sound of the stored path is for who is far: on the cart a clip is fetched from the gateway.
    filters: ["state", "spot", "device/+", "vital/+/+", "event/+/+", "gap/+/+", "wave/+/+", "wave/+/+/description", "auscultation", "clip/+", "live/+/+", "live/+/+/status",
      ...(far ? ["sound/+/+"] : [])].map((filter) => root + filter),
    onstate, socket,
    onmessage: (message) => model.take(message),
  });
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  if (far) {
    const receipts = new Receipts({ consumer: "web-" + name, now, publish: (json) => listener.publish(root + "receipt", json) });
    model.onread = (reading) => receipts.read(reading);
    timer = setInterval(() => receipts.step(), 1000);
  }
  view.clock.onjump = () => {
    // The machine slept or its clock was set: no age is known any more.
    model.reset();
    view.show(model);
    listener.lost("the clock jumped");
  };
  const consumer = "web-" + name;
  /** @type {(below: string, what: object) => boolean} Says something below the session's topic, as this page; false when not connected. */
  const publish = (below, what) => listener.publish(root + below, JSON.stringify({ v: 1, consumer, ...what }));
  view.show(model);
  return { model, listener, consumer, publish, stop: () => { clearInterval(timer); listener.close(); } };
}
