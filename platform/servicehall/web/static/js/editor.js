// The YAML editor: line numbers beside the field, what is wrong while one types, the keys that could stand where the
// cursor is, Ctrl+S; a problem's link goes to its line.
const PAUSE = 400;
const form = document.querySelector("form[data-yaml]");
const area = form?.querySelector("textarea.code");
const gutter = document.createElement("pre");
let wrong = new Set();
let pause = 0;
let drawing = 0;
let running = null;

if (area) {
  gutter.className = "yaml-lines";
  gutter.setAttribute("aria-hidden", "true");
  area.before(gutter);
  area.addEventListener("scroll", () => { gutter.scrollTop = area.scrollTop; });
  area.addEventListener("input", () => { cancelAnimationFrame(drawing); drawing = requestAnimationFrame(number); later(); });
  area.addEventListener("click", later);
  area.addEventListener("keyup", (event) => { if (/^(Arrow|Page|Home|End)/.test(event.key)) later(); });
  mark();
  if (/^#L\d+$/.test(location.hash)) select(Number(location.hash.slice(2)));
}

document.addEventListener("keydown", (event) => {
  if (!form || !(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "s") return;
  event.preventDefault();
  form.requestSubmit();
});

document.addEventListener("click", (event) => {
  const key = event.target.closest("[data-insert]");
  if (key && area) return insert(key.dataset.insert);
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
  body.set("line", String(area.value.slice(0, area.selectionStart).split("\n").length));
  try {
    const answer = await fetch(form.dataset.checkText, {
      method: "POST", body, credentials: "same-origin", signal: mine.signal, headers: { "X-Requested-With": "fetch" },
    });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const fresh of page.querySelectorAll("[data-part]")) {
      const old = document.querySelector(`[data-part="${fresh.dataset.part}"]`);
      if (!old.isEqualNode(fresh)) old.replaceWith(document.importNode(fresh, true));
    }
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

// A key goes below the cursor's line, or into its braces.
function insert(name) {
  const lines = area.value.split("\n");
  const line = area.value.slice(0, area.selectionStart).split("\n").length - 1;
  const text = lines[line];
  const braced = /^\s*- \{.*\}\s*$/.test(text);
  const indent = /^\s*(- )?/.exec(text)[0].replace("-", " ");
  const put = braced ? `, ${name}: ` : `\n${indent}${name}: `;
  const end = lines.slice(0, line).reduce((sum, one) => sum + one.length + 1, 0) + (braced ? text.lastIndexOf("}") : text.length);
  area.setRangeText(put, end, end, "end");
  area.focus();
  area.dispatchEvent(new Event("input", { bubbles: true }));
}
