// The designer: choosing on the canvas, keys, dragging, copying; every change is a button's act that the server does.
import "sortablejs";
import { announce } from "hall/announce";
import { open } from "hall/dialogs";
import { hold } from "hall/held-keys";
import { flush, send, swap } from "hall/studio";

const root = document.querySelector("[data-designer]");
const CLIP = "servicehall-fields";
const canvas = () => document.getElementById("canvas");
const links = () => [...canvas().querySelectorAll("a[data-select]")];
const fields = () => links().filter((link) => link.closest(".designer-item"));
const current = () => canvas().querySelector("a[data-select][aria-current]");
const ticked = () => [...canvas().querySelectorAll("input[name=pick]:checked")].map((box) => box.value);
const picked = () => (ticked().length ? ticked() : current() ? [current().dataset.select] : []);
const NOBODY = { name: "", value: "", id: "" };
let asked = 0;

// --- choosing: the row answers at once, its properties come after a moment ---

async function select(link, { enter = false } = {}) {
  if (!link) return;
  const release = enter ? hold() : () => {};
  try {
    await show(link, enter);
  } finally {
    release();
  }
}

async function show(link, enter) {
  mark(link);
  const turn = ++asked;
  await flush();
  await new Promise((done) => setTimeout(done, enter ? 0 : 60));
  if (turn !== asked) return;
  const address = `${root.dataset.base}/${root.dataset.tab}?form=${root.dataset.form}&at=${link.dataset.select}`;
  const answer = await fetch(`${address}&part=properties`, { credentials: "same-origin", headers: { "X-Requested-With": "fetch" } }).catch(() => null);
  if (!answer?.ok || turn !== asked) return;
  swap(await answer.text(), NOBODY, true);
  history.replaceState(null, "", address);
  if (enter) toProperties();
  else if (document.activeElement === document.body) focusCanvas();
}

function mark(link) {
  for (const one of links()) {
    one.toggleAttribute("aria-current", false);
    one.tabIndex = -1;
  }
  link.setAttribute("aria-current", "true");
  link.tabIndex = 0;
  for (const item of canvas().querySelectorAll(".is-selected")) item.classList.remove("is-selected");
  link.closest(".designer-item, .designer-sheet")?.classList.add("is-selected");
  link.focus({ preventScroll: true });
  link.scrollIntoView({ block: "nearest" });
}

function toProperties() {
  const box = document.getElementById("properties");
  const first = box.querySelector(`[name*="/label/"]:lang(${document.documentElement.lang}), [name*="/title/"]`)
    ?? box.querySelector("textarea, input:not([type=hidden]), select");
  first?.focus();
  if (first?.select) first.select();
}

root.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-select]");
  const plus = event.target.closest("a[data-add]");
  if (link && !event.metaKey) {
    event.preventDefault();
    if (event.ctrlKey || event.shiftKey) tick(link);
    else select(canvas().querySelector(`a[data-select="${CSS.escape(link.dataset.select)}"]`) ?? link);
  } else if (plus) {
    event.preventDefault();
    openPalette(plus.dataset.add);
  } else if (event.target.closest("[data-open-palette]")) {
    openPalette("");
  } else if (event.target.closest("[data-copy]")) {
    copy();
  }
});

root.addEventListener("change", (event) => {
  const rule = event.target.matches(".designer-rule select") && event.target.value === "=rule"
    && event.target.parentElement.querySelector("textarea");
  if (rule && !rule.value.trim()) {
    event.stopPropagation();
    rule.parentElement.querySelector("a[data-build]").focus();
    return;
  }
  if (event.target.name === "pick") root.classList.toggle("has-ticks", ticked().length > 0);
  const press = event.target.closest("[data-press]")?.dataset.press;
  if (press) document.getElementById(press)?.click();
});

function tick(link) {
  const box = link.closest(".designer-item")?.querySelector("input[name=pick]");
  if (!box) return;
  box.click();
  announce(box.getAttribute("aria-label"));
}

// --- acts ---

// A button's act of the canvas; the ticked fields go along only where the act is for them.
async function act(say, given = {}) {
  const release = hold();
  try {
    await perform(say, given);
  } finally {
    release();
  }
}

