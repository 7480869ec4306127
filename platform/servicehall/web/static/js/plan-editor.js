// The plan as a picture: lanes of departments, a card for each task, lines for what waits for what. Cards are connected
// by dragging from the dot of one to another; the tools of a line put a task in between or take the line away. Every act
// is also a button or box of the form beside it.
import { Graph, layout } from "@dagrejs/dagre";
import { arrow, draw, shortened } from "hall/graph";
import { flush, send, swap } from "hall/studio";

const CARD = { width: 216, height: 58 };
const GAP = { x: 64, y: 14 };
const LANE = { name: 22, pad: 10 };
const kept = { key: "", places: null, left: 0, top: 0 };

function start() {
  for (const board of document.querySelectorAll("[data-plan]")) if (!board.querySelector("svg")) begin(board);
}

function begin(board) {
  const plan = JSON.parse(board.querySelector("script").textContent);
  const key = JSON.stringify([plan.lanes, plan.nodes.map((one) => [one.id, one.lane]), plan.edges]);
  if (kept.key !== key) Object.assign(kept, { key, places: placed(plan) });
  board.append(picture(board, plan, kept.places));
  board.scrollTo(kept.left, kept.top);
  show(board, kept.places.where.get(plan.nodes.find((one) => one.selected)?.id));
  board.addEventListener("scroll", () => scrolled(board));
  scrolled(board);
}

// The names of the lanes stay in view.
function scrolled(board) {
  Object.assign(kept, { left: board.scrollLeft, top: board.scrollTop });
  for (const name of board.querySelectorAll(".plan-lane-name")) name.setAttribute("x", board.scrollLeft + 16);
}

// The selected card is brought into view, and nothing moves where it is.
function show(board, at) {
  if (!at) return;
  const hidden = at.x < board.scrollLeft || at.x + CARD.width > board.scrollLeft + board.clientWidth
    || at.y < board.scrollTop || at.y + CARD.height > board.scrollTop + board.clientHeight;
  if (hidden) board.scrollTo(at.x - (board.clientWidth - CARD.width) / 2, at.y - (board.clientHeight - CARD.height) / 2);
}

// Dagre says which column a task stands in and in which order; within a column each lane takes its own.
function placed({ lanes, nodes, edges }) {
  const graph = new Graph().setGraph({ rankdir: "LR", nodesep: GAP.y, ranksep: GAP.x }).setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) graph.setNode(String(node.id), { ...CARD });
  for (const edge of edges) graph.setEdge(String(edge.from), String(edge.to));
  layout(graph);
  const columns = [...new Set(nodes.map((node) => Math.round(graph.node(String(node.id)).x)))].sort((a, b) => a - b);
  const where = new Map();
  const bands = [];
  let top = 0;
  for (const lane of lanes) {
    const filled = new Map();
    const mine = nodes.filter((node) => node.lane === lane);
    mine.sort((a, b) => graph.node(String(a.id)).y - graph.node(String(b.id)).y);
    for (const node of mine) {
      const column = columns.indexOf(Math.round(graph.node(String(node.id)).x));
      const row = filled.get(column) ?? 0;
      filled.set(column, row + 1);
      where.set(node.id, { x: 16 + column * (CARD.width + GAP.x), y: top + LANE.name + LANE.pad + row * (CARD.height + GAP.y) });
    }
    const rows = Math.max(1, ...filled.values());
    const height = LANE.name + 2 * LANE.pad + rows * (CARD.height + GAP.y) - GAP.y;
    bands.push({ lane, top, height });
    top += height;
  }
  return { where, bands, width: 32 + columns.length * (CARD.width + GAP.x) - GAP.x, height: top };
}

function picture(board, plan, { where, bands, width, height }) {
  const own = board.dataset.own !== undefined;
  const full = Math.max(width, board.clientWidth - 2);
  const svg = draw("svg", { width: full, height, viewBox: `0 0 ${full} ${height}` });
  svg.append(arrow());
  bands.forEach((band, place) => svg.append(
    draw("rect", { x: 0, y: band.top, width: full, height: band.height, class: `plan-lane${place % 2 ? " is-odd" : ""}` }),
    draw("text", { x: 16, y: band.top + 18, class: "plan-lane-name" }, band.lane),
  ));
  const tools = draw("g");
  const names = new Map(plan.nodes.map((node) => [node.id, node.label]));
  plan.edges.forEach((edge, place) => {
    const group = line(board, edge, where, own ? tools : null);
    const label = board.dataset.line?.replace("{first}", names.get(edge.from)).replace("{then}", names.get(edge.to));
    for (const [name, value] of own ? [["tabindex", place ? -1 : 0], ["role", "button"], ["aria-label", label]] : []) group.setAttribute(name, value);
    svg.append(group);
  });
  svg.append(tools);
  for (const node of plan.nodes) svg.append(card(board, node, where.get(node.id), own));
  if (own) connecting(board, svg, where);
  return svg;
}

