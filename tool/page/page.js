// SPDX-License-Identifier: MIT
//
// The live page of a machine. What it shows comes from /events; all text is
// put in by textContent, since guests wrote some of it.

import { Graph, pairKind, rate, svg } from "/graph.js";

const KINDS = {
  running: "good", blocked: "calm", paused: "wait", building: "wait",
  "shut down": "over", crashed: "bad", dying: "bad", dead: "bad",
};
const POINTS = 60;      // of a sparkline, one for each look
const OVER = 4;         // looks, for the load now
const STALE_MS = 8000;  // without a word
const AGAIN_MS = 2000;  // until the connection is tried again

const $ = id => document.getElementById(id);
const vms = new Map();  // id -> what was told of it, and what shows it
let pairs = [], chosen = 0, printed = -1, heard = 0, over = false;
let fetching = false;

const graph = new Graph($("graph"), choose);

function set(element, text) {
  if (element.textContent !== text)
    element.textContent = text;
}

function add(name, className, parent) {
  const e = document.createElement(name);
  e.className = className;
  parent.append(e);
  return e;
}

function link(state, words) {
  $("link").dataset.link = state;
  set($("link"), words);
  document.body.toggleAttribute("data-over",
    ["lost", "ended", "failed"].includes(state));
}

// Rows

function rowMake(vm) {
  const item = document.createElement("li");
  const row = add("button", "vm", item);
  const head = add("span", "head", row);
  const e = { item, row, name: add("span", "name", head),
    state: add("span", "state", head) };
  row.type = "button";
  row.dataset.vm = vm.name;
  e.spark = svg("svg", { class: "spark", viewBox: "0 0 120 24",
    preserveAspectRatio: "none", "aria-hidden": "true" }, row);
  svg("line", { x1: 0, x2: 120, y1: 23.5, y2: 23.5 }, e.spark);
  e.curve = svg("path", {}, e.spark);
  e.load = add("span", "load", row);
  e.facts = add("span", "facts", row);
  row.addEventListener("click", () => choose(vm.id));
  $("vms").append(item);
  return e;
}

function curve(loads, most) {
  const step = 120 / (POINTS - 1), first = POINTS - loads.length;
  return loads.map((load, i) => (i ? "L" : "M") +
    ((first + i) * step).toFixed(1) + " " +
    (23 - 22 * Math.min(1, load / most)).toFixed(1)).join("");
}

function rowShow(vm) {
  const e = vm.shown;
  const facts = [`${Math.round(vm.memory / 1024)} MiB`,
    `${vm.vcpus} vCPU${vm.vcpus === 1 ? "" : "s"}`,
    `${rate(vm.exits)} exits/s`, `${rate(vm.wakeups)} wake-ups/s`];
  if (vm.restarts)
    facts.push(`restarted ${vm.restarts}×`);
  e.row.dataset.kind = vm.kind;
  e.row.dataset.state = vm.state;
  e.row.setAttribute("aria-pressed", vm.id === chosen);
  set(e.name, vm.name);
  set(e.state, vm.state);
  set(e.load, vm.load === null ? "–" : vm.load.toFixed(1) + " %");
  set(e.facts, facts.join(" · "));
  e.curve.setAttribute("d", curve(vm.loads, 100 * vm.vcpus));
}

function pairShow(pair, row) {
  const kind = pairKind(pair, vms);
  const name = id => vms.has(id) ? vms.get(id).name : "VM " + id;
  const words = [name(pair.a), name(pair.b), pair.what +
    (pair.differs ? ", not as configured" : ""), String(pair.channels),
    String(pair.grants), rate(pair.there), rate(pair.back)];
  row.dataset.kind = kind;
  words.forEach((text, i) => {
    const cell = row.cells[i] || row.insertCell();
    cell.className = i > 2 ? "number" : "";
    set(cell, text);
  });
}

// The console of one VM

function choose(id) {
  chosen = chosen === id ? 0 : id;
  printed = -1;
  const vm = vms.get(chosen);
  set($("console-title"), vm ? "Console of " + vm.name : "Console");
  $("console-hint").hidden = Boolean(vm);
  $("console-text").hidden = !vm;
  $("console-text").textContent = "";
  draw();
  history.replaceState(null, "", vm ? "#" + vm.name : location.pathname);
  consoleFetch();
  if (vm && matchMedia("(max-width: 62rem)").matches)
    $("console").scrollIntoView({ block: "nearest" });
}

