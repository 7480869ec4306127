// What changes without a new page is said in the live region, and may be shown as a toast.
const say = (id) => document.getElementById(id);

export function announce(text) {
  const region = say("announcer");
  if (!region || !text) return;
  region.textContent = "";
  requestAnimationFrame(() => { region.textContent = text; });
}

export function toast(text) {
  const place = say("toasts");
  if (!place || !text) return;
  const note = document.createElement("div");
  note.className = "toast-note";
  note.textContent = text;
  place.append(note);
  setTimeout(() => note.remove(), 6000);
}