async function perform(say, { together = false, more = [], to = "canvas" }) {
  asked += 1; // the properties that were on their way are those of before
  if (!together) for (const box of canvas().querySelectorAll("input[name=pick]:checked")) box.checked = false;
  const form = canvas();
  const at = current()?.dataset.select;
  const state = form.querySelector("input[name=at]");
  if (at && state) state.value = at;
  await flush();
  await send(form, [["do", say], ...more], form.action, NOBODY);
  if (to === "label") toProperties();
  else focusCanvas();
}

const asks = () => document.querySelector("#properties [data-ask-remove]");
function remove() {
  const chosen = ticked();
  const button = document.querySelector("#properties [data-remove]");
  if (chosen.length) {
    canvas().querySelector('button[value="drop:"]').focus();
    return;
  }
  const ask = asks();
  if (ask) {
    ask.open = true;
    ask.querySelector(".btn-danger").focus();
  } else if (button && globalThis.confirm(button.dataset.remove)) {
    act(`drop:${current().dataset.select}`);
  }
}

async function copy() {
  const wanted = picked();
  if (!wanted.length) return false;
  await flush();
  const pick = wanted.map((one) => `pick=${encodeURIComponent(one)}`).join("&");
  const answer = await fetch(`${root.dataset.base}/copied?form=${root.dataset.form}&${pick}`, { credentials: "same-origin" }).catch(() => null);
  if (!answer?.ok) return false;
  const text = JSON.stringify(await answer.json());
  localStorage.setItem(CLIP, text);
  await navigator.clipboard?.writeText(text).catch(() => null);
  announce(root.dataset.copied);
  return true;
}

async function paste() {
  const held = await navigator.clipboard?.readText().catch(() => "");
  const text = looksLikeFields(held) ? held : localStorage.getItem(CLIP);
  if (!looksLikeFields(text)) {
    announce(root.dataset.nothing);
    return;
  }
  await act("paste:", { more: [["clip", text]] });
}

function looksLikeFields(text) {
  try {
    const found = JSON.parse(text ?? "");
    return Array.isArray(found?.fields ?? found);
  } catch {
    return false;
  }
}

// --- keys on the canvas ---

async function held(run) {
  const release = hold();
  await run().finally(release);
}

const plain = {
  j: () => walk(1), ArrowDown: () => walk(1), k: () => walk(-1), ArrowUp: () => walk(-1),
  Home: () => select(links()[0]), End: () => select(links().at(-1)),
  Enter: () => select(current(), { enter: true }),
  Delete: remove, Backspace: remove,
  "/": () => openPalette(""), Insert: () => openPalette(""),
  x: () => current() && tick(current()), " ": () => current() && tick(current()),
};
const withCtrl = {
  c: copy,
  x: () => held(async () => { if (await copy()) await act(`drop:${current()?.dataset.select ?? ""}`, { together: true }); }),
  v: () => held(paste),
  d: () => current() && act(`double:${current().dataset.select}`, { together: true }),
};
const withAlt = {
  ArrowUp: () => current() && act(`shift:${current().dataset.select}:up`),
  ArrowDown: () => current() && act(`shift:${current().dataset.select}:down`),
};

root.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.closest("#properties") && !event.target.closest("dialog")) {
    focusCanvas();
    return;
  }
  if (!event.target.closest("#canvas") || event.target.matches("input:not([type=checkbox]), textarea, select, summary, button")) return;
  if (event.target.matches("input") && event.key === " ") return;
  if (event.key === "Enter" && !event.target.matches("a[data-select], input")) return;
  const off = document.body.dataset.shortcuts === "off" && event.key.length === 1;
  const keys = event.ctrlKey || event.metaKey ? withCtrl : event.altKey ? withAlt : off ? {} : plain;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (!keys[key] || (keys === withCtrl && String(getSelection()))) return;
  event.preventDefault();
  event.stopPropagation();
  keys[key]();
});

function walk(by) {
  const all = links();
  const at = all.indexOf(current());
  select(all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)]);
}

