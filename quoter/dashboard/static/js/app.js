// The page: one stream in, a header that is always true, and one view at a time. Decides nothing.
import { $, ask, lasting, tell, text, toast, usd, whole, num, sign } from "./dom.js";
import { spark } from "./charts.js";
import * as overview from "./overview.js";
import * as event from "./event.js";
import * as orders from "./orders.js";
import * as opportunities from "./opportunities.js";
import * as flows from "./flows.js";
import * as paper from "./paper.js";
import * as settings from "./settings.js";

const views = { overview, event, orders, opportunities, flows, paper, settings };
const order = ["overview", "opportunities", "orders", "flows", "paper", "settings"];
export const house = { pieces: {}, changed: new Set(), first: null,
  curve: () => { // the recorded points, and the present
    const s = house.pieces.status, points = house.pieces.curve?.points ?? [];
    const now = s ? [s.now_ms, s.pnl_usd, s.worst_usd] : null;
    house.first ??= now;
    return [...(points.length ? points : [house.first].filter(Boolean)), now].filter(Boolean);
  },
  events: () => Object.entries(house.pieces).filter(([k]) => k.startsWith("event:")).map(([, v]) => v) };
let view = null, argument = "", heard = 0, drawing = false;

function route() {
  const [name, rest] = location.hash.replace(/^#\/?/, "").split("/");
  const wanted = views[name || "overview"] ? name || "overview" : "overview";
  argument = decodeURIComponent(rest || "");
  view?.leave?.();
  view = views[wanted];
  for (const a of document.querySelectorAll("nav a")) a.toggleAttribute("aria-current", a.dataset.view === (wanted === "event" ? "overview" : wanted));
  $("view").shown = undefined;
  $("view").replaceChildren();
  view.enter($("view"), house, argument);
  if (heard) view.draw(house, new Set(Object.keys(house.pieces)));
}
addEventListener("hashchange", () => { route(); scrollTo(0, 0); });

function header(s) {
  const production = s.environment === "production";
  text("state", s.state, "badge " + s.state);
  text("environment", s.environment, "badge quiet " + s.environment);
  $("real").hidden = !production; document.body.classList.toggle("production", production);
  document.title = `${production ? "REAL " : ""}${s.state} ${usd(s.pnl_usd)} · kwm`;
  trouble([...(s.halted ? [s.halted.replace(/^(halted)?/, (said) => (said ? "Halted" : "Halted: "))] : []), ...(s.reduce_only ? ["Only orders that reduce a position: " + s.reduce_only] : []), ...s.reasons.filter((r) => !r.startsWith("halted")), ...(s.publication_trouble ? ["Publication refused: " + s.publication_trouble] : [])], s.to_do);
  text("pnl", usd(s.pnl_usd), sign(s.pnl_usd)); text("pnl-more", `settled ${usd(s.realised_usd)}`);
  text("holds", s.held ? `${num(s.held)} mkt${s.held === 1 ? "" : "s"}` : "nothing"); text("balance", s.balance_usd == null ? "" : `free ${usd(s.balance_usd, 0)}`);
  text("worst", usd(s.worst_usd)); text("worst-more", `of ${whole(s.limits.total_usd)}`); meter("worst-meter", s.worst_usd / s.limits.total_usd);
  const loss = s.lost_today_usd;
  text("daily", usd(loss)); text("daily-more", `of ${whole(s.limits.daily_usd)}`); meter("daily-meter", loss / s.limits.daily_usd);
  text("quoting", `${s.markets_quoted} of ${s.markets}`); text("orders", `${s.working} orders rest`);
  text("fills-n", num(s.counters.fills)); text("fees", `fees ${usd(s.fees_usd)}`);
  const old = s.publication_left_s != null && s.publication_left_s < 0;
  text("age", s.publication_age_s == null ? "none yet" : `${lasting(s.publication_age_s)} old`, old ? "bad" : "");
  text("left", s.publication_left_s == null ? "" : old ? `expired ${lasting(-s.publication_left_s)} ago` : `good for ${lasting(s.publication_left_s)}`);
  text("feed", s.connected ? `${num(s.feed_age_s, 1)} s ago` : "down", s.connected && s.feed_age_s < 30 ? "" : "bad"); text("link", s.connected ? "connected" : "not connected");
  $("halt").disabled = !!s.halted; $("pause").disabled = s.paused || !!s.halted; $("reduce").disabled = !!s.reduce_only || !!s.halted; $("resume").disabled = !s.paused && !s.halted && !s.reduce_only;
  text("run", `run ${s.run}, model ${s.model || "–"}`);
}
function meter(id, v) { if ($(id).value !== v && Number.isFinite(v)) $(id).value = v; }
function trouble(list, todo = []) {
  $("trouble").hidden = !list.length;
  text("trouble", list.join(" · ") + (list.length && todo.length ? `. To do: ${todo.join("; ")}.` : ""));
}

function take(message, kind) {
  const { set, gone } = JSON.parse(message.data);
  heard = Date.now();
  if (document.body.classList.contains("silent")) { document.body.classList.remove("silent"); house.changed.add("status"); }
  if (kind === "snapshot") house.pieces = {};
  for (const [name, value] of Object.entries(set)) { house.pieces[name] = value; house.changed.add(name); }
  for (const name of gone) { delete house.pieces[name]; house.changed.add(name); }
  if (!drawing && !document.hidden) { drawing = true; requestAnimationFrame(draw); }
}
function draw() {
  drawing = false;
  const changed = house.changed;
  house.changed = new Set();
  if (changed.has("status") && house.pieces.status) header(house.pieces.status);
  if (changed.has("curve")) spark($("spark"), house.curve());
  view.draw(house, changed);
}
document.addEventListener("visibilitychange", () => { if (!document.hidden && heard) draw(); });

const stream = new EventSource("/api/stream");
stream.addEventListener("snapshot", (m) => take(m, "snapshot"));
stream.addEventListener("delta", (m) => take(m, "delta"));
setInterval(() => {
  if (heard && Date.now() - heard > 5000) {
    document.body.classList.add("silent");
    document.title = "NO WORD · kwm";
    text("state", "no word", "badge halted");
    trouble([`Nothing heard from the quoter for ${lasting((Date.now() - heard) / 1000)}: what you see is old, its orders may rest and fill`], ["kwm status in a terminal; kwm kill takes the orders away without it"]);
    for (const id of ["halt", "pause", "reduce"]) $(id).disabled = false;
  }
}, 1000);

async function flowsLook() {
  if (document.hidden) return;
  try {
    const f = await ask("/api/flows");
    $("prefect").href = f.ui;
    const bad = f.latest.filter((r) => ["failed", "crashed"].includes(r.state)).map((r) => r.flow);
    const newest = f.runs.find((r) => r.started_at);
    text("flows-say", !f.reachable ? "not reachable" : bad.length ? `${bad.length} failed` : f.latest.length ? `${f.latest.length} fine` : "none yet", bad.length || !f.reachable ? "bad" : "");
    text("flows-more", bad.length ? bad.join(", ") : newest ? `last at ${new Date(newest.started_at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}` : "");
    house.flows = f;
    if (view === flows) view.draw(house, new Set(["flows"]));
  } catch (error) { text("flows-say", "unknown", "bad"); text("flows-more", error.message); }
}
setInterval(flowsLook, 10000); setTimeout(flowsLook, 600);

$("halt").onclick = () => tell("/api/risk/halt", null, "POST", "", 3000);
$("pause").onclick = () => tell("/api/strategy/pause");
$("reduce").onclick = () => tell("/api/risk/reduce-only");
$("resume").onclick = async () => {
  if (house.pieces.status?.environment === "production" && !confirm("Quote again with real money?")) return;
  const refused = await tell("/api/strategy/resume", null, "POST", "daily_loss");
  if (refused?.reason && confirm(`${refused.error}.\n\nAccept the loss and quote again? The day's loss is then counted from here.`)) tell("/api/risk/accept-loss");
};
const themes = ["", "light", "dark"];
function theme(name) { document.documentElement.dataset.theme = name; localStorage.setItem("theme", name); }
theme(localStorage.getItem("theme") || "");
$("theme").onclick = () => { const next = themes[(themes.indexOf(document.documentElement.dataset.theme) + 1) % 3]; theme(next); toast(next || "as the system"); };
document.addEventListener("click", (e) => {
  const b = e.target.closest("button[data-toggle]");
  if (b) { e.stopPropagation(); tell(`/api/toggle/${encodeURIComponent(b.dataset.toggle)}`, { enabled: b.dataset.on !== "true" }); }
});
addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  const typing = e.target.matches?.("input, select, textarea");
  if (e.key === "Escape") { if (typing) e.target.blur(); else location.hash = "#/"; return; }
  if (typing) return;
  if (/^[1-6]$/.test(e.key)) location.hash = "#/" + (order[e.key - 1] === "overview" ? "" : order[e.key - 1]);
  if (e.key === "/") { const box = document.querySelector("input[type=search]"); if (box) { e.preventDefault(); box.focus(); } }
});
route();
