// @ts-check
// Numbers, units, ages and names as a person reads them, in the language in force.

import { has, language, text } from "./text.js";
import { QUANTITIES, UNITS } from "./vocabulary.g.js";

/** Decimals shown; what has none here is shown as it was published. */
const DECIMALS = new Map(QUANTITIES.map(({ mdc, decimals }) => [mdc, decimals]));

/**
 * A value with the decimals that its quantity has in the vocabulary.
 * @param {number} value
 * @param {number} mdc Code of the quantity.
 */
export function formatNumber(value, mdc) {
  const decimals = DECIMALS.get(mdc) ?? null;
  const options = decimals === null ? { maximumFractionDigits: 6 } : { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return new Intl.NumberFormat(language(), { ...options, useGrouping: false }).format(value);
}

/**
 * How a person reads a UCUM unit; one that the vocabulary does not have stays as it is.
 * @param {string | null | undefined} unit
 * @returns {string}
 */
export function formatUnit(unit) { return Object.hasOwn(UNITS, unit ?? "") ? /** @type {Record<string, string>} */ (UNITS)[unit ?? ""] : unit ?? ""; }

/**
 * The name of a quantity; its number when the vocabulary has none.
 * @param {number} mdc
 */
export function quantityName(mdc) { return has("mdc." + mdc) ? text("mdc." + mdc) : text("mdc.other", mdc); }

/**
 * An age in whole seconds.
 * @param {number} ageMs
 */
export function formatAge(ageMs) {
  const seconds = Math.floor(ageMs / 1000);
  return seconds < 2 ? text("ageNow") : text("ageSeconds", seconds);
}

/**
 * The time of day in hours and minutes, and what else is asked for.
 * @param {number | Date} time A moment, ms since 1970.
 * @param {Intl.DateTimeFormatOptions} [more]
 */
export function timeOfDay(time, more = {}) {
  return new Intl.DateTimeFormat(language(), { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...more }).format(time);
}

/**
 * The words for a reason why there is no value.
 * @param {string} reason "absence." and a word of the wire.
 */
export function absenceText(reason) { return has(reason) ? text(reason) : text("absence.unknown"); }

/**
 * What a part does, in words: a reason that all its quantities share stands alone, others stand with the quantity.
 * @param {Pick<import("./model.js").Part, "hasValue" | "absences">} part
 */
export function partText({ hasValue, absences }) {
  const reasons = absences.map(({ mdc, absent }) => ({ mdc, reason: absenceText("absence." + absent) }));
  if (reasons.length === 0) return text("partMeasuring");
  if (!hasValue && new Set(reasons.map(({ reason }) => reason)).size === 1) return reasons[0].reason;
  return reasons.map(({ mdc, reason }) => quantityName(mdc) + ": " + reason).join("; ");
}

/**
 * The words of an enumeration among which a person chooses.
 * @param {Readonly<Record<string, number>>} enumeration
 */
export function choices(enumeration) { return Object.keys(enumeration).filter((word) => word !== "unknown"); }

/**
 * What the state of a connection means, in words.
 * @param {{ connected: boolean, reason: number, over?: boolean }} state reason: of MQTT, 0 for none; over: the session is known to be closed.
 */
export function connectionText({ connected, reason, over }) {
  if (connected) return text("connected");
  if (over) return text("sessionOver");
  if (reason === 0x98) return text("sessionOver");
  if (reason === 0x85 || reason === 0x86 || reason === 0x87) return text("refusedToken");
  return reason >= 0x80 ? text("refusedOther", "0x" + reason.toString(16)) : text("reconnecting");
}
