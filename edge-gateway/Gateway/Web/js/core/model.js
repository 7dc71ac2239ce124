// @ts-check
// What a page knows of one session, from its topics alone: readings by stream, pods, losses, events. No DOM here. Every list has a bound.

import { frames, waveform } from "./frame.js";
import { liveChunk, soundFrame } from "./sound-codec.js";
import { DeviceClock } from "./time.js";
import { FRAME_FLAGS, MDC, NOT_FOR_PATIENTS, NOT_FOR_PATIENTS_WORDS, QUANTITIES, SIGNALS } from "./vocabulary.g.js";

/** @typedef {import("./wire.js").Identity} Identity */
/** @typedef {import("./wire.js").Reading} Reading */
/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("./mqtt.js").Message} Message */
/** @typedef {import("./sound-codec.js").Sound} Sound */

/**
 * The newest reading of a stream.
 * @typedef {object} StreamReading
 * @property {string} key "device/stream".
 * @property {string} device
 * @property {number} boot
 * @property {number} stream
 * @property {number} sequence
 * @property {"vital" | "wave"} kind
 * @property {number} mdc
 * @property {string} [unit] UCUM; waves have none here.
 * @property {number} deviceMs The pod's clock.
 * @property {number | null} utcMs Null when the time of day is not known.
 * @property {number | null} value Null when there is a reason instead, and for waves.
 * @property {string | null} absent A word of AbsenceReason; null when there is a value, and for waves.
 * @property {number | null} [quality] 0 to 100.
 * @property {string | null} [site]
 * @property {string[]} [status]
 * @property {string[]} flags
 * @property {number} arrivedMs The page's clock.
 * @property {number} [periodUs] Of a wave.
 * @property {StreamReading} [last] Beside an absence: the last value before it.
 */

/**
 * A chunk of a wave for drawing.
 * @typedef {object} WaveChunk
 * @property {string} device
 * @property {number} boot
 * @property {number} startS The pod's clock at the first sample.
 * @property {number} periodS
 * @property {ArrayLike<number>} samples Counts of the sensor, or for the cuff's pressure mmHg.
 */

/**
 * A message with a code.
 * @typedef {object} ModelEvent
 * @property {string} id
 * @property {string} code
 * @property {string} device
 * @property {number} stream
 * @property {number} argument
 * @property {string | null} utc
 */

/**
 * What a tile shows.
 * @typedef {object} Shown
 * @property {number | null} number Null is a dash.
 * @property {number | null} quality
 * @property {string | null} reason A key of text.js.
 * @property {number | null} ageMs
 * @property {boolean} isLast True for the last value before an absence.
 */

/** @typedef {{ key: string, mdc: number, reading: StreamReading | null }} Tile A place for a quantity. */
/** @typedef {{ mdc: number, absent: string }} Absence A quantity of a part, and why it has no value. */
/**
 * A part of a pod.
 * @typedef {object} Part
 * @property {string} name A key of text.js, and behind a slash the stream when nothing is known of it.
 * @property {number} stream
 * @property {number} ageMs Of its newest reading.
 * @property {boolean} hasValue True when a quantity of it has a value.
 * @property {Absence[]} absences Of its other quantities.
 */
/** @typedef {{ device: string, about: import("./wire.js").Device | null, parts: Map<string, Part> }} Pod */

/** A last value is kept this long with its age, then a dash. */
export const KEEP_MS = 30000;

