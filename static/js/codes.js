// Buttons that need a script: print this page, copy a list or a field. Without scripts they stay hidden; a text file or the field itself works anyway.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue; // only over https and on this machine
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    const lines = [...source.children].map((item) => item.textContent.trim());
    await navigator.clipboard.writeText(source.value ?? lines.join("\n")); // a field, or a list
    document.getElementById("copied").textContent = button.dataset.done;
  });
}
