// Without a selection, the row that the keyboard stands on is the one that is meant.
const form = document.querySelector("[data-inbox]");
form?.addEventListener("submit", () => {
  if (!form.querySelector("[name=approval]:checked")) {
    const here = form.querySelector("[data-row].is-current [name=approval]");
    if (here) here.checked = true;
  }
});
