// What a word is: the same as in vault/search.py, where it is explained.
"use strict";
const WORD = /(?:[\p{L}\p{N}]|(?<=[0-9])[.,](?=[0-9]))+/gu;
const words = text => (text.normalize("NFKD").toLowerCase().replace(/\p{M}/gu, "").match(WORD) || []).map(word => word.replaceAll(",", ""));

// A text as nodes, in which every word that a wanted one begins is marked.
const begun = new Map();
function begins(shown, wanted) {
  if (!begun.has(shown)) begun.set(shown, words(shown));
  return begun.get(shown).some(word => wanted.some(one => word.startsWith(one)));
}
const SHOWN = /(?:[\p{L}\p{N}\p{M}]|(?<=[0-9])[.,](?=[0-9]))+/gu;
function marked(text, wanted) {
  const nodes = [];
  let end = 0;
  if (wanted.length) for (const found of text.matchAll(SHOWN)) {
    if (!begins(found[0], wanted)) continue;
    const mark = document.createElement("mark");
    mark.textContent = found[0];
    nodes.push(text.slice(end, found.index), mark);
    end = found.index + found[0].length;
  }
  nodes.push(text.slice(end));
  return nodes;
}
