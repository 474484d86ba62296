// One click says "für uns relevant" without leaving the page: the form is sent in the background and its own entry (or panel)
// on the answered page replaces the old one. If anything is unclear, the form is sent as always.

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-mark]");
  if (!form || event.defaultPrevented) return;
  const place = form.closest("[id]");
  const button = form.querySelector("button");
  event.preventDefault();
  button.setAttribute("aria-disabled", "true");
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { "X-Live-Mark": "on" } });
    const page = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page && page.getElementById(place.id);
    if (!fresh) throw new Error("unclear answer");
    replace(place, fresh);
    say(page);
  } catch {
    button.removeAttribute("aria-disabled");
    form.submit();
  }
});

function replace(place, fresh) {
  const rail = place.querySelector(".rail");
  const newRail = fresh.querySelector(".rail");
  if (rail && newRail) rail.replaceWith(document.adoptNode(newRail));
  else place.replaceWith(document.adoptNode(fresh));
  document.getElementById(place.id)?.querySelector("form[data-mark] button")?.focus({ preventScroll: true });
}

// what the page would have said on top ("Gespeichert. … Rückgängig") appears in the entry's place for messages
function say(page) {
  const notes = page.querySelectorAll("main > .alert");
  if (!notes.length) return;
  document.querySelectorAll("main > .alert").forEach((old) => old.remove());
  document.querySelector("main").prepend(...[...notes].map((note) => document.adoptNode(note)));
}
