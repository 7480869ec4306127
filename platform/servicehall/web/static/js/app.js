// Starts what a page has; every page works without any of it.
import { initDialogs } from "hall/dialogs";
import { initKeyboard } from "hall/keyboard";

initDialogs();
initKeyboard();

const parts = [
  ["form[data-check]", "hall/live-form", (module, root) => module.initLiveForms(root)],
  ["select[data-picker], select.my_select2, input[data-search]", "hall/picker", (module, root) => module.initPickers(root)],
  ["[data-board]", "hall/board", (module, root) => root.querySelectorAll("[data-board]").forEach(module.initBoard)],
  ["[data-graph]", "hall/graph", (module, root) => root.querySelectorAll("[data-graph]").forEach(module.initGraph)],
];
const load = {
  "hall/live-form": () => import("hall/live-form"),
  "hall/picker": () => import("hall/picker"),
  "hall/board": () => import("hall/board"),
  "hall/graph": () => import("hall/graph"),
};

function start(root, wanted = parts) {
  for (const [selector, name, begin] of wanted) {
    if (root.querySelector(selector)) load[name]().then((module) => begin(module, root));
  }
}

start(document);
showTab();
window.addEventListener("resize", showTab);
document.addEventListener("hall:swapped", (event) => start(event.target, parts.slice(0, 2)));
document.addEventListener("htmx:after:swap", (event) => start(event.detail?.ctx?.target ?? document, parts.slice(1, 2)));
document.querySelector("[data-focus]")?.focus();
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-select-all]")) {
    const boxes = event.target.closest("form, table").querySelectorAll("[data-row] input[type=checkbox]:not(:disabled)");
    boxes.forEach((box) => { box.checked = event.target.checked; mark(box); });
  } else if (event.target.matches("[data-row] input[type=checkbox]")) mark(event.target);
});

function showTab() {
  for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
    const list = tab.closest(".tabs");
    list.scrollLeft = tab.parentElement.offsetLeft - list.offsetLeft - (list.clientWidth - tab.offsetWidth) / 2;
  }
}

function mark(box) {
  box.closest("[data-row]")?.classList.toggle("is-selected", box.checked);
}
