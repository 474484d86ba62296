// A phone in a Klausur: what is chosen is sent at once and kept until the server has it; the page follows the wall, but never
// while somebody is choosing. Votes say everything about one module, so one that is sent twice counts once.

const EVERY = 2000;
const SLOWEST = 15000;
const CHOOSING = 5000; // this long after the last touch nothing moves under the finger
const KEY = "klausur-unsent";

const unsent = new Map(JSON.parse(sessionStorage.getItem(KEY) ?? "[]")); // address of a module's vote → form data as text
let known = "";
let wait = EVERY;
let lost = false;
let patience = 1000;
let touched = 0;
let sending = false;
let timer = 0;
let retry = 0;

const page = () => document.querySelector(".phone-ballot");
const form = () => document.querySelector("[data-vote]");
const saved = () => document.querySelector(".phone-saved");

function say(name, text) {
  const place = saved();
  if (!place) return;
  const said = text ?? JSON.parse(place.dataset.texts)[name];
  if (place.textContent !== said) place.textContent = said;
  place.dataset.name = name;
}

function keep() {
  const given = new FormData(form());
  given.delete("csrf_token");
  unsent.set(form().action, new URLSearchParams(given).toString());
  store();
  say("sending");
  send();
}

function store() {
  sessionStorage.setItem(KEY, JSON.stringify([...unsent]));
}

async function send() {
  clearTimeout(retry);
  if (sending || !unsent.size) return;
  sending = true;
  const [address, body] = unsent.entries().next().value;
  try {
    const given = new URLSearchParams(body);
    given.set("csrf_token", document.querySelector("[name=csrf_token]")?.value ?? "");
    const answer = await fetch(address, { method: "POST", body: given, headers: { "X-Requested-With": "fetch" } });
    if (answer.status >= 500 || answer.status === 429) throw new Error(answer.status);
    if (unsent.get(address) === body) unsent.delete(address); // else it was changed while it was under way
    store();
    patience = 1000;
    if (answer.status === 400) location.reload(); // the page is older than its proof against other sites
    else if (!answer.ok) await refused((await answer.json()).problem);
    else accepted(address, await answer.json());
  } catch {
    patience = Math.min(patience * 2, SLOWEST);
    say("kept");
    retry = setTimeout(send, patience);
    return;
  } finally {
    sending = false;
  }
  send();
}

function accepted(address, now) {
  if (!form() || form().action !== address || unsent.has(address)) return;
  say("saved");
  const left = form().querySelector("[data-left]");
  if (left) {
    left.dataset.left = now.left;
    points(0);
  }
}

async function refused(problem) {
  await load(location.href);
  say("refused", problem);
}

function points(add) {
  const field = form().elements.points;
  const left = form().querySelector("[data-left]");
  const most = Number(left.dataset.left);
  const value = Math.max(0, Math.min(most, Number(field.value) + add));
  field.value = value;
  form().querySelector("[data-points]").textContent = value;
  left.textContent = most - value;
  for (const button of form().querySelectorAll("[data-add]")) {
    button.disabled = Number(button.dataset.add) < 0 ? value <= 0 : value >= most;
  }
}

function clear() {
  for (const radio of form().querySelectorAll("[type=radio]")) radio.checked = false;
  if (form().elements.points) points(-Infinity);
}

async function ask() {
  clearTimeout(timer);
  const started = performance.now();
  try {
    const answer = await fetch(page().dataset.stateUrl, { headers: known ? { "If-None-Match": known } : {}, cache: "no-store" });
    if (answer.status === 404) return location.assign(page().dataset.welcomeUrl); // sent out, or the Klausur is over
    if (answer.status !== 304) {
      if (!answer.ok) throw new Error(answer.status);
      if (await follow(await answer.json())) known = answer.headers.get("ETag") ?? "";
    }
    if (lost) send(); // the network is back
    lost = false;
    wait = Math.min(Math.max(EVERY, 4 * (performance.now() - started)), SLOWEST); // a server that is slow is asked less
  } catch {
    lost = true;
    wait = Math.min(wait * 2, SLOWEST);
  }
  timer = setTimeout(ask, document.hidden ? SLOWEST : wait + Math.random() * 300); // phones do not ask in step
}

// Returns whether the page shows what the server says, so that asking again can wait for something new.
async function follow(now) {
  const [item, state, voting] = page().dataset.is.split(" ");
  if (now.item === item && now.state === state && now.voting === voting) return true;
  const turned = now.item !== item;
  const elsewhere = page().dataset.shown !== item; // somebody went back to another module
  const choosing = unsent.size > 0 || Date.now() - touched < CHOOSING;
  if (turned && now.item && (elsewhere || choosing)) {
    document.querySelector(".phone-next").hidden = page().dataset.shown === now.item;
    if (!elsewhere) return false;
    page().dataset.is = `${now.item} ${now.state} ${now.voting}`;
    return true;
  }
  if (now.state === state && choosing && voting === "open" && now.voting === "open") return false;
  await load(elsewhere ? location.href : page().dataset.pageUrl);
  return true;
}

async function load(address) {
  const answer = await fetch(address, { cache: "no-store" });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const next = fresh.querySelector(".phone-ballot");
  if (!next) {
    if (answer.ok) location.assign(page().dataset.welcomeUrl);
    throw new Error(answer.status);
  }
  const inside = page().contains(document.activeElement);
  const moved = next.dataset.shown !== page().dataset.shown;
  page().replaceWith(document.adoptNode(next));
  document.title = fresh.title;
  history.replaceState(null, "", address);
  prepare();
  if (!moved) return;
  document.querySelector(".phone-announce").textContent = next.querySelector("h1").textContent;
  scrollTo(0, 0);
  if (inside) document.getElementById("inhalt").focus({ preventScroll: true });
}

function prepare() {
  const button = document.querySelector("[data-send]");
  if (button) button.hidden = true; // what is chosen is sent at once
  const waiting = form() && unsent.get(form().action);
  if (!waiting) return;
  const given = new URLSearchParams(waiting); // chosen before, not sent yet: shown as chosen
  for (const radio of form().querySelectorAll("[type=radio]")) radio.checked = given.get(radio.name) === radio.value;
  if (form().elements.points) points(Number(given.get("points")) - Number(form().elements.points.value));
  say("kept");
}

document.addEventListener("change", (event) => {
  if (event.target.closest("[data-vote]")) keep();
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-vote]")) return;
  event.preventDefault();
  const button = event.submitter;
  if (button?.matches("[data-add]")) points(Number(button.dataset.add));
  if (button?.matches("[data-clear]")) clear();
  keep();
});
for (const kind of ["pointerdown", "keydown", "change"]) {
  document.addEventListener(kind, (event) => {
    if (event.target.closest?.("[data-vote]")) touched = Date.now();
  });
}
addEventListener("online", () => {
  wait = EVERY;
  ask();
  send();
});
document.addEventListener("visibilitychange", () => document.hidden || ask());

prepare();
send();
timer = setTimeout(ask, EVERY);