async function consoleFetch() {
  const vm = vms.get(chosen);
  if (!vm || vm.printed === printed || fetching || over)
    return;
  fetching = true;
  try {
    const answer = await fetch("/console/" + vm.id);
    const said = await answer.json();
    if (vm.id === chosen) {
      printed = said.printed;
      consoleShow(said.text);
    }
  } catch {
    // Told by the stream, which ends too.
  }
  fetching = false;
  if (vm.id !== chosen)
    consoleFetch();
}

function consoleShow(text) {
  const pre = $("console-text");
  const atEnd = pre.scrollHeight - pre.scrollTop - pre.clientHeight < 30;
  set(pre, text || "(nothing yet)");
  if (atEnd)
    pre.scrollTop = pre.scrollHeight;
}

// What the machine says

// The load over a few looks, in per cent of one CPU: a VM that runs without a
// pause is charged for it when it pauses.
function loadOf(vm, time) {
  const last = vm.times[vm.times.length - 1];
  if (last && (last.seconds > vm.seconds || last.time > time))
    vm.times = [];
  vm.times = [...vm.times, { time, seconds: vm.seconds }].slice(-OVER - 1);
  const span = time - vm.times[0].time;
  return vm.kind === "bad" || !(span > 0) ? null :
    Math.min(100 * vm.vcpus,
      100 * (vm.seconds - vm.times[0].seconds) / span);
}

function vmTake(told, time) {
  const vm = vms.get(told.id) || { loads: [], times: [] };
  Object.assign(vm, told, { kind: KINDS[told.state] || "over" });
  vm.load = loadOf(vm, time);
  if (vm.load !== null || vm.loads.length)
    vm.loads = [...vm.loads, vm.load || 0].slice(-POINTS);
  vm.shown = vm.shown || rowMake(vm);
  vms.set(vm.id, vm);
}

function draw() {
  for (const vm of vms.values())
    rowShow(vm);
  const body = $("pairs");
  while (body.rows.length > pairs.length)
    body.deleteRow(-1);
  pairs.forEach((p, i) => pairShow(p, body.rows[i] || body.insertRow()));
  graph.draw(vms, pairs, chosen);
}

function take(state) {
  const now = new Set(state.vms.map(vm => vm.id));
  const counts = {};
  for (const [id, vm] of vms)
    if (!now.has(id)) {
      vm.shown.item.remove();
      vms.delete(id);
    }
  state.vms.forEach(vm => vmTake(vm, state.time));
  for (const vm of vms.values())
    counts[vm.state] = (counts[vm.state] || 0) + 1;
  pairs = state.pairs;
  document.title = state.machine + " – Bulkhead";
  set($("machine"), state.machine);
  set($("summary"), [`${vms.size} VMs: ` + Object.entries(counts)
    .map(([name, n]) => `${n} ${name}`).join(", "),
    `${state.cpus} CPU${state.cpus === 1 ? "" : "s"}`,
    `${Math.round(state.memory / 1024)} MiB`,
    `${state.time.toFixed(0)} s of its time`].join(" · "));
  draw();
  consoleFetch();
}

let first = true;

function listen() {
  const events = new EventSource("/events");
  events.onmessage = event => {
    heard = Date.now();
    take(JSON.parse(event.data));
    link("live", "live");
    const named = first && [...vms.values()].find(vm =>
      vm.name === location.hash.slice(1));
    first = false;
    if (named)
      choose(named.id);
  };
  events.addEventListener("end", event => {
    const end = JSON.parse(event.data);
    over = true;
    events.close();
    link(end.good ? "ended" : "failed", "The machine has ended: " + end.how);
  });
  events.onerror = () => {
    heard = 0;
    events.close();
    if (over)
      return;
    link("lost", "Connection lost: trying again");
    setTimeout(listen, AGAIN_MS);
  };
}

setInterval(() => {
  if (!over && heard && Date.now() - heard > STALE_MS)
    link("stale", "The VMM is silent");
}, 1000);

new ResizeObserver(() => graph.draw(vms, pairs, chosen))
  .observe(document.querySelector(".graph .scroll"));
listen();
