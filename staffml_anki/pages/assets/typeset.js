// Anki brings MathJax. Outside Anki, Temml turns the same source into MathML, which browsers set themselves.
function typeset(element) {
  temml.renderMathInElement(element, {
    delimiters: [{left: "\\(", right: "\\)", display: false}, {left: "\\[", right: "\\]", display: true}],
    ignoredTags: ["script", "style", "pre", "code"],
    ignoredClasses: ["mathjax_ignore"],
    throwOnError: false,
    trust: false,
  });
}
