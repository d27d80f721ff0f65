// Before anything is painted: night where the reader's system says so.
(function () {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => document.documentElement.classList.toggle("nightMode", dark.matches);
  dark.addEventListener("change", follow);
  follow();
})();
