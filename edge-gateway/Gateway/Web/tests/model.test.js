import test from "node:test";
import assert from "node:assert/strict";
import { SessionModel, identity } from "../js/core/model.js";
import { frame, hex, le, pcm, utf8, wave } from "./bytes.js";

const POD = "02aabbfffe0000a1", OTHER = "02aabbfffe0000b2";
const SPO2 = 150456, TEMPERATURE = 150388, PULSE = 149530, SYSTOLIC = 150021;

/** A model with clocks of its own: the page's clock and the pod's run together, 5 s apart. */
function setUp() {
  const page = { nowMs: 100_000 };
  page.model = new SessionModel({ cart: "C1", session: "S1", now: () => page.nowMs, wall: () => 1e12 + page.nowMs });
  page.pass = (ms) => { page.nowMs += ms; };
  page.message = (topic, payload, more = {}) => page.model.take({ topic: "cart/C1/session/S1/" + topic, payload, retain: false, duplicate: false, contentType: undefined, expiryS: undefined, ...more });
  page.json = (topic, value, more) => page.message(topic, utf8(JSON.stringify(value)), more);
  page.vital = (change = {}) => {
    const reading = vital({ deviceMs: page.nowMs - 5000, ...change });
    page.json(`vital/${reading.device}/${reading.stream}`, reading);
  };
  page.shown = (mdc) => page.model.shown(page.model.latest(mdc));
  /** So many live readings, one a second, that ages are known. */
  page.settle = (seconds = 11) => { for (let i = 0; i < seconds; i++) { page.vital({ stream: 36, mdc: PULSE, sequence: i + 1, value: 60 }); page.pass(1000); } };
  return page;
}

function vital({ device = POD, boot = 1, stream = 35, sequence = 1, mdc = SPO2, value = 97, absent = null, deviceMs, utc = null, flags = [], unit = "%", quality = 90, status = undefined }) {
  return {
    v: 1, id: `${device}.${boot}.${stream}.${sequence}`, device, stream, kind: "vital", code: { mdc }, unit, value: absent === null ? value : null, absent,
    quality: absent === null ? quality : null, flags, status, time: { deviceUs: deviceMs * 1000, utc },
  };
}

test("an identity is read whole or not at all", () => {
  assert.deepEqual(identity(POD + ".3.35.12"), { device: POD, boot: 3, stream: 35, sequence: 12 });
  for (const wrong of [undefined, "", POD, POD + ".3.35", POD + ".3.35.12.1", POD.toUpperCase() + ".3.35.12", POD + ".3.-1.12"]) assert.equal(identity(wrong), null, String(wrong));
});

test("the newest reading of a stream counts; repetitions and older ones are counted", () => {
  const page = setUp();
  page.vital({ sequence: 2, value: 96 });
  page.vital({ sequence: 2, value: 50 });
  page.vital({ sequence: 1, value: 40 });
  assert.equal(page.model.latest(SPO2).value, 96);
  assert.deepEqual([page.model.counters.duplicates, page.model.counters.late], [1, 1]);
  page.vital({ sequence: 1, boot: 2, value: 95 });
  assert.equal(page.model.latest(SPO2).value, 95, "a later boot begins at 1");
  page.vital({ sequence: 900, boot: 1, value: 30 });
  assert.equal(page.model.latest(SPO2).value, 95, "an older boot stays older");
});

test("of random boots the time decides, without it the order of arrival", () => {
  const page = setUp();
  const random = 2 ** 31 + 5;
  page.vital({ boot: random, utc: "2026-01-02T03:04:10Z", value: 96 });
  page.vital({ boot: 7, utc: "2026-01-02T03:04:09Z", value: 40 });
  assert.equal(page.model.latest(SPO2).value, 96);
  page.vital({ boot: 7, utc: "2026-01-02T03:04:11Z", value: 95 });
  assert.equal(page.model.latest(SPO2).value, 95);
  page.vital({ boot: random + 1, value: 94 });
  assert.equal(page.model.latest(SPO2).value, 94);
});

