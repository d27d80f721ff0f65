// The Vault. Everything is in this file: facts and postings at once, each pack of questions when one of them is shown.
const $ = id => document.getElementById(id);
const make = (tag, className, ...children) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
};

// --- What is stored ------------------------------------------------------------------------------------------------
const whole = new Promise(done => document.addEventListener("DOMContentLoaded", done));
async function unpack(id) {
  if (!$(id) && document.readyState === "loading") await whole;
  const block = $(id), text = block.textContent;
  const bytes = Uint8Array.fromBase64 ? Uint8Array.fromBase64(text) : Uint8Array.from(atob(text), one => one.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")));
}
const figures = new Intl.NumberFormat("en");
const packs = new Map();
function sides(number) {
  const pack = Math.floor(number / about.pack);
  if (!packs.has(pack)) packs.set(pack, unpack("pack-" + pack).then(found => found.json()));
  return packs.get(pack).then(found => found[number % about.pack]);
}
let typesetting;
function typesetter() {
  typesetting ??= unpack("typesetter").then(found => found.text()).then(run);
  return typesetting;
}
function run(text) {
  const script = make("script", "", text);
  document.body.append(script);
  script.remove();
}

// --- Searching: BM25 over the postings, as SQLite reckons it --------------------------------------------------------
let about, vocabulary, starts, holders, weights, mean;
function readPostings(bytes) {
  vocabulary = about.words.split(" ");
  starts = new Uint32Array(vocabulary.length + 1);
  holders = new Uint32Array(bytes.length / 2);
  weights = new Uint32Array(bytes.length / 2);
  let at = 0, size = 0;
  const next = () => {
    let value = 0, shift = 0, byte;
    do { byte = bytes[at++]; value |= (byte & 127) << shift; shift += 7; } while (byte > 127);
    return value;
  };
  vocabulary.forEach((_, place) => {
    for (let left = next(), number = 0; left; left--) {
      number += next();
      holders[size] = number;
      weights[size++] = next();
    }
    starts[place + 1] = size;
  });
  mean = about.lengths.reduce((sum, length) => sum + length, 0) / about.ids.length;
}
function firstFrom(word) {
  let low = 0, high = vocabulary.length;
  while (low < high) { const middle = low + high >> 1; if (vocabulary[middle] < word) low = middle + 1; else high = middle; }
  return low;
}
// Scores by question; 0 where a word is missing. Without a word, null: everything is found.
function scores(wanted) {
  if (!wanted.length) return null;
  const total = about.ids.length, score = new Float64Array(total), held = new Uint8Array(total);
  wanted.forEach((word, turn) => {
    const often = new Float64Array(total);
    let hits = 0;
    for (let place = firstFrom(word); place < vocabulary.length && vocabulary[place].startsWith(word); place++)
      for (let n = starts[place]; n < starts[place + 1]; n++) {
        if (!often[holders[n]]) hits++;
        often[holders[n]] += weights[n];
      }
    const rarity = Math.max(Math.log((total - hits + .5) / (hits + .5)), 1e-6);
    for (let n = 0; n < total; n++) if (often[n] && held[n] === turn) {
      held[n] = turn + 1;
      score[n] += rarity * (often[n] * 2.2 / (often[n] + 1.2 * (.25 + .75 * about.lengths[n] / mean)));
    }
  });
  for (let n = 0; n < total; n++) if (held[n] < wanted.length) score[n] = 0;
  return score;
}

// --- Where we are: the part of the address after # ------------------------------------------------------------------
// A view is the list of questions, the list of chains, one chain, or one question. The two lists share words and facets.
const BATCH = 12, LISTS = ["list", "chains"];
let state, found = [], shown = [], cursor = -1, rows = 0;
const numbers = new Map(), names = () => Object.keys(about.facets);
const nothing = () => ({q: "", chosen: Object.fromEntries(names().map(facet => [facet, new Set()]))});
function readAddress() {
  let text = location.hash.slice(1);
  try { text = decodeURIComponent(text); } catch { /* as it is */ }
  if (numbers.has(text)) return {view: "question", number: numbers.get(text)};
  const given = new URLSearchParams(location.hash.slice(1)), wanted = {view: "list", ...nothing(), missing: ""};
  wanted.q = given.get("q") || "";
  for (const facet of names()) for (const value of given.getAll(facet)) {
    const place = about.facets[facet].indexOf(value);
    if (place >= 0) wanted.chosen[facet].add(place); else wanted.missing = facet + " " + value;
  }
  const [chain] = wanted.chosen.chain, view = given.get("view");
  if (view === "chain" && chain >= 0) return {view, chain};
  if (view === "chains") wanted.view = view;
  if (text && !text.includes("=")) wanted.missing = "question " + text;
  return wanted;
}
function addressOf({view, q, chosen}) {
  const given = new URLSearchParams();
  if (view === "chains") given.set("view", view);
  if (q) given.set("q", q);
  for (const facet of names()) for (const place of chosen[facet]) given.append(facet, about.facets[facet][place]);
  return "#" + given;
}
const toQuestion = number => "#" + encodeURIComponent(about.ids[number]);
const toChain = place => "#" + new URLSearchParams({view: "chain", chain: about.facets.chain[place]});

// --- The list --------------------------------------------------------------------------------------------------------
// A facet holds its values as one small number where a question has one of them; "has" as bits, because of these all that
// are chosen must hold; chains as they are, because a question is in none or several.
let facets, boxes;
function readFacets() {
  const bits = all => all.reduce((sum, place) => sum | 1 << place, 0);
  facets = names().map(name => ({name, kind: {has: "bits", chain: "several"}[name], values: name === "chain" ? about.values.chain :
    Uint16Array.from(about.values[name], name === "has" ? bits : ([place]) => place ?? about.facets[name].length)}));
  boxes = [...document.querySelectorAll(".facet input[type=checkbox]")].map(box => ({box, count: box.parentElement.lastElementChild,
    facet: names().indexOf(box.name), place: about.facets[box.name].indexOf(box.value)}));
}
// A facet counts what would be there without its own choice.
function search({q, chosen: by}) {
  const wanted = words(q), score = scores(wanted), total = about.ids.length;
  const counts = facets.map(facet => new Uint32Array(about.facets[facet.name].length + 1));
  const chosen = facets.map(facet => by[facet.name]);
  const bits = [...by.has].reduce((sum, place) => sum | 1 << place, 0);
  const active = facets.map((_, n) => n).filter(n => chosen[n].size);
  const fits = (f, value) => facets[f].kind === "bits" ? (value & bits) === bits :
    facets[f].kind === "several" ? value.some(place => chosen[f].has(place)) : chosen[f].has(value);
  let hits = [];
  for (let n = 0; n < total; n++) {
    if (score && !score[n]) continue;
    let misses = 0, missed = -1;
    for (const f of active) if (!fits(f, facets[f].values[n])) { misses++; missed = f; }
    if (misses > 1) continue;
    if (!misses) hits.push(n);
    for (let f = 0; f < facets.length; f++) {
      if (misses && f !== missed) continue;
      const {kind, values} = facets[f], value = values[n];
      if (!kind) counts[f][value]++;
      else if (kind === "several") for (const place of value) counts[f][place]++;
      else if (!misses) for (let place = 0; value >> place; place++) counts[f][place] += value >> place & 1;
    }
  }
  if (score) hits = ranked(hits, score);
  else if (by.chain.size === 1) {
    const [chain] = by.chain, order = new Map(about.chains[chain].map((number, step) => [number, step]));
    hits.sort((a, b) => order.get(a) - order.get(b));
  }
  return {wanted, counts: Object.fromEntries(facets.map((facet, n) => [facet.name, counts[n]])), hits};
}
// The best first, of equals the first. Plain numbers sort ten times as fast as by a rule, so the question's own number
// takes the lowest bits of its score's.
function ranked(numbers, score) {
  const keys = Float64Array.from(numbers, n => score[n]), low = new Uint32Array(keys.buffer);
  const mask = 2 ** Math.ceil(Math.log2(score.length + 1)) - 1;
  numbers.forEach((n, place) => { low[2 * place] = low[2 * place] & ~mask | mask - n; });
  keys.sort().reverse();
  return Array.from(numbers, (_, place) => mask - (low[2 * place] & mask));
}
function showList() {
  const {wanted, counts, hits} = search(state), chains = state.view === "chains";
  found = hits;
  shown = chains ? chainsOf(hits, wanted) : hits;
  for (const {box, count, place} of boxes) {
    const text = figures.format(counts[box.name][place]);
    box.checked = state.chosen[box.name].has(place);
    if (count.textContent !== text) count.textContent = text;
    box.parentElement.classList.toggle("none", text === "0" && !box.checked);
  }
  pickable = counts.chain;
  showPicks();
  $("chains").href = addressOf({...state, view: "chains"});
  const chosen = names().reduce((sum, facet) => sum + state.chosen[facet].size, 0);
  $("chosen").textContent = chosen ? "(" + chosen + ")" : "";
  const kind = (chains ? " chain" : " question") + (shown.length === 1 ? "" : "s"), line = [make("span", "", make("b", "", figures.format(shown.length)), kind)];
  if (chosen || state.q) {
    const clear = make("button", "", "Clear");
    clear.type = "button";
    clear.onclick = () => { location.hash = addressOf({...nothing(), view: state.view}); $("query").focus(); };
    line.push(clear);
  }
  const other = chains ? link("As questions", addressOf({...state, view: "list"}), "other") :
    state.chosen.chain.size === 1 ? link("As a ladder", toChain([...state.chosen.chain][0])) : "";
  if (other) line.push(other);
  if (state.missing) line.push(make("span", "none", "This vault has no " + state.missing + "."));
  else if (!shown.length) line.push(make("span", "none", "Nothing has all of this: drop a word or a filter."));
  $("found").replaceChildren(...line);
  $("rows").replaceChildren();
  rows = 0;
  cursor = -1;
  return moreRows(wanted);
}
function row(number, wanted) {
  const level = about.facets.level[about.values.level[number][0]], badge = make("span", "level", level);
  badge.dataset.level = level;
  const place = ["track", "topic"].map(facet => about.names[facet][about.values[facet][number][0]]).join(" · ");
  const made = link("", toQuestion(number));
  made.append(badge, make("b", "", ...marked(about.titles[number], wanted)), make("i", "", place));
  return make("li", "", made);
}

// --- Chains ------------------------------------------------------------------------------------------------------------
// The chains that hold a result: with words, in the order of their best one.
let held;
function chainsOf(hits, wanted) {
  held = new Map();
  for (const number of hits) for (const place of about.values.chain[number]) held.set(place, (held.get(place) || 0) + 1);
  const one = state.chosen.chain, places = [...held.keys()].filter(place => !one.size || one.has(place));
  return wanted.length ? places : places.sort((a, b) => a - b);
}
function chainRow(place, wanted) {
  const steps = about.chains[place], some = held.get(place), rungs = make("span", "rungs");
  rungs.ariaHidden = "true";
  rungs.append(...steps.slice(0, 12).map((number, step) => {
    const rung = make("i", "level");
    rung.dataset.level = about.facets.level[about.values.level[number][0]];
    rung.style.height = 30 + 70 * step / (Math.min(steps.length, 12) - 1 || 1) + "%";
    return rung;
  }));
  const made = link("", toChain(place)), track = trackOf(place);
  made.append(rungs, make("b", "", ...marked(about.names.chain[place], wanted)),
    make("i", "", track + " · " + (some < steps.length ? some + " of " : "") + steps.length + " steps"),
    make("small", "", ...steps.flatMap((number, step) => [step ? " → " : "", make("bdi", "", ...marked(about.titles[number], wanted))])));
  return make("li", "", made);
}
const trackOf = place => about.names.track[about.values.track[about.chains[place][0]][0]];

// The facet: of seven hundred chains those that are chosen, then, of those that fit what is typed into it, the ones with
// most results, as many as one can look through.
const PICKS = 6;
let fitting, pickable;
function showPicks() {
  const place = $("picks"), chosen = state.chosen.chain;
  if (!place?.closest("details").open) return;
  const focused = document.activeElement.name === "chain" ? document.activeElement.value : null;
  const others = fitting.filter(chain => !chosen.has(chain) && pickable[chain]).sort((a, b) => pickable[b] - pickable[a] || a - b);
  const picks = [...chosen, ...others.slice(0, PICKS)], left = others.length - PICKS;
  place.replaceChildren(...picks.map(chain => {
    const label = make("label"), box = make("input");
    box.type = "checkbox";
    box.name = "chain";
    box.value = about.facets.chain[chain];
    box.checked = chosen.has(chain);
    box.onchange = () => choose(box, chain);
    label.append(box, " ", make("span", "", ...nameOf(chain).flatMap(part => [part, make("br")]).slice(0, -1)), " ", make("small", "", figures.format(pickable[chain])));
    return label;
  }), make("p", "none", left > 0 ? figures.format(left) + " more" : picks.length ? "" : "None fits."));
  if (focused !== null) [...place.querySelectorAll("input")].find(box => box.value === focused)?.focus();
}
// Many a chain has the name of another: where it begins tells them apart.
const nameOf = chain => [trackOf(chain) + " · " + about.names.chain[chain], "from " + about.titles[about.chains[chain][0]]];
// By what the facet shows of a chain, and by its id.
function findPicks(text) {
  const wanted = words(text);
  fitting = about.chains.map((_, chain) => chain).filter(chain => {
    const own = words([...nameOf(chain), about.facets.chain[chain]].join(" "));
    return wanted.every(one => own.some(word => word.startsWith(one)));
  });
  showPicks();
}

// --- Rows ----------------------------------------------------------------------------------------------------------------
async function moreRows(wanted) {
  const chains = state.view === "chains", numbers = shown.slice(rows, rows + BATCH);
  const fresh = numbers.map(number => chains ? chainRow(number, wanted) : row(number, wanted));
  rows += fresh.length;
  $("rows").append(...fresh);
  $("more").hidden = rows >= shown.length;
  $("more").onclick = () => moreRows(wanted);
  // Where the words stand, besides the title: once the row is there.
  if (wanted.length && !chains) {
    const stored = await Promise.all(numbers.map(sides));
    if (fresh.length && fresh[0].isConnected) fresh.forEach((item, n) => {
      const part = snippet(stored[n], wanted);
      if (part) item.firstChild.append(make("small", "", ...marked(part, wanted)));
    });
  }
  document.dispatchEvent(new Event("settled"));
}
// The first place that holds one of the words, with what stands around it.
const PARTS = /<p class="(?:question|scenario)">(.*?)<\/p>|<section class="answer"[^>]*>(.*?)<\/section>/gs;
const ENTITY = {"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"', "&nbsp;": " "};
function snippet([front, answer], wanted) {
  for (const part of (front + answer).matchAll(PARTS)) {
    const text = (part[1] || part[2] || "").replace(/<[^>]*>/g, " ").replace(/&\w+;/g, one => ENTITY[one] || one).replace(/\s+/g, " ").trim();
    for (const each of text.matchAll(SHOWN)) {
      if (!begins(each[0], wanted)) continue;
      const start = each.index < 60 ? 0 : text.indexOf(" ", each.index - 50) + 1;
      return (start ? "… " : "") + (text.length > start + 180 ? text.slice(start, start + 170).replace(/\s\S*$/, " …") : text.slice(start));
    }
  }
  return "";
}

// --- One question, one chain -------------------------------------------------------------------------------
function link(text, href, className) {
  const made = make("a", className, text);
  made.href = href;
  return made;
}
async function showQuestion(number) {
  const place = found.indexOf(number), [front, answer] = await sides(number);
  if (state.number !== number) return;
  const card = make("div", "card-place"), bar = make("p", "bar", link(up.includes("view=chain&") ? "← Chain" : "← Results", up));
  const at = step => found[place + step];
  if (place >= 0) {
    bar.append(make("span", "where-in", figures.format(place + 1) + " of " + figures.format(found.length)));
    if (at(-1) >= 0) bar.append(link("Previous", toQuestion(at(-1)), "previous"));
    if (at(1) >= 0) bar.append(link("Next", toQuestion(at(1)), "following"));
  }
  const reveal = make("button", "reveal", "Reveal the answer");
  const chains = about.values.chain[number].map(chain => link(about.names.chain[chain], toChain(chain), "to-chain"));
  const ladder = make("p", "ladders", chains.length ? "Chain: " : "", ...chains.flatMap((each, n) => n ? [", ", each] : [each]));
  reveal.type = "button";
  const set = async html => {
    card.innerHTML = html;
    run(about.script);
    if (/\\[([]/.test(html)) { await typesetter(); typeset(card); }
  };
  window.showAnswer = async () => {
    if (!reveal.isConnected) return;
    reveal.remove();
    await set(front + '<hr id="answer">' + answer.replace('<hr id="answer">', ""));
    $("answer").scrollIntoView({block: "nearest"});
  };
  reveal.onclick = window.showAnswer;
  $("one").replaceChildren(bar, card, reveal, ladder);
  await set(front);
  document.title = about.titles[number] + " · StaffML Vault";
  document.dispatchEvent(new Event("settled"));
}
// A question that is opened from its chain has the chain's steps before and after it.
function showChain(chain) {
  const steps = about.chains[chain];
  found = steps;
  const ladder = make("ol", "ladder", ...steps.map(number => {
    const item = row(number, []);
    item.firstChild.append(make("small", "", about.ids[number]));
    return item;
  }));
  $("one").replaceChildren(make("p", "bar", link(lastList.includes("view=chains") ? "← Chains" : "← Results", lastList)),
    make("h2", "", about.names.chain[chain]), make("p", "ladders", trackOf(chain) + " · " + steps.length + " steps"), ladder);
}

// --- From the address to the view -------------------------------------------------------------------------------------
let lastList = "#", up = "#";
async function show() {
  const wanted = readAddress(), moved = state && state.view !== wanted.view, list = LISTS.includes(wanted.view);
  state = {...state, ...wanted};
  if (list) {
    lastList = location.hash || "#";
    if ($("query").value !== state.q) $("query").value = state.q;
  }
  if (state.view !== "question") up = location.hash || "#";
  if (document.body.dataset.view !== state.view) {
    document.body.dataset.view = state.view;
    document.title = "StaffML Vault";
    $("list").hidden = !list;
    $("one").hidden = list;
  }
  if (list) await showList();
  if (state.view === "question") await showQuestion(state.number);
  if (state.view === "chain") showChain(state.chain);
  if (moved || !list) scrollTo(0, 0);
}
// What is typed or chosen narrows the list one sees, or leads back to the questions.
function narrow(change) {
  const next = {...state, view: LISTS.includes(state.view) ? state.view : "list"};
  change(next);
  history[next.view === state.view ? "replaceState" : "pushState"](null, "", addressOf(next));
  return show();
}
// At once: hashchange comes later, and who types before it would leave a step too many in the history.
function go(address) {
  history.pushState(null, "", address);
  return show();
}
function choose(box, place) {
  return narrow(({chosen}) => { if (box.checked) chosen[box.name].add(place); else chosen[box.name].delete(place); });
}

// --- Keys -------------------------------------------------------------------------------------------------------------
function point(step) {
  const items = $("rows").children;
  cursor = Math.min(Math.max(cursor + step, 0), items.length - 1);
  if (cursor > items.length - 5 && !$("more").hidden) $("more").click();
  items[cursor]?.firstChild.focus();
}
const press = selector => document.querySelector(selector)?.click();
document.addEventListener("keydown", event => {
  const typing = /^(INPUT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox" && event.target.type !== "radio";
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open || !state) return;
  const list = LISTS.includes(state.view);
  if (typing) {
    if (event.target.id === "pick") {
      if (event.key === "Enter") $("picks").querySelector("input:not(:checked)")?.click();
      if (event.key === "Escape") event.target.blur();
    }
    if (event.target.id !== "query") return;
    if (event.key === "ArrowDown" || event.key === "Enter") { event.preventDefault(); point(1); }
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const act = {
    "/": () => { if (!list) go(lastList); $("query").focus(); $("query").select(); },
    j: () => list ? point(1) : press(".following"),
    k: () => list ? point(-1) : press(".previous"),
    ArrowDown: list && document.activeElement.closest("#rows") && (() => point(1)),
    ArrowUp: list && document.activeElement.closest("#rows") && (() => point(-1)),
    Escape: () => { if (!list) go(state.view === "chain" ? lastList : up); },
    " ": !list && !/^(BUTTON|SUMMARY|A)$/.test(event.target.tagName) && $("one").querySelector(".reveal") && (() => press(".reveal")),
    c: () => press(state.view === "chains" ? ".other" : list ? "#chains" : ".to-chain"),
    "?": () => $("help").showModal(),
  }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

// --- Start ------------------------------------------------------------------------------------------------------------
(async function () {
  if (innerWidth < 800) $("filters").open = false;
  about = await unpack("about").then(stored => stored.json());
  about.ids.forEach((id, number) => numbers.set(id, number));
  readPostings(new Uint8Array(await unpack("postings").then(stored => stored.arrayBuffer())));
  readFacets();
  state = {view: "list", ...nothing()};
  found = about.ids.map((_, number) => number);
  $("query").oninput = () => narrow(list => { list.q = $("query").value; });
  $("keys").onclick = () => $("help").showModal();
  for (const {box, place} of boxes) box.onchange = () => choose(box, place);
  pickable = about.chains.map(steps => steps.length);
  findPicks("");
  if ($("pick")) {
    $("pick").oninput = () => findPicks($("pick").value);
    $("pick").closest("details").ontoggle = showPicks;
  }
  addEventListener("hashchange", show);
  new IntersectionObserver(seen => { if (seen.some(one => one.isIntersecting)) $("more").click(); }, {rootMargin: "200px"}).observe($("more"));
  await show();
  if ($("pick")) $("pick").closest("details").open = state.chosen.chain.size > 0;
  // A few searches in vain: when somebody types, the browser has compiled what it takes.
  const warm = left => {
    const {hits, wanted} = search({...state, q: "aeiost"[left % 6]});
    hits.slice(0, BATCH).forEach(number => row(number, wanted));
    if (hits.length) sides(hits[0]).then(stored => marked(snippet(stored, wanted), wanted));
    if (left) requestIdleCallback(() => warm(left - 1));
  };
  if (window.requestIdleCallback) requestIdleCallback(() => warm(18));
  document.documentElement.dataset.ready = "yes";
})();
