// SPDX-License-Identifier: MIT
//
// The graph: servers before what they serve, one column for each step from
// those that need nobody; where there is little width, one row. It is drawn
// anew when VMs or pairs come or go, and else only touched up.

const NS = "http://www.w3.org/2000/svg";
const NODE = 120, LINE = 24, HEAD = 46, BETWEEN = 30, EDGE = 8;
const BEND = 50;  // where edges cross, between a column and the next's words
const CHARACTER = 6.2, WHAT = 20, RATE = " · 999/s".length;
const MOST = 100;  // VMs in a picture
const TALL = 120, TALL_GAP = 70, ROUND = 60;

export function svg(name, attributes, parent) {
  const e = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes))
    e.setAttribute(key, value);
  if (parent)
    parent.append(e);
  return e;
}

export function rate(n) {
  if (n === null || n === undefined)
    return "–";
  if (n >= 999.5)
    return (n / 1000).toFixed(n >= 9995 ? 0 : 1) + "k";
  return n.toFixed(n > 0 && n < 9.95 ? 1 : 0);
}

// What the two ends of a pair make of its edge.
export function pairKind(pair, vms) {
  const over = id => !vms.has(id) || vms.get(id).kind === "bad" ||
    vms.get(id).kind === "over";
  if (pair.differs)
    return "wrong";
  if (over(pair.a) || over(pair.b))
    return "cut";
  if (!pair.channels)
    return "idle";
  return pair.what === "xenstore" ? "store" : "bound";
}

function columns(vms, pairs) {
  const column = new Map([...vms.keys()].map(id => [id, 0]));
  let moved = true;
  for (let turn = 0; moved && turn < vms.size; turn++) {
    moved = false;
    for (const p of pairs)
      if (p.serves && column.has(p.a) && column.has(p.b) &&
          column.get(p.b) <= column.get(p.a)) {
        column.set(p.b, column.get(p.a) + 1);
        moved = true;
      }
  }
  return column;
}

function short(words, most) {
  return words.length > most ? words.slice(0, most - 1) + "…" : words;
}

// How much is to be written at the edge.
function words(pair) {
  return short(pair.what, WHAT).length + (pair.what === "xenstore" ? 0 : RATE);
}

// Where each VM stands: Map id -> { x, y, width, height, run: what the words
// take before it, arriving: edges }.
function layout(vms, pairs, tall) {
  const column = columns(vms, pairs), used = [], runs = [], place = new Map();
  for (const p of pairs) {
    const c = column.get(p.b);
    runs[c] = Math.max(runs[c] || 0, 12 + CHARACTER * words(p));
  }
  const left = c => c ? left(c - 1) + NODE + BEND + EDGE + (runs[c] || 0) : 0;
  for (const id of vms.keys()) {
    const c = column.get(id), at = used[c] || 0;
    const arriving = pairs.filter(p => p.b === id).length;
    const size = tall ? TALL : Math.max(HEAD, LINE * arriving + 12);
    place.set(id, tall ?
      { x: at, y: c * (HEAD + TALL_GAP), width: TALL, height: HEAD } :
      { x: left(c), y: at, width: NODE, height: size });
    Object.assign(place.get(id), { arriving, column: c, run: runs[c] || 0 });
    used[c] = at + size + (tall ? BETWEEN / 2 : BETWEEN);
  }
  // Shorter columns stand in the middle.
  const longest = Math.max(0, ...used.filter(u => u));
  for (const p of place.values())
    p[tall ? "x" : "y"] += (longest - used[p.column]) / 2;
  return place;
}

// Between two VMs of a column, or beside all: what is nearest to y.
function gap(column, y) {
  const ends = column.flatMap(p => [p.y - BETWEEN / 2,
    p.y + p.height + BETWEEN / 2]);
  return ends.reduce((best, end) =>
    Math.abs(end - y) < Math.abs(best - y) ? end : best);
}

