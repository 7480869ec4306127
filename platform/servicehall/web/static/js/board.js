// Cards move between columns by dragging; the Move menu of each card does the same for keyboard and touch.
import "sortablejs";
import { announce, toast } from "hall/announce";

export function initBoard(board) {
  board.classList.add("can-drag");
  for (const column of board.querySelectorAll("[data-column]")) {
    globalThis.Sortable.create(column, {
      group: "board",
      draggable: ".board-card",
      filter: "a, button, summary, input, select",
      preventOnFilter: false,
      delay: 150,
      delayOnTouchOnly: true,
      onEnd: (event) => event.from !== event.to && move(event),
    });
  }
}

async function move({ item, from, to, oldIndex }) {
  const body = new FormData();
  body.set("column", to.dataset.column);
  const token = document.querySelector("input[name=csrf_token]")?.value;
  if (token) body.set("csrf_token", token);
  const answer = await fetch(item.dataset.move, {
    method: "POST", body, credentials: "same-origin", headers: { "X-Requested-With": "fetch", Accept: "text/html" },
  }).catch(() => null);
  if (answer?.redirected) {
    location.assign(answer.url);
    return;
  }
  if (answer?.ok) {
    for (const column of [from, to]) recount(column);
    announce(`${item.dataset.title}: ${to.dataset.title}`);
    return;
  }
  from.insertBefore(item, from.children[oldIndex] ?? null);
  const reason = answer?.status === 409 ? await answer.text() : "";
  toast(reason || to.closest("[data-board]").dataset.refused);
}

function recount(column) {
  const count = document.querySelector(`#column-${CSS.escape(column.dataset.column)} .count`);
  if (count && !count.textContent.endsWith("+")) count.textContent = column.querySelectorAll(".board-card").length;
}