// The tools of a line show while it, or nothing else, is pointed at; they stand above all lines.
function line(board, edge, where, layer) {
  const from = out(where.get(edge.from));
  const to = into(where.get(edge.to));
  const group = draw("g", { class: "plan-line" });
  const d = way(from, to, where);
  group.append(draw("path", { d, class: `plan-edge${edge.any ? " is-any" : ""}`, "marker-end": "url(#plan-arrow)" }));
  if (!layer) return group;
  group.append(draw("path", { d, class: "plan-catch" }));
  const tools = draw("g", { class: "plan-tools", transform: `translate(${(from.x + to.x) / 2} ${(from.y + to.y) / 2})` });
  const base = board.dataset.own;
  const pair = `${edge.from}-${edge.to}`;
  tools.append(
    tool(-11, "M-4 0H4M0 -4V4", board.dataset.between, () => act(board, `task-add:${base}:${pair}`)),
    tool(11, "M-3 -3L3 3M3 -3L-3 3", board.dataset.partThem, () => act(board, `task-disconnect:${base}:${pair}`)),
  );
  layer.append(tools);
  const shown = () => {
    layer.querySelector(".is-shown")?.classList.remove("is-shown");
    tools.classList.add("is-shown");
  };
  group.addEventListener("pointerenter", shown);
  group.addEventListener("focus", shown);
  const keys = {
    Delete: () => act(board, `task-disconnect:${base}:${pair}`), Backspace: () => act(board, `task-disconnect:${base}:${pair}`),
    Enter: () => act(board, `task-add:${base}:${pair}`), Insert: () => act(board, `task-add:${base}:${pair}`),
    ArrowRight: () => walk(group, 1), ArrowDown: () => walk(group, 1), ArrowLeft: () => walk(group, -1), ArrowUp: () => walk(group, -1),
  };
  group.addEventListener("keydown", (event) => {
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  return group;
}

// Lines are one stop of the Tab key; arrow keys go from one to the next.
function walk(from, by) {
  const lines = [...from.ownerSVGElement.querySelectorAll(".plan-line[tabindex]")];
  const to = lines[lines.indexOf(from) + by];
  if (!to) return;
  from.setAttribute("tabindex", "-1");
  to.setAttribute("tabindex", "0");
  to.focus();
}

function tool(x, d, title, run) {
  const group = draw("g", { transform: `translate(${x} 0)` });
  group.append(draw("title", {}, title), draw("circle", { r: 9 }), draw("path", { d }));
  group.addEventListener("click", run);
  return group;
}

function card(board, node, { x, y }, own) {
  const group = draw("g", {
    class: `plan-node tone-${node.tone}${node.selected ? " is-selected" : ""}${node.critical ? " is-critical" : ""}`, transform: `translate(${x} ${y})`, "data-id": node.id,
  });
  const holder = own ? draw("a", { href: node.href, "data-open-task": "" }) : group;
  const marks = node.marks.map((one) => one.text);
  const said = [node.label, node.who, node.due, ...marks, node.said].filter(Boolean).join(" · ");
  holder.append(
    draw("title", {}, said),
    draw("rect", { width: CARD.width, height: CARD.height, rx: 6 }),
    draw("text", { x: 10, y: 19 }, shortened(node.label, 27)),
    draw("text", { x: 10, y: 35, class: "plan-sub" }, shortened(node.who || "–", 26)),
    draw("text", { x: 10, y: 51, class: "plan-sub" }, shortened(node.due, 16)),
  );
  const icons = [...(node.said ? ["alert-triangle"] : []), ...node.marks.map((one) => one.icon)];
  icons.slice(0, 5).forEach((one, place) => holder.append(symbol(one, CARD.width - 24 - place * 17, 40)));
  if (holder !== group) group.append(holder);
  if (own) {
    const handle = draw("circle", { cx: CARD.width, cy: CARD.height / 2, r: 6, class: "plan-handle", "data-handle": node.id });
    handle.append(draw("title", {}, board.dataset.handle));
    group.append(handle);
  }
  return group;
}

function symbol(name, x, y) {
  const sprite = document.querySelector("svg.icon use")?.getAttribute("href")?.split("#")[0] ?? "";
  const drawn = draw("svg", { x, y, width: 14, height: 14, class: "icon", "aria-hidden": "true" });
  drawn.append(draw("use", { href: `${sprite}#${name}` }));
  return drawn;
}

// From the dot of a card to another card: the other waits for the first.
function connecting(board, svg, where) {
  let drawn = null;
  let from = null;
  const target = (event) => {
    const found = document.elementFromPoint(event.clientX, event.clientY)?.closest?.("[data-plan] [data-id]");
    return found && found.dataset.id !== from ? found : null;
  };
  svg.addEventListener("pointerdown", (event) => {
    if (event.target.dataset?.handle === undefined) return;
    event.preventDefault();
    from = event.target.dataset.handle;
    drawn = draw("path", { class: "plan-edge is-new" });
    svg.append(drawn);
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointermove", (event) => {
    if (!drawn) return;
    const box = svg.getBoundingClientRect();
    drawn.setAttribute("d", curve(out(where.get(Number(from))), { x: event.clientX - box.left, y: event.clientY - box.top }));
    const over = target(event);
    for (const one of svg.querySelectorAll(".is-target")) if (one !== over) one.classList.remove("is-target");
    over?.classList.add("is-target");
  });
  const end = (event) => {
    if (!drawn) return;
    const over = event.type === "pointerup" ? target(event) : null;
    drawn.remove();
    drawn = null;
    for (const one of svg.querySelectorAll(".is-target")) one.classList.remove("is-target");
    if (over) act(board, `task-connect:${board.dataset.own}:${from}-${over.dataset.id}`);
  };
  svg.addEventListener("pointerup", end);
  svg.addEventListener("pointercancel", end);
}

// A line that leads past other columns goes between their cards, in the lane that is nearest to both ends.
function way(from, to, where) {
  const between = [...where.values()].filter(({ x }) => x > from.x && x + CARD.width < to.x);
  const covers = (y) => between.some((card) => y > card.y - 5 && y < card.y + CARD.height + 5);
  const straight = Array.from({ length: 9 }, (_none, step) => from.y + ((to.y - from.y) * step) / 8);
  if (!straight.some(covers)) return curve(from, to);
  const free = between.flatMap(({ y }) => [y - GAP.y / 2, y + CARD.height + GAP.y / 2]).concat(from.y, to.y).filter((y) => !covers(y));
  const far = (y) => Math.abs(y - from.y) + Math.abs(y - to.y);
  const y = free.sort((a, b) => far(a) - far(b))[0] ?? from.y;
  const [left, right] = [from.x + GAP.x - 8, to.x - GAP.x + 8];
  const [bend, back] = [(left - from.x) / 2, (to.x - right) / 2];
  return `M${from.x} ${from.y}C${from.x + bend} ${from.y} ${left - bend} ${y} ${left} ${y}L${right} ${y}`
    + `C${right + back} ${y} ${to.x - back} ${to.y} ${to.x} ${to.y}`;
}

const out = ({ x, y }) => ({ x: x + CARD.width, y: y + CARD.height / 2 });
const into = ({ x, y }) => ({ x: x - 2, y: y + CARD.height / 2 });

function curve(from, to) {
  const bend = Math.max(28, Math.abs(to.x - from.x) / 2);
  return `M${from.x} ${from.y}C${from.x + bend} ${from.y} ${to.x - bend} ${to.y} ${to.x} ${to.y}`;
}

function act(board, said) {
  const form = board.closest("form");
  send(form, [["do", said]], form.action, { name: "do", value: said }).then(() => {
    document.querySelector('[data-part="conflict"] [role="alert"]')?.scrollIntoView({ block: "center" });
  });
}

// A task's properties are fetched into the page, so that picture and list stay where they are.
async function open(link, byKeyboard) {
  const address = link.getAttribute("href");
  await flush();
  const answer = await fetch(address, { credentials: "same-origin", headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return location.assign(address);
  swap(await answer.text(), { name: "do", value: "" }, true);
  history.replaceState(null, "", address);
  const title = document.getElementById("selected-title");
  if (byKeyboard) title?.focus();
  else if (matchMedia("(max-width: 999px)").matches) title?.scrollIntoView();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-open-task]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(link, event.detail === 0);
});

start();
document.addEventListener("hall:swapped", start);
document.addEventListener("change", (event) => {
  if (event.target.closest("[data-day]")) event.target.form.requestSubmit();
});
