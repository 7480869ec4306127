// The studio saves as one goes: what changed is sent, and the parts of the page that differ are swapped.
// A lost connection loses nothing: what was typed stays, and is sent again until it is kept. One thing is sent after
// the other; what is typed meanwhile is never touched by the answer to what was sent before it.
import { announce, toast } from "hall/announce";
import { hold } from "hall/held-keys";

const PAUSE = 400;
const WHILE_TYPING = 1200;
const WHILE_CHOOSING = 800;
const RETRY = [1000, 2000, 5000, 10000];
const TYPED = "input:not([type=hidden], [type=checkbox], [type=radio], [type=submit]), textarea";
const SAVED = "form[data-autosave]";
const saved = document.querySelector("[data-saved]");
const timers = new Map();
const touched = new Set();
const refused = new Set();
let queue = Promise.resolve();
let waiting = 0;
let wake = () => {};

const savedForm = (event) => (event.target.closest("[data-no-save]") ? null : event.target.closest(SAVED));

document.addEventListener("input", (event) => {
  const form = savedForm(event);
  if (!form || !event.target.matches(TYPED)) return;
  touched.add(event.target);
  later(form, WHILE_TYPING);
});

document.addEventListener("change", (event) => {
  const form = savedForm(event);
  if (!form) return;
  const shape = event.target.closest("[data-shape]");
  touched.add(event.target);
  if (shape) later(form, WHILE_CHOOSING, [["do", `shape:${shape.dataset.shape}:${shape.value}`]], event.target);
  else later(form, PAUSE);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches(`${SAVED}, form[data-steps], form[data-conflict]`)) return;
  event.preventDefault();
  const button = event.submitter;
  if (!form.matches(SAVED)) flush();
  const extra = button?.name ? [[button.name, button.value]] : [];
  send(form, extra, button?.getAttribute("formaction") || form.action, extra.length || !form.matches(SAVED) ? button : null);
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

// Before another page is opened, what is not kept yet is sent; where that does not come about, the browser warns.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (link?.closest("[data-conflict]")) refused.clear();
  if (!link || !unsaved() || event.defaultPrevented || event.button) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey || link.target || link.dataset.waiting) return;
  if (link.origin !== location.origin || (link.hash && link.href.split("#")[0] === location.href.split("#")[0])) return;
  event.preventDefault();
  link.dataset.waiting = "yes";
  flush().then(() => location.assign(link.href));
});

window.addEventListener("beforeunload", (event) => {
  if (unsaved()) event.preventDefault();
});
window.addEventListener("online", () => wake());

const unsaved = () => waiting > 0 || timers.size > 0 || refused.size > 0;

// After a pause, in which arrow keys may go on to another choice; `extra` and `button` go with what is sent then.
function later(form, pause, extra = [], button = null) {
  const before = timers.get(form);
  if (before && !extra.length) ({ extra, button } = before);
  clearTimeout(before?.timer);
  timers.set(form, { extra, button, timer: setTimeout(() => send(form, extra, form.action, button), pause) });
}

// What waits for its pause goes at once; resolves when all that was sent is answered.
export function flush() {
  for (const [form, { extra, button }] of [...timers]) send(form, extra, form.action, button);
  return queue;
}

// Sends a form after whatever is under way; `button` is what was pressed, to which the focus goes back.
export function send(form, extra, action, button) {
  clearTimeout(timers.get(form)?.timer);
  timers.delete(form);
  waiting += 1;
  queue = queue.then(() => attempt(document.getElementById(form.id) ?? form, extra, action, button))
    .catch(reportError)
    .finally(() => { waiting -= 1; });
  return queue;
}

