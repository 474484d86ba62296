// One click says "für uns relevant" without leaving the page: the form is sent in the background and answered with the new
// content of its rail. If anything is unclear (signed out, refused, no network), the form is sent as always.

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-mark]");
  const rail = form?.closest(".rail");
  if (!rail || event.defaultPrevented) return;
  event.preventDefault();
  const button = form.querySelector("button");
  if (button.getAttribute("aria-disabled")) return; // a second click while the first is under way
  button.setAttribute("aria-disabled", "true");
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { "X-Requested-With": "fetch" } });
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!fresh.querySelector(".btn-mark")) throw new Error("unclear answer");
    rail.replaceChildren(...[...fresh.body.childNodes].map((node) => document.adoptNode(node)), ...rail.querySelectorAll(":scope > .choose"));
    rail.querySelector(".btn-mark").focus({ preventScroll: true });
  } catch {
    button.removeAttribute("aria-disabled");
    form.submit();
  }
});

// "Merken" loads the list again: what is ticked for the comparison must stay ticked.
document.addEventListener("submit", (event) => {
  const next = event.target.closest(".choose form")?.elements.next;
  if (!next) return;
  const url = new URL(next.value, location.href);
  url.searchParams.delete("m");
  for (const box of document.querySelectorAll("[name=m][form=vergleich]:checked")) url.searchParams.append("m", box.value);
  next.value = url.pathname + url.search + url.hash;
});
