// Sound in the browser. One audio graph: gain by rule, listening filter, volume, meter, loudspeaker. Live pieces are scheduled as buffers, so that nothing here needs
// a secure context; clips and the check's tones go the same way out.

import { Doubler } from "./sound-codec.js";
import { Jitter } from "./jitter.js";

const RATE_HZ = 8000;
const TARGET_PEAK = 0.5, MOST_GAIN = 100, PEAK_SECONDS = 3, RISE_PER_S = 2;   // 6 dB/s
const METER_MS = 100;

/** Listening filters by name: [high-pass Hz, low-pass Hz]. What is stored is never filtered. Source: SoundFilter in edge-gateway/Core/Auscultation. */
export const BANDS = { raw: null, bell: [20, 200], diaphragm: [100, 500], extended: [20, 1000], lung: [100, 1000] };

// Two second-order sections make a Butterworth filter of the fourth order; the Q of these filters is in dB (Web Audio API, BiquadFilterNode).
const BUTTERWORTH_4 = [0.54119610, 1.30656296].map((q) => 20 * Math.log10(q));

/**
 * The gain rule: the loudest sample of the last 3 s is brought to half of full scale, by 0 to 40 dB; down at once, up by at most 6 dB each second. Without contact
 * the gain stays what it was, so that noise is not made loud.
 */
export class GainRule {
  constructor() { this.peaks = []; this.gain = 1; this.atS = null; }

  heard(peak, nowS, frozen) {
    this.peaks = this.peaks.filter((p) => nowS - p.nowS < PEAK_SECONDS);
    this.peaks.push({ peak, nowS });
    const wanted = gainOf(Math.max(...this.peaks.map((p) => p.peak)));
    const rise = this.atS === null ? 1 : RISE_PER_S ** Math.max(0, nowS - this.atS);
    this.atS = nowS;
    if (!frozen || wanted < this.gain) this.gain = Math.min(wanted, this.gain * rise);
    return this.gain;
  }
}

/** The gain that brings a peak to half of full scale. */
export function gainOf(peak) { return peak <= 0 ? 1 : Math.max(1, Math.min(MOST_GAIN, TARGET_PEAK / peak)); }

export class Player {
  constructor() {
    this.context = null;
    this.mode = "raw";
    this.volume = 0.5;
    this.listening = false;
    this.frozen = false;
    this.jitter = new Jitter();
    this.rule = new GainRule();
    this.doubler = new Doubler();
    this.pieceRateHz = 0;
    this.clip = null;
    this.sources = new Set();
    /** What reached the audio graph: samples whose time has passed, and the meter behind filter and volume. */
    this.counters = { scheduled: 0, rendered: 0, clipRendered: 0, tones: 0, rms: 0, loudest: 0, clipLoudest: 0 };
    this.onclipend = () => { };
  }

  /** Begins; to be called from a click, or browsers stay silent. */
  async start() {
    if (!this.context) {
      const context = new AudioContext({ sampleRate: RATE_HZ, latencyHint: "interactive" });
      this.context = context;
      this.input = context.createGain();
      this.output = context.createGain();
      this.meter = context.createAnalyser();
      this.meter.fftSize = 2048;
      this.output.connect(this.meter);
      this.meter.connect(context.destination);
      this.window = new Float32Array(this.meter.fftSize);
      setInterval(() => this.measure(), METER_MS);
      this.applyMode();
      this.applyVolume();
    }
    await this.context.resume();
  }

  measure() {
    if (this.context.state !== "running") return;
    this.meter.getFloatTimeDomainData(this.window);
    let sum = 0;
    for (const value of this.window) sum += value * value;
    this.counters.rms = Math.sqrt(sum / this.window.length);
    this.counters.loudest = Math.max(this.counters.loudest, this.counters.rms);
    if (this.clip) this.counters.clipLoudest = Math.max(this.counters.clipLoudest, this.counters.rms);
  }

  setMode(mode) {
    if (mode === this.mode || !Object.hasOwn(BANDS, mode)) return;
    this.mode = mode;
    if (this.context) this.applyMode();
  }

  setVolume(volume) {
    this.volume = volume;
    if (this.context) this.applyVolume();
  }

  applyVolume() { this.output.gain.setTargetAtTime(this.volume, this.context.currentTime, 0.02); }

  applyMode() {
    this.input.disconnect();
    let last = this.input;
    const band = BANDS[this.mode];
    for (const [type, hz] of band ? [["highpass", band[0]], ["lowpass", band[1]]] : []) {
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

  listen(on) {
    this.listening = on;
    this.jitter.restart();
    if (!on) this.silence();
  }

  silence() {
    for (const source of this.sources) try { source.stop(); } catch { /* it has ended */ }
    this.sources.clear();
  }

  /** Takes a live piece. Counted whether it is heard or not. */
  live(piece) {
    const nowS = this.context?.state === "running" ? this.context.currentTime : performance.now() / 1000;
    const before = this.jitter.number, wasBoot = this.jitter.boot;
    const atS = this.jitter.place(piece, nowS);
    if (atS === null || !this.listening || this.clip || this.context?.state !== "running") return;
    const follows = wasBoot === piece.boot && piece.number === before + 1 && this.pieceRateHz === piece.rateHz;
    if (!follows) this.doubler = new Doubler();
    this.pieceRateHz = piece.rateHz;
    const half = piece.rateHz * 2 === RATE_HZ;
    const samples = half ? this.doubler.process(piece.samples) : piece.samples;
    this.input.gain.setTargetAtTime(this.rule.heard(piece.peak, nowS, this.frozen), atS, 0.02);
    this.play(samples, half ? RATE_HZ : piece.rateHz, atS, "rendered");
  }

  play(samples, rateHz, atS, counter) {
    const buffer = this.context.createBuffer(1, samples.length, rateHz);
    buffer.copyToChannel(samples, 0);
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.input);
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

  /** Plays a clip from its beginning; live sound is silent meanwhile. */
  async playClip({ samples, rateHz }) {
    await this.start();
    this.stopClip();
    this.silence();
    let peak = 0;
    for (const value of samples) peak = Math.max(peak, Math.abs(value));
    this.input.gain.cancelScheduledValues(0);
    this.input.gain.setValueAtTime(gainOf(peak), this.context.currentTime);
    this.clip = this.play(samples, rateHz, this.context.currentTime + 0.02, "clipRendered");
  }

  stopClip() {
    const clip = this.clip;
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

  /** Pulses of a tone for the listener's check: 0.3 s each, 0.4 s apart, a quarter of full scale before the volume. */
  async tones(hz, count) {
    await this.start();
    const { context } = this;
    let atS = context.currentTime + 0.1;
    let last;
    for (let i = 0; i < count; i++, atS += 0.7) {
      const tone = context.createOscillator(), shape = context.createGain();
      tone.frequency.value = hz;
      shape.gain.setValueAtTime(0, atS);
      shape.gain.linearRampToValueAtTime(0.25, atS + 0.03);
      shape.gain.setValueAtTime(0.25, atS + 0.27);
      shape.gain.linearRampToValueAtTime(0, atS + 0.3);
      tone.connect(shape).connect(this.output);
      tone.start(atS);
      tone.stop(atS + 0.3);
      last = tone;
    }
    await new Promise((resolve) => { last.onended = resolve; });
    this.counters.tones += count;
  }

  get gainDb() { return 20 * Math.log10(this.rule.gain); }
}
