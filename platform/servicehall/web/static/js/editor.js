// In the YAML editor: the link of a problem selects its line in the field.
const area = document.querySelector("textarea.code");

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-line]");
  if (!link || !area) return;
  event.preventDefault();
  const lines = area.value.split("\n");
  const line = Math.min(Number(link.dataset.line), lines.length) - 1;
  const start = lines.slice(0, line).reduce((sum, text) => sum + text.length + 1, 0);
  area.focus();
  area.setSelectionRange(start, start + lines[line].length);
  area.scrollTop = (line - 4) * (area.scrollHeight / lines.length);
});
