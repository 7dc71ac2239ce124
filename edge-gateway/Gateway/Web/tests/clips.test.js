import test from "node:test";
import assert from "node:assert/strict";
import { ClipStore, clipPath, fetchClip, zipPath } from "../js/core/clips.js";

const CLIP = { device: "d", boot: 1, stream: 64, rateHz: 1000, samples: 10, firstUs: 1_000_000, firstSequence: 5, lastSequence: 7, skipSamples: 2, missingSamples: 0 };

/** Frames of four samples, numbered through: frame 5 holds 50, 51, 52, 53. */
function add(store, sequence, { rateHz = 1000, us = 998_000 + (sequence - 5) * 4000 } = {}) {
  store.add({ frame: { device: "d", boot: 1, stream: 64, sequence, deviceUs: us }, sound: { rateHz, samples: Float32Array.from({ length: 4 }, (_, i) => sequence * 10 + i) } });
}

test("a clip is cut out of its frames, sample for sample", () => {
  const store = new ClipStore();
  for (const sequence of [7, 5, 6]) add(store, sequence);
  const { samples, rateHz, lacking } = store.make(CLIP);
  assert.deepEqual([...samples], [52, 53, 60, 61, 62, 63, 70, 71, 72, 73]);
  assert.equal(rateHz, 1000);
  assert.equal(lacking, 0);
});

test("a frame that has not arrived is silent, counted, and the next stands at its time", () => {
  const store = new ClipStore();
  add(store, 5);
  add(store, 7);
  const { samples, lacking } = store.make(CLIP);
  assert.deepEqual([...samples], [52, 53, 0, 0, 0, 0, 70, 71, 72, 73]);
  assert.equal(lacking, 4);
  assert.equal(store.make({ ...CLIP, missingSamples: 4 }).lacking, 0, "what the cart itself has not is not lacking here");
});

test("frames of another rate do not belong; without any frame there is no clip", () => {
  const store = new ClipStore();
  assert.equal(store.make(CLIP), null);
  add(store, 5, { rateHz: 500 });
  assert.equal(store.make(CLIP), null);
  add(store, 6);
  assert.notEqual(store.make(CLIP), null);
  assert.equal(store.make({ ...CLIP, firstSequence: null }), null);
  store.clear();
  assert.equal(store.make(CLIP), null);
});

test("a frame that comes again changes nothing, and 6000 are kept", () => {
  const store = new ClipStore();
  add(store, 5);
  store.add({ frame: { device: "d", boot: 1, stream: 64, sequence: 5, deviceUs: 0 }, sound: { rateHz: 1000, samples: new Float32Array(4) } });
  assert.equal(store.make(CLIP).samples[0], 52);
  for (let sequence = 6; sequence <= 6005; sequence++) add(store, sequence);
  assert.equal(store.frames.size, 6000);
  assert.equal(store.make({ ...CLIP, lastSequence: 5 }), null, "the oldest went");
});

test("files have their paths, and a gateway that does not give one gives none", async (t) => {
  assert.equal(clipPath("S1", "C2"), "/api/session/S1/clip/C2.wav");
  assert.equal(zipPath("S1"), "/api/session/S1/clips.zip");
  const answers = [{ ok: false }, new Error("away"), { ok: true, arrayBuffer: async () => new ArrayBuffer(4) }];
  const asked = [];
  t.mock.method(globalThis, "fetch", async (path) => {
    asked.push(path);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  });
  for (let i = 0; i < 3; i++) assert.equal(await fetchClip("S1", "C2"), null);
  assert.deepEqual(asked, Array(3).fill("/api/session/S1/clip/C2.wav"));
});
