// Every open weather market as a place to quote, best first; events and series are chosen from here.
import { $, ask, cents, dated, esc, num, show, tell, usd } from "./dom.js";

let timer = 0, list = [], chosen = new Set();

export function enter(node) {
  chosen = new Set();
  node.innerHTML = `<section><h2>Opportunities</h2><p class="soft">Expected edge: cents a filled contract should earn after fees and adverse selection. Score: dollars a day if the day's volume is shared out by size at the best price.</p>
    <p class="tools"><input id="filter" type="search" placeholder="city, series, high, quoted" aria-label="filter markets"> <label><input id="lasting" type="checkbox"> keep after a restart</label>
    <button id="only-events" type="button" disabled>Quote only the chosen events</button> <button id="only-series" type="button" disabled>Quote only the chosen series</button> <button id="all" type="button">Quote everything</button></p>
    <p id="chosen" class="soft"></p>
    <table id="opportunities" class="cards"><thead><tr><th>Choose</th><th>Market</th><th class="n">Score</th><th class="n">Edge</th><th class="n">Spread</th><th class="n">Depth</th><th class="n">Volume, day</th><th class="n">Fair</th><th class="n">Market</th><th class="n">Left</th><th>Incentive</th><th>Quoted, or why not</th></tr></thead><tbody></tbody></table></section>`;
  $("filter").oninput = rows;
  $("opportunities").addEventListener("change", (e) => { const b = e.target.closest("input[data-choose]"); if (b) { b.checked ? chosen.add(b.dataset.choose) : chosen.delete(b.dataset.choose); rows(); } });
  const set = (changes) => tell("/api/config", { changes, lasting: $("lasting").checked }, "PATCH").then(look);
  $("only-events").onclick = () => set({ "events.only": [...chosen].sort(), "events.series": [] });
  $("only-series").onclick = () => set({ "events.series": [...new Set([...chosen].map((e) => e.split("-")[0]))].sort(), "events.only": [] });
  $("all").onclick = () => { chosen.clear(); set({ "events.only": [], "events.series": [] }); };
  timer = setInterval(look, 5000);
  look();
}
export function leave() { clearInterval(timer); }
async function look() {
  if (document.hidden) return;
  list = await ask("/api/opportunities");
  if ($("opportunities")) rows();
}
function rows() {
  const words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const fit = list.filter((o) => words.every((w) => `${o.ticker} ${o.city} ${o.variable} ${o.day} ${o.bracket} ${o.incentive} ${o.quoted === "no" ? "" : "quoted"}`.toLowerCase().includes(w)));
  $("only-events").disabled = $("only-series").disabled = !chosen.size;
  $("chosen").textContent = chosen.size ? `chosen: ${[...chosen].join(", ")}` : `${list.length} open markets, ${list.filter((o) => o.quoted !== "no").length} quoted`;
  show($("opportunities").tBodies[0], fit.slice(0, 400).map((o) => `<tr data-key="${esc(o.ticker)}"><td data-label="choose"><input type="checkbox" data-choose="${esc(o.event)}" aria-label="choose ${esc(o.event)}"${chosen.has(o.event) ? " checked" : ""}></td>
    <td class="head"><a href="#/event/${encodeURIComponent(o.event)}">${esc(o.city || o.event)} <b>${esc(o.variable)}</b> <span class="soft">${dated(o.day)}</span> ${esc(o.bracket)}</a></td><td class="n" data-label="score">${o.score ? usd(o.score) : "–"}</td>
    <td class="n ${o.edge_c > 0 ? "good" : o.edge_c < 0 ? "bad" : "soft"}" data-label="edge" title="fees ${cents(o.fee_c)}, adverse selection ${cents(o.adverse_c)}">${o.edge_c == null ? "–" : num(o.edge_c, 1) + "¢"}</td><td class="n" data-label="spread">${cents(o.spread_c)}</td><td class="n" data-label="depth">${num(o.depth_contracts)}</td><td class="n" data-label="volume">${num(o.volume_24h_contracts)}</td>
    <td class="n" data-label="fair">${cents(o.fair_c)}</td><td class="n" data-label="market">${cents(o.mid_c)}</td><td class="n" data-label="left">${usd(o.left_usd)}</td><td data-label="incentive">${esc(o.incentive) || '<span class="soft">–</span>'}</td><td class="long" data-label="quoted">${o.quoted === "no" ? `<span class="soft">${esc(o.reasons.join("; "))}</span>` : `<span class="good">${{ both: "both sides", bid: "only buying", ask: "only selling" }[o.quoted]}</span>`}</td></tr>`).join("") || '<tr><td colspan="12" class="soft">No open market fits.</td></tr>');
}
export function draw() {}
