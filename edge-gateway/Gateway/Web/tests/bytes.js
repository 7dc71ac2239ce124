// Frames and numbers as bytes, written apart from the modules that read them.

import { crc32 } from "node:zlib";

/** Little-endian bytes of a number. */
export function le(value, count) {
  const bytes = [];
  for (let i = 0, rest = BigInt(value); i < count; i++, rest >>= 8n) bytes.push(Number(rest & 255n));
  return bytes;
}

export function hex(text) { return new Uint8Array(Buffer.from(text, "hex")); }

export function utf8(text) { return new TextEncoder().encode(text); }

/** A frame v1 with its checksum. */
export function frame({ version = 1, kind = 2, device = "02aabbfffe0000a1", boot = 1, stream = 33, flags = 0, sequence = 1, deviceUs = 1_000_000, body = [] }) {
  const bytes = [version, kind, ...le(body.length, 2), ...le(BigInt("0x" + device), 8), ...le(boot, 4), ...le(stream, 2), ...le(flags, 2), ...le(sequence, 4), ...le(deviceUs, 8), 0, 0, 0, 0, ...body];
  return new Uint8Array([...bytes, ...le(crc32(new Uint8Array(bytes)), 4)]);
}

/** Body of a waveform. */
export function wave({ mdc = 67108866, periodUs = 10000, bits = 18, samples = [] }) {
  return [...le(mdc, 4), ...le(periodUs, 4), ...le(samples.length, 2), bits, 0, ...samples.flatMap((sample) => le(sample, Math.ceil(bits / 8)))];
}

/** Body of PCM sound, 16 bits. */
export function pcm({ rateHz = 8000, samples, peak = 0 }) {
  return [...le(rateHz, 2), 0, 0, ...le(samples.length, 2), ...le(0, 2), ...le(peak, 2), ...le(0, 2), ...samples.flatMap((sample) => le(sample & 0xffff, 2))];
}
