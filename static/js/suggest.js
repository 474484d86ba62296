// Suggestions below the search box: an editable combobox with a list after the WAI-ARIA Authoring Practices. Without this
// file the box is a plain search field. The list never changes what was typed; Enter without a chosen line sends the form.

const WAIT = 120; // ms without a key
const box = document.getElementById("q");
const list = document.createElement("div");
let options = [];
let active = -1;
let running = null;
let timer = 0;

function equip() {
  list.id = "suggestions";
  list.className = "suggestions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", box.dataset.suggestLabel);
  box.parentElement.append(list);
  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-controls", list.id);
  box.setAttribute("aria-expanded", "false");
}

function close() {
  clearTimeout(timer);
  running?.abort();
  list.hidden = true;
  box.setAttribute("aria-expanded", "false");
  choose(-1);
}

function open() {
  list.hidden = !options.length;
  box.setAttribute("aria-expanded", String(!list.hidden));
}

// the line that Enter would take; -1: none, the caret is in the box
function choose(number) {
  options[active]?.setAttribute("aria-selected", "false");
  active = number;
  const chosen = options[active];
  if (!chosen) return box.removeAttribute("aria-activedescendant");
  chosen.setAttribute("aria-selected", "true");
  chosen.scrollIntoView({ block: "nearest" });
  box.setAttribute("aria-activedescendant", chosen.id);
}

function element(role, text, parent) {
  const made = document.createElement("div");
  made.setAttribute("role", role);
  made.textContent = text;
  parent.append(made);
  return made;
}

function fill(groups) {
  choose(-1);
  list.replaceChildren();
  options = [];
  for (const [number, { label, items }] of groups.entries()) {
    const group = element("group", "", list);
    const head = element("presentation", label, group);
    head.id = `suggestions-${number}`;
    group.setAttribute("aria-labelledby", head.id);
    for (const item of items) {
      const option = element("option", item.text, group);
      option.id = `suggestion-${options.length}`;
      option.dataset.url = item.url;
      option.setAttribute("aria-selected", "false");
      if (item.detail) {
        const detail = document.createElement("small");
        detail.textContent = item.detail;
        option.append(" ", detail);
      }
      options.push(option);
    }
  }
}

async function ask() {
  running?.abort();
  const text = box.value.trim();
  if (!text) {
    fill([]);
    return close();
  }
  const mine = (running = new AbortController());
  const url = new URL(box.dataset.suggest, location.href);
  url.searchParams.set("q", text);
  try {
    const answer = await fetch(url, { signal: mine.signal, headers: { Accept: "application/json" } });
    if (!answer.ok) return close();
    const { groups } = await answer.json();
    if (mine.signal.aborted || box.value.trim() !== text || document.activeElement !== box) return; // answers late, or nobody asks any more
    fill(groups);
    open();
  } catch {
    if (!mine.signal.aborted) close();
  }
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(ask, WAIT);
}

function take(option) {
  close();
  location.assign(option.dataset.url);
}

function step(by) {
  if (list.hidden) {
    if (!options.length) return ask();
    open();
  }
  // one more place than options: the box itself
  const places = options.length + 1;
  choose(((active + 1 + by + places) % places) - 1);
}

const KEYS = {
  ArrowDown(event) {
    if (event.altKey) options.length ? open() : ask();
    else step(1);
  },
  ArrowUp(event) {
    if (event.altKey) close();
    else step(-1);
  },
  Escape() {
    if (list.hidden) return false; // the browser empties the box
    close();
  },
  Enter() {
    if (list.hidden || active < 0) {
      close();
      return false; // the form is sent
    }
    take(options[active]);
  },
  Home: () => caret(0),
  End: () => caret(box.value.length),
};

// with a chosen line, Home and End go back into the box
function caret(place) {
  if (active < 0) return false;
  choose(-1);
  box.setSelectionRange(place, place);
}

function start() {
  equip();
  box.addEventListener("input", (event) => {
    if (!event.isComposing) later();
  });
  box.addEventListener("compositionend", later);
  box.addEventListener("keydown", (event) => {
    // keys that choose among the characters of an input method are not ours
    if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const act = KEYS[event.key];
    if (act && act(event) !== false) event.preventDefault();
    else if (event.key === "ArrowLeft" || event.key === "ArrowRight") choose(-1);
  });
  box.addEventListener("blur", close);
  box.form.addEventListener("submit", close);
  addEventListener("popstate", close);
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) take(option);
  });
}

if (box?.dataset.suggest) start();
