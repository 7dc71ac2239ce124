// What a page knows of one session, from its topics alone: readings by stream, pods, losses, events. No DOM here. Every list has a bound.

import { frames, waveform } from "./frame.js";
import { livePiece, soundFrame } from "./sound-codec.js";
import { DeviceClock } from "./clock.js";
import { FRAME_FLAGS, MDC, NOT_FOR_PATIENTS, NOT_FOR_PATIENTS_WORDS, QUANTITIES, SIGNALS } from "./vocabulary.js";

/** A last value is kept this long with its age, then a dash. */
export const KEEP_MS = 30000;

/** Quantities without a tile: those of the cuff have a place of their own, since a spot reading is not a live one. */
const NO_TILE = new Set(QUANTITIES.filter(({ tile }) => tile === "never").map(({ mdc }) => mdc));
/** Clinical order of the tiles that are always there. */
const STANDARD = QUANTITIES.filter(({ tile }) => tile === "always").sort((a, b) => a.order - b.order).map(({ mdc }) => mdc);
/** What the part that gives a stream is to a person. */
const PARTS = new Map(SIGNALS.filter(({ provides }) => provides !== null).map(({ stream, provides }) => [stream, "part." + provides]));
const RANDOM_BOOT = 2 ** 31;
const FRAME_TYPE = "application/vnd.cart.frame";
const STATE_EXPIRY_S = 30;           // with which the cart publishes its state, at most
const MAX_SKEW_MS = 2000;            // a reading from this far in the future is still believed to be of now
const MAX_STREAMS = 128, MAX_DEVICES = 32, MAX_IDS = 4096, MAX_EVENTS = 20, MAX_BOOTS = 64, MAX_CLIPS = 99;

const decoder = new TextDecoder();

export class SessionModel {
  constructor({ cart, session, now, wall = () => Date.now(), clocks = new Map() }) {
    this.root = `cart/${cart}/session/${session}/`;
    this.session = session;
    this.now = now;
    this.wall = wall;
    this.onwave = () => { };     // {device, boot, startS, periodS, samples}
    this.onpressure = () => { }; // the same, of the cuff, hundredths of mmHg
    this.onlive = () => { };     // a live piece of sound with its device and stream
    this.onsound = () => { };    // {frame, sound}: a sound frame of the durable way
    this.onevent = () => { };    // an event that is new here
    this.onread = () => { };     // {device, boot, stream, sequence}: a reading of the durable way
    this.clocks = clocks;        // "device.boot" -> DeviceClock; one page's models share them
    this.clear();
  }

  /** Forgets everything, ages first: they are not known any more. */
  reset() {
    this.clocks.clear();
    this.clear();
  }

  clear() {
    this.open = null;            // true, false, or null while not known
    this.unreal = false;
    this.streams = new Map();    // "device/stream" -> latest reading of a vital or wave
    this.devices = new Map();    // device -> description
    this.losses = new Map();     // cause and unit -> {cause, unit, count, atLeast}
    this.events = [];            // newest first
    this.clips = new Map();      // clip's name -> its manifest
    this.auscultation = null;    // what is asked, confirmed and checked
    this.live = null;            // {status, arrivedMs} of live sound
    this.ids = new Set();
    this.counters = { readings: 0, late: 0, duplicates: 0, waves: 0, foreign: 0 };
  }

  /** Takes one MQTT message in. */
  take(message) {
    if (!message.topic.startsWith(this.root)) { this.counters.foreign++; return; }
    const parts = message.topic.slice(this.root.length).split("/");
    // Waves, and kinds that have no JSON form (beats, and those of later versions), come as the pod's own frames.
    if (parts.length === 3 && (parts[0] === "wave" || parts[0] === "sound" || message.contentType === FRAME_TYPE)) this.takeFrames(message.payload);
    else if (parts.length === 3 && (parts[0] === "vital" || parts[0] === "event" || parts[0] === "gap")) this.takeReading(JSON.parse(decoder.decode(message.payload)), true);
    else if (parts[0] === "live" && parts.length === 3) this.takeLive(parts, message.payload);
    else if (parts[0] === "live" && parts.length === 4) this.live = { status: JSON.parse(decoder.decode(message.payload)), arrivedMs: this.now() };
    else if (parts[0] === "clip" && parts.length === 2) this.takeClip(parts[1], JSON.parse(decoder.decode(message.payload)));
    else if (parts[0] === "auscultation" && parts.length === 1) this.auscultation = JSON.parse(decoder.decode(message.payload));
    else if (parts[0] === "state" && parts.length === 1) this.takeState(JSON.parse(decoder.decode(message.payload)), message);
    else if (parts[0] === "spot" && parts.length === 1) this.takeSpot(JSON.parse(decoder.decode(message.payload)));
    else if (parts[0] === "device" && parts.length === 2) this.takeDevice(JSON.parse(decoder.decode(message.payload)));
  }

