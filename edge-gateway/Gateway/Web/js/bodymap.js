// @ts-check
// The eight places of the stethoscope on a drawn torso, as one faces the patient: the patient's right is at the left. Shape says the state, no colour does.

import { text } from "./core/text.js";

const SVG = "http://www.w3.org/2000/svg";
/** @type {Readonly<Record<string, readonly [number, number]>>} Where each site of the vocabulary is drawn, in its order. */
const SITES = {
  aortic: [88, 82], pulmonic: [114, 82], tricuspid: [110, 116], mitral: [130, 130],
  rightUpperLung: [66, 62], leftUpperLung: [138, 62], rightLowerLung: [60, 158], leftLowerLung: [144, 158],
};
const OUTLINE = "M84 6 C84 26 80 32 62 38 C40 44 26 52 24 76 L18 150 L34 150 L42 96 C46 128 44 160 46 196 L158 196 C160 160 158 128 162 96 L170 150 L186 150 L180 76 C178 52 164 44 142 38 C124 32 120 26 120 6";
const MIDLINES = ["M102 46 L102 128", "M60 42 C76 50 90 50 102 46 C114 50 128 50 144 42"];

/**
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} name
 * @param {Record<string, string | number>} attributes
 * @param {Element} parent
 */
function shape(name, attributes, parent) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  parent.append(element);
  return element;
}

/** The map of the body with its sites as buttons. */
export class BodyMap {
  /**
   * @param {HTMLElement} container
   * @param {(site: string) => void} onchoose A person chose a site.
   */
  constructor(container, onchoose) {
    /** @type {Map<string, { place: SVGGElement, title: SVGTitleElement }>} */
    this.places = new Map();
    const svg = shape("svg", { viewBox: "0 0 204 200", role: "group", class: "body" }, container);
    shape("path", { d: OUTLINE, class: "outline" }, svg);
    for (const d of MIDLINES) shape("path", { d, class: "midline" }, svg);
    this.right = shape("text", { x: 26, y: 190, class: "side" }, svg);
    this.left = shape("text", { x: 168, y: 190, class: "side" }, svg);
    for (const [site, [x, y]] of Object.entries(SITES)) {
      const place = shape("g", { class: "site", role: "button", tabindex: "0", "data-site": site, "aria-pressed": "false" }, svg);
      shape("circle", { cx: x, cy: y, r: 12, class: "ring" }, place);
      shape("circle", { cx: x, cy: y, r: 7, class: "spot" }, place);
      const title = shape("title", {}, place);
      place.addEventListener("click", () => onchoose(site));
      place.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        onchoose(site);
      });
      this.places.set(site, { place, title });
    }
    this.svg = svg;
  }

  /** @param {{ chosen: string | null, requested: string | null, confirmed: string | null }} sites */
  draw({ chosen, requested, confirmed }) {
    this.svg.setAttribute("aria-label", text("bodyMap"));
    this.right.textContent = text("sideRight");
    this.left.textContent = text("sideLeft");
    for (const [site, { place, title }] of this.places) {
      const states = [...site === requested ? ["siteRequested"] : [], ...site === confirmed ? ["siteConfirmed"] : []];
      const label = [text("site." + site), ...states.map((state) => text(state))].join(", ");
      if (place.getAttribute("aria-label") !== label) { place.setAttribute("aria-label", label); title.textContent = label; }
      place.setAttribute("aria-pressed", String(site === chosen));
      place.dataset.requested = String(site === requested);
      place.dataset.confirmed = String(site === confirmed);
    }
  }
}
