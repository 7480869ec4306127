// Whether a field shows the same as the server's answer: by its data-state where it has one, else by its markup.
export function sameField(mine, field) {
  if (mine.dataset.state && field.dataset.state) return mine.dataset.state === field.dataset.state && mine.hidden === field.hidden;
  return signature(mine) === signature(field);
}

function signature(field) {
  const copy = field.cloneNode(true);
  copy.querySelectorAll(".ts-wrapper").forEach((added) => added.remove());
  copy.querySelectorAll("select, input").forEach(unpick);
  copy.querySelectorAll("label").forEach((label) => ["id", "for"].forEach((name) => label.removeAttribute(name)));
  copy.querySelectorAll("input").forEach((input) => ["value", "checked"].forEach((name) => input.removeAttribute(name)));
  copy.querySelectorAll("textarea").forEach((area) => { area.textContent = ""; });
  copy.querySelectorAll("option").forEach((option) => option.removeAttribute("selected"));
  return `${copy.outerHTML.replace(/\s+/g, " ")}\n${values(field)}`;
}

// What a picker did to its control.
function unpick(control) {
  control.classList.remove("tomselected", "ts-hidden-accessible");
  for (const name of ["tabindex", "aria-hidden"]) control.removeAttribute(name);
  if (!control.className) control.removeAttribute("class");
  if (control.dataset.search && control.tagName === "SELECT") control.replaceChildren();
}

function values(field) {
  return [...field.querySelectorAll("[name]")]
    .map((control) => (/^(checkbox|radio)$/.test(control.type) ? control.checked : control.value)).join("&");
}
