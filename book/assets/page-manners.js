// What a page with films and a dark side owes its reader.

// One sound at a time: who starts a film or a recording wants to hear that one.
document.addEventListener("play", ({ target }) => {
  for (const other of document.querySelectorAll("video, audio")) if (other !== target) other.pause();
}, true); // "play" does not bubble

// Paper is white: a page printed from the dark takes light colours, and gives them back.
let theme;
window.addEventListener("beforeprint", () => {
  theme = document.documentElement.dataset.theme;
  document.documentElement.dataset.theme = "light";
});
window.addEventListener("afterprint", () => { document.documentElement.dataset.theme = theme; });
