// Printing and passing on: buttons that only a script can do are shown by it. The address is the canonical one.

const address = document.querySelector("link[rel=canonical]")?.href ?? location.href;

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.share && !navigator.clipboard) continue; // without https neither is there
  const said = button.parentElement.querySelector("[data-copied]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      if (navigator.share && matchMedia("(pointer: coarse)").matches) {
        await navigator.share({ title: document.title, url: address });
        return;
      }
      await navigator.clipboard.writeText(address);
      said.textContent = said.dataset.copied;
    } catch (error) {
      if (error.name !== "AbortError") said.textContent = address; // not allowed to copy: to be copied by hand
    }
  });
}
