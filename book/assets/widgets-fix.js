// Two repairs that widgets on the built pages need. Loaded in the head, before the theme's icons and the widget manager.

// The theme's Font Awesome replaces every <i> it sees appear; the Play widget keeps its icon in one and stops working.
window.FontAwesomeConfig = Object.assign({}, window.FontAwesomeConfig, { observeMutations: false, autoReplaceSvg: "nest" });

// The widget manager typesets labels through MathJax 2's queue; the pages have MathJax 3, or none where no formula stands.
document.addEventListener("DOMContentLoaded", () => {
  window.MathJax = window.MathJax || {};
  window.MathJax.Hub = {
    Queue: (...calls) =>
      calls.forEach(([command, , element]) => command === "Typeset" && window.MathJax.typeset?.([element])),
  };
});