// The same is sent until there is an answer, however often: its nonce lets it count once.
async function attempt(form, extra, action, button) {
  const body = new FormData(form);
  for (const [name, value] of extra) body.append(name, value);
  body.append("next", location.pathname + location.search);
  for (const one of touched) if (form.contains(one)) touched.delete(one);
  const release = button ? hold() : () => {};
  if (button) form.inert = true;
  const slow = setTimeout(() => { if (saved?.dataset.saving) saved.textContent = saved.dataset.saving; }, 300);
  try {
    for (let turn = 0; ; turn += 1) {
      const answer = await post(action, body);
      clearTimeout(slow);
      if (answer.html !== undefined) return settle(answer, form, body, button);
      tell(saved?.dataset[answer.why] ?? "");
      if (answer.why === "refused") return refused.add(form);
      await pause(RETRY[Math.min(turn, RETRY.length - 1)]);
      if (answer.why === "signedOut") await renew(body);
    }
  } finally {
    form.inert = false;
    release();
  }
}

function settle(answer, form, body, button) {
  form.inert = false;
  if (!answer.kept) refused.add(form);
  else if (form.matches(SAVED)) refused.delete(form);
  else refused.clear();
  for (const one of answer.kept ? form.querySelectorAll(TYPED) : []) {
    if (body.has(one.name)) one.defaultValue = body.get(one.name);
  }
  swap(answer.html, button, answer.kept);
}

const pause = (time) => new Promise((done) => { wake = done; setTimeout(done, time); });

// The page that came back and whether it is kept; else why there is none: offline, signedOut or refused.
async function post(action, body) {
  let answer;
  let html;
  try {
    answer = await fetch(action, {
      method: "POST", body, credentials: "same-origin",
      headers: { "X-Requested-With": "fetch", Accept: "text/html" },
    });
    html = await answer.text();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { why: "offline" };
  }
  const ours = html.includes("data-saved");
  if (ours && (answer.ok || answer.status === 409 || answer.status === 422)) return { html, kept: answer.ok };
  if (answer.status === 400 || answer.status === 401 || (answer.ok && !ours)) return { why: "signedOut" };
  return { why: answer.status >= 500 || answer.status === 429 ? "offline" : "refused" };
}

