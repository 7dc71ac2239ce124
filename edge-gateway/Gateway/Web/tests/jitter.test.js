import test from "node:test";
import assert from "node:assert/strict";
import { Jitter } from "../js/core/jitter.js";

const LENGTH_S = 0.1;

/** Chunks of 100 ms that follow each other. */
function chunk(number, { boot = 1 } = {}) { return { boot, number, deviceUs: number * 1e5, rateHz: 8000, samples: { length: 800 } }; }

function near(actual, expected) { assert.ok(actual !== null && Math.abs(actual - expected) < 1e-6, `${actual} is not ${expected}`); }

test("the first piece waits 100 ms, and uneven arrival is not heard", () => {
  const jitter = new Jitter();
  near(jitter.place(chunk(1), 10), 10.1);
  near(jitter.place(chunk(2), 10.17), 10.2);
  near(jitter.place(chunk(3), 10.2), 10.3);
  assert.deepEqual(jitter.counters, { chunks: 3, lost: 0, late: 0, dropped: 0, dry: 0 });
});

test("a missing piece is silence of its length and counted", () => {
  const jitter = new Jitter();
  near(jitter.place(chunk(1), 10), 10.1);
  near(jitter.place(chunk(4), 10.3), 10.4);
  assert.equal(jitter.counters.lost, 2);
  assert.equal(jitter.missed, 2);
});

test("a gap of more than a second is not waited through", () => {
  const jitter = new Jitter();
  jitter.place(chunk(1), 10);
  near(jitter.place(chunk(20), 11.9), 12);
});

test("a piece that was passed, or comes twice, is not played", () => {
  const jitter = new Jitter();
  jitter.place(chunk(1), 10);
  jitter.place(chunk(3), 10.2);
  assert.equal(jitter.place(chunk(2), 10.25), null);
  assert.equal(jitter.place(chunk(3), 10.25), null);
  assert.equal(jitter.counters.late, 2);
});

test("each time the sound runs dry the delay grows by 50 ms, to 1 s at most", () => {
  const jitter = new Jitter();
  let nowS = 10;
  near(jitter.place(chunk(1), nowS), 10.1);
  for (let i = 2; i <= 30; i++) {
    nowS += 2;
    near(jitter.place(chunk(i), nowS), nowS + Math.min(1, 0.1 + 0.05 * (i - 1)));
  }
  assert.equal(jitter.counters.dry, 29);
});

test("after 10 calm seconds the delay shrinks by 10 ms, never below 100 ms", () => {
  const jitter = new Jitter();
  jitter.place(chunk(1), 10);
  jitter.place(chunk(2), 10.5);
  near(jitter.playoutDelayS, 0.15);
  let nowS = 10.5;
  for (let i = 3; nowS < 20.4; i++) jitter.place(chunk(i), nowS += LENGTH_S);
  near(jitter.playoutDelayS, 0.15);
  for (let i = 200; nowS < 21; i++) jitter.place(chunk(i), nowS += LENGTH_S);
  near(jitter.playoutDelayS, 0.14);
  for (let i = 400; nowS < 200; i++) jitter.place(chunk(i), nowS += LENGTH_S);
  near(jitter.playoutDelayS, 0.1);
});

test("sound that would come more than half a second too late is dropped", () => {
  const jitter = new Jitter();
  let dropped = 0;
  for (let i = 1; i <= 12; i++) if (jitter.place(chunk(i), 10) === null) dropped++;
  // 0.1 s of delay, 0.1 s of length and 0.5 s ahead hold six chunks and the one that is played.
  assert.equal(dropped, 5);
  assert.equal(jitter.counters.dropped, 5);
});

test("another boot begins again and counts nothing as lost", () => {
  const jitter = new Jitter();
  jitter.place(chunk(500), 10);
  near(jitter.place(chunk(1, { boot: 2 }), 10.1), 10.2);
  assert.deepEqual(jitter.counters, { chunks: 2, lost: 0, late: 0, dropped: 0, dry: 0 });
});
