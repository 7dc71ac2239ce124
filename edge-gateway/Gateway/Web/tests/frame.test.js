import test from "node:test";
import assert from "node:assert/strict";
import zlib from "node:zlib";
import { crc32, frames, waveform } from "../js/core/frame.js";
import { frame, hex, wave } from "./bytes.js";

// Example of …/wave/{device}/32 in edge-gateway/MQTT.md.
const EXAMPLE = hex("01021200a10000feffbbaa0201000000200000000100000076f25b0000000000914f19a30100000410270000020012006100006200005904520c");

test("the checksum has its check value and agrees with zlib", () => {
  assert.equal(crc32(new TextEncoder().encode("123456789")), 0xCBF43926);
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7919) >> 3);
  assert.equal(crc32(bytes, 3, 997), zlib.crc32(bytes.subarray(3, 997)));
});

test("the documented frame is read as documented", () => {
  const [found, ...more] = frames(EXAMPLE);
  assert.equal(more.length, 0);
  const { body, ...head } = found;
  assert.deepEqual(head, { version: 1, kind: 2, device: "02aabbfffe0000a1", boot: 1, stream: 32, flags: 0, sequence: 1, deviceUs: 6025846 });
  assert.equal(body.byteLength, 18);
  assert.deepEqual(waveform(found), { mdc: 67108865, periodUs: 10000, samples: new Uint32Array([97, 98]) });
});

test("a frame with any one bit turned over is left out", () => {
  for (let bit = 0; bit < EXAMPLE.length * 8; bit++) {
    const damaged = EXAMPLE.slice();
    damaged[bit >> 3] ^= 1 << (bit & 7);
    assert.deepEqual(frames(damaged), [], "bit " + bit);
  }
});

test("a frame that ends early is left out, at every length", () => {
  for (let length = 0; length < EXAMPLE.length; length++) assert.deepEqual(frames(EXAMPLE.subarray(0, length)), [], "length " + length);
});

test("a body longer than the payload is not read beyond it", () => {
  const wrong = EXAMPLE.slice();
  wrong[2] = wrong[3] = 0xff;
  assert.deepEqual(frames(wrong), []);
});

test("frames follow each other in one payload, up to the first damaged one", () => {
  const parts = [1, 2, 3].map((sequence) => frame({ sequence, body: wave({ samples: [sequence] }) }));
  parts[2][40] ^= 1;
  const payload = new Uint8Array([0xAA, ...parts.flatMap((part) => [...part])]).subarray(1);
  assert.deepEqual(frames(payload).map((f) => [f.sequence, waveform(f).samples[0]]), [[1, 1], [2, 2]]);
});

test("every field is read in its whole width", () => {
  const wide = { version: 1, kind: 0xfe, device: "fedcba9876543210", boot: 0xfedcba98, stream: 0xfedc, flags: 0xba98, sequence: 0xfffffffe, deviceUs: 2 ** 52 + 1 };
  const [{ body, ...head }] = frames(frame({ ...wide, body: Array(300).fill(7) }));
  assert.deepEqual(head, wide);
  assert.equal(body.byteLength, 300);
});

test("samples of one to three bytes are unsigned", () => {
  for (const [bits, most] of [[8, 0xff], [12, 0xfff], [16, 0xffff], [18, 0x3ffff], [24, 0xffffff]]) {
    const [found] = frames(frame({ body: wave({ bits, samples: [0, 1, most] }) }));
    assert.deepEqual([...waveform(found).samples], [0, 1, most], bits + " bits");
  }
});

test("a body that contradicts itself is no waveform", () => {
  const of = (change) => waveform(frames(frame(change))[0]);
  assert.equal(of({ kind: 1, body: wave({ samples: [1] }) }), null, "another kind");
  assert.equal(of({ version: 2, body: wave({ samples: [1] }) }), null, "a later version");
  assert.equal(of({ body: wave({ samples: [1] }).slice(0, 11) }), null, "no whole head");
  assert.equal(of({ body: wave({ periodUs: 0, samples: [1] }) }), null, "no period");
  assert.equal(of({ body: wave({ bits: 0, samples: [] }) }), null, "no bits");
  assert.equal(of({ body: wave({ bits: 25, samples: [1] }) }), null, "too many bits");
  assert.equal(of({ body: wave({ samples: [1, 2, 3] }).slice(0, -1) }), null, "fewer samples than said");
});
