// Ctrl+K: every page of the rail by its name, and the search for everything else.
import { open } from "hall/dialogs";

const dialog = document.getElementById("palette");
const input = document.getElementById("palette-input");
const list = document.getElementById("palette-list");
let chosen = 0;

const pages = [...document.querySelectorAll("[data-go], .rail li a, .menu-panel a")]
  .filter((link, place, all) => all.findIndex((other) => other.href === link.href) === place)
  .map((link) => ({ text: (link.querySelector("span") ?? link).textContent.trim(), href: link.href }));

export function show() {
  input.value = "";
  draw();
  open(dialog);
}

function found() {
  const words = input.value.trim().toLowerCase();
  const fits = pages.filter((page) => page.text.toLowerCase().includes(words));
  const search = document.querySelector(".topbar-search");
  if (words && search) {
    const href = `${search.action}?q=${encodeURIComponent(input.value.trim())}`;
    fits.push({ text: input.dataset.searchText.replace("{text}", input.value.trim()), href });
  }
  return fits;
}

function draw() {
  const options = found();
  chosen = Math.min(Math.max(chosen, 0), Math.max(options.length - 1, 0));
  list.replaceChildren(...options.map((page, place) => {
    const item = document.createElement("li");
    item.id = `palette-${place}`;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", String(place === chosen));
    item.textContent = page.text;
    item.addEventListener("click", () => { location.href = page.href; });
    return item;
  }));
  if (options.length) input.setAttribute("aria-activedescendant", `palette-${chosen}`);
  else input.removeAttribute("aria-activedescendant");
  list.children[chosen]?.scrollIntoView({ block: "nearest" });
}

input.addEventListener("input", () => { chosen = 0; draw(); });
input.addEventListener("keydown", (event) => {
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (steps[event.key]) {
    event.preventDefault();
    chosen += steps[event.key];
    draw();
  } else if (event.key === "Enter") {
    event.preventDefault();
    const page = found()[chosen];
    if (page) location.href = page.href;
  }
});
