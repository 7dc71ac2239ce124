import test from "node:test";
import assert from "node:assert/strict";
import { GainRule, gainOf } from "../js/core/gain.js";

test("a peak is brought to half of full scale, by 0 to 40 dB", () => {
  assert.deepEqual([0.1, 0.005, 0.001, 0.9, 0].map(gainOf), [5, 100, 100, 1, 1]);
});

test("the gain falls at once and rises by at most 6 dB a second", () => {
  const rule = new GainRule();
  assert.equal(rule.heard(0.5, 0, false), 1);
  assert.equal(rule.heard(0.005, 1, false), 1, "the loud sample of one second ago still counts");
  assert.equal(rule.heard(0.005, 3.5, false), 2 ** 2.5, "after 3 s it does not");
  assert.equal(rule.heard(0.005, 4.5, false), 2 ** 3.5);
  assert.equal(rule.heard(0.25, 4.6, false), 2);
});

test("without contact the gain may fall and not rise", () => {
  const rule = new GainRule();
  rule.heard(0.25, 0, false);
  rule.heard(0.25, 1, false);
  assert.equal(rule.gain, 2);
  assert.equal(rule.heard(0.001, 10, true), 2);
  assert.equal(rule.heard(0.5, 11, true), 1);
});
