// The slide on the wall: asks for its numbers, moves the bars, turns by key. Nothing here leaves the page, so the full screen stays,
// and a lost network changes nothing but a note: the last numbers remain, asking goes on, slower.

const EVERY = 1500;
const SLOWEST = 15000;
const places = ["header.band", "main", "footer.slide-foot"];
let known = ""; // ETag of the last answer
let wait = EVERY;
let timer = 0;
let heard = new Date();
let turning = false;

const foot = () => document.querySelector(".slide-foot");
const signature = (now) => [now.item, now.state, now.voting, now.participants].join(" ");

async function ask() {
  clearTimeout(timer);
  try {
    const answer = await fetch(foot().dataset.liveUrl, { headers: known ? { "If-None-Match": known } : {}, cache: "no-store" });
    if (answer.status !== 304) {
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      const now = await answer.json();
      if (signature(now) === foot().dataset.is) move(now);
      else await load(location.href);
      known = answer.headers.get("ETag") ?? "";
    }
    heard = new Date();
    wait = EVERY;
    lost(false);
  } catch {
    wait = Math.min(wait * 2, SLOWEST);
    lost(true);
  }
  timer = setTimeout(ask, document.hidden ? SLOWEST : wait);
}

function move(now) {
  const all = { ...now.values, voters: now.voters, participants: now.participants, at: now.at };
  for (const place of document.querySelectorAll("[data-live]")) {
    const value = String(all[place.dataset.live] ?? "");
    if (place.textContent !== value) place.textContent = value;
  }
  for (const bar of document.querySelectorAll("[data-bar]")) {
    bar.setAttribute("width", ((now.values[bar.dataset.bar] / now.full[bar.dataset.full]) * 100).toFixed(1));
  }
  for (const cell of document.querySelectorAll("[data-cell]")) {
    cell.setAttribute("class", Number(cell.dataset.cell) < now.voters ? "on" : "off");
  }
  const part = document.querySelector("[data-voted]");
  part?.setAttribute("width", ((now.voters / Math.max(now.participants, 1)) * part.dataset.voted).toFixed(1));
  const at = document.querySelector("[data-at]");
  if (at) at.hidden = !now.at;
}

function lost(is) {
  const note = document.querySelector(".slide-lost");
  const time = heard.toLocaleTimeString(document.documentElement.lang, { hour: "numeric", minute: "2-digit" });
  const text = is ? note.dataset.lost.replace("{}", time) : "";
  if (note.textContent !== text) note.textContent = text;
}

async function load(address, options) {
  const answer = await fetch(address, { cache: "no-store", ...options });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!answer.ok || !fresh.querySelector(".slide-foot")) {
    if (answer.redirected) location.assign(answer.url); // signed out, or deleted meanwhile
    throw new Error(answer.status);
  }
  const focused = document.activeElement?.closest("form")?.dataset.key;
  for (const place of places) document.querySelector(place).replaceWith(document.adoptNode(fresh.querySelector(place)));
  document.body.className = fresh.body.className;
  document.title = fresh.title;
  known = "";
  prepare();
  if (focused) document.querySelector(`[data-key="${focused}"] button`)?.focus({ preventScroll: true });
}

async function send(form) {
  if (turning) return; // a second press while the first is under way
  turning = true;
  try {
    await load(form.action, { method: "POST", body: new FormData(form) });
    history.replaceState(null, "", foot().dataset.wallUrl);
    lost(false);
    known = "";
    ask();
  } catch {
    lost(true);
  } finally {
    turning = false;
  }
}

function prepare() {
  const button = document.querySelector("[data-fullscreen]");
  button.hidden = !document.fullscreenEnabled;
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-swap]")) return;
  event.preventDefault();
  send(event.target);
});

document.addEventListener("click", (event) => {
  const face = event.target.closest("[data-face]");
  if (face) {
    event.preventDefault();
    load(face.href).then(() => history.replaceState(null, "", face.href), () => lost(true));
  }
  if (event.target.closest("[data-fullscreen]")) toggleFullscreen();
});

function toggleFullscreen() {
  document.querySelector(".slide-foot details").open = false;
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen().catch(() => {});
}

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
  const inControl = event.target.closest?.("a, button, summary, input");
  if (event.key === " " && inControl) return; // Space presses what has the focus
  const key = { " ": "ArrowRight", PageDown: "ArrowRight", PageUp: "ArrowLeft" }[event.key] ?? event.key;
  if (key === "f" && !inControl) toggleFullscreen();
  const form = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!form) return;
  event.preventDefault();
  send(form);
});

addEventListener("online", () => {
  wait = EVERY;
  ask();
});
document.addEventListener("visibilitychange", () => document.hidden || ask());
prepare();
timer = setTimeout(ask, EVERY);