// Whoever signed in again meanwhile has another token; the page itself knows it.
async function renew(body) {
  try {
    const answer = await fetch(location.href, { credentials: "same-origin", headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const token = page.querySelector("form[data-steps] [name=csrf_token]");
    if (token) body.set("csrf_token", token.value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

// A part that is made of the same parts as before (`data-made`) is left to them.
// Parts that nobody is typing in are swapped whole; around what is being typed only the other places. Where somebody
// else changed the document too, places may have moved: then all is swapped, and what was typed goes where it belongs.
export function swap(html, button, kept) {
  const answer = new DOMParser().parseFromString(html, "text/html");
  const said = answer.querySelector("[data-saved]");
  const isMerged = said?.dataset.merged !== undefined;
  const focus = document.activeElement;
  const isTyping = !button && focus?.matches(TYPED);
  const again = button ? { name: button.name, value: button.value, id: button.id } : null;
  const opened = [...document.querySelectorAll("[data-part] details[open][id]")].map((one) => one.id);
  for (const fresh of answer.querySelectorAll("[data-part]")) {
    const mine = document.querySelector(`[data-part="${CSS.escape(fresh.dataset.part)}"]`);
    if (!mine || (fresh.dataset.made && fresh.dataset.made === mine.dataset.made) || mine.isEqualNode(fresh)) continue;
    if (!kept && (mine.closest(SAVED) || mine.querySelector(SAVED))) continue;
    const busy = [...new Set([...touched, ...(isTyping ? [focus] : [])])].filter((one) => mine.contains(one));
    if (busy.length && !button && !isMerged) around(mine, fresh, busy);
    else if (busy.length) carry(mine, fresh, busy, focus, isMerged);
    else replace(mine, fresh, focus);
  }
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  if (saved && said) tell(kept ? said.textContent : saved.dataset.refused ?? "");
  if (!kept) toast(saved?.dataset.refused);
  if (again) restore(again);
  document.dispatchEvent(new CustomEvent("hall:swapped", { bubbles: true }));
}

function around(mine, fresh, busy) {
  for (const node of fresh.querySelectorAll("[data-node]")) {
    const old = mine.querySelector(`[data-node="${CSS.escape(node.dataset.node)}"]`);
    if (!old || old.isEqualNode(node)) continue;
    if (busy.some((one) => old.contains(one))) tellWrong(old, node);
    else old.replaceWith(document.importNode(node, true));
  }
}

// What is wrong with a place is shown beside it without touching what is typed there.
function tellWrong(old, fresh) {
  const now = fresh.querySelector(".invalid-feedback");
  old.querySelector(".invalid-feedback")?.remove();
  if (now) old.append(document.importNode(now, true));
  for (const control of old.querySelectorAll("input, textarea, select")) {
    const twin = control.id && fresh.querySelector(`#${CSS.escape(control.id)}`);
    for (const name of twin ? ["aria-invalid", "aria-describedby"] : []) {
      if (twin.hasAttribute(name)) control.setAttribute(name, twin.getAttribute(name));
      else control.removeAttribute(name);
    }
  }
}

// The part anew, with what is newer put where it belongs: to the control that shows what this one showed before.
function carry(mine, fresh, busy, focus, isMerged) {
  const held = busy.map((one) => ({ one, newer: touched.delete(one), at: caret(one), focused: one === focus }));
  const now = replace(mine, fresh, null);
  for (const { one, newer, at, focused } of held) {
    const heir = heirOf(one, now, isMerged);
    if (!heir) {
      if (newer) tell(`${saved?.dataset.refused ?? ""} ${one.value}`);
      continue;
    }
    if (newer) {
      heir.value = one.value;
      touched.add(heir);
      later(heir.form, PAUSE);
    }
    if (focused) heir.focus();
    if (focused && at) heir.setSelectionRange(...at);
  }
}

function heirOf(one, now, isMerged) {
  const tail = one.name.replace(/^.*\/\d+(?=\/)/, "");
  const twins = [...now.querySelectorAll(`[name$="${CSS.escape(tail)}"]`)];
  const same = twins.find((twin) => twin.name === one.name);
  const alike = twins.filter((twin) => twin.defaultValue === one.defaultValue);
  if (same && (!isMerged || alike.includes(same))) return same;
  return alike.length === 1 && one.defaultValue ? alike[0] : null;
}

function caret(one) {
  const hasNone = one.matches("input[type=email], input[type=number], select, [type=checkbox]");
  return hasNone ? null : [one.selectionStart, one.selectionEnd];
}

// Swaps a part; what was folded or open stays so, and the focus stays where it is.
function replace(mine, fresh, focus) {
  const name = (one) => `${one.parentElement.closest("[id]")?.id} ${one.querySelector("summary")?.textContent}`;
  const were = new Map([...mine.querySelectorAll("details")].map((one) => [name(one), one.open]));
  const now = document.importNode(fresh, true);
  const id = focus && mine.contains(focus) ? focus.id : "";
  mine.replaceWith(now);
  for (const one of now.querySelectorAll("details")) one.open ||= were.get(name(one)) ?? false;
  if (id) document.getElementById(id)?.focus();
  return now;
}

// After a button the focus goes to what the answer points at, or stays on the button's successor.
function restore(button) {
  const wanted = document.querySelector("[data-selected]")
    ?? (button.id ? document.getElementById(button.id) : null)
    ?? [...document.querySelectorAll(`button[name="${CSS.escape(button.name)}"]`)].find((one) => one.value === button.value);
  if (!wanted || wanted.disabled) return;
  wanted.focus();
  if (wanted.matches(TYPED)) wanted.select();
}

function tell(text) {
  if (!saved || !text || saved.textContent === text) return;
  saved.textContent = text;
  announce(text);
}
