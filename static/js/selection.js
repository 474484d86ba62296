// As soon as a box is ticked by hand, the button no longer states the figures that the page was made with.
// The box in a table's head ticks all boxes of the page.

const form = document.querySelector("[data-selection]");
const button = document.querySelector("button[data-changed]");

form?.addEventListener("change", (event) => {
  if (event.target.matches("[data-all]")) {
    for (const box of form.querySelectorAll("input[name=take]:not(:disabled)")) box.checked = event.target.checked;
  }
  if (button && event.target.matches("input[type=checkbox]")) button.textContent = button.dataset.changed;
});
for (const box of form?.querySelectorAll("[data-all]") ?? []) box.hidden = false;
