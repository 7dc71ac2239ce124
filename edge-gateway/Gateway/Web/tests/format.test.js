import test from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { absenceText, choices, connectionText, formatAge, formatNumber, formatUnit, partText, quantityName, timeOfDay } from "../js/core/format.js";
import { setLanguage } from "../js/core/text.js";

const vocabulary = JSON.parse(readFileSync(new URL("../../../../hardware/vocabulary.json", import.meta.url), "utf8"));

test.afterEach(() => setLanguage("en"));

test("a number has the decimals of its quantity in hardware/vocabulary.json", () => {
  let limited = 0;
  for (const { mdc, decimals } of vocabulary.quantities) {
    const shown = formatNumber(1234.56789012, mdc);
    if (decimals === undefined) assert.equal(shown, "1234.56789", mdc + " is shown as published");
    else assert.equal(shown, Number(1234.56789012).toFixed(decimals), "decimals of " + mdc);
    limited += decimals === undefined ? 0 : 1;
  }
  assert.ok(limited > 10);
  assert.equal(formatNumber(36.6, 150388), "36.6");
  assert.equal(formatNumber(37, 150388), "37.0");
  assert.equal(formatNumber(97.4999, 150456), "97");
  assert.equal(formatNumber(0.5, 42), "0.5", "an unknown quantity");
});

test("a part says for which of its quantities there is no value, and why", () => {
  const spo2 = { mdc: 150456, absent: "notOnPatient" }, pulse = { mdc: 149530, absent: "notOnPatient" }, other = { mdc: 149530, absent: "notSettled" };
  assert.equal(partText({ hasValue: true, absences: [] }), "measuring");
  assert.equal(partText({ hasValue: false, absences: [] }), "measuring");
  assert.equal(partText({ hasValue: false, absences: [spo2, pulse] }), absenceText("absence.notOnPatient"));
  assert.equal(partText({ hasValue: true, absences: [spo2] }), quantityName(150456) + ": " + absenceText("absence.notOnPatient"));
  assert.equal(
    partText({ hasValue: false, absences: [spo2, other] }),
    quantityName(150456) + ": " + absenceText("absence.notOnPatient") + "; " + quantityName(149530) + ": " + absenceText("absence.notSettled"));
});

test("French has a comma", () => {
  setLanguage("fr");
  assert.equal(formatNumber(36.65, 150448), "36,65");
});

test("a unit is shown as a person reads it", () => {
  for (const [ucum, shown] of Object.entries({ "Cel": "°C", "%": "%", "/min": "/min", "mm[Hg]": "mmHg", "1": "", "kPa": "kPa", "toString": "toString" })) assert.equal(formatUnit(ucum), shown);
  assert.equal(formatUnit(undefined), "");
  assert.equal(formatUnit(null), "");
});

test("a quantity has its name, an unknown one its number", () => {
  for (const { mdc, en } of vocabulary.quantities) assert.equal(quantityName(mdc), en);
  assert.equal(quantityName(7), "Quantity 7");
});

test("an age is in whole seconds that have passed", () => {
  assert.deepEqual([0, 1999, 2000, 29999].map(formatAge), ["now", "now", "2 s ago", "29 s ago"]);
});

test("the time of day has two digits each and no 12 hours", () => {
  assert.equal(timeOfDay(new Date(2026, 0, 2, 0, 4, 5)), "00:04");
  assert.equal(timeOfDay(new Date(2026, 0, 2, 15, 4, 5), { second: "2-digit" }), "15:04:05");
  assert.equal(timeOfDay(new Date(2026, 0, 2, 15, 4, 5).getTime()), "15:04");
});

test("a reason that the page does not know is said as such", () => {
  assert.equal(absenceText("absence.notOnPatient"), "sensor not on the patient");
  assert.equal(absenceText("absence.tooNew"), "no value, for a reason this page does not know");
});

test("among words a person does not choose the unknown", () => {
  assert.deepEqual(choices({ unknown: 0, adult: 1, child: 2 }), ["adult", "child"]);
});

test("a connection's state is said by its reason", () => {
  const say = (state) => connectionText({ connected: false, reason: 0, ...state });
  assert.equal(say({ connected: true }), "Connected to the session's broker.");
  assert.equal(say({}), "Not connected. Trying again; values on this page grow old.");
  assert.match(say({ over: true }), /^The session has ended/);
  assert.match(say({ reason: 0x98 }), /^The session has ended/);
  for (const reason of [0x85, 0x86, 0x87]) assert.match(say({ reason }), /^The broker refused this link/);
  assert.equal(say({ reason: 0x97 }), "The broker refused the connection (reason 0x97).");
});
