import test from "node:test";
import assert from "node:assert/strict";
import { listen } from "../js/core/listen.js";
import { PageClock } from "../js/core/time.js";
import { FakeSocket, publish } from "./socket.js";
import { utf8 } from "./bytes.js";

const POD = "02aabbfffe0000a1", ROOT = "cart/C1/session/S1/";

function setUp(t, far) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  FakeSocket.all.length = 0;
  const time = { ms: 0, wall: 0 };
  const page = { states: [], shown: [], time };
  const view = { clock: new PageClock(() => time.ms, () => time.ms + time.wall), clocks: new Map(), show: (model) => page.shown.push(model) };
  page.heard = listen({ broker: "ws://b/mqtt", cart: "C1", session: "S1", token: "tok", far, view, onstate: (state) => page.states.push(state), socket: (address) => new FakeSocket(address) });
  page.view = view;
  page.socket = FakeSocket.all[0];
  page.socket.accept();
  page.sent = page.socket.sent.map((bytes) => new TextDecoder().decode(new Uint8Array(bytes)));
  page.pass = (ms) => { time.ms += ms; t.mock.timers.tick(ms); };
  page.vital = (sequence) => page.socket.receive(publish({ topic: `${ROOT}vital/${POD}/35`, qos: far ? 1 : 0, id: 5, payload: utf8(JSON.stringify({
    id: `${POD}.1.35.${sequence}`, kind: "vital", stream: 35, code: { mdc: 150456 }, unit: "%", value: 97, absent: null, quality: 90, flags: [], time: { deviceUs: 1, utc: null } })) }));
  return page;
}

/** The filters of a SUBSCRIBE with the QoS of each. */
function filters(bytes) {
  const found = [];
  // After the length stand an identifier and no properties.
  for (let at = bytes.findIndex((byte, i) => i > 0 && byte < 128) + 4; at < bytes.length;) {
    const length = bytes[at] * 256 + bytes[at + 1];
    found.push([new TextDecoder().decode(new Uint8Array(bytes.slice(at + 2, at + 2 + length))), bytes[at + 2 + length]]);
    at += length + 3;
  }
  return found;
}

test("the page elsewhere listens at QoS 1 to everything below the session, the one on the cart at QoS 0 without stored sound", (t) => {
  for (const far of [true, false]) {
    const page = setUp(t, far);
    const found = filters(page.socket.sent[1]);
    assert.ok(found.every(([filter, qos]) => filter.startsWith(ROOT) && qos === (far ? 1 : 0)), JSON.stringify(found));
    const names = found.map(([filter]) => filter.slice(ROOT.length));
    assert.equal(names.includes("sound/+/+"), far);
    for (const name of ["state", "spot", "vital/+/+", "wave/+/+", "wave/+/+/description", "gap/+/+", "live/+/+"]) assert.ok(names.includes(name), name);
    assert.ok(!names.some((name) => name.startsWith("replay") || name === "#"));
    t.mock.timers.reset();
  }
});

test("each page has a name of its own, and the cart's own page says that it is", (t) => {
  const far = setUp(t, true);
  assert.match(far.heard.consumer, /^web-[0-9a-f]{16}$/);
  assert.ok(far.sent[0].includes(`web.S1.${far.heard.consumer.slice(4)}`));
  t.mock.timers.reset();
  const near = setUp(t, false);
  assert.match(near.heard.consumer, /^web-near-[0-9a-f]{16}$/);
  assert.notEqual(near.heard.consumer.slice(-16), far.heard.consumer.slice(-16));
});

test("the page elsewhere sends receipts of what it has, the one on the cart none", (t) => {
  for (const far of [true, false]) {
    const page = setUp(t, far);
    page.vital(1);
    page.vital(2);
    page.socket.sent.length = 0;
    page.pass(4000);
    const receipts = page.socket.sent.filter((bytes) => bytes[0] === 0x30).map((bytes) => new TextDecoder().decode(new Uint8Array(bytes)));
    assert.equal(receipts.length, far ? 1 : 0);
    if (far) {
      const [receipt] = receipts;
      assert.ok(receipt.includes(ROOT + "receipt"));
      assert.deepEqual(JSON.parse(receipt.slice(receipt.indexOf("{"))), { v: 1, consumer: page.heard.consumer, streams: [{ device: POD, boot: 1, stream: 35, through: 2, holes: [] }] });
    }
    t.mock.timers.reset();
  }
});

test("what a page says below the session carries its name", (t) => {
  const page = setUp(t, true);
  page.socket.sent.length = 0;
  assert.equal(page.heard.publish("request", { site: "mitral" }), true);
  const said = new TextDecoder().decode(new Uint8Array(page.socket.sent[0]));
  assert.ok(said.includes(ROOT + "request"));
  assert.deepEqual(JSON.parse(said.slice(said.indexOf("{"))), { v: 1, consumer: page.heard.consumer, site: "mitral" });
});

test("after the machine slept everything is forgotten and read again", (t) => {
  const page = setUp(t, true);
  page.vital(1);
  assert.equal(page.heard.model.streams.size, 1);
  page.time.wall += 3_600_000;
  page.view.clock.now();
  assert.equal(page.heard.model.streams.size, 0);
  assert.equal(page.shown.length, 2);
  assert.equal(page.socket.isClosed, true);
  page.pass(500);
  assert.equal(FakeSocket.all.length, 2);
});

test("one that stopped sends nothing any more", (t) => {
  const page = setUp(t, true);
  page.vital(1);
  page.heard.stop();
  page.socket.sent.length = 0;
  page.pass(60_000);
  assert.deepEqual(page.socket.sent, []);
  assert.equal(FakeSocket.all.length, 1);
});
