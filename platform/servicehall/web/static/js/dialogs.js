// Links with data-dialog open their <dialog> in place of the confirm page; menus close when one goes elsewhere.
export function initDialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener && plain(event)) {
      const dialog = document.getElementById(opener.dataset.dialog);
      if (dialog?.showModal) {
        event.preventDefault();
        open(dialog);
      }
      return;
    }
    const closer = event.target.closest("[data-close]");
    if (closer) {
      const dialog = closer.closest("dialog");
      if (dialog) {
        event.preventDefault();
        dialog.close();
      }
    }
    closeMenus(event.target);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.querySelector("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("mousedown", (event) => {
    if (event.target instanceof HTMLDialogElement && event.target.matches(".hall-dialog")) event.target.close();
  });
}

export function open(dialog) {
  if (dialog.open) return;
  dialog.showModal();
  dialog.querySelector("textarea, input:not([type=hidden]), select")?.focus();
}

function closeMenus(target) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(target)) menu.open = false;
  }
}

const plain = (event) => event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
