import test from "node:test";
import assert from "node:assert/strict";
import { has, keys, language, languages, preferredLanguage, setLanguage, text } from "../js/core/text.js";
import { words as vocabulary } from "../js/core/vocabulary.g.js";

test.afterEach(() => setLanguage("en"));

/** All texts of a language by their keys. */
function all(name) {
  setLanguage(name);
  return new Map(keys().map((key) => [key, text(key)]));
}

test("both languages are complete, and have the same places for values", () => {
  assert.deepEqual(languages, ["en", "fr"]);
  const [english, french] = languages.map(all);
  assert.ok(english.size > 300, String(english.size));
  for (const [key, words] of english) {
    const other = french.get(key);
    assert.ok(words.trim() !== "", key + " has no English");
    assert.ok(other.trim() !== "", key + " has no French");
    assert.deepEqual(other.match(/\{\d\}/g)?.sort(), words.match(/\{\d\}/g)?.sort(), key);
  }
});

test("most texts differ between the languages, so that none stands twice in one", () => {
  const [english, french] = languages.map(all);
  const same = [...english].filter(([key, words]) => french.get(key) === words).map(([key]) => key);
  assert.deepEqual(same.sort(), ["cuffCategory", "events", "pod", "pods", "soundGain", "soundVolume"]);
});

test("the vocabulary's texts are there", () => {
  for (const [key, [english, french]] of Object.entries(vocabulary)) {
    setLanguage("en");
    assert.equal(text(key), english);
    setLanguage("fr");
    assert.equal(text(key), french);
  }
});

test("values take their places; a place without a value stays", () => {
  assert.equal(text("lostReadings", 3, "why"), "3 readings: why");
  assert.equal(text("lostReadings", 3), "3 readings: {1}");
  assert.equal(text("lostReadings", 0, "{0}"), "0 readings: {0}");
  setLanguage("fr");
  assert.equal(text("lostReadings", 3, "pourquoi"), "3 mesures : pourquoi");
});

test("a missing key shows as the key, also one that every object has", () => {
  assert.equal(text("noSuchKey", 1), "noSuchKey");
  assert.equal(text("toString"), "toString");
  assert.equal(has("constructor"), false);
  assert.equal(has("pods"), true);
});

test("anything but French is English", () => {
  for (const [name, expected] of [["fr", "fr"], ["de", "en"], ["FR", "en"], ["", "en"]]) {
    setLanguage(name);
    assert.equal(language(), expected);
  }
});

test("the first of the two that the browser prefers is taken", () => {
  assert.equal(preferredLanguage(["de-CH", "fr-CH", "en"]), "fr");
  assert.equal(preferredLanguage(["en-GB", "fr"]), "en");
  assert.equal(preferredLanguage(["FR"]), "fr");
  assert.equal(preferredLanguage(["de", "it"]), "en");
  assert.equal(preferredLanguage([]), "en");
});
