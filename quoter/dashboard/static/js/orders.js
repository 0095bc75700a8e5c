// What we hold, what rests, what filled and how the market moved after it.
import { $, ask, cents, clock, esc, num, show, sign, usd } from "./dom.js";

let timer = 0;
const link = (t) => `<a href="#/event/${encodeURIComponent(t.split("-").slice(0, 2).join("-"))}">${esc(t)}</a>`;

export function enter(node, house) {
  node.innerHTML = `<section><h2>Positions</h2><table id="positions" class="cards"><thead><tr><th>Market</th><th class="n">Contracts</th><th class="n">Mark</th><th class="n">Cash</th><th class="n">Value</th><th class="n">Net</th></tr></thead><tbody></tbody></table></section>
    <section><h2>Fills</h2><p class="soft">Markout: cents a contract that the market moved our way after the fill; lasting red is adverse selection.</p><table id="fills" class="cards"><thead><tr><th>Time</th><th>Market</th><th>Side</th><th class="n">Price</th><th class="n">Contracts</th><th class="n">Fee</th><th class="n">1 min</th><th class="n">5 min</th><th class="n">30 min</th></tr></thead><tbody></tbody></table></section>
    <section><h2 id="h-orders">Working orders</h2><p class="tools"><input id="filter" type="search" placeholder="market, side" aria-label="filter orders"></p><table id="working" class="cards"><thead><tr><th>Market</th><th>Side</th><th class="n">Price</th><th class="n">Contracts</th><th class="n">Filled</th><th>Life</th><th class="n">Expires</th></tr></thead><tbody></tbody></table></section>`;
  timer = setInterval(look, 2000);
  look();
  if (house.pieces.fills) fills(house.pieces.fills);
}
export function leave() { clearInterval(timer); }

async function look() {
  if (document.hidden) return;
  const [held, resting] = await Promise.all([ask("/api/account/positions"), ask("/api/account/orders")]);
  if (!$("working")) return;
  const words = $("filter").value.toLowerCase();
  const fit = resting.filter((o) => `${o.ticker} ${o.side}`.toLowerCase().includes(words));
  $("h-orders").textContent = `Working orders: ${resting.length}`;
  show($("positions").tBodies[0], held.map((p) => `<tr data-key="${esc(p.ticker)}"><td class="head">${link(p.ticker)}</td><td class="n" data-label="contracts">${num(p.contracts)}</td><td class="n" data-label="mark">${cents(p.mark_c)}</td><td class="n" data-label="cash">${usd(p.cash_usd)}</td><td class="n" data-label="value">${usd(p.value_usd)}</td><td class="n ${sign(p.cash_usd + p.value_usd)}" data-label="net">${usd(p.cash_usd + p.value_usd)}</td></tr>`).join("") || '<tr><td colspan="6" class="soft">We hold nothing.</td></tr>');
  show($("working").tBodies[0], fit.slice(0, 300).map((o) => `<tr data-key="${esc(o.id)}"><td class="head">${link(o.ticker)}</td><td class="${o.side}" data-label="side">${o.side === "bid" ? "buy" : "sell"}</td><td class="n" data-label="price">${cents(o.price_c)}</td><td class="n" data-label="contracts">${num(o.contracts)}</td><td class="n" data-label="filled">${num(o.filled_contracts)}</td><td data-label="life">${esc(o.life)}</td><td class="n" data-label="expires">${num(o.expires_in_s)} s</td></tr>`).join("") || '<tr><td colspan="7" class="soft">Nothing rests.</td></tr>');
}
function fills(list) {
  const mark = (f, s) => { const v = f.markouts_c[s]; return `<td class="n ${v == null ? "soft" : v > 0 ? "good" : v < 0 ? "bad" : "soft"}" data-label="${s / 60} min">${v == null ? "–" : (v > 0 ? "+" : "") + num(v, 1)}</td>`; };
  show($("fills").tBodies[0], list.map((f) => `<tr data-key="${f.at_ms}${esc(f.id)}"><td class="head">${clock(f.at_ms)}</td><td data-label="market" class="long">${link(f.ticker)}</td><td class="${f.side}" data-label="side">${f.side === "bid" ? "bought" : "sold"}${f.taker ? " (taker)" : ""}</td><td class="n" data-label="price">${cents(f.price_c)}</td><td class="n" data-label="contracts">${num(f.contracts, 2)}</td><td class="n" data-label="fee">${usd(f.fee_usd, 4)}</td>${mark(f, "60")}${mark(f, "300")}${mark(f, "1800")}</tr>`).join("") || '<tr><td colspan="9" class="soft">No fill yet in this run.</td></tr>');
}
export function draw(house, changed) { if (changed.has("fills")) fills(house.pieces.fills); }