function focusCanvas() {
  (current() ?? fields()[0] ?? links()[0])?.focus({ preventScroll: true });
}

// --- the palette as a list that one searches ---

const dialog = document.getElementById("add-field");
const search = document.getElementById("add-field-search");
const list = document.getElementById("add-field-list");
let place = "";
let chosen = 0;

function openPalette(at) {
  place = at;
  search.value = "";
  chosen = 0;
  open(dialog);
  search.focus();
  draw();
}

function offered() {
  const wanted = search.value.trim().toLowerCase();
  const inTable = place.includes("/columns/") || (!place && current()?.dataset.select.includes("/columns/"));
  const found = [];
  for (const option of list.children) {
    option.hidden = !option.dataset.words.toLowerCase().includes(wanted) || (inTable && "noRows" in option.dataset);
    if (!option.hidden) found.push(option);
  }
  return found;
}

function draw() {
  const found = offered();
  chosen = Math.min(Math.max(chosen, 0), Math.max(found.length - 1, 0));
  found.forEach((option, index) => option.setAttribute("aria-selected", String(index === chosen)));
  if (found.length) search.setAttribute("aria-activedescendant", found[chosen].id);
  else search.removeAttribute("aria-activedescendant");
  found[chosen]?.scrollIntoView({ block: "nearest" });
}

function add(option) {
  if (!option) return;
  dialog.close();
  act(`${option.dataset.do}:${place}:${option.dataset.what}`, { to: "label" });
}

search.addEventListener("input", () => { chosen = 0; draw(); });
search.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    event.preventDefault();
    chosen += step;
    draw();
  } else if (event.key === "Enter") {
    event.preventDefault();
    add(offered()[chosen]);
  }
});
list.addEventListener("click", (event) => add(event.target.closest("[role=option]")));
root.querySelector(".designer-palette").addEventListener("click", (event) => {
  const button = event.target.closest("button[name=do]");
  if (!button) return;
  event.preventDefault();
  act(button.value, { to: "label" });
});

// --- dragging, and what a swapped canvas needs again ---

function drags() {
  for (const one of canvas().querySelectorAll("[data-list]")) {
    if (one.dataset.drags) continue;
    one.dataset.drags = "true";
    globalThis.Sortable.create(one, {
      group: "fields", draggable: ".designer-item", filter: "input, .designer-plus", preventOnFilter: false,
      delay: 150, delayOnTouchOnly: true, animation: 0, onEnd: dropped, onAdd: brought,
    });
  }
}

async function dropped({ item, from, to, oldDraggableIndex, newDraggableIndex }) {
  if (from === to && oldDraggableIndex === newDraggableIndex) return;
  const index = newDraggableIndex + (from === to && newDraggableIndex > oldDraggableIndex ? 1 : 0);
  await act(`shift:${item.dataset.at}:${to.dataset.list}/${index}`, { together: true });
  if (!item.isConnected) return;
  item.remove();
  from.insertBefore(item, from.children[oldDraggableIndex] ?? null);
}

function brought({ item, to, newDraggableIndex, newIndex }) {
  if (item.dataset.at) return;
  const [what, name] = item.dataset.type ? ["field", item.dataset.type] : ["use", item.dataset.use];
  item.remove();
  act(`${what}:${to.dataset.list}/${newDraggableIndex ?? newIndex}:${name}`, { to: "label" });
}

function ready() {
  root.classList.toggle("has-ticks", ticked().length > 0);
  const all = links();
  const one = current() ?? all[0];
  for (const link of all) link.tabIndex = link === one ? 0 : -1;
  for (const other of canvas().querySelectorAll("input[name=pick], .designer-plus")) other.tabIndex = -1;
  for (const button of root.querySelectorAll("[data-open-palette], [data-copy]")) button.hidden = false;
  drags();
}

for (const one of root.querySelectorAll("[data-palette]")) {
  globalThis.Sortable.create(one, { group: { name: "fields", pull: "clone", put: false }, sort: false, draggable: "li" });
}
root.classList.add("has-script");
document.addEventListener("hall:swapped", ready);
ready();