/** Quantities without a tile: those of the cuff have a place of their own, since a spot reading is not a live one. */
const NO_TILE = new Set(QUANTITIES.filter(({ tile }) => tile === "never").map(({ mdc }) => mdc));
/** Clinical order of those that have a place. */
const ORDER = new Map(QUANTITIES.filter(({ order }) => order > 0).map(({ mdc, order }) => [mdc, order]));
/** The place of a quantity without one, behind all others. */
const LAST = 1000;
/** Clinical order of the tiles that are always there. */
const STANDARD = QUANTITIES.filter(({ tile }) => tile === "always").sort((a, b) => a.order - b.order).map(({ mdc }) => mdc);
/** What the part that gives a stream is to a person. */
const PARTS = new Map(SIGNALS.filter(({ provides }) => provides !== null).map(({ stream, provides }) => [stream, "part." + provides]));
/** What one step of a waveform's samples is in the quantity's unit, until its description has come. */
const SCALES = new Map(SIGNALS.filter(({ mdc }) => mdc !== null).map(({ mdc, exponent }) => [mdc, 10 ** exponent]));
const RANDOM_BOOT = 2 ** 31;
const FRAME_TYPE = "application/vnd.cart.frame";
const STATE_EXPIRY_S = 30;           // with which the cart publishes its state, at most
const MAX_SKEW_MS = 2000;            // a reading from this far in the future is still believed to be of now
const MAX_STREAMS = 128, MAX_DEVICES = 32, MAX_IDS = 4096, MAX_EVENTS = 20, MAX_BOOTS = 64, MAX_CLIPS = 99;

const decoder = new TextDecoder();

/** What is known of one session. */
export class SessionModel {
  /**
   * @param {object} parts
   * @param {string} parts.cart
   * @param {string} parts.session
   * @param {() => number} parts.now The page's clock, ms.
   * @param {() => number} [parts.wall] ms since 1970.
   * @param {Map<string, DeviceClock>} [parts.clocks] "device.boot" and its clock; one page's models share them.
   */
  constructor({ cart, session, now, wall = () => Date.now(), clocks = new Map() }) {
    this.root = `cart/${cart}/session/${session}/`;
    this.session = session;
    this.now = now;
    this.wall = wall;
    /** @type {(wave: WaveChunk) => void} */
    this.onwave = () => { };
    /** @type {(wave: WaveChunk) => void} The cuff's pressure, mmHg. */
    this.onpressure = () => { };
    /** @type {(chunk: import("./sound-codec.js").ReceivedChunk & { device: string, stream: number }) => void} */
    this.onlive = () => { };
    /** @type {(received: { frame: Frame, sound: Sound }) => void} A sound frame that was stored and forwarded. */
    this.onsound = () => { };
    /** @type {(event: ModelEvent) => void} An event that is new here. */
    this.onevent = () => { };
    /** @type {(id: Identity) => void} A reading that was stored and forwarded. */
    this.onread = () => { };
    this.clocks = clocks;
    /** @type {boolean | null} Null while not known. */
    this.open = null;
    this.unreal = false;
    /** @type {Map<string, StreamReading>} By "device/stream". */
    this.streams = new Map();
    /** @type {Map<string, number>} What one step of a sample is, by "device/stream", as the streams' descriptions say. */
    this.scales = new Map();
    /** @type {Map<string, import("./wire.js").Device>} */
    this.devices = new Map();
    /** @type {Map<string, { cause: string, unit: string, count: number, atLeast: boolean }>} By cause and unit. */
    this.losses = new Map();
    /** @type {ModelEvent[]} Newest first. */
    this.events = [];
    /** @type {Map<string, import("./wire.js").Clip>} By name. */
    this.clips = new Map();
    /** @type {import("./wire.js").Auscultation | null} What is asked, confirmed and checked. */
    this.auscultation = null;
    /** @type {{ status: import("./wire.js").LiveStatus, arrivedMs: number } | null} Of live sound. */
    this.live = null;
    /** @type {Set<string>} */
    this.ids = new Set();
    this.counters = { readings: 0, late: 0, duplicates: 0, waves: 0, foreign: 0 };
  }

  /** Forgets everything, also the ages: they are not known any more. */
  reset() {
    this.clocks.clear();
    this.open = this.auscultation = this.live = null;
    this.unreal = false;
    this.events = [];
    for (const known of [this.streams, this.scales, this.devices, this.losses, this.clips, this.ids]) known.clear();
    this.counters = { readings: 0, late: 0, duplicates: 0, waves: 0, foreign: 0 };
  }

