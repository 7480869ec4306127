// The studio saves as one goes: what changed is sent, and the parts of the page that differ are swapped.
// A lost connection loses nothing: what was typed stays, and is sent again until it is kept.
import { announce } from "hall/announce";

const PAUSE = 400;
const RETRY = [1000, 2000, 5000, 10000];
const saved = document.querySelector("[data-saved]");
let queue = Promise.resolve();
let waiting = 0;

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-autosave]");
  if (!form || event.target.closest("[data-no-save]")) return;
  const shape = event.target.closest("[data-shape]");
  if (shape) later(form, [["do", `shape:${shape.dataset.shape}:${shape.value}`]]);
  else later(form);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-autosave], form[data-steps], form[data-conflict]")) return;
  event.preventDefault();
  const button = event.submitter;
  const extra = button?.name ? [[button.name, button.value]] : [];
  send(form, extra, button?.formAction || form.action, button);
});

document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.target.matches("input, textarea, select")) return;
  const key = event.key.toLowerCase();
  const which = key === "z" && !event.shiftKey ? "undo" : key === "y" || (key === "z" && event.shiftKey) ? "redo" : "";
  const button = which && document.querySelector(`[data-${which}]:not(:disabled)`);
  if (!button) return;
  event.preventDefault();
  button.click();
});

window.addEventListener("beforeunload", (event) => {
  if (waiting) event.preventDefault();
});

const timers = new WeakMap();
function later(form, extra = []) {
  clearTimeout(timers.get(form));
  if (extra.length) send(form, extra, form.action, null);
  else timers.set(form, setTimeout(() => send(form, [], form.action, null), PAUSE));
}

export function send(form, extra, action, button) {
  clearTimeout(timers.get(form));
  waiting += 1;
  queue = queue.then(() => attempt(form, extra, action, button)).finally(() => { waiting -= 1; });
  return queue;
}

async function attempt(form, extra, action, button) {
  for (let turn = 0; ; turn += 1) {
    const body = new FormData(form);
    for (const [name, value] of extra) body.append(name, value);
    try {
      const answer = await fetch(action, {
        method: "POST", body, credentials: "same-origin",
        headers: { "X-Requested-With": "fetch", Accept: "text/html" },
      });
      const html = await answer.text();
      if (answer.ok || answer.status === 409 || answer.status === 422) return swap(html, button, answer.ok);
      if (answer.status < 500) return tell(saved?.dataset.refused ?? "");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    tell(saved?.dataset.offline ?? "");
    await new Promise((done) => setTimeout(done, RETRY[Math.min(turn, RETRY.length - 1)]));
  }
}

// Parts without the focus are swapped whole; around what is being typed only the other places.
function swap(html, button, kept) {
  const answer = new DOMParser().parseFromString(html, "text/html");
  const focus = document.activeElement;
  const again = button ? { name: button.name, value: button.value, id: button.id } : null;
  for (const fresh of answer.querySelectorAll("[data-part]")) {
    const mine = document.querySelector(`[data-part="${CSS.escape(fresh.dataset.part)}"]`);
    if (!mine || mine.isEqualNode(fresh)) continue;
    if (!button && mine.contains(focus) && focus.matches("input, textarea, select")) around(mine, fresh, focus);
    else if (kept || !mine.querySelector("[data-node]")) mine.replaceWith(document.importNode(fresh, true));
  }
  const said = answer.querySelector("[data-saved]");
  if (saved && said) tell(said.textContent);
  if (again) restore(again);
  document.dispatchEvent(new CustomEvent("hall:swapped", { bubbles: true }));
}

function around(mine, fresh, focus) {
  for (const node of fresh.querySelectorAll("[data-node]")) {
    const old = mine.querySelector(`[data-node="${CSS.escape(node.dataset.node)}"]`);
    if (old && !old.contains(focus) && !old.isEqualNode(node)) old.replaceWith(document.importNode(node, true));
  }
}

// After a button the focus goes to what the answer points at, or stays on the button's successor.
function restore(button) {
  const wanted = document.querySelector("[data-selected]")
    ?? (button.id && document.getElementById(button.id))
    ?? document.querySelector(`button[name="${CSS.escape(button.name)}"][value="${CSS.escape(button.value)}"]`);
  (wanted?.disabled ? null : wanted)?.focus();
}

function tell(text) {
  if (!saved || saved.textContent === text) return;
  saved.textContent = text;
  announce(text);
}
