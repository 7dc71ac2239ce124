// @ts-check
// Frame v1 as the pods make it: 36 bytes of header, body, CRC-32/ISO-HDLC; little endian. Only what a page shows is decoded; a frame
// that is not whole and right is left out, never guessed.

import { FRAME_KIND } from "./vocabulary.g.js";

/**
 * A frame that is whole and has its right checksum.
 * @typedef {object} Frame
 * @property {number} version 1, or a later one whose body this page does not know.
 * @property {number} kind One of FRAME_KIND, or one that this page does not know.
 * @property {string} device 16 hexadecimal digits.
 * @property {number} boot The pod's count of its starts.
 * @property {number} stream The stream's number.
 * @property {number} flags Bits of FRAME_FLAGS.
 * @property {number} sequence Counts from 1 in each stream of a boot.
 * @property {number} deviceUs The pod's clock, microseconds.
 * @property {DataView} body What the kind says.
 */

/**
 * A chunk of a waveform.
 * @typedef {object} Waveform
 * @property {number} mdc Code of the quantity.
 * @property {number} periodUs From sample to sample, microseconds, above 0.
 * @property {Uint32Array} samples As the sensor counts, unsigned.
 */

const HEADER = 36, TRAILER = 4;
const WAVE_HEAD = 12;

const table = new Uint32Array(256).map((_, i) => {
  let value = i;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xEDB88320 : value >>> 1;
  return value;
});

/**
 * CRC-32/ISO-HDLC (ITU-T V.42, 8.1.1.6.2) of bytes[from, to); check value 0xCBF43926.
 * @param {Uint8Array} bytes
 * @param {number} [from]
 * @param {number} [to]
 * @returns {number} 32 bits, unsigned.
 */
export function crc32(bytes, from = 0, to = bytes.length) {
  let crc = 0xFFFFFFFF;
  for (let i = from; i < to; i++) crc = table[(crc ^ bytes[i]) & 0xFF] ^ (crc >>> 8);
  return (crc ^ 0xFFFFFFFF) >>> 0;
}

/**
 * The whole, valid frames at the beginning of a payload.
 * @param {Uint8Array} payload
 * @returns {Frame[]} Up to the first that is not whole or has a wrong checksum.
 */
export function frames(payload) {
  /** @type {Frame[]} */
  const found = [];
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  let at = 0;
  while (at + HEADER + TRAILER <= payload.byteLength) {
    const length = view.getUint16(at + 2, true);
    const end = at + HEADER + length;
    if (view.getUint8(at) === 0 || end + TRAILER > payload.byteLength || view.getUint32(end, true) !== crc32(payload, at, end)) break;
    found.push({
      version: view.getUint8(at),
      kind: view.getUint8(at + 1),
      device: view.getBigUint64(at + 4, true).toString(16).padStart(16, "0"),
      boot: view.getUint32(at + 12, true),
      stream: view.getUint16(at + 16, true),
      flags: view.getUint16(at + 18, true),
      sequence: view.getUint32(at + 20, true),
      deviceUs: Number(view.getBigUint64(at + 24, true)),
      body: new DataView(payload.buffer, payload.byteOffset + at + HEADER, length),
    });
    at = end + TRAILER;
  }
  return found;
}

/**
 * A waveform frame's samples.
 * @param {Pick<Frame, "version" | "kind" | "body">} frame
 * @returns {Waveform | null} Null when it is no waveform of version 1 or its body contradicts itself.
 */
export function waveform(frame) {
  const { body } = frame;
  if (frame.version !== 1 || frame.kind !== FRAME_KIND.waveform || body.byteLength < WAVE_HEAD) return null;
  const periodUs = body.getUint32(4, true), count = body.getUint16(8, true), bits = body.getUint8(10);
  const size = (bits + 7) >> 3;
  if (bits < 1 || bits > 24 || periodUs === 0 || WAVE_HEAD + count * size > body.byteLength) return null;
  const samples = new Uint32Array(count);
  for (let i = 0, at = WAVE_HEAD; i < count; i++, at += size) {
    let value = 0;
    for (let b = size - 1; b >= 0; b--) value = (value << 8) | body.getUint8(at + b);
    samples[i] = value;
  }
  return { mdc: body.getUint32(0, true), periodUs, samples };
}
