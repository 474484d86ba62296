// Follows work in the background: moves the bar, and loads the page anew when the work is done. Without scripts a link does that.

const box = document.querySelector("[data-progress]");
const bar = box?.querySelector("progress");
const figures = box?.querySelector("[data-figures]");
let silent = 0;

async function look() {
  try {
    const answer = await fetch(box.dataset.progress, { headers: { Accept: "application/json" } });
    if (!answer.ok || answer.redirected) return location.reload();
    const state = await answer.json();
    if (!state.busy) return location.reload();
    if (state.total) {
      bar.max = state.total;
      bar.value = state.done;
      figures.textContent = `${Math.floor((100 * state.done) / state.total)} %`;
    }
    silent = state.running ? 0 : silent + 1;
    if (silent === 8) return location.reload(); // nobody is at work: the page offers to begin again
    if (silent > 8) return undefined;
  } catch {
    // the network may come back
  }
  return setTimeout(look, 700);
}

if (box && !box.querySelector("form")) setTimeout(look, 400);
else if (box) setTimeout(look, 1500);
