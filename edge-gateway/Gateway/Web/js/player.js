// @ts-check
// Sound in the browser. One audio graph: gain by rule, listening filter, volume, meter, loudspeaker. Live chunks are scheduled as buffers, so that nothing here needs
// a secure context; clips and the check's tones go the same way out.

import { GainRule, gainOf } from "./core/gain.js";
import { Jitter } from "./core/jitter.js";
import { Doubler } from "./core/sound-codec.js";
import { LISTENING_BANDS_HZ } from "./core/vocabulary.g.js";

/** @typedef {import("./core/sound-codec.js").Samples} Samples */
/** @typedef {import("./core/sound-codec.js").ReceivedChunk} ReceivedChunk */

const RATE_HZ = 8000;
const METER_MS = 100;

/** @type {Readonly<Record<string, readonly number[] | null>>} Edges of the listening filters by name, Hz; null is no filter. What is stored is never filtered. */
const BANDS = LISTENING_BANDS_HZ;

// Two second-order sections make a Butterworth filter of the fourth order; the Q of these filters is in dB (Web Audio API, BiquadFilterNode).
const BUTTERWORTH_4 = [0.54119610, 1.30656296].map((q) => 20 * Math.log10(q));

/** The browser's audio graph: input, filter, volume, meter, loudspeaker. */
class AudioGraph {
  constructor() {
    const context = new AudioContext({ sampleRate: RATE_HZ, latencyHint: "interactive" });
    this.context = context;
    this.input = context.createGain();
    this.output = context.createGain();
    this.meter = context.createAnalyser();
    this.meter.fftSize = 2048;
    this.output.connect(this.meter);
    this.meter.connect(context.destination);
    this.window = new Float32Array(this.meter.fftSize);
  }

  get isRunning() { return this.context.state === "running"; }

  /** The root mean square of the meter's last samples. */
  rms() {
    this.meter.getFloatTimeDomainData(this.window);
    let sum = 0;
    for (const value of this.window) sum += value * value;
    return Math.sqrt(sum / this.window.length);
  }

  /** @param {number} volume 0 to 1. */
  setVolume(volume) { this.output.gain.setTargetAtTime(volume, this.context.currentTime, 0.02); }

  /** @param {readonly number[] | null} band Edges, Hz; null for no filter. */
  setBand(band) {
    this.input.disconnect();
    /** @type {AudioNode} */
    let last = this.input;
    /** @type {[BiquadFilterType, number][]} */
    const edges = band ? [["highpass", band[0]], ["lowpass", band[1]]] : [];
    for (const [type, hz] of edges) {
      for (const q of BUTTERWORTH_4) {
        const filter = this.context.createBiquadFilter();
        filter.type = type;
        filter.frequency.value = hz;
        filter.Q.value = q;
        last.connect(filter);
        last = filter;
      }
    }
    last.connect(this.output);
  }
}

/** Plays live sound, clips and tones. */
export class Player {
  constructor() {
    /** @type {AudioGraph | null} Made at the first click. */
    this.graph = null;
    this.mode = "raw";
    this.volume = 0.5;
    this.listening = false;
    this.frozen = false;
    this.jitter = new Jitter();
    this.rule = new GainRule();
    this.doubler = new Doubler();
    this.chunkRateHz = 0;
    /** @type {AudioBufferSourceNode | null} */
    this.clip = null;
    /** @type {Set<AudioBufferSourceNode>} */
    this.sources = new Set();
    /** What reached the audio graph: samples whose time has passed, and the meter behind filter and volume. */
    this.counters = { scheduled: 0, rendered: 0, clipRendered: 0, tones: 0, rms: 0, loudest: 0, clipLoudest: 0 };
    this.onclipend = () => { };
  }

  /**
   * Begins; to be called from a click, or browsers stay silent.
   * @returns {Promise<AudioGraph>}
   */
  async start() {
    let { graph } = this;
    if (!graph) {
      graph = new AudioGraph();
      this.graph = graph;
      setInterval(() => this.measure(), METER_MS);
      graph.setBand(BANDS[this.mode]);
      graph.setVolume(this.volume);
    }
    await graph.context.resume();
    return graph;
  }

  measure() {
    if (!this.graph?.isRunning) return;
    this.counters.rms = this.graph.rms();
    this.counters.loudest = Math.max(this.counters.loudest, this.counters.rms);
    if (this.clip) this.counters.clipLoudest = Math.max(this.counters.clipLoudest, this.counters.rms);
  }

