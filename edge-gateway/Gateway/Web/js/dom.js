// @ts-check
// Elements: found, made and changed in place, so that reading aids and keyboards keep their place.

import { text } from "./core/text.js";

/**
 * The element of an id that the page must have.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [type] What it must be.
 * @returns {T}
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof (type ?? HTMLElement))) throw new Error(`the page has no ${(type ?? HTMLElement).name} with the id ${id}`);
  return /** @type {T} */ (element);
}

/**
 * What draws on a canvas.
 * @param {HTMLCanvasElement} canvas
 */
export function penOf(canvas) {
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("this browser does not draw on a canvas");
  return pen;
}

/**
 * A new element, at the end of another when there is one.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} [className]
 * @param {Element | null} [parent]
 * @param {string} [content]
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, className, parent, content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (content !== undefined) element.textContent = content;
  parent?.append(element);
  return element;
}

/**
 * Changes a text only when it differs: an unchanged live region stays silent.
 * @param {Element} element
 * @param {string} words
 */
export function say(element, words) { if (element.textContent !== words) element.textContent = words; }

/**
 * Fills a list of choices in the language in force; what is chosen stays.
 * @param {HTMLSelectElement} select
 * @param {string[]} words The empty word shows the text of `none`.
 * @param {string} prefix The words' keys in text.js begin with it.
 * @param {string} [none]
 */
export function fillChoices(select, words, prefix, none = "") {
  const chosen = select.value;
  select.replaceChildren(...words.map((word) => {
    const option = make("option", "", null, text(word === "" ? none : prefix + word));
    option.value = word;
    return option;
  }));
  if (words.includes(chosen)) select.value = chosen;
}

/** Fills every element that names its text by data-text. */
export function fill() {
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-text]"))) element.textContent = text(element.dataset.text ?? "");
}

/**
 * Faults as a list: code, what happened, next step.
 * @param {Element} list
 * @param {import("./core/wire.js").Fault[]} faults
 */
export function drawFaults(list, faults) {
  list.replaceChildren();
  for (const fault of faults) {
    const item = make("li", "fault", list);
    make("span", "code", item, fault.code);
    make("span", "", item, " " + fault.happened + (fault.detail ? " (" + fault.detail + ")" : ""));
    if (fault.do) {
      const next = make("p", "next", item);
      make("strong", "", next, text("nextStep"));
      next.append(" " + fault.do);
    }
  }
}
