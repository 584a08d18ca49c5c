"use strict";

const STYLE = document.body.dataset.style;
const LABELS = document.body.dataset.labels.split(" ");
const COLOURS = Number(document.body.dataset.colours);
const KEPT_MS = 60_000 * document.body.dataset.minutes;
const SILENT_MS = 6000; // the device tells its health every second
const NO_FRAME_MS = 5000;

const $$ = (id) => document.getElementById(id);
const MESSAGES = {
  connecting: ["waiting", "Connecting", "One moment."],
  lost: ["waiting", "Connection lost", "Reconnecting …"],
  full: ["uncertain", "Too many viewers", "Somebody has to close the page first. Trying again …"],
  starting: ["waiting", "Starting", "No picture yet."],
  waiting: ["waiting", "No camera", "Waiting for it. It goes on by itself."],
  paused: ["paused", "Paused", "The camera is off."],
  hidden: ["neutral", "Picture hidden", "Emotions are still read."],
};
const WORDS = { live: "live", connecting: "connecting", lost: "reconnecting", full: "full", starting: "starting", waiting: "no camera", paused: "paused" };
const NOTICES = {
  picture: "Live picture: everyone who can open this page sees it.",
  blurred: "Live picture with blurred faces. A face that was not found is not blurred.",
};

let stream = null; // EventSource
let link = "connecting"; // | "open" | "lost" | "full"
let health = null;
let heardAt = 0;
let frameAt = -Infinity;
let retry = 0;
let pause = 500;
let hidden = false;
let past = []; // { at: performance.now(), faces: [[id, label], …] }, the oldest first

/* The connection */

function connect() {
  stream = new EventSource("/events");
  const on = (name, act) => stream.addEventListener(name, (message) => {
    heardAt = performance.now();
    act(JSON.parse(message.data));
  });
  on("history", (samples) => {
    link = "open";
    pause = 500;
    past = samples.map(({ ago_s, faces }) => ({ at: heardAt - 1000 * ago_s, faces }));
    drawPast();
  });
  on("frame", showFrame);
  on("change", say);
  on("health", showHealth);
  heardAt = performance.now();
  stream.onerror = () => disconnect("lost");
}

function disconnect(why) {
  stream?.close();
  stream = null;
  link = why;
  frameAt = -Infinity;
  health = null;
  for (const value of document.querySelectorAll("#health dd")) value.textContent = "–";
  showState();
  clearTimeout(retry);
  if (document.hidden) return;
  retry = setTimeout(reconnect, pause);
  pause = Math.min(2 * pause, 8000);
}

async function reconnect() {
  try {
    const answer = await fetch("/state", { signal: AbortSignal.timeout(5000) });
    if (answer.status === 401) return location.reload();
    const { viewers } = await answer.json();
    if (viewers.looking >= viewers.most) return disconnect("full");
  } catch {
    return disconnect("lost");
  }
  connect();
}

document.addEventListener("visibilitychange", () => {
  // Nobody looks: then the device need not draw, either.
  if (document.hidden) disconnect("connecting");
  else reconnect();
});

setInterval(() => {
  if (stream && performance.now() - heardAt > SILENT_MS) disconnect("lost");
  showState();
}, 1000);

/* The state, and the picture */

function state() {
  if (link !== "open") return link;
  if (!health) return "connecting";
  if (health.state !== "running") return health.state;
  return performance.now() - frameAt < NO_FRAME_MS ? "live" : "starting";
}

function showState() {
  const now = state();
  const word = WORDS[now];
  if ($$("state-word").textContent !== word) $$("state-word").textContent = word;
  $$("state").dataset.state = now;
  document.title = now === "live" ? "emotion-edge" : `${word} – emotion-edge`;
  if (now !== "live") {
    showFaces([]);
    $$("said").textContent = "";
  }
  $$("nobody").querySelector("span").textContent = now === "live" ? "No face in view" : "Nothing to see at the moment";
  showPicture(now);
}

