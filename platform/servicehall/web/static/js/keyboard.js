// Keys of the whole program: silent inside inputs and dialogs, and wherever the person turned them off.
import { open } from "hall/dialogs";

let pending = "";
let timer = 0;

export function initKeyboard() {
  if (document.body.dataset.shortcuts === "off") return;
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      import("hall/palette").then((palette) => palette.show());
      return;
    }
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || busy(event.target)) return;
    if (sequence(event.key) || single(event.key)) event.preventDefault();
  });
}

function busy(target) {
  return Boolean(target.closest("input, textarea, select, [contenteditable], .ts-wrapper") || document.querySelector("dialog[open]"));
}

function sequence(key) {
  clearTimeout(timer);
  if (pending === "g") {
    pending = "";
    const link = document.querySelector(`[data-go="g ${CSS.escape(key)}"]`);
    link?.click();
    return Boolean(link);
  }
  if (key !== "g") return false;
  pending = "g";
  timer = setTimeout(() => { pending = ""; }, 1200);
  return true;
}

const rowKeys = {
  j: () => move(1),
  k: () => move(-1),
  x: () => current()?.querySelector("input[type=checkbox]")?.click() ?? current() !== null,
  Enter: () => enter(),
};

function single(key) {
  if (key === "?") {
    open(document.getElementById("shortcuts-help"));
    return true;
  }
  if (rowKeys[key] && document.querySelector("[data-row]")) return rowKeys[key]();
  const target = document.querySelector(`[data-key="${CSS.escape(key)}"]:not([disabled])`);
  if (!target) return false;
  target.focus();
  if (!target.matches("input, textarea, select, [data-key-focus]")) target.click();
  return true;
}

const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent !== null);
const current = () => document.querySelector("[data-row].is-current");

function move(step) {
  const all = rows();
  const index = all.indexOf(current());
  const next = all[index < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(index + step, 0), all.length - 1)];
  if (!next) return false;
  current()?.classList.remove("is-current");
  next.classList.add("is-current");
  next.scrollIntoView({ block: "nearest" });
  link(next)?.focus({ preventScroll: true });
  return true;
}

const link = (row) => row.querySelector("[data-open]") ?? row.querySelector("a[href]");

function enter() {
  if (document.activeElement?.closest("a, button, summary")) return false;
  const target = current() && link(current());
  target?.click();
  return Boolean(target);
}
