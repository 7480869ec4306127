// Keys pressed while the page is being changed wait, and are pressed again when it is done: none is lost.
const TYPED = "input:not([type=hidden], [type=checkbox], [type=radio], [type=submit]), textarea";
const WAITING = new Set(["Enter", "Backspace", "Delete", "Insert", "Home", "End", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"]);
const WITH_CTRL = new Set(["c", "d", "v", "x", "y", "z"]);
const held = [];
let holds = 0;

// From here on keys wait, until what this gives is called; several may hold at once.
export function hold() {
  let mine = 1;
  holds += 1;
  return () => {
    holds -= mine;
    mine = 0;
    if (!holds) setTimeout(replay);
  };
}

document.addEventListener("keydown", (event) => {
  if (!(holds || held.length) || !event.isTrusted || event.isComposing || !waits(event)) return;
  const at = document.activeElement;
  if (!held.length && at?.matches(TYPED) && !at.closest("[inert]")) return; // none overtakes those that wait
  event.preventDefault();
  event.stopImmediatePropagation();
  const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
  held.push({ key, ctrlKey, metaKey, altKey, shiftKey });
}, true);

function waits({ key, ctrlKey, metaKey }) {
  if (ctrlKey || metaKey) return WITH_CTRL.has(key.toLowerCase());
  return key.length === 1 || WAITING.has(key);
}

function replay() {
  while (held.length && !holds) press(held.shift());
}

function press(said) {
  const at = document.activeElement ?? document.body;
  const type = at.matches(TYPED) && !said.ctrlKey && !said.metaKey && !said.altKey;
  if (type && (said.key.length === 1 || said.key === "Backspace")) write(at, said.key);
  else at.dispatchEvent(new KeyboardEvent("keydown", { ...said, bubbles: true, cancelable: true }));
}

function write(at, key) {
  const [from, to] = at.selectionStart === null ? [at.value.length, at.value.length] : [at.selectionStart, at.selectionEnd];
  const start = key === "Backspace" && from === to ? Math.max(0, from - 1) : from;
  at.setRangeText(key === "Backspace" ? "" : key, start, to, "end");
  at.dispatchEvent(new Event("input", { bubbles: true }));
}
