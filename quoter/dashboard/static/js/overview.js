// Every city with its events in a grid, the day's curve, what stops us, what happened.
import { $, clock, esc, num, short, show, sign, tell, toast, usd, whole } from "./dom.js";
import { curve } from "./charts.js";

let cards = new Map(), drawn = 0;

export function enter(node) {
  cards = new Map();
  node.innerHTML = `<section class="split"><div><h2>PnL today</h2><svg id="curve" role="img" aria-label="PnL today"></svg></div>
    <div><h2>Limits</h2><div id="limits"></div><p class="tools"><button id="cancel-all" type="button">Cancel all orders once</button> <button id="kill" type="button" class="danger quiet">Kill switch</button></p></div></section>
    <section aria-labelledby="h-events"><h2 id="h-events">Cities</h2>
    <p class="tools"><input id="filter" type="search" placeholder="city, high, low, ticker" aria-label="filter events"> <label><input id="held" type="checkbox"> only where we hold something</label>
    <span class="key"><i class="both"></i> both sides <i class="one"></i> one side <i class="none"></i> not quoted <i class="off"></i> switched off</span></p>
    <div id="cities" class="cities"></div></section>
    <section class="split"><div><h2>Why not quoted</h2><div id="why-not"></div></div><div><h2>What happened</h2><ul id="notes"></ul></div></section>`;
  $("cancel-all").onclick = () => tell("/api/risk/cancel-all");
  $("kill").onclick = async () => {
    const done = await tell("/api/risk/kill-switch");
    if (done) toast(done.verified && !done.left ? `${done.cancelled} orders cancelled, none left, verified in ${done.seconds} s` : `NOT verified: ${done.left} known left; ${done.troubles.join("; ")}`, !done.verified || done.left > 0);
  };
  $("filter").oninput = $("held").onchange = filter;
  $("cities").addEventListener("click", (e) => open(e.target.closest("[data-event]")));
  $("cities").addEventListener("keydown", (e) => { if (e.key === "Enter" || e.key === " ") { const row = e.target.closest("[data-event]"); if (row) { e.preventDefault(); open(row); } } });
}
function open(row) { if (row) location.hash = "#/event/" + encodeURIComponent(row.dataset.event); }

function side(m) {
  if (!m.enabled || m.settled) return "off";
  const n = (m.our_bids.length ? 1 : 0) + (m.our_asks.length ? 1 : 0);
  return n === 2 ? "both" : n ? "one" : "none";
}
function row(e) {
  const holding = e.markets.reduce((n, m) => n + Math.abs(m.position_contracts), 0);
  const dots = e.markets.map((m) => `<i class="${e.enabled ? side(m) : "off"}" title="${esc(m.bracket)}: ${esc(side(m) === "none" ? m.bid_reasons.join("; ") : side(m))}"></i>`).join("");
  return `<div class="event" role="link" tabindex="0" data-event="${esc(e.event)}" data-words="${esc(`${e.event} ${e.city} ${e.variable} ${e.day}`.toLowerCase())}" data-holding="${holding}">
    <span class="what"><b class="${esc(e.variable)}">${esc(e.variable)}</b> <span class="soft">${short(e.day)}</span></span>
    <span class="n mean">${e.mean_f == null ? "no forecast" : `${e.mean_f}°<small> ±${e.sd_f}</small>`}</span><span class="dots" aria-label="${e.quoted} of ${e.markets.length} quoted">${dots}</span>
    <span class="money soft">${holding ? `${num(holding)} held ` : ""}${holding || Math.abs(e.pnl_usd) > 0.004 ? `<b class="${sign(e.pnl_usd)}">${usd(e.pnl_usd)}</b> ` : ""}${e.worst_usd ? `can lose ${usd(e.worst_usd)}` : ""}</span></div>`;
}
function filter() {
  const words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean), held = $("held").checked;
  for (const card of $("cities").children) {
    let some = false;
    for (const r of card.querySelectorAll(".event")) {
      const fits = words.every((w) => r.dataset.words.includes(w)) && (!held || +r.dataset.holding > 0);
      r.hidden = !fits; some ||= fits;
    }
    card.hidden = !some;
  }
}

export function draw(house, changed) {
  const s = house.pieces.status, touched = new Set();
  const all = house.events();
  for (const e of all) if (changed.has("event:" + e.event)) touched.add(e.city);
  const cities = [...new Set(all.map((e) => e.city))].sort();
  const fresh = cities.join() !== [...cards.keys()].join();
  if (fresh) {
    cards = new Map(cities.map((city) => [city, cards.get(city) || Object.assign(document.createElement("article"), { className: "city" })]));
    $("cities").replaceChildren(...cards.values());
  }
  for (const city of cities) {
    const card = cards.get(city);
    if (card.shown !== undefined && !touched.has(city)) continue;
    const mine = all.filter((e) => e.city === city).sort((a, b) => (a.day + a.variable).localeCompare(b.day + b.variable));
    show(card, `<h3>${esc(city)} <small class="soft">${esc(mine[0].station)}</small></h3>` + mine.map(row).join(""));
  }
  if (touched.size || fresh) filter();
  if (!all.length) show($("cities"), `<p class="soft">The flows have not published anything yet: the first forecasts come within a few minutes of the start.</p>`);
  if (changed.has("curve") || Date.now() - drawn > 5000) { drawn = Date.now(); curve($("curve"), house.curve()); }
  if (changed.has("risk")) show($("limits"), house.pieces.risk.used.map((u) => `<div class="limit"><span>${esc(u.limit)}</span><meter min="0" max="1" high="0.8" value="${u.limit_usd ? Math.round((1000 * u.used_usd) / u.limit_usd) / 1000 : 0}"></meter><span class="n">${usd(u.used_usd)} <span class="soft">of ${whole(u.limit_usd)}</span></span></div>`).join(""));
  if (changed.has("status")) {
    const against = Object.entries(s.not_quoted).sort((a, b) => b[1] - a[1]);
    show($("why-not"), against.map(([words, n]) => `<div class="limit"><span>${esc(words)}</span><span></span><span class="n">${n} market${n === 1 ? "" : "s"}</span></div>`).join("") || `<p class="soft">Every market with a fair value is quoted.</p>`);
  }
  if (changed.has("notes")) show($("notes"), house.pieces.notes.slice().reverse().map((n) => `<li><span class="soft">${clock(n.at_ms)}</span> <b>${esc(n.kind)}</b> ${esc(n.words)}</li>`).join("") || '<li class="soft">nothing yet</li>');
}
