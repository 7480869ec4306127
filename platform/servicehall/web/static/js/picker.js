// Pickers: a select[data-picker] searches its options; with data-search, and for input[data-search], the server is
// asked at that address with q=…, and answers [{value, text, sub}] or {items: […]}.
import "tom-select";

const WANTED = "select[data-picker], select.my_select2, input[data-search]";

export function initPickers(root = document) {
  for (const control of root.querySelectorAll(WANTED)) {
    if (!control.matches(".tomselected, [readonly], [disabled]")) pick(control);
  }
}

function pick(control) {
  const name = (control.labels[0]?.textContent ?? control.getAttribute("aria-label") ?? "").trim();
  const described = control.getAttribute("aria-describedby");
  const many = control.multiple && control.tagName === "SELECT";
  const picker = new globalThis.TomSelect(control, {
    plugins: many || !control.required ? { remove_button: { title: control.dataset.remove ?? "×" } } : {},
    valueField: "value",
    labelField: "text",
    searchField: control.dataset.search ? [] : ["text"],
    maxOptions: 50,
    maxItems: many ? null : 1,
    delimiter: "\n",
    create: false,
    loadThrottle: 200,
    placeholder: control.dataset.placeholder ?? control.placeholder ?? "",
    ...start(control),
    ...remote(control.dataset.search),
    render: { option, item: (one, escape) => `<div>${escape(one.text)}</div>`, no_results: () => nothing(control) },
  });
  picker.control_input.setAttribute("aria-label", name);
  if (described) picker.control_input.setAttribute("aria-describedby", described);
  control.setAttribute("aria-hidden", "true");
}

// An input knows its choice by key; data-label is how a person reads it.
function start(control) {
  if (control.tagName === "SELECT") return {};
  const value = control.value;
  return value ? { options: [{ value, text: control.dataset.label || value }], items: [value] } : {};
}

function remote(address) {
  return address ? { load: (words, done) => load(address, words, done), shouldLoad: () => true, preload: "focus" } : {};
}

async function load(address, words, done) {
  try {
    const url = new URL(address, location.href);
    url.searchParams.set("q", words);
    const answer = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
    const found = answer.ok ? await answer.json() : [];
    done(found.items ?? found);
  } catch {
    done([]);
  }
}

const option = (item, escape) => `<div>${escape(item.text)}${item.sub ? ` <span class="muted small">${escape(item.sub)}</span>` : ""}</div>`;

function nothing(control) {
  const note = document.createElement("div");
  note.className = "no-results";
  note.textContent = control.dataset.none ?? "–";
  return note;
}
