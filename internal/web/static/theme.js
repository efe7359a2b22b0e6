// Sets the theme before the first paint: the chosen one, else the device's.
(function () {
  var root = document.documentElement;
  if (!root.hasAttribute("data-bs-theme") && window.matchMedia("(prefers-color-scheme: dark)").matches) {
    root.setAttribute("data-bs-theme", "dark");
  }
})();
