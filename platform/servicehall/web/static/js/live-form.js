// A form with data-check asks the server after a change and swaps the [data-field] and [data-part] that differ.
// Focus never moves by itself, and what is being typed stays; a field that appears is announced.
import { announce } from "hall/announce";
import { sameField } from "hall/fields";

const PAUSE = 150;
const PATIENCE = 300;

const begun = new WeakSet();

export function initLiveForms(root = document) {
  for (const form of root.querySelectorAll("form[data-check]")) {
    if (!begun.has(form)) live(form);
    begun.add(form);
  }
}

function live(form) {
  let pause = 0;
  let running = null;
  const stop = () => {
    clearTimeout(pause);
    running?.abort();
  };
  const later = (event) => {
    if (event.target.type === "file") return;
    stop();
    pause = setTimeout(check, PAUSE);
  };
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  form.addEventListener("submit", stop);
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-rows]");
    if (!button || hasFiles(form)) return;
    event.preventDefault();
    stop();
    check(button);
  });
  if (answered(form)) check(); // before this script was here, or by a browser that restored what was typed

  async function check(button = null) {
    const mine = new AbortController();
    running = mine;
    const slow = setTimeout(() => showBusy(true), PATIENCE);
    try {
      const answer = await fetch(form.dataset.check, {
        method: "POST",
        body: answersOf(form, button),
        headers: { "X-Requested-With": "fetch", Accept: "text/html" },
        credentials: "same-origin",
        signal: mine.signal,
      });
      if (answer.ok || answer.status === 422) swap(form, await answer.text(), button);
    } catch (error) {
      if (error.name !== "AbortError") console.info("The form could not be checked; sending it will check it.");
    } finally {
      clearTimeout(slow);
      if (running === mine) showBusy(false);
    }
  }
}

const answered = (form) => [...form.elements].some(differs);

function differs(control) {
  if (control.type === "checkbox" || control.type === "radio") return control.checked !== control.defaultChecked;
  if (control.type === "file" || control.type === "hidden") return false;
  if (!control.options) return "defaultValue" in control && control.value !== control.defaultValue;
  const options = [...control.options];
  const first = !control.multiple && !options.some((option) => option.defaultSelected) ? options[0] : null;
  return options.some((option) => option.selected !== (option.defaultSelected || option === first));
}

function showBusy(on) {
  for (const note of document.querySelectorAll("[data-busy]")) note.hidden = !on;
}

// Files are sent once, with the form itself.
function answersOf(form, button) {
  const body = new FormData(form, button);
  for (const [name, value] of [...body.entries()]) {
    if (value instanceof File) body.delete(name);
  }
  return body;
}

const hasFiles = (form) => [...form.querySelectorAll("input[type=file]")].some((input) => input.files.length);

function swap(form, html, button) {
  const answer = new DOMParser().parseFromString(html, "text/html");
  const appeared = [];
  const table = button?.closest("[data-field]")?.dataset.field;
  swapFields(form, answer, { appeared, table });
  for (const part of answer.querySelectorAll("[data-part]")) {
    const mine = document.querySelector(`[data-part="${CSS.escape(part.dataset.part)}"]`);
    if (mine && !mine.isEqualNode(part)) mine.replaceWith(document.importNode(part, true));
  }
  for (const group of answer.querySelectorAll("[data-group]")) {
    const mine = find(form, "group", group.dataset.group);
    if (!mine) continue;
    if (mine.hidden && !group.hidden) appeared.unshift(mine.querySelector("h2, h3, h4")?.textContent.trim() ?? "");
    mine.hidden = group.hidden;
  }
  if (table) focusRows(find(form, "field", table));
  form.dispatchEvent(new CustomEvent("hall:swapped", { bubbles: true }));
  announce(appeared.filter(Boolean).join(". "));
}

const find = (root, kind, key) => root.querySelector(`[data-${kind}="${CSS.escape(key)}"]`);

// The outermost fields below: the cells of a table belong to the table.
function fieldsOf(root) {
  const inside = root.matches?.("[data-field]") ? root : null;
  return [...root.querySelectorAll("[data-field]")]
    .filter((field) => (field.parentElement.closest("[data-field]") ?? inside) === inside);
}

function swapFields(root, answer, told) {
  const fresh = fieldsOf(answer);
  const mine = new Map(fieldsOf(root).map((field) => [field.dataset.field, field]));
  const kept = new Set(fresh.map((field) => field.dataset.field));
  for (const [key, field] of mine) {
    if (!kept.has(key)) field.remove();
  }
  let before = null;
  for (const field of fresh) {
    const old = mine.get(field.dataset.field);
    before = old ? change(old, field, told) : insert(root, field, before, told);
  }
}

// Answers the element that now stands for the field.
function change(mine, field, told) {
  const shows = mine.hidden && !field.hidden;
  let stands = mine;
  if (mine.contains(document.activeElement) && mine.dataset.field !== told.table) keepTyping(mine, field, told);
  else if (!sameField(mine, field)) {
    stands = document.importNode(field, true);
    mine.replaceWith(stands);
  }
  if (shows) told.appeared.push(words(field));
  return stands;
}

function insert(root, field, before, told) {
  const added = document.importNode(field, true);
  const group = field.closest("[data-group]");
  const home = group ? find(root, "group", group.dataset.group) : null;
  const place = home ? home.querySelector("[data-fields]") ?? home : root.querySelector("[data-fields]") ?? root;
  if (before && (!home || home.contains(before))) before.after(added);
  else place.prepend(added);
  if (!added.hidden) told.appeared.push(words(field));
  return added;
}

// The field that is being typed in keeps its control; what stands around it follows the answer.
function keepTyping(mine, field, told) {
  for (const selector of ["[data-mark]", "[data-hint]", "[data-errors]"]) {
    const [old, fresh] = [mine.querySelector(selector), field.querySelector(selector)];
    if (old && fresh && !old.isEqualNode(fresh)) old.replaceWith(document.importNode(fresh, true));
  }
  if (fieldsOf(mine).length === fieldsOf(field).length) swapFields(mine, field, told);
}

// After a row was added its first control has the focus; after one was taken away, the button that adds.
function focusRows(table) {
  const rows = table?.querySelectorAll("tbody tr") ?? [];
  const last = rows[rows.length - 1]?.querySelector("input:not([type=hidden]), select, textarea");
  (last ?? table?.querySelector("button[data-rows]"))?.focus();
}

const words = (field) => (field.dataset.appeared ?? field.querySelector("label, legend")?.textContent ?? "").replace(/\s+/g, " ").trim();
