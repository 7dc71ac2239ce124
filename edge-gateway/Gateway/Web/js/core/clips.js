// @ts-check
// Clips of sound. The clinician view makes a clip of the durable frames that it has, by what the manifest says; what it does not have it asks of the gateway, where that
// is also the page's own server. The bedside view always asks the gateway.

/** @typedef {import("./wire.js").Clip} Clip */
/** @typedef {import("./sound-codec.js").Samples} Samples */

import { wav } from "./sound-codec.js";

/** Ten minutes of frames of 100 ms; older ones go first. */
const MAX_FRAMES = 6000;

/** The durable frames of sound that a page has. */
export class ClipStore {
  constructor() {
    /** @type {Map<string, Samples & { us: number }>} */
    this.frames = new Map();
  }

  /** Forgets all. */
  clear() { this.frames.clear(); }

  /**
   * Takes a frame in; one that is here already is not taken twice.
   * @param {{ frame: import("./frame.js").Frame, sound: Samples }} received
   */
  add({ frame, sound }) {
    const key = `${frame.device}.${frame.boot}.${frame.stream}.${frame.sequence}`;
    if (this.frames.has(key)) return;
    if (this.frames.size >= MAX_FRAMES) this.frames.delete(this.frames.keys().next().value ?? "");
    this.frames.set(key, { us: frame.deviceUs, ...sound });
  }

  /**
   * A clip made of what is here.
   * @param {Clip} clip Its manifest.
   * @returns {(Samples & { lacking: number }) | null} lacking: samples that the cart has and this page has not. Null when nothing of it is here.
   */
  make({ device, boot, stream, rateHz, samples: length, firstUs, firstSequence, lastSequence, skipSamples, missingSamples }) {
    if (firstSequence === null) return null;
    const samples = new Float32Array(length);
    let filled = 0, at = -skipSamples, expected = firstSequence;
    for (let sequence = firstSequence; sequence <= lastSequence; sequence++) {
      const frame = this.frames.get(`${device}.${boot}.${stream}.${sequence}`);
      if (!frame || frame.rateHz !== rateHz) continue;
      // After a sequence gap the time decides where it goes on.
      if (sequence !== expected) at = Math.round((frame.us - firstUs) * rateHz / 1e6);
      const from = Math.max(0, -at), to = Math.min(frame.samples.length, length - at);
      if (to > from) {
        samples.set(frame.samples.subarray(from, to), at + from);
        filled += to - from;
      }
      at += frame.samples.length;
      expected = sequence + 1;
    }
    return filled === 0 ? null : { samples, rateHz, lacking: Math.max(0, length - missingSamples - filled) };
  }
}

/**
 * The path of a clip's file.
 * @param {string} session
 * @param {string} clip
 */
export function clipPath(session, clip) { return `/api/session/${session}/clip/${clip}.wav`; }

/**
 * The path of the file with all clips of a session.
 * @param {string} session
 */
export function zipPath(session) { return `/api/session/${session}/clips.zip`; }

/**
 * A clip's file as samples.
 * @param {string} session
 * @param {string} clip
 * @returns {Promise<Samples | null>} Null when the gateway does not give it.
 */
export async function fetchClip(session, clip) {
  try {
    const answer = await fetch(clipPath(session, clip), { cache: "no-store" });
    return answer.ok ? wav(await answer.arrayBuffer()) : null;
  } catch {
    return null;
  }
}