  /** @param {string} mode A name of LISTENING_BANDS_HZ; another changes nothing. */
  setMode(mode) {
    if (mode === this.mode || !Object.hasOwn(BANDS, mode)) return;
    this.mode = mode;
    this.graph?.setBand(BANDS[mode]);
  }

  /** @param {number} volume 0 to 1. */
  setVolume(volume) {
    this.volume = volume;
    this.graph?.setVolume(volume);
  }

  /** @param {boolean} on False makes live sound silent at once. */
  listen(on) {
    this.listening = on;
    this.jitter.restart();
    if (!on) this.silence();
  }

  silence() {
    for (const source of this.sources) try { source.stop(); } catch { /* it has ended */ }
    this.sources.clear();
  }

  /**
   * Takes a live chunk. Counted whether it is heard or not.
   * @param {ReceivedChunk} chunk
   */
  live(chunk) {
    const { graph } = this;
    const nowS = graph?.isRunning ? graph.context.currentTime : performance.now() / 1000;
    const before = this.jitter.number, wasBoot = this.jitter.boot;
    const atS = this.jitter.place(chunk, nowS);
    if (atS === null || !this.listening || this.clip || !graph?.isRunning) return;
    const follows = wasBoot === chunk.boot && chunk.number === before + 1 && this.chunkRateHz === chunk.rateHz;
    if (!follows) this.doubler = new Doubler();
    this.chunkRateHz = chunk.rateHz;
    const half = chunk.rateHz * 2 === RATE_HZ;
    const samples = half ? this.doubler.process(chunk.samples) : chunk.samples;
    graph.input.gain.setTargetAtTime(this.rule.heard(chunk.peak, nowS, this.frozen), atS, 0.02);
    this.play(graph, { samples, rateHz: half ? RATE_HZ : chunk.rateHz }, atS, "rendered");
  }

  /**
   * @param {AudioGraph} graph
   * @param {Samples} sound
   * @param {number} atS
   * @param {"rendered" | "clipRendered"} counter
   */
  play(graph, { samples, rateHz }, atS, counter) {
    const buffer = graph.context.createBuffer(1, samples.length, rateHz);
    buffer.copyToChannel(samples, 0);
    const source = graph.context.createBufferSource();
    source.buffer = buffer;
    source.connect(graph.input);
    this.counters.scheduled += samples.length;
    this.sources.add(source);
    source.onended = () => {
      source.disconnect();
      const played = this.sources.delete(source);
      if (played) this.counters[counter] += samples.length;
      if (source === this.clip) this.clipOver();
    };
    source.start(atS);
    return source;
  }

  /**
   * Plays a clip from its beginning; live sound is silent meanwhile.
   * @param {Samples} clip
   */
  async playClip(clip) {
    const graph = await this.start();
    this.stopClip();
    this.silence();
    let peak = 0;
    for (const value of clip.samples) peak = Math.max(peak, Math.abs(value));
    graph.input.gain.cancelScheduledValues(0);
    graph.input.gain.setValueAtTime(gainOf(peak), graph.context.currentTime);
    this.clip = this.play(graph, clip, graph.context.currentTime + 0.02, "clipRendered");
  }

  stopClip() {
    const { clip } = this;
    if (!clip) return;
    this.sources.delete(clip);
    try { clip.stop(); } catch { /* it has ended */ }
    this.clipOver();
  }

  clipOver() {
    this.clip = null;
    this.jitter.restart();
    this.onclipend();
  }

  /**
   * Pulses of a tone for the listener's check: 0.3 s each, 0.4 s apart, a quarter of full scale before the volume.
   * @param {number} hz
   * @param {number} count At least 1.
   */
  async tones(hz, count) {
    const { context, output } = await this.start();
    let atS = context.currentTime + 0.1;
    /** @type {Promise<unknown>} */
    let over = Promise.resolve();
    for (let i = 0; i < count; i++, atS += 0.7) {
      const tone = context.createOscillator(), shape = context.createGain();
      tone.frequency.value = hz;
      shape.gain.setValueAtTime(0, atS);
      shape.gain.linearRampToValueAtTime(0.25, atS + 0.03);
      shape.gain.setValueAtTime(0.25, atS + 0.27);
      shape.gain.linearRampToValueAtTime(0, atS + 0.3);
      tone.connect(shape).connect(output);
      tone.start(atS);
      tone.stop(atS + 0.3);
      over = new Promise((resolve) => { tone.onended = resolve; });
    }
    await over;
    this.counters.tones += count;
  }

  /** The gain by rule, dB. */
  get gainDb() { return 20 * Math.log10(this.rule.gain); }
}
