// Stages of a chain and entries of a list are moved by dragging; buttons beside them do the same.
// What asks "for whom" and "when due" asks again after each change of the draft.
import "sortablejs";
import { send } from "hall/studio";

// What the library tells of its own moves is no change of a control.
const quiet = (place) => place.addEventListener("change", (event) => { if (event.target === place) event.stopPropagation(); });

function drag() {
  for (const chain of document.querySelectorAll("[data-chain]:not(.can-drag)")) {
    chain.classList.add("can-drag");
    for (const place of chain.querySelectorAll("[data-drop]")) {
      quiet(place);
      globalThis.Sortable.create(place, {
        group: "stages", draggable: "[data-stage]", filter: "a, button", preventOnFilter: false,
        delay: 150, delayOnTouchOnly: true,
        onEnd: ({ item, from, to }) => from !== to && act(item, `stage-place:${item.dataset.stage}:${to.dataset.drop}`),
      });
    }
  }
  for (const list of document.querySelectorAll("[data-sorted]:not(.can-drag)")) {
    list.classList.add("can-drag");
    quiet(list);
    globalThis.Sortable.create(list, {
      draggable: "[data-entry]", handle: "[data-grip]", delay: 150, delayOnTouchOnly: true,
      onEnd: ({ item, oldIndex, newIndex }) => oldIndex !== newIndex && act(item, `move:${item.dataset.entry}:${newIndex}`),
    });
  }
}

const act = (item, said) => {
  const form = item.closest("form");
  send(form, [["do", said]], form.action, { name: "do", value: said });
};

drag();
document.addEventListener("hall:swapped", (event) => {
  drag();
  if (event.target !== document) return;
  for (const form of document.querySelectorAll("form[data-again]")) form.dispatchEvent(new Event("change"));
});
