// Rules in the studio: rows that are kept as one goes, a text that is checked and completed while one types, and the
// builder as a dialog for every expression of the other tabs.
import { announce } from "hall/announce";
import { swap } from "hall/studio";

const PAUSE = 250;
const MOST = 12;
const headers = { "X-Requested-With": "fetch", Accept: "text/html" };

// --- rows: with JavaScript a button of theirs keeps what it makes ---------------------------------------------

document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-rule-form]") && event.submitter?.matches("[data-row]")) {
    event.submitter.formAction = event.target.action;
  }
}, true);

// --- text: checked while one types ---------------------------------------------------------------------------

let pause = 0;
let running = null;

document.addEventListener("input", (event) => {
  const area = event.target.closest("textarea[data-complete]");
  if (!area) return;
  offer(area);
  clearTimeout(pause);
  pause = setTimeout(() => check(area.form), PAUSE);
});

async function check(form) {
  running?.abort();
  running = new AbortController();
  const body = new FormData(form);
  body.append("alone", "yes");
  try {
    const answer = await fetch(form.dataset.look, {
      method: "POST", body, headers, credentials: "same-origin", signal: running.signal,
    });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector('[data-node="rule-said"]');
    const mine = form.querySelector('[data-node="rule-said"]');
    if (fresh && mine && !mine.isEqualNode(fresh)) mine.replaceChildren(...document.importNode(fresh, true).childNodes);
  } catch (error) {
    if (error.name !== "AbortError" && !(error instanceof TypeError)) throw error;
  }
}

// --- text: names are completed -------------------------------------------------------------------------------

const word = (area) => area.value.slice(0, area.selectionStart).match(/[A-Za-z_][\w.]*$/)?.[0] ?? "";

function offer(area) {
  close(area);
  const typed = word(area);
  if (!typed) return;
  const found = candidates(area, typed).slice(0, MOST);
  if (!found.length) return;
  const list = document.createElement("ul");
  list.className = "rule-offers";
  list.id = `${area.id}-offers`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", document.querySelector(".rule-names summary")?.textContent ?? "");
  found.forEach((one, index) => {
    const item = document.createElement("li");
    item.id = `${list.id}-${index}`;
    item.setAttribute("role", "option");
    item.dataset.insert = one.insert;
    item.dataset.drop = one.drop;
    const code = document.createElement("code");
    code.textContent = one.name;
    const about = document.createElement("span");
    about.className = "muted";
    about.textContent = one.about;
    item.append(code, about);
    item.addEventListener("mousedown", (event) => { event.preventDefault(); take(area, item); });
    list.append(item);
  });
  area.after(list);
  area.setAttribute("aria-controls", list.id);
  choose(area, 0);
  announce(`${found[0].name}, ${found[0].about}`);
}

// A name by its beginning, then by any part of it; a function of a value by what follows the last dot.
function candidates(area, typed) {
  const last = typed.slice(typed.lastIndexOf(".") + 1).toLowerCase();
  const lower = typed.toLowerCase();
  const begins = [];
  const holds = [];
  for (const row of document.getElementById(area.dataset.complete)?.querySelectorAll("[data-name]") ?? []) {
    const name = row.dataset.name;
    const about = [...row.cells].slice(1).map((cell) => cell.textContent).join(" · ");
    const method = name.startsWith("….");
    const plain = method ? name.slice(2) : name;
    const insert = plain.includes("…") ? plain.slice(0, plain.indexOf("…")) : plain;
    if (name.startsWith("… ")) continue;
    if (method) {
      if (typed.includes(".") && plain.toLowerCase().startsWith(last)) begins.push({ name: plain, about, insert, drop: last.length });
    } else if (name.toLowerCase().startsWith(lower) && insert !== typed) begins.push({ name, about, insert, drop: typed.length });
    else if (typed.length > 1 && `${name} ${about}`.toLowerCase().includes(lower) && insert !== typed) holds.push({ name, about, insert, drop: typed.length });
  }
  return [...begins, ...holds];
}

const offers = (area) => document.getElementById(`${area.id}-offers`);

function choose(area, index) {
  const items = [...(offers(area)?.children ?? [])];
  if (!items.length) return;
  const at = (index + items.length) % items.length;
  items.forEach((item, number) => item.setAttribute("aria-selected", String(number === at)));
  items[at].scrollIntoView({ block: "nearest" });
  area.setAttribute("aria-activedescendant", items[at].id);
}

function take(area, item) {
  const caret = area.selectionStart;
  area.setRangeText(item.dataset.insert, caret - Number(item.dataset.drop), caret, "end");
  close(area);
  area.dispatchEvent(new Event("input", { bubbles: true }));
  close(area);
}

function close(area) {
  offers(area)?.remove();
  area.removeAttribute("aria-activedescendant");
  area.removeAttribute("aria-controls");
}

document.addEventListener("keydown", (event) => {
  const area = event.target.closest?.("textarea[data-complete]");
  const list = area && offers(area);
  if (!list) return;
  const items = [...list.children];
  const now = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") choose(area, now + (event.key === "ArrowDown" ? 1 : -1));
  else if (event.key === "Enter" || event.key === "Tab") take(area, items[now]);
  else if (event.key === "Escape") close(area);
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);

document.addEventListener("focusout", (event) => {
  if (event.target.matches?.("textarea[data-complete]")) close(event.target);
});

// --- the builder as a dialog ---------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-build]");
  if (link && event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey) {
    event.preventDefault();
    build(link);
  }
  const closer = event.target.closest("dialog [data-close-rule]");
  if (closer) {
    event.preventDefault();
    closer.closest("dialog").close();
  }
});

async function build(link) {
  const answer = await fetch(link.href, { headers, credentials: "same-origin" });
  const fresh = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").querySelector('[data-part="rule"]');
  if (!fresh?.firstElementChild) return void location.assign(link.href);
  const dialog = document.createElement("dialog");
  dialog.className = "hall-dialog rule-dialog";
  dialog.setAttribute("aria-labelledby", "rule-title");
  dialog.append(document.importNode(fresh, true));
  document.body.append(dialog);
  dialog.addEventListener("close", () => finish(dialog, link));
  dialog.showModal();
}

// What the builder kept shows in the tab behind it.
async function finish(dialog, link) {
  dialog.remove();
  const answer = await fetch(location.href, { headers, credentials: "same-origin" });
  if (answer.ok) swap(await answer.text(), null, true);
  (document.querySelector(`a[data-build="${CSS.escape(link.dataset.build)}"]`) ?? link).focus();
}
