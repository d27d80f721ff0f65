[# Quantities in a text: numbers in base units, with the dimension of their unit. What is only counted (tokens, layers,
   requests) has none, so that "3000 tokens" and "3000" are the same. #]
const PREFIX = {k: 1e3, K: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18, c: 1e-2, m: 1e-3, u: 1e-6, "µ": 1e-6, "μ": 1e-6,
  n: 1e-9, p: 1e-12, f: 1e-15, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40};
const MANY = {k: 1e3, K: 1e3, M: 1e6, G: 1e9, bn: 1e9, T: 1e12, thousand: 1e3, million: 1e6, billion: 1e9, trillion: 1e12};
const SCALED = {B: [1, "B"], byte: [1, "B"], bit: [1 / 8, "B"], b: [1 / 8, "B"], bps: [1 / 8, "B/s"], Bps: [1, "B/s"],
  FLOPS: [1, "/s"], FLOP: [1, ""], OPS: [1, "/s"], OP: [1, ""], Hz: [1, "/s"], s: [1, "s"], Wh: [3600, "J"], W: [1, "J/s"],
  J: [1, "J"], V: [1, "V"], Ah: [3600, "C"], A: [1, "C/s"], m: [1, "m"], g: [1, "g"], watt: [1, "J/s"], joule: [1, "J"]};
const WHOLE = {min: [60, "s"], minute: [60, "s"], sec: [1, "s"], second: [1, "s"], h: [3600, "s"], hr: [3600, "s"],
  hour: [3600, "s"], d: [86400, "s"], day: [86400, "s"], week: [604800, "s"], month: [2592000, "s"], yr: [31536000, "s"],
  year: [31536000, "s"], $: [1, "$"], usd: [1, "$"], dollar: [1, "$"], "€": [1, "€"], euro: [1, "€"], "%": [.01, ""],
  percent: [.01, ""], "°c": [1, "K"], degc: [1, "K"]};
const get = (table, key) => Object.prototype.hasOwnProperty.call(table, key) ? table[key] : undefined;

function unitOf(word) {
  if (/^[kmgtp]b$/.test(word)) word = word.toUpperCase();  [# "12 gb" on a phone means bytes #]
  const plain = word.replace(/(..)s$/, "$1"), lower = plain.toLowerCase();
  const known = get(SCALED, word) || get(WHOLE, word.toLowerCase()) || get(WHOLE, lower) || get(SCALED, plain);
  if (known) return known;
  for (const fold of [text => text, text => text.toLowerCase()])
    for (const name in SCALED)
      for (const tail of [name, name + "s"]) {
        const head = word.slice(0, -tail.length);
        const factor = get(PREFIX, head) || (fold("A") === "a" && get(PREFIX, head.toUpperCase()));
        if (factor && fold(word) === fold(head + tail)) return [factor * SCALED[name][0], SCALED[name][1]];
      }
}

[# LaTeX and typography as one would type them. #]
function typed(text) {
  return text.replace(/\\(?:text|mathrm|mathbf)\s*\{([^{}]*)\}/g, " $1 ").replace(/\\approx/g, "≈").replace(/\\([$%])/g, "$1")
    .replace(/\\times|\\cdot|[x*·](?=\s*\d)/g, "×").replace(/\\[,;: !()[\]]|[{}]/g, " ").replace(/[\u00a0\u2009\u202f]/g, " ")
    .replace(/[⁻⁰¹²³⁴-⁹]+/g, all => "^" + Array.from(all, one => "⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(one)).join("").replace("-1", "-"))
    .replace(/[−–]/g, "-").replace(/\s*\^\s*/g, "^");
}

const QUANTITY = new RegExp([
  /(-\s*)?([$€]\s*)?/, /(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+)(e[+-]?\d+)?(?:\^(-?\d+))?/,
  /(?:\s*×\s*(10|2)\^(-?\d+))?/, /(?:\s*(thousand|million|billion|trillion|bn|[kKMGT])(?![a-zA-Zµμ]))?/,
  /(?:\s*(?!per\b)([a-zA-Zµμ°%$€]+))?((?:\s*(?:\/|\bper\b)\s*[a-zA-Zµμ]+)*)/].map(part => part.source).join(""), "g");

function quantities(raw) {
  const text = typed(raw);
  return Array.from(text.matchAll(QUANTITY), found => {
    const [all, minus, money, number, exponent, power, base, times, many, unit, pers] = found;
    let value = +((/,\d{3}(?!\d)/.test(number) ? number.replace(/,/g, "") : number.replace(",", ".")) + (exponent || ""));
    if (power) value **= power;
    if (base) value *= base ** times;
    if (many) value *= MANY[many];
    if (minus && !/[\w)]\s*$/.test(text.slice(0, found.index))) value = -value;
    const after = text.slice(found.index + all.length), parts = {};
    const take = (word, sign) => {
      const [factor, dimension] = unitOf(word) || [1, ""];
      value *= factor ** sign;
      dimension.split("/").forEach((one, side) => { if (one) parts[one] = (parts[one] || 0) + (side ? -sign : sign); });
    };
    [# "$2B" and "2B params" are billions, "2 B" is two bytes. #]
    if (unit === "B" && (money || /^\s*(param|token|weight)/.test(after))) value *= 1e9;
    else if (unit) take(unit, 1);
    if (money) take(money.trim(), 1);
    for (const per of (pers || "").match(/[a-zA-Zµμ]+/g) || []) if (per !== "per") take(per, -1);
    const known = money || pers || (unit && unitOf(unit));
    return {value, text: (known || !unit ? all : all.slice(0, -unit.length)).trim(), dimension:
      Object.keys(parts).filter(key => parts[key]).sort().map(key => key + parts[key]).join(" ")};
  });
}

[# The model's number to hold an estimate against: one of its dimension that the conclusion and a calculation agree on,
   else the last that was calculated, else the first that was concluded. #]
function modelled(lines, conclusion, dimension) {
  const same = all => all.filter(each => each && each.dimension === dimension);
  const results = same(lines.map(line => /[=≈]/.test(typed(line)) && quantities(typed(line).split(/[=≈]/).pop())[0]));
  const concluded = same(quantities(conclusion));
  return concluded.find(each => results.some(result => Math.abs(each.value / result.value - 1) < .05)) ||
    results[results.length - 1] || concluded[0];
}

[# How far apart two numbers are, for people. #]
function apart(mine, model) {
  const factor = mine / model, ratio = Math.max(factor, 1 / factor);
  if (mine !== model && !(factor > 0 && isFinite(ratio))) return "not the same sign";
  if (mine === model || ratio < 1.01) return "right on";
  const shown = ratio < 1.1 ? ratio.toFixed(2) : ratio < 10 ? ratio.toFixed(1) : ratio < 1e4 ? String(Math.round(ratio)) : "10^" + Math.round(Math.log10(ratio));
  return "within " + shown + "× (" + (factor > 1 ? "high" : "low") + ")";
}
