// Buttons that need a script: print this page, copy a list. Without scripts they stay hidden; the text file works anyway.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue; // only over https and on this machine
  button.hidden = false;
  button.addEventListener("click", async () => {
    const lines = [...document.getElementById(button.dataset.copy).children].map((item) => item.textContent.trim());
    await navigator.clipboard.writeText(lines.join("\n"));
    document.getElementById("copied").textContent = button.dataset.done;
  });
}
