// The paper session beside the live one: start, stop, reset, export, its curve and fills.
import { $, ask, cents, clock, esc, num, show, sign, tell, usd } from "./dom.js";
import { curve } from "./charts.js";

let timer = 0;

export function enter(node, house) {
  node.innerHTML = `<section><h2>Paper session</h2><p class="soft">Quotes the live books with imagined orders: no money, the same engine.</p><p class="tools"><button id="paper-start" type="button">Start</button> <button id="paper-stop" type="button">Stop</button> <button id="paper-reset" type="button">Reset</button> <a id="paper-export" href="/api/sim/export" download="paper.json">Export</a></p>
    <div id="beside"></div><svg id="paper-curve" role="img" aria-label="PnL on paper"></svg><h3>Fills on paper</h3><table id="paper-fills" class="cards"><thead><tr><th>Time</th><th>Market</th><th>Side</th><th class="n">Price</th><th class="n">Contracts</th></tr></thead><tbody></tbody></table></section>`;
  for (const what of ["start", "stop", "reset"]) $("paper-" + what).onclick = () => { if (what !== "reset" || confirm("Begin with an empty paper account? The old one is put aside, and graduation counts from nothing.")) tell("/api/sim/" + what).then(() => look(house)); };
  timer = setInterval(() => look(house), 2000);
  look(house);
}
export function leave() { clearInterval(timer); }

async function look(house) {
  if (document.hidden) return;
  try {
    const p = await ask("/api/sim/status");
    const [points, fills] = await Promise.all([ask("/api/sim/timeseries"), ask("/api/sim/fills")]);
    if (!$("beside")) return;
    const s = house.pieces.status;
    const row = (name, live, paper) => `<tr><td class="head">${name}</td><td class="n" data-label="live">${live}</td><td class="n" data-label="paper">${paper}</td></tr>`;
    show($("beside"), `<table class="cards"><thead><tr><th></th><th class="n">Live</th><th class="n">Paper</th></tr></thead><tbody>` + row("State", esc(s?.state ?? "–"), p.running ? "running" : "stopped") + row("PnL today", usd(s?.pnl_usd), `<span class="${sign(p.pnl_usd)}">${usd(p.pnl_usd)}</span>`) +
      row("Can still lose", usd(s?.worst_usd), usd(p.worst_usd)) + row("Working orders", num(s?.working), num(p.orders)) + row("Fills", num(s?.counters.fills), num(p.fills)) + `</tbody></table>` + (p.words ? `<p class="soft">${esc(p.words)}</p>` : ""));
    curve($("paper-curve"), points.map((q) => [q.at_ms, q.pnl_usd]));
    show($("paper-fills").tBodies[0], fills.slice(0, 50).map((f) => `<tr><td class="head">${clock(f.at_ms)}</td><td data-label="market">${esc(f.ticker)}</td><td class="${f.side}" data-label="side">${f.side === "bid" ? "bought" : "sold"}</td><td class="n" data-label="price">${cents(f.price_c)}</td><td class="n" data-label="contracts">${num(f.contracts, 2)}</td></tr>`).join("") || '<tr><td colspan="5" class="soft">none yet</td></tr>');
    buttons(p.running, true);
  } catch (error) {
    if (error.reason === "no_paper_session") clearInterval(timer);
    if (!$("beside")) return;
    show($("beside"), `<p class="soft">${esc(error.message)}</p>`);
    buttons(false, error.reason !== "no_paper_session");
  }
}
function buttons(running, there) {
  $("paper-start").disabled = running || !there; $("paper-stop").disabled = !running; $("paper-reset").disabled = !there;
  $("paper-export").hidden = !there;
}
export function draw() {}