// The way to b's column: through a gap of each column between.
function approach(a, b, places) {
  const way = [{ x: a.x + a.width, y: a.y + a.height / 2 }];
  for (let c = a.column + 1; c < b.column; c++) {
    const passed = places.filter(p => p.column === c);
    if (!passed.length)  // who serve each other may leave one empty
      continue;
    const { x, width, run } = passed[0], last = way[way.length - 1];
    const steps = b.column - c;
    const y = gap(passed, (last.y * steps + b.y + b.height / 2) / (steps + 1));
    way.push({ x: x - EDGE - run, y }, { x: x + width, y });
  }
  return way;
}

// From the right side of one to slot n on the left side of the other, level
// where the words stand; round the right side when they stand in one column.
function across(a, b, way, n) {
  const side = a.column === b.column, from = way[0];
  const y = b.y + b.height / (b.arriving + 1) * (n + 1);
  let d = `M${from.x} ${from.y}`;
  if (side) {
    const x = b.x + b.width + EDGE;
    return { d: d + `C${from.x + ROUND} ${from.y} ${x + ROUND} ${y} ${x} ${y}`,
      label: { x: from.x + ROUND * .8, "text-anchor": "start" },
      middle: (from.y + y) / 2 + 8 };
  }
  const stops = [...way.slice(1), { x: b.x - EDGE - b.run, y },
    { x: b.x - EDGE, y }];
  stops.reduce((from, to, i) => {
    const x = (from.x + to.x) / 2;
    d += i % 2 ? `H${to.x}` : `C${x} ${from.y} ${x} ${to.y} ${to.x} ${to.y}`;
    return to;
  }, from);
  return { d, label: { x: b.x - EDGE - 4, "text-anchor": "end" }, middle: y };
}

// The same from top to bottom; there is no room for words.
function down(a, b, n) {
  const side = a.column === b.column;
  const x1 = a.x + a.width / 2, y1 = a.y + a.height;
  const x2 = b.x + b.width / (b.arriving + 1) * (n + 1);
  const y2 = side ? b.y + b.height + EDGE : b.y - EDGE;
  const bend = side ? ROUND / 2 : (y2 - y1) / 2;
  return { d: `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ` +
    `${side ? y2 + bend : y2 - bend} ${x2} ${y2}` };
}

export class Graph {
  constructor(element, choose) {
    this.element = element;
    this.frame = element.parentElement;
    this.choose = choose;
    this.shape = "";
  }

  draw(vms, pairs, chosen) {
    if (vms.size > MOST) {
      this.frame.textContent =
        `${vms.size} VMs are too many for a picture.`;
      return;
    }
    const width = this.frame.clientWidth;
    const tall = width < 560;
    const drawn = pairs.filter(p => vms.has(p.a) && vms.has(p.b));
    const shape = JSON.stringify([tall, [...vms.keys()],
      drawn.map(p => [p.a, p.b])]);
    if (shape !== this.shape) {
      this.build(vms, drawn, tall);
      this.shape = shape;
    }
    for (const vm of vms.values())
      this.touchNode(vm, vm.id === chosen);
    drawn.forEach((p, i) => this.touchEdge(p, this.edges[i], vms));
  }