test("a value is shown with its age for 30 s, then a dash", () => {
  const page = setUp();
  page.settle();
  page.vital({ value: 97, quality: 88 });
  assert.deepEqual(page.shown(SPO2), { number: 97, quality: 88, reason: null, ageMs: 0, isLast: false });
  page.pass(29_999);
  assert.deepEqual(page.shown(SPO2), { number: 97, quality: 88, reason: null, ageMs: 29_999, isLast: false });
  page.pass(1);
  assert.deepEqual(page.shown(SPO2), { number: null, quality: null, reason: "noNewValue", ageMs: 30_000, isLast: false });
});

test("what a value says beside itself goes with the value that is shown, and with no dash", () => {
  const page = setUp();
  page.settle();
  const status = () => { const reading = page.model.latest(SPO2); return page.model.statusOf(reading, page.model.shown(reading)); };
  assert.deepEqual(status(), [], "before the first value");
  page.vital({ sequence: 1, value: 86, status: ["uncalibrated", "questionable"] });
  assert.deepEqual(status(), ["uncalibrated", "questionable"]);
  page.pass(10_000);
  page.vital({ sequence: 2, absent: "motion" });
  assert.deepEqual(status(), ["uncalibrated", "questionable"], "beside the last value");
  page.pass(20_000);
  assert.deepEqual(status(), [], "beside a dash");
  page.vital({ sequence: 3, value: 97 });
  assert.deepEqual(status(), [], "a value without a status");
});

test("an absence shows its reason beside the last value, which goes at 30 s of its own age", () => {
  const page = setUp();
  page.settle();
  page.vital({ sequence: 1, value: 97 });
  page.pass(10_000);
  page.vital({ sequence: 2, absent: "notOnPatient" });
  assert.deepEqual(page.shown(SPO2), { number: 97, quality: null, reason: "absence.notOnPatient", ageMs: 10_000, isLast: true });
  page.pass(15_000);
  page.vital({ sequence: 3, absent: "motion" });
  assert.deepEqual(page.shown(SPO2), { number: 97, quality: null, reason: "absence.motion", ageMs: 25_000, isLast: true });
  page.pass(5_000);
  assert.deepEqual(page.shown(SPO2), { number: null, quality: null, reason: "absence.motion", ageMs: null, isLast: false });
  page.pass(25_000);
  assert.equal(page.shown(SPO2).reason, "noNewValue");
});

test("without a reading there is a dash, and while its age is not known too", () => {
  const page = setUp();
  assert.deepEqual(page.model.shown(null), { number: null, quality: null, reason: "noValueYet", ageMs: null, isLast: false });
  page.vital({ value: 97 });
  assert.deepEqual(page.shown(SPO2), { number: null, quality: null, reason: "waitingForAge", ageMs: null, isLast: false });
  page.pass(30_000);
  assert.equal(page.shown(SPO2).reason, "noNewValue", "it has been here for 30 s");
});

test("until the clock has settled the time of day may prove an age, when it is believable", () => {
  const page = setUp();
  const utc = (agoMs) => new Date(1e12 + page.nowMs - agoMs).toISOString();
  page.vital({ sequence: 1, utc: utc(4000), value: 97 });
  assert.deepEqual([page.shown(SPO2).number, page.shown(SPO2).ageMs], [97, 4000]);
  page.vital({ sequence: 2, utc: utc(-2000), value: 96 });
  assert.deepEqual([page.shown(SPO2).number, page.shown(SPO2).ageMs], [96, 0]);
  page.vital({ sequence: 3, utc: utc(-2001), value: 95 });
  assert.equal(page.shown(SPO2).reason, "waitingForAge", "from the future");
  page.vital({ sequence: 4, utc: utc(30_001), value: 94 });
  assert.equal(page.shown(SPO2).reason, "waitingForAge", "older than a value is shown");
});

test("what comes out of a store does not make old values young", () => {
  const page = setUp();
  for (let i = 1; i <= 15; i++) {
    page.vital({ sequence: i, flags: ["fromStorage"], deviceMs: i * 1000, value: 97 });
    page.pass(1000);
  }
  assert.equal(page.shown(SPO2).reason, "waitingForAge");
});

