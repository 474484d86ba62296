// As soon as a box is ticked by hand, the button no longer states the figures that the page was made with.
// The box in a table's head ticks all boxes of the page; where there is a place for it, the number of ticked boxes is said.

const form = document.querySelector("[data-selection]");
const button = document.querySelector("button[data-changed]");
const chosen = form?.querySelector("[data-chosen]");
const boxes = () => [...(form?.querySelectorAll("input[name=take]:not(:disabled), input[name=module]") ?? [])];

function count() {
  if (!chosen) return;
  const number = boxes().filter((box) => box.checked).length;
  chosen.hidden = !number;
  chosen.textContent = number ? chosen.dataset.chosen.replace("0", number) : "";
}

form?.addEventListener("change", (event) => {
  if (event.target.matches("[data-all]")) {
    for (const box of boxes()) box.checked = event.target.checked;
  }
  if (button && event.target.matches("input[type=checkbox]")) button.textContent = button.dataset.changed;
  count();
});
for (const box of form?.querySelectorAll("[data-all]") ?? []) box.hidden = false;
addEventListener("pageshow", count); // going back keeps ticked boxes