  /**
   * Takes one MQTT message in.
   * @param {Message} message
   */
  take(message) {
    if (!message.topic.startsWith(this.root)) { this.counters.foreign++; return; }
    const parts = message.topic.slice(this.root.length).split("/");
    // Waves, and kinds that have no JSON form (beats, and those of later versions), come as the pod's own frames.
    if (parts.length === 3 && (parts[0] === "wave" || parts[0] === "sound" || message.contentType === FRAME_TYPE)) this.takeFrames(message.payload);
    else if (parts.length === 3 && (parts[0] === "vital" || parts[0] === "event" || parts[0] === "gap")) this.takeReading(JSON.parse(decoder.decode(message.payload)), true);
    else if (parts[0] === "live" && parts.length === 3) this.takeLive(parts, message.payload);
    else if (parts[0] === "live" && parts.length === 4) this.live = { status: JSON.parse(decoder.decode(message.payload)), arrivedMs: this.now() };
    else if (parts[0] === "wave" && parts.length === 4 && parts[3] === "description") this.takeDescription(JSON.parse(decoder.decode(message.payload)));
    else if (parts[0] === "clip" && parts.length === 2) this.takeClip(parts[1], JSON.parse(decoder.decode(message.payload)));
    else if (parts[0] === "auscultation" && parts.length === 1) this.auscultation = JSON.parse(decoder.decode(message.payload));
    else if (parts[0] === "state" && parts.length === 1) this.takeState(JSON.parse(decoder.decode(message.payload)), message);
    else if (parts[0] === "spot" && parts.length === 1) this.takeSpot(JSON.parse(decoder.decode(message.payload)));
    else if (parts[0] === "device" && parts.length === 2) this.takeDevice(JSON.parse(decoder.decode(message.payload)));
  }

  /**
   * @param {import("./wire.js").SessionState} state
   * @param {Pick<Message, "retain" | "expiryS">} message
   */
  takeState(state, { retain, expiryS }) {
    this.open = state.open === true;
    // A kept state has waited; a broker that does not say how long (MQTT 3.1.1) says nothing of ages.
    const waitedMs = !retain ? 0 : expiryS === undefined ? null : Math.max(0, STATE_EXPIRY_S - expiryS) * 1000;
    (state.vitals ?? []).forEach((vital, i) => {
      const id = identity(vital.id), ageMs = state.agesMs?.[i];
      if (id && typeof ageMs === "number" && Number.isFinite(ageMs) && waitedMs !== null) this.clockOf(id).known(vital.time.deviceUs / 1000, ageMs + waitedMs, this.now(), !retain);
      this.takeReading(vital, false);
    });
  }

  /**
   * What was measured or tested once and stays true with its time, for a page that came later.
   * @param {import("./wire.js").SessionSpot} spot
   */
  takeSpot(spot) {
    for (const reading of [...spot.vitals ?? [], ...spot.events ?? []]) this.takeReading(reading, false);
  }

  /** @param {import("./wire.js").Device} device */
  takeDevice(device) {
    if (this.devices.has(device.device) || this.devices.size < MAX_DEVICES) this.devices.set(device.device, device);
  }

  /** @param {import("./wire.js").WaveDescription} description */
  takeDescription({ device, stream, scale }) {
    const key = device + "/" + stream;
    if (typeof scale === "number" && scale > 0 && (this.scales.has(key) || this.scales.size < MAX_STREAMS)) this.scales.set(key, scale);
  }

  /**
   * @param {string[]} parts "live", device, stream.
   * @param {Uint8Array} payload
   */
  takeLive([, device, stream], payload) {
    const chunk = liveChunk(payload);
    if (chunk) this.onlive({ ...chunk, device, stream: Number(stream) });
  }

  /**
   * @param {string} name
   * @param {import("./wire.js").Clip} manifest
   */
  takeClip(name, manifest) {
    if (this.clips.has(name) || this.clips.size < MAX_CLIPS) this.clips.set(name, manifest);
  }