test("the state's ages are known at once; a kept one has waited besides", () => {
  const page = setUp();
  page.json("state", { open: true, vitals: [vital({ deviceMs: 1000 })], agesMs: [3000] });
  assert.equal(page.model.open, true);
  assert.deepEqual([page.shown(SPO2).number, page.shown(SPO2).ageMs], [97, 3000]);
  const kept = setUp();
  kept.json("state", { open: false, vitals: [vital({ deviceMs: 1000 })], agesMs: [3000] }, { retain: true, expiryS: 18 });
  assert.equal(kept.model.open, false);
  assert.equal(kept.shown(SPO2).ageMs, 15_000);
  const old = setUp();
  old.json("state", { open: true, vitals: [vital({ deviceMs: 1000 })], agesMs: [3000] }, { retain: true });
  assert.equal(old.shown(SPO2).reason, "waitingForAge", "a broker that does not say how long it was kept");
  const unknown = setUp();
  unknown.json("state", { open: true, vitals: [vital({ deviceMs: 1000 })], agesMs: [null] });
  assert.equal(unknown.shown(SPO2).reason, "waitingForAge");
});

test("a repetition in a state is no reading that was received", () => {
  const page = setUp();
  const read = [];
  page.model.onread = (id) => read.push(id.sequence);
  page.json("state", { open: true, vitals: [vital({ sequence: 4, deviceMs: 1000 })] });
  page.json("spot", { vitals: [vital({ stream: 49, sequence: 2, mdc: SYSTOLIC, deviceMs: 500 })], events: [] });
  assert.deepEqual(read, []);
  page.vital({ sequence: 5 });
  assert.deepEqual(read, [5]);
  assert.equal(page.model.latest(SYSTOLIC).value, 97, "what was measured once is there");
});

test("tiles: the four that are always there in clinical order, then what else is measured; none for the cuff", () => {
  const page = setUp();
  assert.deepEqual(page.model.tiles().map(({ mdc, reading }) => [mdc, reading]), [[SPO2, null], [PULSE, null], [150448, null], [TEMPERATURE, null]]);
  page.vital({ stream: 97, mdc: 188420, value: 37.4 });
  page.vital({ stream: 96, mdc: 188424, value: 36.9 });
  page.vital({ stream: 99, mdc: 151562, value: 14 });
  page.vital({ stream: 16, mdc: TEMPERATURE, value: 36.6 });
  page.vital({ stream: 49, mdc: SYSTOLIC, value: 120 });
  page.vital({ stream: 98, mdc: 4711, value: 1 });
  page.vital({ device: OTHER, stream: 16, mdc: TEMPERATURE, value: 36.7 });
  assert.deepEqual(page.model.tiles().map(({ key }) => key), ["empty/150456", "empty/149530", "empty/150448", POD + "/16", OTHER + "/16", POD + "/96", POD + "/97", POD + "/99", POD + "/98"], "in the mouth, in the rectum, breaths, and last what has no place");
});

test("one reading that is simulated, injected or a test makes the session no patient's", () => {
  for (const flag of ["simulated", "injected", "test"]) {
    const page = setUp();
    page.vital({ flags: ["manual"] });
    assert.equal(page.model.unreal, false);
    page.vital({ sequence: 2, flags: [flag] });
    page.vital({ sequence: 3 });
    assert.equal(page.model.unreal, true, flag);
  }
  const page = setUp();
  page.message(`wave/${POD}/33`, frame({ flags: 8, body: wave({ samples: [1] }) }));
  assert.equal(page.model.unreal, false);
  page.message(`wave/${POD}/33`, frame({ flags: 2, sequence: 2, body: wave({ samples: [1] }) }));
  assert.equal(page.model.unreal, true);
});

