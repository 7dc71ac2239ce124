import test from "node:test";
import assert from "node:assert/strict";
import { Doubler, liveChunk, soundFrame, wav } from "../js/core/sound-codec.js";
import { frames } from "../js/core/frame.js";
import { frame, hex, le, pcm, utf8 } from "./bytes.js";

// Decoded by the standard library of Python 3.11, audioop.adpcm2lin, with the nibbles exchanged: it takes the high one first.
const ADPCM = [
  { predictor: 0, index: 0, bytes: "4a1c321b16d22d27", samples: [-3, 4, -6, -3, 3, 10, 3, 4, 14, 18, 25, 11, -11, 2, 40, 67] },
  {
    predictor: -1234, index: 40, bytes: "1d73c17141d93459633b12f6adee9b5707",
    samples: [-1697, -1513, -1121, -356, -28, -923, -563, 1079, 1782, 3702, 2928, 347, 3439, 6348, 5214, 8993, 12515, 18462, 12789, 17945, 21293, 23118, 30313, 15605, -7519,
      -22907, -32768, -32768, -32768, -32768, 18017, 32767, 32767],
  },
  {
    predictor: 32000, index: 88, bytes: "777777ffffffffff92af9e32",
    samples: [32767, 32767, 32767, 32767, 32767, 32767, -28669, -32768, -32768, -32768, -32768, -32768, -32768, -32768, -32768, -32768, -12290, -23462, -32768, -32768, -32768,
      -32768, -14147, 9552],
  },
];

function adpcm({ predictor, index, bytes, samples }) {
  return [...le(4000, 2), 1, 0, ...le(samples.length, 2), ...le(0, 2), ...le(16384, 2), ...le(0, 2), ...le(predictor & 0xffff, 2), index, 0, ...hex(bytes)];
}

function sound(body, change = {}) { return soundFrame(frames(frame({ kind: 4, stream: 64, body, ...change }))[0]); }

function live(body, { version = 1, step = 0, number = 1, deviceUs = 0, boot = 1 } = {}) {
  return liveChunk(new Uint8Array([version, step, 0, 0, ...le(number, 4), ...le(deviceUs, 8), ...le(boot, 4), ...body]));
}

test("ADPCM gives the values of another decoder", () => {
  for (const vector of ADPCM) {
    const found = sound(adpcm(vector));
    assert.equal(found.rateHz, 4000);
    assert.equal(found.peak, 0.5);
    assert.deepEqual([...found.samples].map((sample) => sample * 32768), vector.samples, "from index " + vector.index);
  }
});

test("an ADPCM index above the table is taken as its last", () => {
  const [, , vector] = ADPCM;
  assert.deepEqual([...sound(adpcm({ ...vector, index: 200 })).samples], [...sound(adpcm(vector)).samples]);
});

test("PCM is signed and reaches both ends", () => {
  assert.deepEqual([...sound(pcm({ samples: [-32768, -1, 0, 1, 32767], peak: 32768 })).samples].map((sample) => sample * 32768), [-32768, -1, 0, 1, 32767]);
  assert.equal(sound(pcm({ samples: [5], peak: 32768 })).peak, 1);
});

test("a body that contradicts itself is no sound", () => {
  const whole = pcm({ samples: [1, 2, 3] });
  assert.notEqual(sound(whole), null);
  assert.equal(sound(whole.slice(0, -1)), null, "fewer bytes than samples");
  assert.equal(sound(whole.slice(0, 11)), null, "no whole head");
  assert.equal(sound(pcm({ rateHz: 0, samples: [1] })), null, "no rate");
  assert.equal(sound(pcm({ samples: [] })), null, "no samples");
  assert.equal(sound(whole.with(2, 2)), null, "an unknown codec");
  assert.equal(sound(adpcm(ADPCM[1]).slice(0, -1)), null, "ADPCM that ends early");
  assert.equal(sound(whole, { kind: 2 }), null, "another kind");
  assert.equal(sound(whole, { version: 2 }), null, "a later version");
});