  /**
   * @param {Reading} reading
   * @param {boolean} durable True for one of a topic of its own, false for a repetition in a state.
   */
  takeReading(reading, durable) {
    const id = identity(reading.id);
    if (!id) return;
    if (durable) this.onread(id);
    this.counters.readings++;
    if (reading.flags?.some((flag) => NOT_FOR_PATIENTS_WORDS.includes(flag))) this.unreal = true;
    if (reading.kind === "gap" || reading.kind === "event") {
      if (!this.isNew(reading.id)) return;
      if (reading.kind === "gap") this.addLoss(reading);
      else this.addEvent(reading, id);
      return;
    }
    if (reading.kind !== "vital" && reading.kind !== "status") return; // beats, and what later versions add
    const nowMs = this.now(), deviceMs = reading.time.deviceUs / 1000;
    const clock = this.clockOf(id);
    // What is repeated from a state or came out of a store says nothing of the delay of live messages.
    if (durable && !(reading.flags ?? []).includes("fromStorage")) clock.heard(deviceMs, nowMs);
    const utcMs = reading.time.utc === null ? null : Date.parse(reading.time.utc);
    this.put({
      key: id.device + "/" + id.stream, ...id, kind: "vital", mdc: reading.code.mdc, unit: reading.unit, deviceMs, utcMs,
      value: reading.value, absent: reading.absent, quality: reading.quality, site: reading.site ?? null,
      status: reading.status ?? [], flags: reading.flags ?? [],
      arrivedMs: nowMs,
    });
  }

  /** @param {Uint8Array} payload */
  takeFrames(payload) {
    for (const frame of frames(payload)) {
      this.onread(frame);
      const sound = soundFrame(frame), wave = sound ? null : waveform(frame);
      if ((sound || wave) && frame.flags & NOT_FOR_PATIENTS) this.unreal = true;
      if (sound) this.onsound({ frame, sound });
      if (!wave) continue;
      this.counters.waves++;
      const isStored = (frame.flags & FRAME_FLAGS.fromStorage) !== 0;
      const nowMs = this.now(), deviceMs = frame.deviceUs / 1000;
      // A chunk is known once its last sample is there.
      const clock = this.clockOf(frame);
      if (!isStored) clock.heard(deviceMs + wave.samples.length * wave.periodUs / 1000, nowMs);
      this.put({
        key: frame.device + "/" + frame.stream, device: frame.device, boot: frame.boot, stream: frame.stream, sequence: frame.sequence,
        kind: "wave", mdc: wave.mdc, deviceMs, utcMs: null, value: null, absent: null, flags: [], arrivedMs: nowMs, periodUs: wave.periodUs,
      });
      const shape = { device: frame.device, boot: frame.boot, startS: deviceMs / 1000, periodS: wave.periodUs / 1e6, samples: wave.samples };
      if (wave.mdc === MDC.InfraredLightCounts) this.onwave(shape);
      else if (wave.mdc === MDC.CuffPressure && !isStored) {
        // Divided, so that steps of 0.01 give the number that is nearest to the decimal one.
        const stepsPerUnit = 1 / (this.scales.get(frame.device + "/" + frame.stream) ?? SCALES.get(wave.mdc) ?? 1);
        this.onpressure({ ...shape, samples: Array.from(wave.samples, (count) => count / stepsPerUnit) });
      }
    }
  }

  /**
   * Keeps the newest reading of a stream, and beside an absence the last value before it.
   * @param {StreamReading} reading
   */
  put(reading) {
    const known = this.streams.get(reading.key);
    if (!known && this.streams.size >= MAX_STREAMS) return;
    if (known && known.boot === reading.boot && known.sequence === reading.sequence) {
      // The same reading again: a repetition, or a better time for it.
      this.counters.duplicates++;
      known.utcMs = reading.utcMs ?? known.utcMs;
      return;
    }
    if (known && !isNewer(reading, known)) { this.counters.late++; return; }
    if (known && reading.absent !== null) reading.last = known.absent === null ? known : known.last;
    if (reading.last) reading.last.last = undefined;
    this.streams.set(reading.key, reading);
  }