test("losses are summed by cause and unit, each once", () => {
  const page = setUp();
  const gap = (sequence, count, cause = "powerLost", more = {}) => page.json(`gap/${POD}/1`, { id: `${POD}.1.1.${sequence}`, kind: "gap", stream: 1, cause, lost: { unit: "readings", count, ...more }, flags: [], time: { deviceUs: 0, utc: null } });
  gap(1, 3);
  gap(2, 4);
  gap(2, 4);
  gap(3, 5, "ringFull", { atLeast: true });
  gap(4, 100, "powerLost", { unit: "samples" });
  assert.deepEqual([...page.model.losses.values()], [
    { cause: "powerLost", unit: "readings", count: 7, atLeast: false }, { cause: "ringFull", unit: "readings", count: 5, atLeast: true }, { cause: "powerLost", unit: "samples", count: 100, atLeast: false },
  ]);
  assert.equal(page.model.counters.duplicates, 1);
});

test("events are said once, the newest first, and twenty are kept", () => {
  const page = setUp();
  const said = [];
  page.model.onevent = ({ code }) => said.push(code);
  const event = (sequence) => page.json(`event/${POD}/2`, { id: `${POD}.1.2.${sequence}`, kind: "event", stream: 2, code: "P" + (1000 + sequence), argument: sequence, flags: [], time: { deviceUs: 0, utc: null } });
  for (let i = 1; i <= 25; i++) event(i);
  event(25);
  event(3);
  assert.equal(said.length, 25);
  assert.equal(page.model.events.length, 20);
  assert.deepEqual(page.model.events[0], { id: `${POD}.1.2.25`, code: "P1025", device: POD, stream: 2, argument: 25, utc: null });
});

test("a wave goes to its place with its times", () => {
  const page = setUp();
  const waves = [];
  page.model.onwave = (chunk) => waves.push(chunk);
  page.message(`wave/${POD}/33`, frame({ deviceUs: 2_500_000, body: wave({ samples: [100, 101] }) }));
  page.message(`wave/${POD}/32`, frame({ stream: 32, body: wave({ mdc: 67108865, samples: [1] }) }));
  assert.deepEqual(waves, [{ device: POD, boot: 1, startS: 2.5, periodS: 0.01, samples: new Uint32Array([100, 101]) }]);
  assert.equal(page.model.counters.waves, 2);
});

test("the cuff's pressure is scaled by the stream's description, before it has come by the vocabulary", () => {
  const page = setUp();
  const pressures = [];
  page.model.onpressure = ({ samples }) => pressures.push(...samples);
  // Example of …/wave/{device}/48 in edge-gateway/MQTT.md: counts 12034 and 12059.
  const example = hex("01021000a10000feffbbaa02010000003000000001000000704a6b0000000000925e79a31c4b02001027000002001000022f1b2fbe546b78");
  page.message(`wave/${POD}/48`, example);
  assert.deepEqual(pressures.splice(0), [120.34, 120.59]);
  page.json(`wave/${POD}/48/description`, { v: 1, device: POD, stream: 48, unit: "mm[Hg]", scale: 0.05 });
  page.message(`wave/${POD}/48`, example);
  assert.deepEqual(pressures.splice(0), [601.7, 602.95]);
  for (const scale of [0, -1, null, "1", undefined]) page.json(`wave/${POD}/48/description`, { v: 1, device: POD, stream: 48, scale });
  page.message(`wave/${POD}/48`, example);
  assert.deepEqual(pressures.splice(0), [601.7, 602.95], "a scale that is none changes nothing");
  page.message(`wave/${POD}/48`, frame({ stream: 48, sequence: 2, flags: 32, body: wave({ mdc: 150300, bits: 16, samples: [100] }) }));
  assert.deepEqual(pressures, [], "what comes out of a store is not live");
});

