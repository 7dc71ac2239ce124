import test from "node:test";
import assert from "node:assert/strict";
import { MqttListener } from "../js/core/mqtt.js";
import { FakeSocket, mqttText, packet, publish } from "./socket.js";

/** A listener and its broker; time stands still until it is told to pass. */
function setUp(t, more = {}) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  FakeSocket.all.length = 0;
  const page = { states: [], messages: [], pass: (ms) => t.mock.timers.tick(ms) };
  page.listener = new MqttListener({
    url: "ws://broker/mqtt", clientId: "web.S1.x", userName: "S1", password: "tok", filters: ["a/+", "b"],
    onstate: ({ connected, reason, text }) => page.states.push([connected, reason, text]), onmessage: (message) => page.messages.push(message),
    socket: (address) => new FakeSocket(address), ...more,
  });
  Object.defineProperty(page, "socket", { get: () => FakeSocket.all.at(-1) });
  return page;
}

function connected(t, more) {
  const page = setUp(t, more);
  page.socket.accept();
  page.socket.sent.length = 0;
  page.states.length = 0;
  return page;
}

test("CONNECT and SUBSCRIBE are as MQTT 5 says, byte for byte", (t) => {
  const page = setUp(t);
  assert.deepEqual(page.socket.address, "ws://broker/mqtt");
  assert.equal(page.socket.binaryType, "arraybuffer");
  assert.deepEqual(page.socket.sent, []);
  page.socket.open();
  // 3.1: name, version 5, user name, password and clean start, 10 s; Receive Maximum 256, Maximum Packet Size 1 MiB.
  assert.deepEqual(page.socket.sent, [packet(0x10, [...mqttText("MQTT"), 5, 0xC2, 0, 10, 8, 33, 1, 0, 39, 0, 0x10, 0, 0, ...mqttText("web.S1.x"), ...mqttText("S1"), ...mqttText("tok")])]);
  page.socket.receive([0x20, 3, 0, 0, 0]);
  assert.deepEqual(page.socket.sent[1], packet(0x82, [0, 1, 0, ...mqttText("a/+"), 1, ...mqttText("b"), 1]));
  assert.deepEqual(page.states, []);
  page.socket.receive([0x90, 5, 0, 1, 0, 1, 0]);
  assert.deepEqual(page.states, [[true, 0, "listening"]]);
  assert.deepEqual(page.listener.counters, { received: 0, duplicates: 0, connections: 1, losses: 0, indigestible: 0 });
});

test("without user and password none are announced, and QoS 0 is asked for as such", (t) => {
  const page = setUp(t, { userName: "", password: "", qos: 0 });
  page.socket.open();
  assert.equal(page.socket.sent[0][9], 0x02);
  page.socket.receive([0x20, 3, 0, 0, 0]);
  assert.deepEqual(page.socket.sent[1], packet(0x82, [0, 1, 0, ...mqttText("a/+"), 0, ...mqttText("b"), 0]));
});

test("a message at QoS 0 is given on and not acknowledged", (t) => {
  const page = connected(t);
  page.socket.receive(publish({ topic: "a/é", payload: [1, 2, 3] }));
  const [{ payload, ...message }] = page.messages;
  assert.deepEqual(message, { topic: "a/é", duplicate: false, retain: false, contentType: undefined, expiryS: undefined });
  assert.deepEqual([...payload], [1, 2, 3]);
  assert.deepEqual(page.socket.sent, []);
});

test("a message at QoS 1 is acknowledged after it was given on", (t) => {
  const order = [];
  const page = connected(t, { onmessage: () => order.push("message") });
  page.socket.send = (bytes) => order.push([...bytes]);
  page.socket.receive(publish({ topic: "b", qos: 1, id: 0x1234, duplicate: true }));
  assert.deepEqual(order, ["message", [0x40, 2, 0x12, 0x34]]);
  assert.deepEqual([page.listener.counters.received, page.listener.counters.duplicates], [1, 1]);
});

test("one that this page cannot digest is acknowledged too, since it would only come again", (t) => {
  t.mock.method(console, "warn", () => { });
  const page = connected(t, { onmessage: () => { throw new Error("no JSON"); } });
  page.socket.receive(publish({ topic: "b", qos: 1, id: 7 }));
  assert.deepEqual(page.socket.sent, [[0x40, 2, 0, 7]]);
  assert.equal(page.listener.counters.indigestible, 1);
  assert.equal(page.listener.connected, true);
});

