// One event: what each outcome earns, the markets with our quotes or why there are none, a book, a market's day.
import { $, ask, cents, dated, esc, lasting, num, show, sign, usd } from "./dom.js";
import { day, ladder } from "./charts.js";

let ticker = "", market = "", found = null, chosen = null, timer = 0, asked = 0, seriesAsked = 0;

export function enter(node, house, wanted) {
  ticker = wanted; market = ""; found = null; chosen = null; asked = seriesAsked = 0;
  node.innerHTML = `<p><a href="#/">← all cities</a></p><section id="detail"><h2 id="title" class="big">${esc(wanted)}</h2><div id="quality"></div>
    <h3>What each outcome earns</h3><p class="key"><i class="k-model"></i> forecast <i class="k-market"></i> market <i class="k-held"></i> what we hold <i class="k-band"></i> down to: everything resting fills the worst way</p>
    <svg id="ladder" role="img" aria-label="what each outcome earns"></svg>
    <p class="slide"><label for="temperature">If the official value is</label> <input id="temperature" type="range" step="1"> <output id="outcome" for="temperature"></output></p>
    <h3>Markets</h3><table id="markets" class="cards"><thead><tr><th>Bracket</th><th class="n">Fair</th><th class="n">Model</th><th class="n">Market</th><th>Our bid, or why not</th><th>Our ask, or why not</th><th class="n">Holding</th><th></th></tr></thead><tbody></tbody></table>
    <div class="split"><div><h3 id="h-book">Book</h3><div id="book"></div></div><div><h3 id="h-day">Through the day</h3><p class="key"><i class="k-held"></i> fair <i class="k-market"></i> market <i class="k-bid"></i> our bid <i class="k-ask"></i> our ask <i class="k-release"></i> release</p><svg id="day" role="img" aria-label="fair, market and our quotes through the day"></svg></div></div></section>`;
  $("temperature").oninput = () => { chosen = +$("temperature").value; outcome(); };
  $("markets").addEventListener("click", (e) => { if (!e.target.closest("button")) pick(e.target.closest("tr[data-ticker]")); });
  $("markets").addEventListener("keydown", (e) => { if (e.key === "Enter" && e.target.matches("tr")) pick(e.target); });
  timer = setInterval(() => { if (!document.hidden) side(house); }, 1000);
  side(house);
}
export function leave() { clearInterval(timer); }
function pick(row) { if (row) { market = row.dataset.ticker; seriesAsked = 0; side(last); } }
let last = null;

async function side(house) {
  last = house;
  const e = house.pieces["event:" + ticker], mine = ticker;
  if (!e) return;
  market ||= (e.markets.find((m) => m.position_contracts) || e.markets.toSorted((a, b) => (b.fair_c ?? 0) - (a.fair_c ?? 0))[0])?.ticker || "";
  try {
    if (!found || (house.fresh ?? 0) > asked) {
      asked = Date.now();
      found = await ask(`/api/ladder/${encodeURIComponent(ticker)}`);
      if (mine !== ticker || !$("ladder")) return;
      if (found.degrees.length) {
        const box = $("temperature");
        box.min = found.degrees[0].f; box.max = found.degrees.at(-1).f;
        if (chosen == null) { chosen = Math.round(found.mean_f); box.value = chosen; }
      }
      outcome();
    }
    if (!market) return;
    const book = await ask(`/api/markets/${encodeURIComponent(market)}/orderbook`);
    if (mine === ticker && $("book")) drawBook(book, e.markets.find((m) => m.ticker === market));
    if (Date.now() - seriesAsked > 10000) {
      seriesAsked = Date.now();
      const s = await ask(`/api/markets/${encodeURIComponent(market)}/series`);
      if (mine === ticker && $("day")) day($("day"), s, house.pieces.status.now_ms);
    }
  } catch (error) { if ($("quality")) show($("quality"), `<p class="bad">${esc(error.message)}</p>`); }
}
function outcome() {
  ladder($("ladder"), found, chosen);
  const d = found.degrees.find((r) => r.f === chosen), b = found.brackets.find((r) => (r.low == null || chosen >= r.low) && (r.high == null || chosen <= r.high));
  show($("outcome"), !d || !b ? "–" : `<b>${chosen}°</b> ${esc(b.bracket)} pays: we earn <b class="${sign(b.held_usd)}">${usd(b.held_usd)}</b>, at the worst <b class="${sign(b.worst_usd)}">${usd(b.worst_usd)}</b>. Forecast ${num(100 * d.model, 1)}%${d.market == null ? "" : `, market ${num(100 * d.market, 1)}%`}`);
}
function drawBook(book, m) {
  $("h-book").textContent = `Book of ${m?.bracket || book.ticker}`; $("h-day").textContent = `${m?.bracket || book.ticker} through the day`;
  const most = Math.max(1, ...book.bids.concat(book.asks).map((l) => l[1]));
  const level = (css) => ([price, size, ours]) => `<tr class="${css}${ours ? " mine" : ""}"><td class="n">${cents(price)}</td><td class="n">${num(size)}</td><td class="bars"><span style="width:${(100 * size) / most}%"></span>${ours ? `<b style="width:${(100 * ours) / most}%"></b>` : ""}</td><td>${ours ? `ours: ${num(ours)}` : ""}</td></tr>`;
  const asks = book.asks.slice(0, 8).reverse(), bids = book.bids.slice(0, 8);
  show($("book"), !book.known ? `<p class="soft">no book yet, or a gap in it</p>` : `<table class="book"><tbody>${asks.map(level("ask")).join("")}<tr class="between"><td class="n">${m?.fair_c == null ? "–" : cents(m.fair_c)}</td><td colspan="3" class="soft">our fair value</td></tr>${bids.map(level("bid")).join("")}</tbody></table>`);
}

