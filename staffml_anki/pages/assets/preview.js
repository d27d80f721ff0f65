"use strict";
const read = id => JSON.parse(document.getElementById(id).textContent);
const {cards, css, host, script, typesetter, tick} = read("preview");
const SIDES = ["front", "back"], NIGHTS = ["light", "night"], PLACES = ["phone", "desktop"];
const CLASSES = {phone: "mobile android linux", desktop: "linux"};

// Each frame is a page of its own, with the classes that the app on that platform gives it.
function page(card, side, night, place) {
  const classes = CLASSES[place], dark = night === "night";
  const math = card.math ? "<script>" + typesetter + "</scr" + "ipt>" : "";
  const later = side === "front" ? '<template id="back">' + card.back + "</template>" : "";
  return '<!doctype html><html lang="en" class="' + classes + (dark ? " night-mode" : "") + '"><head><meta charset="utf-8">' +
    '<meta name="viewport" content="width=device-width, initial-scale=1"><title>' + side + "</title>" +
    "<style>" + host + "</style><style>" + css + "</style></head><body class=\"card card1 " + classes + (dark ? " nightMode night_mode" : "") + '">' +
    '<div id="qa">' + card[side] + "</div>" + later + math + "<script>" + script + "</scr" + "ipt></body></html>";
}

function draw() {
  const wanted = name => document.querySelector('[name="' + name + '"]').checked;
  const all = document.getElementById("cards");
  all.replaceChildren(...cards.map(card => {
    const section = document.createElement("section"), heading = document.createElement("h2"), title = document.createElement("bdi"), id = document.createElement("span");
    section.className = "shown";
    section.id = card.id;
    title.textContent = card.title;
    id.textContent = card.id;
    heading.append(title, id);
    const frames = document.createElement("div");
    frames.className = "frames";
    for (const place of PLACES) for (const night of NIGHTS) for (const side of SIDES) {
      if (![place, night, side].every(wanted)) continue;
      const figure = document.createElement("figure"), frame = document.createElement("iframe"), caption = document.createElement("figcaption");
      figure.className = place;
      caption.textContent = [side, night, place].join(" · ");
      frame.title = card.id + ": " + caption.textContent;
      frame.loading = "lazy";
      frame.setAttribute("sandbox", "allow-scripts allow-popups");
      frame.srcdoc = page(card, side, night, place);
      figure.append(caption, frame);
      frames.append(figure);
    }
    section.append(heading, frames);
    return section;
  }));
}
document.querySelectorAll(".bar input").forEach(box => { box.onchange = draw; });
draw();

// While templates are being edited: the server says which state they are in.
if (tick) setInterval(async () => {
  const state = await fetch("state").then(reply => reply.text(), () => tick);
  if (state !== tick) location.reload();
}, 500);
