// A field above long filters that hides the values without the typed letters. Made here, because without script it could do nothing.

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

function narrow(group, wanted) {
  const more = group.querySelector(".facet-more");
  for (const row of group.querySelectorAll(".facet-row:not(.facet-all)")) {
    row.hidden = wanted !== "" && !plain(row.textContent).includes(wanted) && !row.querySelector(":checked");
  }
  if (more) {
    if (wanted && !more.dataset.wasOpen) more.dataset.wasOpen = String(more.open);
    if (wanted) more.open = true;
    else if (more.dataset.wasOpen) {
      more.open = more.dataset.wasOpen === "true";
      delete more.dataset.wasOpen;
    }
  }
}

function equip(values) {
  for (const group of document.querySelectorAll("[data-narrow]")) {
    if (group.querySelector(".facet-narrow")) continue;
    const field = document.createElement("input");
    field.type = "search";
    field.id = `narrow-${group.closest("details").id}`;
    field.className = "form-control form-control-sm facet-narrow";
    field.placeholder = group.dataset.narrow;
    field.setAttribute("aria-label", group.dataset.narrow);
    field.value = values?.get(field.id) ?? "";
    field.addEventListener("input", () => narrow(group, plain(field.value.trim())));
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault();
    });
    group.querySelector("legend").after(field);
    if (field.value) narrow(group, plain(field.value.trim()));
  }
}

equip();
document.addEventListener("results-shown", (event) => equip(event.detail));
