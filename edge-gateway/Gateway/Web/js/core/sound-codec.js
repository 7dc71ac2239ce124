// @ts-check
// The numbers of sound as they arrive: live chunks (see edge-gateway/Core/Sound/LiveChunk.cs), the pod's sound frames, WAV files. All give samples from
// -1 to 1. No audio and no DOM here.

import { FRAME_KIND, LISTENING_STEP, SOUND_CODEC } from "./vocabulary.g.js";

/** @typedef {{ rateHz: number, samples: Float32Array<ArrayBuffer> }} Samples Sound: samples from -1 to 1 at a rate in Hz. */
/** @typedef {Samples & { codec: number, peak: number }} Sound Sound as it was sent, with its loudest sample, 0 to 1. */
/** @typedef {Sound & { step: number, number: number, deviceUs: number, boot: number }} ReceivedChunk A chunk of live sound: step by its number in LISTENING_STEP. */

const LIVE_HEAD = 20, SOUND_HEAD = 12, ADPCM_HEAD = 4;
const FULL = 32768;
/** The steps of live sound have the numbers 0, 1, 2, … in a chunk. */
const STEPS = Object.keys(LISTENING_STEP).length;

// Source: Interactive Multimedia Association, Recommended Practices for Enhancing Digital Audio Compatibility, 1992.
const IMA_STEPS = [
  7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88, 97, 107, 118, 130, 143, 157, 173, 190, 209, 230,
  253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658, 724, 796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327,
  3660, 4026, 4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630, 9493, 10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767,
];
const IMA_MOVES = [-1, -1, -1, -1, 2, 4, 6, 8];

/**
 * @param {DataView} view
 * @param {number} at
 * @returns {Sound | null}
 */
function soundBody(view, at) {
  if (view.byteLength < at + SOUND_HEAD) return null;
  const rateHz = view.getUint16(at, true), codec = view.getUint8(at + 2), count = view.getUint16(at + 4, true);
  const data = at + SOUND_HEAD, room = view.byteLength - data;
  if (rateHz === 0 || count === 0) return null;
  const samples = new Float32Array(count);
  if (codec === SOUND_CODEC.pcm16 && room >= 2 * count) {
    for (let i = 0; i < count; i++) samples[i] = view.getInt16(data + 2 * i, true) / FULL;
  } else if (codec === SOUND_CODEC.imaAdpcm && room >= ADPCM_HEAD + ((count + 1) >> 1)) {
    decodeAdpcm(view, data, samples);
  } else return null;
  return { rateHz, codec, samples, peak: view.getUint16(at + 8, true) / FULL };
}

/**
 * @param {DataView} view
 * @param {number} at
 * @param {Float32Array} samples Filled.
 */
function decodeAdpcm(view, at, samples) {
  let predictor = view.getInt16(at, true), index = Math.min(view.getUint8(at + 2), IMA_STEPS.length - 1);
  for (let i = 0; i < samples.length; i++) {
    const nibble = (view.getUint8(at + ADPCM_HEAD + (i >> 1)) >> (4 * (i & 1))) & 15;
    const step = IMA_STEPS[index];
    let difference = step >> 3;
    if (nibble & 4) difference += step;
    if (nibble & 2) difference += step >> 1;
    if (nibble & 1) difference += step >> 2;
    predictor = Math.max(-32768, Math.min(32767, nibble & 8 ? predictor - difference : predictor + difference));
    index = Math.max(0, Math.min(IMA_STEPS.length - 1, index + IMA_MOVES[nibble & 7]));
    samples[i] = predictor / FULL;
  }
}

/**
 * A live chunk.
 * @param {Uint8Array} payload
 * @returns {ReceivedChunk | null} Null when it is not one that this page understands.
 */
export function liveChunk(payload) {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  if (view.byteLength < LIVE_HEAD || view.getUint8(0) !== 1 || view.getUint8(1) >= STEPS) return null;
  const body = soundBody(view, LIVE_HEAD);
  return body && { ...body, step: view.getUint8(1), number: view.getUint32(4, true), deviceUs: Number(view.getBigUint64(8, true)), boot: view.getUint32(16, true) };
}

/**
 * A sound frame's samples.
 * @param {Pick<import("./frame.js").Frame, "version" | "kind" | "body">} frame
 * @returns {Sound | null} Null for another kind, or one that contradicts itself.
 */
export function soundFrame(frame) { return frame.version === 1 && frame.kind === FRAME_KIND.sound ? soundBody(frame.body, 0) : null; }

/**
 * A WAV file of 16 bits and one channel.
 * @param {ArrayBuffer} buffer
 * @returns {Samples | null} Null for any other.
 */
export function wav(buffer) {
  const view = new DataView(buffer);
  const tag = (/** @type {number} */ at) => String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
  if (view.byteLength < 12 || tag(0) !== "RIFF" || tag(8) !== "WAVE") return null;
  let rateHz = 0;
  for (let at = 12; at + 8 <= view.byteLength;) {
    const length = view.getUint32(at + 4, true), body = at + 8;
    if (tag(at) === "fmt ") {
      if (length < 16 || view.getUint16(body, true) !== 1 || view.getUint16(body + 2, true) !== 1 || view.getUint16(body + 14, true) !== 16) return null;
      rateHz = view.getUint32(body + 4, true);
    } else if (tag(at) === "data") {
      const count = Math.min(length, view.byteLength - body) >> 1;
      const samples = new Float32Array(count);
      for (let i = 0; i < count; i++) samples[i] = view.getInt16(body + 2 * i, true) / FULL;
      return rateHz === 0 ? null : { rateHz, samples };
    }
    at = body + length + (length & 1);
  }
  return null;
}

const TAPS = 31, MIDDLE = 15;
const HALF_BAND = Array.from({ length: TAPS }, (_, i) => {
  const n = i - MIDDLE;
  const sinc = n === 0 ? 1 : Math.sin(Math.PI * n / 2) / (Math.PI * n / 2);
  return sinc * (0.54 + 0.46 * Math.cos(Math.PI * n / MIDDLE));   // Hamming
});

/** Twice the rate, across the borders of chunks: the images above half the old rate are filtered out, so that a border is not heard. */
export class Doubler {
  constructor() { this.past = new Float32Array(TAPS); }

  /**
   * @param {Float32Array} samples What comes next.
   * @returns {Float32Array<ArrayBuffer>} Twice as many.
   */
  process(samples) {
    const result = new Float32Array(2 * samples.length);
    const { past } = this;
    for (let i = 0; i < result.length; i++) {
      past.copyWithin(1, 0);
      past[0] = i % 2 === 0 ? samples[i / 2] : 0;
      let sum = 0;
      for (let k = 0; k < TAPS; k++) sum += HALF_BAND[k] * past[k];
      result[i] = sum;
    }
    return result;
  }
}