  /**
   * The clock of a pod's boot; made when it is asked for first.
   * @param {Pick<Identity, "device" | "boot">} of
   */
  clockOf({ device, boot }) {
    const key = device + "." + boot;
    let clock = this.clocks.get(key);
    if (!clock) {
      if (this.clocks.size >= MAX_BOOTS) this.clocks.delete(this.clocks.keys().next().value ?? "");
      clock = new DeviceClock();
      this.clocks.set(key, clock);
    }
    return clock;
  }

  /**
   * Age of a reading.
   * @param {StreamReading} reading
   * @param {number} [nowMs]
   * @returns {number | null} ms; null while it cannot be known that it is not an old one from a backlog.
   */
  ageMs(reading, nowMs = this.now()) {
    const clock = this.clockOf(reading);
    const heardMs = clock.ageMs(reading.deviceMs, nowMs);
    if (clock.isSettled) return heardMs;
    // Until then the wall clocks may prove an age, when they agree well enough to be believed.
    const wallMs = reading.utcMs === null ? null : this.wall() - reading.utcMs;
    if (wallMs !== null && wallMs >= -MAX_SKEW_MS && wallMs <= KEEP_MS) return Math.max(wallMs, heardMs ?? 0, 0);
    // It is at least as old as it has been here.
    const hereMs = nowMs - reading.arrivedMs;
    return hereMs >= KEEP_MS ? Math.max(hereMs, heardMs ?? 0) : null;
  }

  /**
   * Whether an event or gap was not here yet; it is from now on.
   * @param {string} id
   */
  isNew(id) {
    if (this.ids.has(id)) { this.counters.duplicates++; return false; }
    if (this.ids.size >= MAX_IDS) this.ids.delete(this.ids.values().next().value ?? "");
    this.ids.add(id);
    return true;
  }

  /** @param {import("./wire.js").GapReading} gap */
  addLoss({ lost, cause }) {
    const key = cause + "/" + lost.unit;
    const sum = this.losses.get(key) ?? { cause, unit: lost.unit, count: 0, atLeast: false };
    sum.count += lost.count;
    sum.atLeast ||= lost.atLeast === true;
    this.losses.set(key, sum);
  }

  /**
   * @param {import("./wire.js").EventReading} reading
   * @param {Identity} id
   */
  addEvent(reading, id) {
    const event = { id: reading.id, code: reading.code, device: id.device, stream: reading.stream, argument: reading.argument, utc: reading.time.utc };
    this.events.unshift(event);
    this.onevent(event);
    this.events.length = Math.min(this.events.length, MAX_EVENTS);
  }

  /**
   * The reading of a quantity that came last, or null.
   * @param {number} mdc
   */
  latest(mdc) {
    /** @type {StreamReading | null} */
    let newest = null;
    for (const stream of this.streams.values()) if (stream.kind === "vital" && stream.mdc === mdc && (!newest || stream.arrivedMs >= newest.arrivedMs)) newest = stream;
    return newest;
  }

  /**
   * Vitals for tiles: the standard quantities first and always, then what else there is, both in clinical order.
   * @returns {Tile[]}
   */
  tiles() {
    const vitals = [...this.streams.values()].filter((s) => s.kind === "vital" && !NO_TILE.has(s.mdc))
      .sort((a, b) => (ORDER.get(a.mdc) ?? LAST) - (ORDER.get(b.mdc) ?? LAST) || a.mdc - b.mdc || (a.key < b.key ? -1 : 1));
    /** @type {Tile[]} */
    const tiles = [];
    for (const mdc of STANDARD) {
      const found = vitals.filter((v) => v.mdc === mdc);
      if (found.length === 0) tiles.push({ key: "empty/" + mdc, mdc, reading: null });
      for (const reading of found) tiles.push({ key: reading.key, mdc, reading });
    }
    for (const reading of vitals) if (!STANDARD.includes(reading.mdc)) tiles.push({ key: reading.key, mdc: reading.mdc, reading });
    return tiles;
  }

