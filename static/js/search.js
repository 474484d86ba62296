// Live search: while someone types or ticks a filter, the same address is fetched and its results and filters replace those
// on the page. Without this file the form is sent as always. Focus, caret, open filters and the address bar stay right.

const WAIT = 250; // ms without a key before the question is asked
const form = document.getElementById("suche");
const box = form.querySelector("[name=q]");
const announce = document.getElementById("announce");
let running = null;
let timer = 0;
let typing = false;

function address() {
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value.trim()) fields.append(name, value.trim());
  const text = fields.toString();
  return form.getAttribute("action") + (text ? `?${text}` : "");
}

// how: "push" a new place in the history, "replace" the current one, "none" after Back
async function go(url, how, headers = {}) {
  clearTimeout(timer);
  running?.abort();
  const mine = (running = new AbortController());
  const busy = setTimeout(() => document.getElementById("results").setAttribute("aria-busy", "true"), 300);
  try {
    const answer = await fetch(url, { headers: { "X-Live-Search": "on", ...headers }, signal: mine.signal });
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine.signal.aborted) return;
    show(page);
    if (how === "push") history.pushState(null, "", url);
    if (how === "replace") history.replaceState(null, "", url);
  } catch (error) {
    if (error.name !== "AbortError" && how !== "typing") location.assign(url);
  } finally {
    clearTimeout(busy);
    if (mine === running) document.getElementById("results")?.removeAttribute("aria-busy");
  }
}

function show(page) {
  const focused = document.activeElement?.id;
  const lost = document.activeElement?.closest("[data-live]");
  const open = new Map([...document.querySelectorAll("details[id]")].map((part) => [part.id, part.open]));
  const narrowed = new Map([...document.querySelectorAll("[data-narrow] input[type=search]")].map((field) => [field.id, field.value]));
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(part.id);
    if (fresh) part.replaceWith(document.adoptNode(fresh));
  }
  document.title = page.title;
  for (const part of document.querySelectorAll("details[id]")) if (open.has(part.id)) part.open = open.get(part.id) || part.open;
  document.dispatchEvent(new CustomEvent("results-shown", { detail: narrowed }));
  if (lost) (document.getElementById(focused) ?? document.getElementById("treffer"))?.focus({ preventScroll: true });
  announce.textContent = document.querySelector("#treffer")?.textContent ?? "";
}

box.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(() => {
    go(address(), typing ? "replace" : "push", { "X-Live-Search": "typing" });
    typing = true;
  }, WAIT);
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  typing = false;
  const url = address();
  go(url, url === location.pathname + location.search ? "replace" : "push");
});

// filters: their boxes belong to the form wherever they stand
document.addEventListener("change", (event) => {
  if (event.target.form !== form || event.target === box) return;
  typing = false;
  go(address(), "push");
});

// sort, view, pages, chips: links to the same page
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-live] a[href]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const url = new URL(link.href);
  if (url.origin !== location.origin || url.pathname !== form.getAttribute("action") || url.hash) return;
  event.preventDefault();
  typing = false;
  box.value = url.searchParams.get("q") ?? "";
  const turned = link.closest(".pagination");
  go(url.pathname + url.search, "push").then(() => {
    if (!turned) return;
    document.getElementById("treffer").focus({ preventScroll: true });
    document.getElementById("results").scrollIntoView();
  });
});

addEventListener("popstate", () => {
  typing = false;
  box.value = new URLSearchParams(location.search).get("q") ?? "";
  go(location.pathname + location.search, "none");
});
