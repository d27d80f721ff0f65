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
const BATCH = 12;
let state, found = [], cursor = -1, rows = 0;
const numbers = new Map(), chainsOf = new Map(), names = () => Object.keys(about.facets);
function readAddress() {
  let text = location.hash.slice(1);
  try { text = decodeURIComponent(text); } catch { /* as it is */ }
  if (numbers.has(text)) return {view: "question", number: numbers.get(text)};
  const given = new URLSearchParams(location.hash.slice(1)), wanted = {view: "list", q: given.get("q") || "", chosen: {}};
  for (const facet of names()) wanted.chosen[facet] = new Set(given.getAll(facet).map(value => about.facets[facet].indexOf(value)).filter(place => place >= 0));
  const chain = about.chains.findIndex(each => each.id === given.get("chain"));
  if (chain >= 0) return {view: "chain", chain};
  if (given.get("view") === "chains") wanted.view = "chains";
  return wanted;
}
function addressOf({q, chosen}) {
  const given = new URLSearchParams();
  if (q) given.set("q", q);
  for (const facet of names()) for (const place of chosen[facet]) given.append(facet, about.facets[facet][place]);
  return "#" + given;
}

// --- The list --------------------------------------------------------------------------------------------------------
// Each facet holds its values as bits, or as one small number where a question has one of them.
let facets, boxes;
function readFacets() {
  facets = names().map(name => ({name, several: name === "has", values: Uint16Array.from(about.values[name],
    name === "has" ? all => all.reduce((sum, place) => sum | 1 << place, 0) : ([place]) => place ?? about.facets[name].length)}));
  boxes = [...document.querySelectorAll(".facet input")].map(box => ({box, count: box.parentElement.lastElementChild,
    facet: names().indexOf(box.name), place: about.facets[box.name].indexOf(box.value)}));
}
// A facet counts what would be there without its own choice; of "has", all that is chosen must hold.
function search({q, chosen: by}) {
  const wanted = words(q), score = scores(wanted), total = about.ids.length;
  const counts = facets.map(facet => new Uint32Array(about.facets[facet.name].length + 1));
  const chosen = facets.map(facet => by[facet.name]);
  const bits = [...by.has].reduce((sum, place) => sum | 1 << place, 0);
  const active = facets.map((_, n) => n).filter(n => chosen[n].size);
  let hits = [];
  for (let n = 0; n < total; n++) {
    if (score && !score[n]) continue;
    let misses = 0, missed = -1;
    for (const f of active) {
      const value = facets[f].values[n];
      if (facets[f].several ? (value & bits) !== bits : !chosen[f].has(value)) { misses++; missed = f; }
    }
    if (misses > 1) continue;
    if (!misses) hits.push(n);
    for (let f = 0; f < facets.length; f++) {
      if (misses && f !== missed) continue;
      const value = facets[f].values[n];
      if (!facets[f].several) counts[f][value]++;
      else if (!misses) for (let place = 0; value >> place; place++) counts[f][place] += value >> place & 1;
    }
  }
  if (score) hits = ranked(hits, score);
  return {wanted, counts, hits};
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
  const {wanted, counts, hits} = search(state);
  found = hits;
  for (const {box, count, facet, place} of boxes) {
    const text = figures.format(counts[facet][place]);
    box.checked = state.chosen[box.name].has(place);
    if (count.textContent !== text) count.textContent = text;
    box.parentElement.classList.toggle("none", text === "0" && !box.checked);
  }
  const chosen = names().reduce((sum, facet) => sum + state.chosen[facet].size, 0);
  $("chosen").textContent = chosen ? "(" + chosen + ")" : "";
  const line = [make("b", "", figures.format(found.length)), found.length === 1 ? " question" : " questions"];
  if (chosen || state.q) {
    const clear = make("button", "", "Clear");
    clear.type = "button";
    clear.onclick = () => { location.hash = ""; $("query").focus(); };
    line.push(" ", clear);
  }
  if (!found.length) line.push(make("span", "none", " Nothing has all of this: drop a word or a filter."));
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
  const link = make("a", "", badge, make("b", "", ...marked(about.titles[number], wanted)), make("i", "", place));
  link.href = "#" + encodeURIComponent(about.ids[number]);
  return make("li", "", link);
}
async function moreRows(wanted) {
  const numbers = found.slice(rows, rows + BATCH), fresh = numbers.map(number => row(number, wanted));
  rows += fresh.length;
  $("rows").append(...fresh);
  $("more").hidden = rows >= found.length;
  $("more").onclick = () => moreRows(wanted);
  // Where the words stand, besides the title: once the row is there.
  if (wanted.length) {
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

// --- One question, one chain, all chains -------------------------------------------------------------------------------
function link(text, href, className) {
  const made = make("a", className, text);
  made.href = href;
  return made;
}
async function showQuestion(number) {
  const place = found.indexOf(number), [front, answer] = await sides(number);
  if (state.number !== number) return;
  const card = make("div", "card-place"), bar = make("p", "bar", link("← Results", lastList));
  const at = step => about.ids[found[place + step]];
  if (place >= 0) {
    bar.append(make("span", "where-in", figures.format(place + 1) + " of " + figures.format(found.length)));
    if (at(-1)) bar.append(link("Previous", "#" + encodeURIComponent(at(-1)), "previous"));
    if (at(1)) bar.append(link("Next", "#" + encodeURIComponent(at(1)), "following"));
  }
  const reveal = make("button", "reveal", "Reveal the answer");
  const chains = (chainsOf.get(number) || []).map(chain => link(about.chains[chain].name, "#" + new URLSearchParams({chain: about.chains[chain].id}), "to-chain"));
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
function steps(chain) {
  return make("ol", "ladder", ...about.chains[chain].steps.map(number => {
    const item = row(number, []);
    item.firstChild.append(make("small", "", about.ids[number]));
    return item;
  }));
}
function showChain(chain) {
  $("one").replaceChildren(make("p", "bar", link("← Chains", "#view=chains")), make("h2", "", about.chains[chain].name), steps(chain));
}
function showChains() {
  $("one").replaceChildren(make("p", "bar", link("← Results", lastList)), make("h2", "", figures.format(about.chains.length) + " chains"),
    make("ul", "chains", ...about.chains.map(chain => make("li", "", link(chain.name, "#" + new URLSearchParams({chain: chain.id})), make("small", "", chain.steps.length + " steps")))));
}

// --- From the address to the view -------------------------------------------------------------------------------------
let lastList = "#";
async function show() {
  const wanted = readAddress(), moved = state && state.view !== wanted.view;
  if (wanted.view === "list") {
    state = wanted;
    lastList = location.hash || "#";
    if ($("query").value !== state.q) $("query").value = state.q;
  } else state = {...state, ...wanted};
  if (document.body.dataset.view !== state.view) {
    document.body.dataset.view = state.view;
    document.title = "StaffML Vault";
    $("list").hidden = state.view !== "list";
    $("one").hidden = state.view === "list";
  }
  if (state.view === "list") await showList();
  if (state.view === "question") await showQuestion(state.number);
  if (state.view === "chain") showChain(state.chain);
  if (state.view === "chains") showChains();
  if (moved || state.view !== "list") scrollTo(0, 0);
}
function narrow(change) {
  const list = state.view === "list" ? state : {...readList()};
  change(list);
  history.replaceState(null, "", addressOf(list));
  return show();
}
function readList() {
  const chosen = {};
  for (const facet of names()) chosen[facet] = new Set([...document.querySelectorAll('.facet input[name="' + facet + '"]:checked')].map(box => about.facets[facet].indexOf(box.value)));
  return {q: $("query").value, chosen};
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
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open || !about) return;
  const list = state.view === "list";
  if (typing) {
    if (event.target.id !== "query") return;
    if (event.key === "ArrowDown" || event.key === "Enter") { event.preventDefault(); point(1); }
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const act = {
    "/": () => { if (!list) location.hash = lastList; $("query").focus(); $("query").select(); },
    j: () => list ? point(1) : press(".following"),
    k: () => list ? point(-1) : press(".previous"),
    ArrowDown: list && document.activeElement.closest("#rows") && (() => point(1)),
    ArrowUp: list && document.activeElement.closest("#rows") && (() => point(-1)),
    Escape: () => { if (!list) location.hash = lastList; },
    " ": !list && !/^(BUTTON|SUMMARY|A)$/.test(event.target.tagName) && $("one").querySelector(".reveal") && (() => press(".reveal")),
    c: () => press(".to-chain"),
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
  about.chains.forEach((chain, place) => chain.steps.forEach(number => chainsOf.set(number, [...(chainsOf.get(number) || []), place])));
  readPostings(new Uint8Array(await unpack("postings").then(stored => stored.arrayBuffer())));
  readFacets();
  state = {view: "list", q: "", chosen: Object.fromEntries(names().map(facet => [facet, new Set()]))};
  found = about.ids.map((_, number) => number);
  $("query").oninput = () => narrow(list => { list.q = $("query").value; });
  $("keys").onclick = () => $("help").showModal();
  for (const box of document.querySelectorAll(".facet input")) box.onchange = () => narrow(list => { Object.assign(list, readList()); });
  addEventListener("hashchange", show);
  new IntersectionObserver(seen => { if (seen.some(one => one.isIntersecting)) $("more").click(); }, {rootMargin: "200px"}).observe($("more"));
  await show();
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
