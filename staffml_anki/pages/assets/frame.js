// One side of a card as an app shows it. Enter in the estimate, or a space, turns the front over in the same page, as on
// the desktop: the parts are replaced, their scripts run again.
function showAnswer() {
  const back = document.getElementById("back");
  if (!back) return;
  const sides = document.getElementById("qa");
  sides.replaceChildren(back.content); // its script has not run yet, and does now
  back.remove();
  document.getElementById("answer").scrollIntoView();
  if (typeof typeset === "function") typeset(sides);
}
document.addEventListener("keydown", event => {
  if (event.key !== " " || event.target.matches("[type=text], summary, button")) return;
  event.preventDefault();
  showAnswer();
});
if (typeof typeset === "function") typeset(document.getElementById("qa"));