test("a live piece says its step and its place", () => {
  const { step, number, deviceUs, boot, rateHz, samples } = live(pcm({ samples: [16384] }), { step: 2, number: 70000, deviceUs: 2 ** 40, boot: 7 });
  assert.deepEqual({ step, number, deviceUs, boot, rateHz, samples: [...samples] }, { step: 2, number: 70000, deviceUs: 2 ** 40, boot: 7, rateHz: 8000, samples: [0.5] });
});

test("a live piece of another version or with an unknown step is not understood", () => {
  const body = pcm({ samples: [1] });
  assert.notEqual(live(body, { step: 4 }), null);
  assert.equal(live(body, { step: 5 }), null);
  assert.equal(live(body, { version: 2 }), null);
  assert.equal(live(body, { version: 0 }), null);
  assert.equal(liveChunk(new Uint8Array(19)), null);
  assert.equal(live([]), null);
});

function riff({ chunks }) {
  const body = [...utf8("WAVE"), ...chunks.flatMap(([name, bytes]) => [...utf8(name), ...le(bytes.length, 4), ...bytes, ...(bytes.length & 1 ? [0] : [])])];
  return new Uint8Array([...utf8("RIFF"), ...le(body.length, 4), ...body]).buffer;
}

function format({ codec = 1, channels = 1, rateHz = 8000, bits = 16 }) {
  return [...le(codec, 2), ...le(channels, 2), ...le(rateHz, 4), ...le(rateHz * channels * bits / 8, 4), ...le(channels * bits / 8, 2), ...le(bits, 2)];
}

test("a WAV file is read past chunks of other kinds", () => {
  const data = [-32768, 0, 16384].flatMap((sample) => le(sample & 0xffff, 2));
  const { rateHz, samples } = wav(riff({ chunks: [["LIST", [1, 2, 3]], ["fmt ", format({ rateHz: 4000 })], ["data", data]] }));
  assert.equal(rateHz, 4000);
  assert.deepEqual([...samples], [-1, 0, 0.5]);
});

test("a WAV file of another form is refused, one that ends early gives what is there", () => {
  const data = ["data", [0, 64, 0, 64]];
  for (const wrong of [{ codec: 3 }, { channels: 2 }, { bits: 8 }]) assert.equal(wav(riff({ chunks: [["fmt ", format(wrong)], data] })), null, JSON.stringify(wrong));
  assert.equal(wav(riff({ chunks: [data] })), null, "no format");
  assert.equal(wav(riff({ chunks: [["fmt ", format({})]] })), null, "no data");
  assert.equal(wav(new Uint8Array(8).buffer), null, "too short");
  const whole = riff({ chunks: [["fmt ", format({})], data] });
  assert.equal(wav(new Uint8Array(new Uint8Array(whole).with(0, 0x51)).buffer), null, "no RIFF");
  assert.deepEqual([...wav(whole.slice(0, -2)).samples], [0.5]);
});

/** Amplitude of one frequency in samples, by its own Fourier sum. */
function amplitude(samples, hz, rateHz) {
  let re = 0, im = 0;
  samples.forEach((sample, i) => {
    re += sample * Math.cos(2 * Math.PI * hz * i / rateHz);
    im += sample * Math.sin(2 * Math.PI * hz * i / rateHz);
  });
  return 2 * Math.hypot(re, im) / samples.length;
}

test("doubling the rate keeps a tone and leaves no image of it", () => {
  const input = Float32Array.from({ length: 4000 }, (_, i) => 0.5 * Math.sin(2 * Math.PI * 500 * i / 4000));
  const output = [...new Doubler().process(input)].slice(800, 7200);
  assert.ok(Math.abs(amplitude(output, 500, 8000) - 0.5) < 0.005, "tone " + amplitude(output, 500, 8000));
  assert.ok(amplitude(output, 3500, 8000) < 0.005, "image " + amplitude(output, 3500, 8000));
});

test("doubling goes on across pieces", () => {
  const input = Float32Array.from({ length: 200 }, (_, i) => Math.sin(i * i / 300));
  const whole = new Doubler().process(input);
  const parts = new Doubler();
  assert.deepEqual([...parts.process(input.subarray(0, 77)), ...parts.process(input.subarray(77))], [...whole]);
});