  takeState(state, { retain, expiryS }) {
    this.open = state.open === true;
    // A kept state has waited; a broker that does not say how long (MQTT 3.1.1) says nothing of ages.
    const waitedMs = !retain ? 0 : expiryS === undefined ? null : Math.max(0, STATE_EXPIRY_S - expiryS) * 1000;
    (state.vitals ?? []).forEach((vital, i) => {
      const id = identity(vital.id), ageMs = state.agesMs?.[i];
      if (id && Number.isFinite(ageMs) && waitedMs !== null) this.clockOf(id).known(vital.time.deviceUs / 1000, ageMs + waitedMs, this.now(), !retain);
      this.takeReading(vital, false);
    });
  }

  /** What was measured or tested once and stays true with its time, for a page that came later. */
  takeSpot(spot) {
    for (const reading of [...spot.vitals ?? [], ...spot.events ?? []]) this.takeReading(reading, false);
  }

  takeDevice(device) {
    if (this.devices.has(device.device) || this.devices.size < MAX_DEVICES) this.devices.set(device.device, device);
  }

  takeLive([, device, stream], payload) {
    const piece = livePiece(payload);
    if (piece) this.onlive({ ...piece, device, stream: Number(stream) });
  }

  takeClip(name, manifest) {
    if (this.clips.has(name) || this.clips.size < MAX_CLIPS) this.clips.set(name, manifest);
  }

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

  takeFrames(payload) {
    for (const frame of frames(payload)) {
      this.onread(frame);
      const sound = soundFrame(frame), wave = sound ? null : waveform(frame);
      if (!sound && !wave) continue;
      if (frame.flags & NOT_FOR_PATIENTS) this.unreal = true;
      if (sound) {
        this.onsound({ frame, sound });
        continue;
      }
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
      else if (wave.mdc === MDC.CuffPressure && !isStored) this.onpressure(shape);
    }
  }

  /** Keeps the newest reading of a stream, and beside an absence the last value before it. */
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

  clockOf({ device, boot }) {
    const key = device + "." + boot;
    let clock = this.clocks.get(key);
    if (!clock) {
      if (this.clocks.size >= MAX_BOOTS) this.clocks.delete(this.clocks.keys().next().value);
      clock = new DeviceClock();
      this.clocks.set(key, clock);
    }
    return clock;
  }

  /** Age of a reading in ms; null while it cannot be known that it is not an old one from a backlog. */
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

  isNew(id) {
    if (this.ids.has(id)) { this.counters.duplicates++; return false; }
    if (this.ids.size >= MAX_IDS) this.ids.delete(this.ids.values().next().value);
    this.ids.add(id);
    return true;
  }

  addLoss({ lost, cause }) {
    const key = cause + "/" + lost.unit;
    const sum = this.losses.get(key) ?? { cause, unit: lost.unit, count: 0, atLeast: false };
    sum.count += lost.count;
    sum.atLeast ||= lost.atLeast === true;
    this.losses.set(key, sum);
  }

  addEvent(reading, id) {
    const event = { id: reading.id, code: reading.code, device: id.device, stream: reading.stream, argument: reading.argument, utc: reading.time.utc };
    this.events.unshift(event);
    this.onevent(event);
    this.events.length = Math.min(this.events.length, MAX_EVENTS);
  }

