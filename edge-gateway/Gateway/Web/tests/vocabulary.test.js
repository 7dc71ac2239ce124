import test from "node:test";
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import * as vocabulary from "../js/core/vocabulary.g.js";

const source = JSON.parse(readFileSync(new URL("../../../../hardware/vocabulary.json", import.meta.url), "utf8"));
const scripts = new URL("../js/", import.meta.url);
const modules = readdirSync(scripts, { recursive: true }).map((name) => name.replaceAll("\\", "/")).filter((name) => name.endsWith(".js"));

/** The names that a module imports of another. */
function imports(text) {
  return [...text.matchAll(/import\s*\{([^}]*)\}\s*from\s*"([^"]+)"/g)].flatMap(([, names, from]) => names.split(",").map((name) => ({ name: name.trim().split(" as ")[0], from })));
}

test("every export of the vocabulary is used by a module", () => {
  const used = new Set(modules.flatMap((name) => imports(readFileSync(new URL(name, scripts), "utf8"))).filter(({ from }) => from.endsWith("/vocabulary.g.js")).map(({ name }) => name));
  assert.deepEqual(Object.keys(vocabulary).filter((name) => !used.has(name)), []);
});

test("modules of core/ import from core/ alone", () => {
  const core = modules.filter((name) => name.startsWith("core/"));
  assert.ok(core.length >= 12, String(core.length));
  for (const name of core) {
    for (const [, from] of readFileSync(new URL(name, scripts), "utf8").matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)) assert.match(from, /^\.\/[a-z.-]+\.js$/, `${name} imports ${from}`);
  }
});

test("the edges of the listening filters are those of hardware/vocabulary.json", () => {
  const modes = source.enums.find(({ name }) => name === "ListeningMode").values;
  assert.deepEqual(vocabulary.LISTENING_BANDS_HZ, Object.fromEntries(modes.map(({ name, lowHz, highHz }) => [name.toLowerCase(), lowHz === undefined ? null : [lowHz, highHz]])));
  assert.equal(Object.values(vocabulary.LISTENING_BANDS_HZ).filter((band) => band !== null).length, 4);
});

test("nothing of the vocabulary can be changed by a page", () => {
  for (const [name, value] of Object.entries(vocabulary)) assert.ok(typeof value !== "object" || Object.isFrozen(value), name);
});