export function draw(house, changed) {
  const e = house.pieces["event:" + ticker];
  if (!e) { show($("quality"), `<p class="soft">This event is neither published nor held now.</p>`); return; }
  if (!changed.has("event:" + ticker)) return;
  house.fresh = Date.now();
  show($("title"), `${esc(e.city)} ${esc(e.variable)}, ${dated(e.day)} <button type="button" data-toggle="${esc(e.event)}" data-on="${e.enabled}">${e.enabled ? "Switch event off" : "Switch event on"}</button>`);
  const now = house.pieces.status.now_ms, next = e.windows.filter((w) => w.end_ms > now).sort((a, b) => a.start_ms - b.start_ms)[0];
  const vintages = Object.entries(e.vintages_ms).map(([name, at]) => `${esc(name)} ${lasting((now - at) / 1000)}`).join(", ");
  show($("quality"), `<p>Can lose <b>${usd(e.worst_usd)}</b> of ${usd(e.limit_usd)} <span class="soft">(${usd(e.stress_usd)} if the brackets were not exclusive)</span>. Forecast ${e.mean_f == null ? "none" : `<b>${e.mean_f}°</b> ± ${e.sd_f}`}${e.weight == null ? "" : `, weight of the model${e.opinion ? " and your opinion" : ""} ${num(100 * e.weight)}%`}. ${e.observed_f == null ? "" : `Observed so far ${e.observed_f}°. `}${next ? `Next release: ${esc(next.reason)} ${next.start_ms > now ? "in " + lasting((next.start_ms - now) / 1000) : "now"}.` : ""}</p>` +
    (vintages ? `<p class="soft">Inputs, age: ${vintages}</p>` : "") + (e.opinion ? `<p>Your opinion: ${esc(e.opinion)}. <span class="soft">kwm opinion changes it.</span></p>` : "") + (e.quality.length ? `<p class="warn">${e.quality.map(esc).join("; ")}</p>` : ""));
  const cell = (side, reasons, css) => (side.length ? `<span class="${css}">${side.map((o) => `${cents(o.price_c)} × ${num(o.contracts)}`).join(", ")}</span>` : `<span class="soft">${reasons.map(esc).join("; ") || "being placed"}</span>`);
  show($("markets").tBodies[0], e.markets.map((m) => `<tr tabindex="0" data-key="${esc(m.ticker)}" data-ticker="${esc(m.ticker)}" class="${m.ticker === market ? "open" : ""}"><td class="head" title="${esc(m.ticker)}">${esc(m.bracket)}</td><td class="n" data-label="fair">${cents(m.fair_c)}</td><td class="n" data-label="model">${cents(m.model_c)}</td><td class="n" data-label="market">${m.bid_c == null ? "–" : num(m.bid_c, 1)} / ${m.ask_c == null ? "–" : num(m.ask_c, 1)}</td>` +
    `<td data-label="bid" class="long">${cell(m.our_bids, m.bid_reasons, "bid")}</td><td data-label="ask" class="long">${cell(m.our_asks, m.ask_reasons, "ask")}</td><td class="n" data-label="holding">${m.position_contracts ? num(m.position_contracts) : "–"}</td><td><button type="button" class="small" data-toggle="${esc(m.ticker)}" data-on="${m.enabled}" aria-label="switch ${esc(m.bracket)} ${m.enabled ? "off" : "on"}">${m.enabled ? "off" : "on"}</button></td></tr>`).join(""));
}
