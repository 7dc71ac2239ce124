import test from "node:test";
import assert from "node:assert/strict";
import { Receipts } from "../js/core/receipts.js";

function setUp({ connected = true } = {}) {
  const page = { nowMs: 0, connected, sent: [] };
  page.receipts = new Receipts({ consumer: "web-1", now: () => page.nowMs, publish: (json) => page.connected && page.sent.push(JSON.parse(json)) > 0 });
  page.read = (sequence, { device = "a", boot = 1, stream = 2 } = {}) => page.receipts.read({ device, boot, stream, sequence });
  page.step = () => { page.nowMs += 3000; page.receipts.step(); return page.sent.at(-1); };
  return page;
}

test("a receipt says the highest number and what lacks below it", () => {
  const page = setUp();
  for (const sequence of [1, 2, 5, 6, 9]) page.read(sequence);
  assert.deepEqual(page.step(), { v: 1, consumer: "web-1", streams: [{ device: "a", boot: 1, stream: 2, through: 9, holes: [[3, 4], [7, 8]] }] });
});

test("what comes later fills, splits and shortens a hole, and is not counted twice", () => {
  const page = setUp();
  for (const sequence of [1, 10, 5, 2, 9, 9, 5]) page.read(sequence);
  assert.deepEqual(page.step().streams[0].holes, [[3, 4], [6, 8]]);
  for (const sequence of [3, 4, 6, 7, 8]) page.read(sequence);
  assert.deepEqual(page.step().streams[0].holes, []);
});

test("what came before the page joined is a hole", () => {
  const page = setUp();
  page.read(40);
  assert.deepEqual(page.step().streams[0], { device: "a", boot: 1, stream: 2, through: 40, holes: [[1, 39]] });
});

test("each boot and stream has a receipt of its own, 64 at most", () => {
  const page = setUp();
  for (let stream = 1; stream <= 70; stream++) page.read(1, { stream });
  assert.equal(page.step().streams.length, 64);
  const other = setUp();
  other.read(1);
  other.read(1, { boot: 2 });
  other.read(1, { device: "b" });
  assert.deepEqual(other.step().streams.map(({ device, boot }) => device + boot), ["a1", "a2", "b1"]);
});

test("more holes than fit: less is claimed, never more", () => {
  const page = setUp();
  for (let sequence = 1; sequence <= 201; sequence += 2) page.read(sequence);
  const [{ through, holes }] = page.step().streams;
  assert.equal(holes.length, 64);
  assert.deepEqual(holes.at(-1), [128, 128]);
  assert.equal(through, 129);
});

test("it is sent when something changed, at most every 3 s, and again after it could not be sent", () => {
  const page = setUp({ connected: false });
  page.step();
  assert.equal(page.sent.length, 0, "nothing was read");
  page.read(1);
  page.step();
  assert.equal(page.sent.length, 0, "not connected");
  page.connected = true;
  page.receipts.step();
  assert.equal(page.sent.length, 1, "at once, since the last try sent nothing");
  page.read(2);
  page.nowMs += 2999;
  page.receipts.step();
  assert.equal(page.sent.length, 1, "too soon");
  page.nowMs += 1;
  page.receipts.step();
  assert.equal(page.sent.length, 2);
  page.step();
  assert.equal(page.sent.length, 2, "nothing new");
});