  build(vms, pairs, tall) {
    const place = layout(vms, pairs, tall), e = this.element;
    const round = pairs.some(p => place.get(p.a).column ===
      place.get(p.b).column);
    const ways = pairs.map(p => approach(place.get(p.a), place.get(p.b),
      [...place.values()]));
    // An edge may pass beside all VMs.
    const passes = tall ? [] : ways.flat().map(at => at.y);
    const top = Math.min(0, ...passes);
    const right = Math.max(1, ...[...place.values()].map(p => p.x + p.width)) +
      (round && !tall ? ROUND + 120 : 0);
    const bottom = Math.max(1, ...passes, ...[...place.values()].map(p =>
      p.y + p.height)) + (round && tall ? ROUND / 2 : 0);
    e.replaceChildren();
    e.setAttribute("viewBox", `-4 ${top - 4} ${right + 8} ${bottom - top + 8}`);
    // Never larger than life.
    e.style.maxWidth = right + 8 + "px";
    e.style.minWidth = Math.min(right + 8, tall ? 260 : 480) + "px";
    e.toggleAttribute("data-tall", tall);
    const defs = svg("defs", {}, e);
    const tip = svg("marker", { id: "tip", viewBox: "0 0 8 8", refX: 2,
      refY: 4, markerWidth: 9, markerHeight: 9, orient: "auto",
      markerUnits: "userSpaceOnUse" }, defs);
    svg("path", { d: "M0 0L8 4L0 8z", fill: "context-stroke" }, tip);
    const edges = svg("g", {}, e), nodes = svg("g", {}, e);
    // Who comes from above arrives above, or from the left to the left.
    const from = pairs.map((p, i) => tall ? place.get(p.a).x :
      ways[i][ways[i].length - 1].y);
    const slots = pairs.map((p, i) => pairs.filter((q, j) => q.b === p.b &&
      (from[j] < from[i] || (from[j] === from[i] && j < i))).length);
    this.edges = pairs.map((p, i) => {
      const a = place.get(p.a), b = place.get(p.b);
      const way = tall ? down(a, b, slots[i]) :
        across(a, b, ways[i], slots[i]);
      const path = svg("path", { class: "edge", d: way.d }, edges);
      if (p.serves)
        path.setAttribute("marker-end", "url(#tip)");
      const title = svg("title", {}, path);
      return { path, title, middle: way.middle, label: tall ? null : svg("text",
        { class: "label", ...way.label }, nodes) };
    });
    this.nodes = new Map([...vms.values()].map(vm =>
      [vm.id, this.buildNode(vm, place.get(vm.id), nodes)]));
  }

  buildNode(vm, at, parent) {
    const g = svg("g", { class: "node", role: "button", tabindex: 0,
      "data-vm": vm.name }, parent);
    const middle = at.y + at.height / 2;
    svg("rect", { class: "box", x: at.x, y: at.y, width: at.width,
      height: at.height, rx: 7 }, g);
    svg("rect", { class: "bar", x: at.x, y: at.y + 6, width: 5,
      height: at.height - 12, rx: 2 }, g);
    const title = svg("text", { class: "title", x: at.x + 15,
      y: middle - 4 }, g);
    const more = svg("text", { class: "more", x: at.x + 15,
      y: middle + 13 }, g);
    title.textContent = short(vm.name, 14);
    g.addEventListener("click", () => this.choose(vm.id));
    g.addEventListener("keydown", event => {
      if (event.key !== "Enter" && event.key !== " ")
        return;
      event.preventDefault();
      this.choose(vm.id);
    });
    return { g, more };
  }

  touchNode(vm, chosen) {
    const { g, more } = this.nodes.get(vm.id);
    const load = vm.load === null ? vm.state :
      `${vm.state} · ${rate(vm.load)} %`;
    g.dataset.kind = vm.kind;
    g.dataset.state = vm.state;
    g.setAttribute("aria-pressed", chosen);
    g.setAttribute("aria-label", `${vm.name}, ${load}`);
    more.textContent = load;
  }

  touchEdge(pair, { path, title, label, middle }, vms) {
    const kind = pairKind(pair, vms);
    const sum = pair.there === null ? null : pair.there + pair.back;
    const weight = kind !== "bound" ? 1.2 :
      1.2 + Math.min(5, 1.4 * Math.log10(1 + (sum || 0)));
    const said = kind === "wrong" ? "not as configured" :
      kind === "cut" ? "cut" : kind === "idle" ? "no channel" :
      sum === null ? "" : rate(sum) + "/s";
    path.dataset.kind = kind;
    path.dataset.pair = `${vms.get(pair.a).name} ${vms.get(pair.b).name}`;
    path.setAttribute("stroke-width", weight.toFixed(1));
    title.textContent = `${vms.get(pair.a).name} ` +
      `${pair.serves ? "serves" : "shares with"} ` +
      `${vms.get(pair.b).name}: ${pair.what}, ${said}`;
    if (!label)
      return;
    label.setAttribute("y", middle - 3 - weight / 2);
    label.textContent = short(pair.what, WHAT) +
      (kind === "store" || !said ? "" : " · " + said);
  }
}
