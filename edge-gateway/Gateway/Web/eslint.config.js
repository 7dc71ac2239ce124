import js from "@eslint/js";
import globals from "globals";

// What a module of core/ may use besides the language: nothing of a document or a window.
const portable = Object.fromEntries(["TextDecoder", "TextEncoder", "WebSocket", "clearInterval", "clearTimeout", "console", "crypto", "fetch", "performance", "setInterval", "setTimeout"]
  .map((name) => [name, "readonly"]));

export default [
  js.configs.recommended,
  { linterOptions: { reportUnusedDisableDirectives: "error" }, languageOptions: { ecmaVersion: 2024, sourceType: "module" } },
  { files: ["js/*.js"], languageOptions: { globals: globals.browser } },
  { files: ["js/core/*.js"], languageOptions: { globals: portable } },
  { files: ["tests/*.js"], languageOptions: { globals: globals.node } },
];