test("sound goes to its place: live pieces, and frames that are stored and forwarded", () => {
  const page = setUp();
  const live = [], stored = [], read = [];
  page.model.onlive = ({ device, stream, number, samples }) => live.push([device, stream, number, ...samples]);
  page.model.onsound = (received) => stored.push([received.frame.sequence, ...received.sound.samples]);
  page.model.onread = ({ stream, sequence }) => read.push([stream, sequence]);
  page.message(`live/${POD}/64`, new Uint8Array([1, 0, 0, 0, ...le(9, 4), ...le(0, 8), ...le(1, 4), ...pcm({ samples: [16384] })]));
  page.message(`live/${POD}/64`, new Uint8Array([1, 0]));
  page.message(`sound/${POD}/64`, frame({ kind: 4, stream: 64, sequence: 3, body: pcm({ samples: [-32768] }) }));
  page.json(`live/${POD}/64/status`, { step: "full" });
  assert.deepEqual(live, [[POD, 64, 9, 0.5]]);
  assert.deepEqual(stored, [[3, -1]]);
  assert.deepEqual(read, [[64, 3]]);
  assert.deepEqual(page.model.live, { status: { step: "full" }, arrivedMs: page.nowMs });
});

test("kinds of later versions are acknowledged and not shown", () => {
  const page = setUp();
  const read = [];
  page.model.onread = ({ sequence }) => read.push(sequence);
  page.message(`event/${POD}/77`, frame({ version: 2, kind: 9, stream: 77, sequence: 4, body: [1, 2, 3] }), { contentType: "application/vnd.cart.frame" });
  assert.deepEqual(read, [4]);
  assert.equal(page.model.streams.size, 0);
});

test("pods have the parts that their streams are of, with the reasons of those without a value", () => {
  const page = setUp();
  page.settle();
  page.json(`device/${POD}`, { device: POD, connected: true, role: "pod" });
  page.vital({ stream: 35, absent: "notOnPatient" });
  page.vital({ stream: 37, mdc: 150448, absent: "notSettled" });
  page.vital({ stream: 36, mdc: PULSE, value: 71 });
  page.vital({ stream: 16, mdc: TEMPERATURE, value: 36.5 });
  page.vital({ stream: 99, mdc: 151562, value: 15 });
  page.vital({ device: OTHER, stream: 16, mdc: TEMPERATURE });
  page.pass(2000);
  const [first, second] = page.model.pods();
  assert.equal(first.about.connected, true);
  assert.deepEqual([...first.parts.values()].map(({ name, hasValue, absences }) => [name, hasValue, absences.map(({ mdc, absent }) => [mdc, absent])]), [
    ["part.oximeter", true, [[SPO2, "notOnPatient"], [150448, "notSettled"]]], ["part.thermometer", true, []], ["part.other/99", true, []],
  ]);
  assert.equal(first.parts.get("part.thermometer").ageMs, 2000);
  assert.deepEqual([second.device, second.about], [OTHER, null]);
});

test("another session's topics are not taken, and every list has a bound", () => {
  const page = setUp();
  page.model.take({ topic: "cart/C1/session/S2/state", payload: utf8("{\"open\":true}"), retain: false });
  assert.deepEqual([page.model.counters.foreign, page.model.open], [1, null]);
  for (let i = 0; i < 150; i++) page.vital({ stream: 100 + i, mdc: 151562 });
  for (let i = 0; i < 120; i++) page.json("clip/C" + i, { clip: "C" + i });
  for (let i = 0; i < 40; i++) page.json("device/d" + i, { device: "d" + i });
  for (let i = 0; i < 80; i++) page.vital({ boot: 10 + i, stream: 100 });
  const { streams, clips, devices, clocks } = page.model;
  assert.deepEqual([streams.size, clips.size, devices.size, clocks.size], [128, 99, 32, 64]);
  page.json("clip/C0", { clip: "C0", state: "complete" });
  assert.equal(clips.get("C0").state, "complete", "what is known goes on being brought up to date");
});

test("after a jump of the clock everything is forgotten, ages first", () => {
  const page = setUp();
  page.settle();
  page.vital({ flags: ["test"] });
  page.json("state", { open: true });
  page.json("auscultation", { listening: true });
  page.model.reset();
  assert.equal(page.model.latest(SPO2), null);
  assert.deepEqual([page.model.open, page.model.unreal, page.model.auscultation, page.model.clocks.size, page.model.counters.readings], [null, false, null, 0, 0]);
});
