// For other sites: puts the frame of a search in the place of each <a data-modulkatalog="q=…&count=5"> and makes it as high as
// its contents. The link stays until the frame has told its height: without script, or where the frame is refused, it is there.
(() => {
  const home = new URL(document.currentScript.src);
  const MOST = 20_000; // pixels: no page of a search is higher
  const waiting = "a[data-modulkatalog]:not([data-modulkatalog-framed])";

  function put(link) {
    link.setAttribute("data-modulkatalog-framed", "");
    const address = new URL("modules", home);
    address.search = link.dataset.modulkatalog;
    address.searchParams.set("resize", "1");
    const frame = document.createElement("iframe");
    frame.title = link.textContent.trim();
    frame.src = address.href;
    Object.assign(frame.style, { display: "block", width: "100%", height: "0", border: "0", visibility: "hidden" });
    addEventListener("message", (event) => {
      if (event.origin !== home.origin || event.source !== frame.contentWindow) return;
      const height = event.data?.modulkatalog?.height;
      if (!Number.isFinite(height) || height <= 0) return;
      frame.style.height = `${Math.min(Math.ceil(height), MOST)}px`;
      frame.style.visibility = "visible";
      link.remove();
    });
    let loaded = 0;
    frame.addEventListener("load", () => {
      // turned to another page of the list: begin at its top
      if (loaded++ && frame.getBoundingClientRect().top < 0) frame.scrollIntoView();
    });
    link.after(frame);
  }

  const putAll = () => document.querySelectorAll(waiting).forEach(put);
  putAll();
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", putAll);
})();
