// Draws the plan from the JSON in the page; the list beside it says the same.
import { Graph, layout } from "@dagrejs/dagre";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 216;
const ROOM = 26;

export function initGraph(place) {
  const { nodes, edges } = JSON.parse(place.querySelector("script").textContent);
  const graph = new Graph().setGraph({ rankdir: "LR", nodesep: 18, ranksep: 44, marginx: 16, marginy: 16 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) graph.setNode(node.id, { ...node, width: WIDTH, height: (node.sub ? 35 : 19) + 17 * wrapped(node.label, ROOM).length });
  for (const edge of edges) graph.setEdge(edge.from, edge.to);
  layout(graph);
  const { width, height } = graph.graph();
  const svg = draw("svg", { width, height, viewBox: `0 0 ${width} ${height}` });
  svg.append(arrow());
  for (const edge of graph.edges()) svg.append(line(graph.edge(edge).points));
  for (const id of graph.nodes()) svg.append(box(graph.node(id)));
  place.append(svg);
}

export function draw(name, attributes = {}, text = "") {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text) element.textContent = text;
  return element;
}

export function arrow() {
  const marker = draw("marker", { id: "plan-arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" });
  marker.append(draw("path", { d: "M0 0L8 4L0 8z", class: "plan-arrow" }));
  const defs = draw("defs");
  defs.append(marker);
  return defs;
}

function line(points) {
  const d = points.map(({ x, y }, place) => `${place ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  return draw("path", { d, class: "plan-edge", "marker-end": "url(#plan-arrow)" });
}

function box(node) {
  const group = draw("g", { class: `plan-node tone-${node.tone ?? "neutral"}${node.critical ? " is-critical" : ""}`, transform: `translate(${node.x - node.width / 2} ${node.y - node.height / 2})` });
  const holder = node.href ? draw("a", { href: node.href }) : group;
  holder.append(draw("title", {}, [node.label, node.sub].filter(Boolean).join(" · ")));
  holder.append(draw("rect", { width: node.width, height: node.height, rx: 6 }));
  const lines = wrapped(node.label, ROOM);
  lines.forEach((text, place) => holder.append(draw("text", { x: 12, y: 22 + 17 * place }, text)));
  if (node.sub) holder.append(draw("text", { x: 12, y: 24 + 17 * lines.length, class: "plan-sub" }, shortened(node.sub, 28)));
  if (holder !== group) group.append(holder);
  return group;
}

// A long label takes two lines, broken between words where it can be.
function wrapped(label, room) {
  const whole = shortened(label, room);
  if (whole === label) return [label];
  const fits = whole.slice(0, -1);
  const gap = label[fits.length] === " " ? fits.length : fits.lastIndexOf(" ");
  const first = gap > 0 ? label.slice(0, gap) : fits;
  return [first, shortened(label.slice(first.length).trim(), room)];
}

// A Chinese character is about as wide as two Latin letters.
export function shortened(text, room) {
  let used = 0;
  let place = 0;
  for (const char of text) {
    used += char.codePointAt(0) > 0x2e7f ? 1.85 : 1;
    if (used > room) return `${text.slice(0, place)}…`;
    place += char.length;
  }
  return text;
}