test("what the broker says beside a message is read past all kinds of properties", (t) => {
  const page = connected(t);
  const properties = [1, 1, 2, 0, 0, 1, 0x2C, 3, ...mqttText("x/y"), 8, ...mqttText("r"), 9, 0, 2, 5, 6, 11, 0x80, 1, 35, 0, 4, 38, ...mqttText("k"), ...mqttText("v")];
  page.socket.receive(publish({ topic: "a/b", retain: true, properties, payload: [9] }));
  const [{ retain, contentType, expiryS, payload }] = page.messages;
  assert.deepEqual([retain, contentType, expiryS, ...payload], [true, "x/y", 300, 9]);
});

test("packets arrive in any pieces", (t) => {
  const page = connected(t);
  const payload = Array.from({ length: 300 }, (_, i) => i & 255);
  const stream = [...publish({ topic: "a/1", payload }), ...publish({ topic: "a/2", qos: 1, id: 9 }), 0xD0, 0, ...publish({ topic: "a/3" })];
  for (const byte of stream) page.socket.receive([byte]);
  page.socket.receive(stream);
  for (let at = 0; at < stream.length; at += 7) page.socket.receive(stream.slice(at, at + 7));
  assert.deepEqual(page.messages.map(({ topic }) => topic), Array(3).fill(["a/1", "a/2", "a/3"]).flat());
  for (const { topic, payload: found } of page.messages) if (topic === "a/1") assert.deepEqual([...found], payload);
  assert.deepEqual(page.socket.sent, Array(3).fill([0x40, 2, 0, 9]));
});

const BROKEN = {
  "a length of five bytes": [0x30, 0xff, 0xff, 0xff, 0xff, 0x01],
  "a packet longer than announced": [0x30, 0x80, 0x80, 0x40],
  "a topic that ends early": [0x30, 3, 0, 5, 0x61],
  "an identifier that ends early": [0x32, 4, 0, 1, 0x61, 0],
  "properties that end early": [0x30, 5, 0, 1, 0x61, 9, 1],
  "an unknown property": publish({ topic: "a", properties: [4, 0] }),
  "a topic that is no UTF-8": [0x30, 5, 0, 2, 0xC3, 0x28, 0],
  "QoS 2": publish({ topic: "a", qos: 2 }),
  "QoS 3": publish({ topic: "a", qos: 3 }),
  "a property's length of five bytes": [0x30, 9, 0, 1, 0x61, 0xff, 0xff, 0xff, 0xff, 0x7f, 0],
  "reserved flags": [0xD1, 0],
  "a packet that only a client sends": [0x82, 2, 0, 1],
  "SUBACK for nothing": [0x90, 4, 0, 2, 0, 1],
};
for (const [name, bytes] of Object.entries(BROKEN)) {
  test("the connection is given up at " + name, (t) => {
    const page = connected(t);
    page.socket.receive(bytes);
    assert.equal(page.socket.isClosed, true);
    assert.equal(page.listener.connected, false);
    assert.deepEqual(page.messages, []);
    assert.equal(page.states.length, 1);
    assert.notEqual(page.states[0][2], "listening");
  });
}

test("damaged messages never stop the page: messages or an end, nothing thrown", (t) => {
  let seed = 20260102;
  const random = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) >> 16;
  const page = connected(t);
  for (let i = 0; i < 2000; i++) {
    if (!page.listener.connected) { page.pass(15_000); page.socket.accept(); }
    const bytes = publish({ topic: "a/b", qos: i & 1, properties: [3, 0, 1, 0x78, 2, 0, 0, 0, 9], payload: [1, 2, 3] });
    for (let changes = random() % 3; changes > 0; changes--) bytes[random() % bytes.length] = random() & 255;
    page.socket.receive(bytes);
  }
  assert.ok(page.listener.counters.losses > 200, String(page.listener.counters.losses));
  assert.ok(page.messages.length > 300, String(page.messages.length));
});

test("a text message ends the connection", (t) => {
  const page = connected(t);
  page.socket.onmessage({ data: "MQTT" });
  assert.deepEqual(page.states, [[false, 0, "text where MQTT is binary"]]);
});

test("after a loss it tries again: 0.5 s, doubled to 15 s, and from 0.5 s after a success", (t) => {
  const page = setUp(t);
  const waits = [];
  for (let i = 0; i < 7; i++) {
    page.socket.onclose({});
    const before = FakeSocket.all.length;
    let ms = 0;
    while (FakeSocket.all.length === before) { page.pass(250); ms += 250; }
    waits.push(ms);
  }
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
  page.socket.accept();
  page.socket.onclose({});
  page.pass(500);
  assert.equal(FakeSocket.all.length, 9);
});

