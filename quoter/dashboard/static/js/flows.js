// The flows: is the latest run of each fine, how old is what they published; each run links into the Prefect UI.
import { $, clock, esc, lasting, num, show } from "./dom.js";

export function enter(node) {
  node.innerHTML = `<section><h2>Publication</h2><div id="publication"></div><h2>Flows</h2><p id="reach" class="bad" hidden></p><div id="latest" class="cities"></div><h2>Runs</h2><table id="runs" class="cards"><thead><tr><th>Flow</th><th>Run</th><th>State</th><th>Began</th><th class="n">Took</th></tr></thead><tbody></tbody></table></section>`;
}
const css = (state) => (["failed", "crashed"].includes(state) ? "bad" : state === "completed" ? "good" : "warn");
const began = (r) => (r.started_at ? clock(Date.parse(r.started_at)) : "–");

export function draw(house, changed) {
  const s = house.pieces.status, f = house.flows;
  if (changed.has("status")) show($("publication"), s.publication == null ? `<p class="warn">Nothing published yet.</p>` : `<p><b>${lasting(s.publication_age_s)}</b> old, ${s.publication_left_s > 0 ? `good for ${lasting(s.publication_left_s)}` : `<b class="bad">expired: no quotes until the next one</b>`}. Model ${esc(s.model)}. <a href="/api/publication">what it says</a></p>` + (s.publication_trouble ? `<p class="bad">The last one was refused: ${esc(s.publication_trouble)}</p>` : ""));
  if (!f) return;
  $("reach").hidden = f.reachable; $("reach").textContent = f.words;
  show($("latest"), f.latest.map((r) => `<article class="city"><h3>${esc(r.flow)}</h3><p class="${css(r.state)}"><b>${esc(r.state)}</b></p><p class="soft">began ${began(r)}, took ${num(r.seconds, 1)} s</p><p><a href="${esc(r.url)}">open in Prefect</a></p></article>`).join("") || `<p class="soft">No run yet. <a href="${esc(f.ui)}">Prefect UI</a></p>`);
  show($("runs").tBodies[0], f.runs.slice(0, 40).map((r) => `<tr data-key="${esc(r.url)}"><td class="head">${esc(r.flow)}</td><td data-label="run"><a href="${esc(r.url)}">${esc(r.run)}</a></td><td class="${css(r.state)}" data-label="state">${esc(r.state)}</td><td data-label="began">${began(r)}</td><td class="n" data-label="took">${num(r.seconds, 1)} s</td></tr>`).join(""));
}
