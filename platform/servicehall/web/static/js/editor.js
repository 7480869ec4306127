// The YAML editor: line numbers beside the field, what is wrong while one types, Ctrl+S; a problem's link goes to its line.
const PAUSE = 400;
const form = document.querySelector("form[data-yaml]");
const area = form?.querySelector("textarea.code");
const gutter = document.createElement("pre");
let wrong = new Set();
let pause = 0;
let running = null;

if (area) {
  gutter.className = "yaml-lines";
  gutter.setAttribute("aria-hidden", "true");
  area.before(gutter);
  area.addEventListener("scroll", () => { gutter.scrollTop = area.scrollTop; });
  area.addEventListener("input", () => { number(); later(); });
  mark();
  if (/^#L\d+$/.test(location.hash)) select(Number(location.hash.slice(2)));
}

document.addEventListener("keydown", (event) => {
  if (!form || !(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "s") return;
  event.preventDefault();
  form.requestSubmit();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-line]");
  if (!link || !area) return;
  event.preventDefault();
  select(Number(link.dataset.line));
});

function later() {
  clearTimeout(pause);
  running?.abort();
  pause = setTimeout(check, PAUSE);
}

async function check() {
  const mine = new AbortController();
  running = mine;
  const body = new FormData(form);
  body.delete("file");
  try {
    const answer = await fetch(form.dataset.checkText, {
      method: "POST", body, credentials: "same-origin", signal: mine.signal, headers: { "X-Requested-With": "fetch" },
    });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-part]");
    document.querySelector(`[data-part="${fresh.dataset.part}"]`).replaceWith(document.importNode(fresh, true));
    mark();
  } catch (error) {
    if (error.name !== "AbortError") console.info("The text could not be checked; saving it will check it.");
  }
}

function mark() {
  const lines = document.querySelector("[data-lines]")?.dataset.lines ?? "";
  wrong = new Set(lines.split(" ").filter(Boolean).map(Number));
  number();
}

function number() {
  const count = area.value.split("\n").length;
  const numbers = Array.from({ length: count }, (_, index) => {
    const line = document.createElement("span");
    line.textContent = `${index + 1}\n`;
    if (wrong.has(index + 1)) line.className = "is-wrong";
    return line;
  });
  gutter.replaceChildren(...numbers);
  gutter.scrollTop = area.scrollTop;
}

function select(wanted) {
  const lines = area.value.split("\n");
  const line = Math.min(wanted, lines.length) - 1;
  const start = lines.slice(0, line).reduce((sum, text) => sum + text.length + 1, 0);
  area.focus();
  area.setSelectionRange(start, start + lines[line].length);
  area.scrollTop = (line - 4) * (area.scrollHeight / lines.length);
}
