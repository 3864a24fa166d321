// Names for what a screen reader would find nameless, and keys for what only a mouse could scroll.

// Widgets: the manager gives its sliders, buttons and pictures no names. A slider has its label's; a picture, its cell's alt text
// and what list and slider say (the others of its place are hidden); the player's buttons say what they do.
function nameWidgets() {
  for (const slider of document.querySelectorAll(".widget-slider")) {
    const label = slider.querySelector(".widget-label")?.textContent.trim() || "position";
    const readout = slider.querySelector(".widget-readout"), said = readout?.textContent.trim();
    slider.querySelectorAll(".noUi-handle").forEach((handle) => {
      handle.setAttribute("aria-label", label);
      if (said) handle.setAttribute("aria-valuetext", said); // its word where it has one, not the word's place
    });
    readout?.setAttribute("aria-label", `${label}, in words or as a number`);
    readout?.setAttribute("role", "textbox"); // one may type into it
  }
  for (const player of document.querySelectorAll(".widget-play"))
    player.querySelectorAll("button").forEach((button, index) => {
      button.setAttribute("aria-label", button.title || ["Play or pause", "Stop", "Repeat"][index] || "Play or pause");
    });
  // The theme's Font Awesome would draw a second icon beside the one that the player changes from "play" to "pause": it skips what is marked.
  for (const icon of document.querySelectorAll(".jupyter-widgets i.fa")) icon.setAttribute("data-fa-i2svg", "");
  for (const area of document.querySelectorAll(".widget-subarea:has(img.widget-image)")) {
    const said = [...area.querySelectorAll(".widget-dropdown, .widget-slider")].map((control) => {
      const value = control.querySelector("select")?.selectedOptions[0]?.textContent ?? control.querySelector(".widget-readout")?.textContent;
      return `${control.querySelector(".widget-label")?.textContent.trim() ?? ""} ${value?.trim() ?? ""}`.trim();
    }).filter(Boolean);
    const shown = area.closest(".cell")?.querySelector(".widget-alt")?.textContent ?? "The picture that the controls choose"; // of the cell's header
    const alt = said.length ? `${shown} (${said.join(", ")})` : shown;
    for (const picture of area.querySelectorAll("img.widget-image")) if (picture.alt !== alt) picture.alt = alt;
  }
}

// What scrolls inside itself can be scrolled by the arrow keys once the Tab key reaches it, and fades where there is more to the right.
function reachScrollers() {
  for (const box of document.querySelectorAll(".bd-article .cell_output, .bd-article pre, .bd-article .diagram, .bd-article mjx-container, .bd-article .pst-scrollable-table-container, .bd-article .output"))
    if (box.scrollWidth > box.clientWidth && getComputedStyle(box).overflowX !== "visible") {
      box.tabIndex = 0;
      box.onscroll = () => box.classList.toggle("goes-on", box.scrollLeft + box.clientWidth < box.scrollWidth - 2);
      box.onscroll();
    } else box.classList.remove("goes-on");
}

// A drawing that is wider than a phone begins where its lit part is.
function showLit() {
  for (const lit of document.querySelectorAll(".cell_output svg g.lit:first-of-type, .cell_output svg g:not(.lit) + g.lit")) {
    const box = lit.closest('[tabindex="0"]'); // it scrolls
    const [part, seen] = [lit.getBoundingClientRect(), box?.getBoundingClientRect()];
    if (box && part.right > seen.right) box.scrollLeft += (part.left + part.right - seen.left - seen.right) / 2;
  }
}

document.addEventListener("DOMContentLoaded", () => {
  // docutils calls the bibliography a list and its entries something else: to a screen reader, an empty list
  document.querySelectorAll(".citation-list[role=list]").forEach((list) => list.removeAttribute("role"));
  document.querySelectorAll("audio").forEach((player, place, all) => player.setAttribute("aria-label", `Recording ${place + 1} of ${all.length} on this page`));
  const observer = new MutationObserver(nameWidgets);
  document.querySelectorAll(".cell_output").forEach((output) => {
    observer.observe(output, { childList: true, subtree: true });
    output.addEventListener("change", nameWidgets); // a list's choice changes no node
  });
  nameWidgets();
});
window.addEventListener("load", () => setTimeout(() => (reachScrollers(), showLit()), 0));
window.addEventListener("resize", reachScrollers);
document.addEventListener("click", ({ target }) => target.closest(".solution") && reachScrollers()); // a solution opens