function showPicture(now) {
  const picture = $$("picture");
  const wanted = now === "live" && STYLE !== "none" && !hidden;
  if (wanted && !picture.hasAttribute("src")) picture.src = `/picture?${Date.now()}`;
  if (!wanted && picture.hasAttribute("src")) picture.removeAttribute("src");
  picture.hidden = !wanted;
  $$("toggle").hidden = now !== "live";
  const message = now !== "live" ? now : hidden ? "hidden" : null;
  $$("message").hidden = message === null;
  $$("stage").classList.toggle("quiet", message === null);
  const recording = Boolean(health?.recording) && health.state === "running";
  const kept = recording ? " Pictures of faces are stored on the device." : health ? " It is not stored." : "";
  $$("privacy").textContent = wanted ? NOTICES[STYLE] + kept : "No picture is shown.";
  $$("recording").hidden = !recording;
  if (!message) return;
  const [icon, title, line] = MESSAGES[message];
  setIcon($$("message"), icon);
  $$("message-title").textContent = title;
  $$("message-line").textContent = line;
}

$$("picture").addEventListener("error", () => {
  setTimeout(() => $$("picture").removeAttribute("src"), 1500); // the next tick asks again
});

$$("toggle").addEventListener("click", () => {
  hidden = !hidden;
  $$("toggle").textContent = hidden ? "Show picture" : "Hide picture";
  showState();
});

/* The faces */

function showFrame(frame) {
  const first = state() !== "live";
  frameAt = performance.now();
  $$("screen").style.aspectRatio = STYLE === "none" ? "" : `${frame.width} / ${frame.height}`;
  if (first) showState();
  if (state() !== "live") return;
  showFaces(frame.faces);
  if (!past.length || frameAt - past.at(-1).at >= 1000) {
    past.push({ at: frameAt, faces: frame.faces.map((face) => [face.id, face.shown]) });
    drawPast();
  }
}

function showFaces(faces) {
  const list = $$("faces");
  $$("nobody").hidden = faces.length > 0;
  const ids = faces.map((face) => String(face.id));
  for (const card of [...list.children]) if (!ids.includes(card.dataset.id)) card.remove();
  for (const face of [...faces].sort((a, b) => a.id - b.id)) {
    fill([...list.children].find((card) => card.dataset.id === String(face.id)) ?? list.appendChild(newCard(face)), face);
  }
}

function newCard(face) {
  const card = $$("face").content.firstElementChild.cloneNode(true);
  card.dataset.id = face.id;
  card.classList.add(`face-${face.id % COLOURS}`);
  card.querySelector(".name").textContent = `face ${face.id}`;
  for (const label of LABELS) {
    const bar = $$("bar").content.firstElementChild.cloneNode(true);
    bar.querySelector(".label").textContent = label;
    card.querySelector(".bars").append(bar);
  }
  return card;
}

function fill(card, face) {
  const { shown } = face;
  const uncertain = shown === "uncertain";
  if (card.dataset.shown !== shown) {
    card.dataset.shown = shown;
    card.classList.toggle("uncertain", uncertain);
    card.querySelector(".word").textContent = shown;
    setIcon(card, shown);
  }
  card.querySelector(".percent").textContent = uncertain ? "" : percent(face.probabilities[shown]);
  card.querySelectorAll(".bar").forEach((bar, i) => {
    const value = face.probabilities[LABELS[i]];
    bar.classList.toggle("chosen", LABELS[i] === shown);
    bar.querySelector(".fill").style.transform = `translateX(${100 * value - 100}%)`;
    bar.querySelector(".value").textContent = percent(value);
  });
}

const percent = (value) => `${Math.round(100 * value)}%`;

const setIcon = (parent, name) => parent.querySelector("use").setAttribute("href", `#${name}`);

function say(change) {
  const who = `Face ${change.id}`;
  $$("said").textContent =
    change.event === "face_left" ? `${who} has left.`
    : change.event === "face_appeared" ? `${who} has come: ${change.to}.`
    : `${who}: from ${change.from} to ${change.to}.`;
}

