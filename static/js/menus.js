// Menus are <details>: they open and close without this file. Here they also close by Esc and by a click elsewhere,
// and a form's error summary takes the focus, so that nobody has to look for it.

const open = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of open()) {
    const inside = menu.contains(document.activeElement);
    menu.open = false;
    if (inside) menu.querySelector("summary").focus();
  }
});

document.addEventListener("click", (event) => {
  for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
});

document.querySelector(".error-summary")?.focus();