  /**
   * What a tile shows of a reading.
   * @param {StreamReading | null} reading
   * @param {number} [nowMs]
   * @returns {Shown}
   */
  shown(reading, nowMs = this.now()) {
    if (!reading) return { number: null, quality: null, reason: "noValueYet", ageMs: null, isLast: false };
    const ageMs = this.ageMs(reading, nowMs);
    if (ageMs === null) return { number: null, quality: null, reason: "waitingForAge", ageMs: null, isLast: false };
    if (reading.absent === null) {
      return ageMs < KEEP_MS
        ? { number: reading.value, quality: reading.quality ?? null, reason: null, ageMs, isLast: false }
        : { number: null, quality: null, reason: "noNewValue", ageMs, isLast: false };
    }
    const reason = ageMs < KEEP_MS ? "absence." + reading.absent : "noNewValue";
    const last = reading.last ?? null;
    const lastAgeMs = last === null ? null : this.ageMs(last, nowMs);
    return last !== null && lastAgeMs !== null && lastAgeMs < KEEP_MS
      ? { number: last.value, quality: null, reason, ageMs: lastAgeMs, isLast: true }
      : { number: null, quality: null, reason, ageMs: null, isLast: false };
  }

  /**
   * What the value that is shown says beside itself.
   * @param {StreamReading | null} reading
   * @param {Shown} shown What `shown` made of it.
   * @returns {string[]} Words of its status; none where no value is shown.
   */
  statusOf(reading, shown) {
    if (!reading || shown.number === null) return [];
    return (shown.isLast ? reading.last?.status : reading.status) ?? [];
  }

  /**
   * Pods with their peripherals, by device id.
   * @param {number} [nowMs]
   * @returns {Pod[]}
   */
  pods(nowMs = this.now()) {
    /** @type {Map<string, Pod>} */
    const pods = new Map();
    for (const [device, about] of this.devices) pods.set(device, { device, about, parts: new Map() });
    for (const stream of this.streams.values()) {
      const pod = pods.get(stream.device) ?? { device: stream.device, about: null, parts: new Map() };
      pods.set(stream.device, pod);
      const { parts } = pod;
      const name = PARTS.get(stream.stream) ?? "part.other/" + stream.stream;
      const ageMs = this.ageMs(stream, nowMs) ?? 0;
      const part = parts.get(name) ?? { name, stream: stream.stream, ageMs: Infinity, hasValue: false, absences: [] };
      part.ageMs = Math.min(part.ageMs, ageMs);
      if (stream.kind === "vital" && !NO_TILE.has(stream.mdc) && ageMs < KEEP_MS) {
        if (stream.absent === null) part.hasValue = true;
        else part.absences.push({ mdc: stream.mdc, absent: stream.absent });
      }
      parts.set(name, part);
    }
    return [...pods.values()].sort((a, b) => (a.device < b.device ? -1 : 1));
  }
}

/**
 * "device.boot.stream.sequence" in its parts.
 * @param {string | undefined} id
 * @returns {Identity | null} Null when it is not of that form.
 */
export function identity(id) {
  const match = /^([0-9a-f]{16})\.(\d+)\.(\d+)\.(\d+)$/.exec(id ?? "");
  return match ? { device: match[1], boot: Number(match[2]), stream: Number(match[3]), sequence: Number(match[4]) } : null;
}

/**
 * @param {StreamReading} reading
 * @param {StreamReading} known
 */
function isNewer(reading, known) {
  if (reading.boot === known.boot) return reading.sequence > known.sequence;
  // Boots count up, except the random ones of a pod whose store failed: then UTC decides, or the order of arrival.
  if (reading.boot < RANDOM_BOOT && known.boot < RANDOM_BOOT) return reading.boot > known.boot;
  return reading.utcMs === null || known.utcMs === null || reading.utcMs > known.utcMs;
}