/* The last minutes: a row for each emotion, a line for each face in its colour */

const ROW = 24, LEFT = 76, AXIS = 22;
const svg = (name, attributes, text = "") => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
};

function drawPast() {
  const now = performance.now();
  past = past.filter((sample) => now - sample.at < KEPT_MS);
  const width = Math.max(200, $$("strip").clientWidth);
  const rows = [...LABELS, "uncertain"];
  const x = (at) => LEFT + 6 + (width - LEFT - 12) * (1 - (now - at) / KEPT_MS);
  // Several faces of one emotion lie beside each other, not on top.
  const several = new Set(past.flatMap(({ faces }) => faces.map(([id]) => id))).size > 1;
  const y = (label, id) => ROW * (rows.indexOf(label) + 0.5) + (several ? ((id % 3) - 1) * 6 : 0);
  const chart = svg("svg", { height: ROW * rows.length + AXIS, role: "img", "aria-label": summary() });
  rows.forEach((label, i) => {
    chart.append(svg("text", { x: 0, y: ROW * (i + 0.5) + 4 }, label));
    chart.append(svg("line", { class: "rule", x1: LEFT, x2: width, y1: ROW * (i + 0.5), y2: ROW * (i + 0.5) }));
  });
  for (const run of runs()) {
    const kind = run.label === "uncertain" ? "lane unsure" : `lane face-${run.id % COLOURS}`;
    const height = y(run.label, run.id);
    chart.append(svg("line", { class: kind, x1: x(run.from), x2: x(run.to) + 0.01, y1: height, y2: height }));
  }
  const bottom = ROW * rows.length + 16;
  chart.append(svg("text", { x: LEFT, y: bottom }, `${KEPT_MS / 60_000} min ago`));
  chart.append(svg("text", { x: width, y: bottom, "text-anchor": "end" }, "now"));
  $$("strip").replaceChildren(chart);
}

/** Stretches of time in which a face showed the same. */
function runs() {
  const open = new Map();
  const all = [];
  for (const { at, faces } of past) {
    for (const [id, label] of faces) {
      const run = open.get(id);
      if (run && run.label === label && at - run.to < 2500) run.to = at;
      else {
        const next = { id, label, from: at, to: at };
        open.set(id, next);
        all.push(next);
      }
    }
  }
  return all;
}

function summary() {
  const counts = {};
  for (const { faces } of past) for (const [, label] of faces) counts[label] = (counts[label] ?? 0) + 1;
  const [most] = Object.entries(counts).sort((a, b) => b[1] - a[1]);
  return most ? `In the last minutes, mostly ${most[0]}.` : "Nobody was there in the last minutes.";
}

new ResizeObserver(drawPast).observe($$("strip"));

/* The device */

function showHealth(told) {
  health = told;
  $$("source").textContent = told.source;
  $$("fps").textContent = `${told.fps.toFixed(told.fps < 10 ? 1 : 0)} fps`;
  $$("delay").textContent = told.ms.total ? `${told.ms.total.p50.toFixed(1)} ms` : "–";
  $$("skipped").textContent = told.skipped.toLocaleString("en");
  $$("temperature").textContent = told.temperature_c === null ? "–" : `${Math.round(told.temperature_c)} °C${told.throttled ? ", slowed down" : ""}`;
  $$("temperature").classList.toggle("warns", Boolean(told.throttled));
  $$("memory").textContent = told.rss_mb === null ? "–" : `${Math.round(told.rss_mb)} MB`;
  $$("uptime").textContent = duration(told.uptime_s);
  showState();
}

function duration(seconds) {
  const minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60), days = Math.floor(hours / 24);
  if (days) return `${days} d ${hours % 24} h`;
  if (hours) return `${hours} h ${minutes % 60} min`;
  return minutes ? `${minutes} min` : `${seconds} s`;
}

connect();