test("what is refused for good is tried seldom, with its reason", (t) => {
  for (const reason of [0x85, 0x86, 0x87, 0x8A, 0x98]) {
    const page = setUp(t);
    page.socket.open();
    page.socket.receive([0x20, 3, 0, reason, 0]);
    assert.deepEqual(page.states, [[false, reason, "refused"]]);
    page.pass(14_999);
    assert.equal(FakeSocket.all.length, 1);
    page.pass(1);
    assert.equal(FakeSocket.all.length, 2);
    page.listener.close();
    t.mock.timers.reset();
  }
});

test("a refused subscription and the broker's goodbye say their reasons", (t) => {
  const page = setUp(t);
  page.socket.open();
  page.socket.receive([0x20, 3, 0, 0, 0]);
  page.socket.receive([0x90, 5, 0, 1, 0, 1, 0x87]);
  assert.deepEqual(page.states, [[false, 0x87, "subscription refused"]]);
  page.pass(15_000);
  page.socket.accept();
  page.socket.receive([0xE0, 1, 0x8B]);
  assert.deepEqual(page.states.at(-1), [false, 0x8B, "the broker disconnected"]);
  page.pass(500);
  page.socket.accept();
  page.socket.receive([0xE0, 0]);
  assert.deepEqual(page.states.at(-1), [false, 0, "the broker disconnected"]);
});

test("a broker that does not answer within 10 s is left", (t) => {
  const page = setUp(t);
  page.socket.open();
  page.socket.receive([0x20, 3, 0, 0, 0]);
  page.pass(9_999);
  assert.deepEqual(page.states, []);
  page.pass(1);
  assert.deepEqual(page.states, [[false, 0, "no answer"]]);
});

test("a ping goes out twice in the keep-alive that the broker wants; without an answer the connection is over", (t) => {
  const page = setUp(t);
  page.socket.open();
  page.socket.receive([0x20, 6, 0, 0, 3, 19, 0, 4]);
  page.socket.receive([0x90, 4, 0, 1, 0, 1]);
  page.socket.sent.length = 0;
  page.pass(1_999);
  assert.deepEqual(page.socket.sent, []);
  page.pass(1);
  assert.deepEqual(page.socket.sent, [[0xC0, 0]]);
  page.socket.receive([0xD0, 0]);
  page.pass(2_000);
  assert.equal(page.socket.sent.length, 2);
  page.pass(2_000);
  assert.deepEqual(page.states.at(-1), [false, 0, "no answer to a ping"]);
});

test("publishing is QoS 0, and false while not connected", (t) => {
  const page = setUp(t);
  assert.equal(page.listener.publish("a/b", "{}"), false);
  page.socket.accept();
  page.socket.sent.length = 0;
  assert.equal(page.listener.publish("a/b", "é"), true);
  assert.deepEqual(page.socket.sent, [packet(0x30, [...mqttText("a/b"), 0, 0xC3, 0xA9])]);
  page.listener.publish("t", "x".repeat(200));
  assert.deepEqual(page.socket.sent[1].slice(0, 7), [0x30, 0xCC, 0x01, 0, 1, 0x74, 0]);
  page.socket.onclose({});
  assert.equal(page.listener.publish("a/b", "{}"), false);
});

test("closing says goodbye and stays away", (t) => {
  const page = connected(t);
  page.listener.close();
  assert.deepEqual(page.socket.sent, [[0xE0, 0]]);
  assert.equal(page.socket.isClosed, true);
  page.pass(60_000);
  page.listener.hurry();
  assert.equal(FakeSocket.all.length, 1);
  assert.deepEqual(page.states, []);
});

test("who waits may be hurried, who is connected is left alone", (t) => {
  const page = connected(t);
  page.listener.hurry();
  assert.equal(FakeSocket.all.length, 1);
  for (let i = 0; i < 3; i++) { page.socket.onclose({}); page.pass(4000); }
  page.socket.onclose({});
  const before = FakeSocket.all.length;
  page.listener.hurry();
  assert.equal(FakeSocket.all.length, before + 1);
  page.pass(4000);
  assert.equal(FakeSocket.all.length, before + 1, "the wait that was hurried opens none");
});

test("what an older socket says does not count", (t) => {
  const page = connected(t);
  const old = page.socket;
  old.onclose({});
  page.pass(500);
  page.socket.accept();
  old.onmessage({ data: new Uint8Array(publish({ topic: "a/old" })).buffer });
  old.onclose({});
  assert.deepEqual(page.messages, []);
  assert.equal(page.listener.connected, true);
});

test("an address that cannot be opened is tried again", (t) => {
  let tries = 0;
  const page = setUp(t, { socket: () => { tries++; throw new Error("no such scheme"); } });
  assert.deepEqual(page.states, [[false, 0, "no such scheme"]]);
  page.pass(500);
  assert.equal(tries, 2);
});