  /** The reading of a quantity that came last, or null. */
  latest(mdc) {
    let newest = null;
    for (const stream of this.streams.values()) if (stream.kind === "vital" && stream.mdc === mdc && (!newest || stream.arrivedMs >= newest.arrivedMs)) newest = stream;
    return newest;
  }

  /** Vitals for tiles: the standard quantities first and always, then what else there is, in a steady order. */
  tiles() {
    const vitals = [...this.streams.values()].filter((s) => s.kind === "vital" && !NO_TILE.has(s.mdc))
      .sort((a, b) => a.mdc - b.mdc || (a.key < b.key ? -1 : 1));
    const tiles = [];
    for (const mdc of STANDARD) {
      const found = vitals.filter((v) => v.mdc === mdc);
      if (found.length === 0) tiles.push({ key: "empty/" + mdc, mdc, reading: null });
      for (const reading of found) tiles.push({ key: reading.key, mdc, reading });
    }
    for (const reading of vitals) if (!STANDARD.includes(reading.mdc)) tiles.push({ key: reading.key, mdc: reading.mdc, reading });
    return tiles;
  }

  /** What a tile shows: {number, unit, quality, reason, ageMs, isLast}. number null is a dash; reason is a key of text.js or null. */
  shown(reading, nowMs = this.now()) {
    if (!reading) return { number: null, quality: null, reason: "noValueYet", ageMs: null, isLast: false };
    const ageMs = this.ageMs(reading, nowMs);
    if (ageMs === null) return { number: null, quality: null, reason: "waitingForAge", ageMs: null, isLast: false };
    if (reading.absent === null) {
      return ageMs < KEEP_MS
        ? { number: reading.value, quality: reading.quality, reason: null, ageMs, isLast: false }
        : { number: null, quality: null, reason: "noNewValue", ageMs, isLast: false };
    }
    const reason = ageMs < KEEP_MS ? "absence." + reading.absent : "noNewValue";
    const last = reading.last ?? null;
    const lastAgeMs = last === null ? null : this.ageMs(last, nowMs);
    return lastAgeMs !== null && lastAgeMs < KEEP_MS
      ? { number: last.value, quality: null, reason, ageMs: lastAgeMs, isLast: true }
      : { number: null, quality: null, reason, ageMs: null, isLast: false };
  }

  /** Pods with their peripherals, by device id. */
  pods(nowMs = this.now()) {
    const pods = new Map();
    for (const [device, about] of this.devices) pods.set(device, { device, about, parts: new Map() });
    for (const stream of this.streams.values()) {
      if (!pods.has(stream.device)) pods.set(stream.device, { device: stream.device, about: null, parts: new Map() });
      const parts = pods.get(stream.device).parts;
      const name = PARTS.get(stream.stream) ?? "part.other/" + stream.stream;
      const ageMs = this.ageMs(stream, nowMs) ?? 0;
      const part = parts.get(name) ?? { name, stream: stream.stream, ageMs: Infinity, absent: null };
      // A part measures when any of its streams does; its reason is that of the newest absence.
      if (ageMs < part.ageMs) { part.ageMs = ageMs; }
      if (stream.kind === "vital" && !NO_TILE.has(stream.mdc) && stream.absent !== null && ageMs < KEEP_MS) part.absent = stream.absent;
      parts.set(name, part);
    }
    return [...pods.values()].sort((a, b) => (a.device < b.device ? -1 : 1));
  }
}

/** "device.boot.stream.sequence" in its parts, or null. */
export function identity(id) {
  const match = /^([0-9a-f]{16})\.(\d+)\.(\d+)\.(\d+)$/.exec(id ?? "");
  return match ? { device: match[1], boot: Number(match[2]), stream: Number(match[3]), sequence: Number(match[4]) } : null;
}

function isNewer(reading, known) {
  if (reading.boot === known.boot) return reading.sequence > known.sequence;
  // Boots count up, except the random ones of a pod whose store failed: then UTC decides, or the order of arrival.
  if (reading.boot < RANDOM_BOOT && known.boot < RANDOM_BOOT) return reading.boot > known.boot;
  return reading.utcMs === null || known.utcMs === null || reading.utcMs > known.utcMs;
}
