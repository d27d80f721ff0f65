[# Everything can be read without this. It runs once per side: the desktop runs it again in the same page, AnkiDroid in a
   new one. So nothing is at top level, what an earlier run left running is ended first, and what is entered on a front
   reaches its back through the window and the session, under the note's id. Any front that is shown forgets it. #]
(function () {
"use strict";
[% include "estimate.js" %]

const KEY = "staffml";
function recall() {
  if (window[KEY]) return window[KEY];
  try { return JSON.parse(sessionStorage.getItem(KEY)); } catch (blocked) { return null; }
}
function remember(state) {
  window[KEY] = state;
  try {
    if (state) sessionStorage.setItem(KEY, JSON.stringify(state)); else sessionStorage.removeItem(KEY);
  } catch (blocked) { /* the window has it */ }
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className || "";
  element.textContent = text || "";
  return element;
}
function button(className, text, act) {
  const element = make("button", className + " tappable", text);
  element.type = "button";
  element.onclick = act;
  return element;
}
function lines(element) {
  const html = element ? element.innerHTML.replace(/<(?:br|\/(?:li|p|tr|pre|h\d))\b[^>]*>/g, "$&\n") : "";
  return new DOMParser().parseFromString(html, "text/html").body.textContent.split("\n");
}
const clock = seconds => Math.floor(seconds / 60) + ":" + String(Math.floor(seconds % 60)).padStart(2, "0");
const took = state => state.spent + (state.since ? (Date.now() - state.since) / 1000 : 0);

function askOnFront(front, state) {
  front.querySelectorAll(".options > li").forEach((item, index) => {
    const choice = make("input", "tappable"), label = make("label", "tappable");
    choice.type = "radio";
    choice.name = KEY;
    choice.onchange = () => { state.choice = index; remember(state); };
    [# Heard, not seen: the letter that CSS puts there; an option may be nothing but a formula. #]
    label.append(choice, make("span", "heard", String.fromCharCode(65 + index)), " ", ...item.childNodes);
    item.append(label);
  });
  const estimate = front.querySelector(".estimate");
  estimate.hidden = !estimate.dataset.wanted;
  estimate.oninput = () => { state.estimate = estimate.value; remember(state); };
  estimate.onkeydown = event => {
    event.stopPropagation();
    if (event.key === "Escape" || event.key === "Enter") estimate.blur();
    if (event.key !== "Enter") return;
    if (typeof pycmd === "function") pycmd("ans");  [# as Anki's own type-in box does it #]
    else if (typeof showAnswer === "function") showAnswer();
  };
  const timer = front.querySelector(".timer"), minutes = front.querySelector(".minutes");
  const goal = minutes ? " / " + minutes.textContent : "";
  const show = () => { timer.textContent = (state.since ? "❚❚ " : "▶ ") + clock(took(state)) + goal; };
  timer.onclick = event => {
    if (event.detail) timer.blur();  [# tapped: the next space is the app's again #]
    if (state.since) { state.spent = took(state); state.since = 0; } else state.since = Date.now();
    timer.setAttribute("aria-pressed", String(!!state.since));
    remember(state);
    show();
    clearInterval(timer.tick);
    if (state.since) timer.tick = setInterval(() => timer.isConnected ? show() : clearInterval(timer.tick), 1000);
  };
  front.querySelector(".commit").hidden = false;
}

function judge(front, back, state) {
  const right = back.querySelector(".correct b"), options = front.querySelectorAll(".options > li");
  const answer = right ? right.textContent.charCodeAt(0) - 65 : -1;
  options.forEach((item, index) => {
    if (index !== answer && index !== state.choice) return;
    item.classList.add(index === answer ? "right" : "wrong");
    const yours = index === state.choice;
    item.append(make("span", "mark", index === answer ? yours ? "✓ right, your choice" : "✓ right" : "✗ your choice"));
  });
  const verdict = back.querySelector(".verdict"), said = state.estimate.trim();
  const say = (name, text, className) => {
    const each = make("span", className || "", name + " ");
    each.append(make("b", "", text));
    verdict.append(each, " ");
  };
  if (said) {
    const mine = quantities(said), one = mine.find(each => each.dimension) || mine[0];
    const all = [].concat(...Array.from(back.querySelectorAll(".stage-body"), lines));
    const model = one && modelled(all, lines(back.querySelector(".conclusion .stage-body")).join("\n"), one.dimension);
    say("Your estimate", said);
    if (model) {
      say("Model", model.text);
      say("", apart(one.value, model.value), "apart");
    } else say("", one ? "the model has no number in this unit" : "no number in it", "apart");
  }
  if (took(state) >= 1) say("Time", clock(took(state)));
  verdict.hidden = !verdict.textContent;
}

[# The front stays in view above the answer, and short: a long scenario is folded, one tap unfolds it. #]
function fold(front) {
  const scenario = front.querySelector(".scenario"), full = scenario ? scenario.scrollHeight : 0;
  front.classList.add("short");
  if (!scenario || full <= scenario.clientHeight + 24) return front.classList.remove("short");
  const more = button("more", "Show all", () => {
    const short = front.classList.toggle("short");
    more.textContent = short ? "Show all" : "Show less";
    more.setAttribute("aria-expanded", String(!short));
  });
  more.setAttribute("aria-expanded", "false");
  scenario.after(more);
}

[# "Label: a × b = c" as a label, what is reckoned, and a result at the right, so that results stand in one column: in lists
   and in old free text, line by line, where at least every second line is such a sum. A long result is a sentence. #]
const SUM = /^\s*(?:([^:]{1,60}):\s+)?((?:[^=≈;,]|,\d)*[^\s=≈;,])\s*([=≈][^=≈;]{1,28})$/;
function align(body) {
  body.querySelectorAll("ul, p").forEach(list => {
    let items = Array.from(list.children);
    const text = list.tagName === "P";
    if (text) {
      if (items.some(item => item.tagName !== "BR")) return;
      items = lines(list).filter(line => line.trim()).map(line => make("li", "", line));
    }
    const sums = items.map(item => !item.children.length && !/\\[([]/.test(item.textContent) && SUM.exec(item.textContent));
    if (items.length < 1 + text || sums.filter(Boolean).length * 2 < items.length) return;
    if (text) {
      const made = make("ul");
      made.append(...items);
      list.replaceWith(made);
    }
    items.forEach((item, number) => {
      const [, what, how, makes] = sums[number] || [];
      if (!how) return;
      item.textContent = "";
      item.className = "sum";
      if (what) item.append(make("span", "what", what + ":"), " ");
      item.append(make("span", "how", how), " ", make("span", "makes", makes));
    });
  });
}

function stages(back) {
  const all = Array.from(back.querySelectorAll(".stage")), head = back.querySelector(".napkin h2");
  all.forEach(stage => align(stage.querySelector(".stage-body")));
  const whole = button("all", "Reveal all", () => {
    const open = all.some(stage => !stage.open);
    all.forEach(stage => { stage.open = open; });
  });
  if (all.length > 1) head.after(whole);
  all.forEach(stage => {
    stage.ontoggle = () => {
      whole.textContent = all.every(each => each.open) ? "Hide all" : "Reveal all";
      reachable();
    };
  });
  [# A key that no Anki has taken: n for the next stage. #]
  const next = event => {
    if (event.key !== "n" || event.ctrlKey || event.metaKey || event.altKey || /INPUT|TEXTAREA/.test(event.target.tagName)) return;
    const closed = all.find(stage => !stage.open);
    if (!closed) return;
    closed.open = true;
    closed.scrollIntoView({block: "nearest"});
  };
  document.addEventListener("keydown", next);
  return () => document.removeEventListener("keydown", next);
}

[# What scrolls sideways can be reached by keyboard. #]
function reachable() {
  document.querySelectorAll(".card-body pre, .card-body table, .how, .stage-body, .answer, .choices, .mistake dd, .my-notes").forEach(box => {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  });
}

function start() {
  const front = document.querySelector(".card-body.front"), back = document.querySelector(".card-body.back");
  if (window[KEY + "End"]) window[KEY + "End"]();
  window[KEY + "End"] = null;
  if (!front || front.dataset.started) return;
  front.dataset.started = "yes";
  const id = front.querySelector(".staffml-id").textContent;
  const fresh = {id, estimate: "", choice: -1, since: 0, spent: 0};
  if (!back) {
    remember(null);
    askOnFront(front, fresh);
  } else {
    const kept = recall();
    judge(front, back, kept && kept.id === id ? kept : fresh);
    window[KEY + "End"] = stages(back);
    fold(front);
  }
  reachable();
  [# And what comes to scroll when a phone is turned, or a drawing arrives. #]
  if (window.ResizeObserver) {
    const sizes = new ResizeObserver(reachable);
    [front, back].forEach(side => { if (side) sizes.observe(side); });
  }
}
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
})();
