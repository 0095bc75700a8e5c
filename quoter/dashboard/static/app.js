"use strict";
// One page, fed once a second by /api/stream. Draws what it is told; decides nothing.
const $ = (id) => document.getElementById(id);
const usd = (v) => (v == null ? "–" : (v < 0 ? "−$" : "$") + Math.abs(v).toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 }));
const whole = (v) => usd(v).replace(/\.00$/, "");
const esc = (s) => String(s).replace(/[&<>"']/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[c]);
const sign = (v) => (v > 0.004 ? "good" : v < -0.004 ? "bad" : "soft");
const dated = (d) => new Date(d + "T12:00:00Z").toLocaleDateString("en-US", { weekday: "short", month: "short", day: "numeric", timeZone: "UTC" });
let last = null, open = null, heard = 0;

// Make a node's children what the markup says, changing only what differs: a row keeps its focus, a click its target.
function show(node, markup) {
  const wanted = node.cloneNode(false);
  wanted.innerHTML = markup;
  patch(node, wanted);
}
function patch(node, wanted) {
  [...wanted.childNodes].forEach((want, i) => {
    const have = node.childNodes[i];
    if (!have) node.append(want.cloneNode(true));
    else if (have.nodeName !== want.nodeName) have.replaceWith(want.cloneNode(true));
    else if (want.nodeType === Node.TEXT_NODE) { if (have.data !== want.data) have.data = want.data; }
    else {
      for (const a of [...have.attributes]) if (!want.hasAttribute(a.name)) have.removeAttribute(a.name);
      for (const a of want.attributes) if (have.getAttribute(a.name) !== a.value) have.setAttribute(a.name, a.value);
      patch(have, want);
    }
  });
  while (node.childNodes.length > wanted.childNodes.length) node.lastChild.remove();
}

async function post(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: body ? JSON.stringify(body) : null });
  if (!answer.ok) trouble([(await answer.json()).error]);
}
$("halt").onclick = () => post("/api/risk/halt");
$("pause").onclick = () => post("/api/strategy/pause");
$("resume").onclick = () => post("/api/strategy/resume");
$("filter").oninput = $("held").onchange = () => last && events(last.events);

function trouble(list) {
  $("trouble").hidden = !list.length;
  $("trouble").textContent = list.join(" · ");
}

function header(s) {
  $("state").textContent = s.state; $("state").className = "badge " + s.state;
  $("environment").textContent = s.environment; $("environment").className = "badge quiet " + s.environment;
  $("top").className = s.environment;
  document.title = `${s.state} ${usd(s.pnl_usd)} · kwm`;
  trouble([...(s.halted ? ["Halted: " + s.halted] : []), ...s.reasons.filter((r) => !s.halted || !r.startsWith("halted")), ...(s.publication_trouble ? ["Publication refused: " + s.publication_trouble] : [])]);
  $("pnl").textContent = usd(s.pnl_usd); $("pnl").className = sign(s.pnl_usd);
  $("pnl-more").textContent = `settled ${usd(s.realised_usd)}`;
  $("worst").textContent = `${usd(s.worst_usd)} of ${whole(s.limits.total_usd)}`; $("worst-meter").value = s.worst_usd / s.limits.total_usd;
  const loss = Math.max(0, -s.pnl_usd);
  $("daily").textContent = `${usd(loss)} of ${whole(s.limits.daily_usd)}`; $("daily-meter").value = loss / s.limits.daily_usd;
  $("quoting").textContent = `${s.markets_quoted} of ${s.markets}`; $("orders").textContent = `${s.working} working orders`;
  $("fills-n").textContent = s.counters.fills; $("fees").textContent = `fees ${usd(s.fees_usd)}`;
  $("age").textContent = s.publication_age_s == null ? "none yet" : `${Math.round(s.publication_age_s)} s old`;
  $("age").className = s.publication_left_s != null && s.publication_left_s < 0 ? "bad" : "";
  $("left").textContent = s.publication_left_s == null ? "" : `good for ${Math.max(0, Math.round(s.publication_left_s))} s`;
  $("feed").textContent = s.connected ? `${s.feed_age_s} s ago` : "down"; $("feed").className = s.connected ? "" : "bad";
  $("balance").textContent = s.balance_usd == null ? "" : `free ${usd(s.balance_usd)}`;
  $("halt").disabled = !!s.halted; $("pause").disabled = s.paused || !!s.halted; $("resume").disabled = !s.paused && !s.halted;
  $("run").textContent = `run ${s.run}, model ${s.model || "–"}`;
}

function curve(points) {
  const width = $("curve").clientWidth || 800;
  $("curve").setAttribute("viewBox", `0 0 ${width} 140`);
  if (points.length < 2) { $("curve").innerHTML = '<text x="12" y="24" fill="currentColor" opacity=".6" font-size="14">a point a minute: soon</text>'; return; }
  const xs = points.map((p) => p[0]), ys = points.map((p) => p[1]);
  const x0 = xs[0], x1 = xs[xs.length - 1] || 1, lo = Math.min(0, ...ys), hi = Math.max(0.01, ...ys);
  const X = (x) => 8 + ((x - x0) / (x1 - x0 || 1)) * (width - 16), Y = (y) => 128 - ((y - lo) / (hi - lo || 1)) * 112;
  const d = points.map((p, i) => `${i ? "L" : "M"}${X(p[0]).toFixed(1)},${Y(p[1]).toFixed(1)}`).join("");
  $("curve").innerHTML = `<line x1="0" x2="${width}" y1="${Y(0)}" y2="${Y(0)}" stroke="var(--line)"/><path d="${d}" fill="none" stroke="var(--accent)" stroke-width="2" vector-effect="non-scaling-stroke"/>` +
    `<text x="12" y="18" fill="currentColor" font-size="13" opacity=".7">${usd(ys[ys.length - 1])}</text>`;
}

function events(list) {
  const words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean), held = $("held").checked;
  const rows = list.filter((e) => words.every((w) => `${e.event} ${e.city} ${e.variable} ${e.day}`.toLowerCase().includes(w)))
    .filter((e) => !held || e.markets.some((m) => m.position));
  show($("events").tBodies[0], rows.map((e) => {
    const holding = e.markets.reduce((n, m) => n + Math.abs(m.position), 0);
    return `<tr tabindex="0" data-event="${esc(e.event)}" class="${open === e.event ? "open" : ""}"><td>${esc(e.city)} <b>${esc(e.variable)}</b> <span class="soft">${dated(e.day)}</span></td>` +
      `<td class="n">${e.mean_f == null ? "–" : `${e.mean_f}° ± ${e.sd_f}`}</td><td class="n wide">${e.quoted} of ${e.markets.length}</td><td class="n">${holding ? holding.toLocaleString() : "–"}</td>` +
      `<td class="n ${sign(e.pnl_usd)}">${usd(e.pnl_usd)}</td><td class="n">${usd(e.worst_usd)}</td></tr>`;
  }).join("") || '<tr><td colspan="6" class="soft">nothing here yet</td></tr>');
}
function choose(row) {
  if (!row || !row.dataset.event) return;
  open = open === row.dataset.event ? null : row.dataset.event;
  if (last) { events(last.events); detail(last.events); }
  if (open) $("detail").scrollIntoView({ block: "start" });
}
$("events").addEventListener("click", (e) => choose(e.target.closest("tr")));
$("events").addEventListener("keydown", (e) => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); choose(e.target.closest("tr")); } });
$("detail").addEventListener("click", (e) => {
  const b = e.target.closest("button[data-toggle]");
  if (b) post(`/api/toggle/${b.dataset.toggle}`, { enabled: b.dataset.on !== "true" });
});

async function detail(list) {
  const e = list.find((x) => x.event === open), box = $("detail");
  box.hidden = !e;
  if (!e) return;
  const ladder = await (await fetch(`/api/ladder/${encodeURIComponent(e.event)}`)).json();
  if (open !== e.event) return;
  const most = Math.max(...ladder.brackets.map((b) => b.fair_c), 1);
  const quote = (side) => (side.length ? side.map((o) => `${o.price_c}¢ × ${o.contracts}`).join(", ") : "");
  const cell = (side, reasons, css) => (side.length ? `<span class="${css}">${quote(side)}</span>` : `<span class="soft">${reasons.map(esc).join("; ") || "being placed"}</span>`);
  show(box, `<h2>${esc(e.city)} ${esc(e.variable)}, ${dated(e.day)} <button type="button" data-toggle="${esc(e.event)}" data-on="${e.enabled}">${e.enabled ? "switch off" : "switch on"}</button></h2>` +
    (e.quality.length ? `<p class="soft">${e.quality.map(esc).join("; ")}</p>` : "") +
    `<p>Can lose ${usd(e.worst_usd)} of ${usd(e.limit_usd)} (${usd(e.stress_usd)} if the brackets were not exclusive). ${e.observed_f == null ? "" : `Observed so far: ${e.observed_f}°.`}</p>` +
    `<div class="ladder" aria-label="what each outcome earns">` + ladder.brackets.map((b) => `<div><span>${esc(b.bracket)}</span><span class="bar"><i style="width:${(100 * b.fair_c) / most}%"></i></span>` +
      `<span class="n"><span class="${sign(b.held_usd)}">${usd(b.held_usd)}</span> <span class="soft" title="if everything working fills the worst way">(${usd(b.worst_usd)})</span></span></div>`).join("") + "</div>" +
    `<table><thead><tr><th>Bracket</th><th class="n">Fair</th><th class="n wide">Model</th><th class="n">Market</th><th>Our bid, or why not</th><th>Our ask, or why not</th><th class="n">Holding</th></tr></thead><tbody>` +
    e.markets.map((m) => `<tr><td>${esc(m.bracket)}</td><td class="n" data-label="fair">${m.fair_c == null ? "–" : m.fair_c + "¢"}</td><td class="n wide">${m.model_c == null ? "–" : m.model_c + "¢"}</td><td class="n" data-label="market">${m.bid_c == null ? "–" : m.bid_c} / ${m.ask_c == null ? "–" : m.ask_c}</td>` +
      `<td data-label="bid">${cell(m.our_bids, m.bid_reasons, "bid")}</td><td data-label="ask">${cell(m.our_asks, m.ask_reasons, "ask")}</td><td class="n" data-label="holding">${m.position || "–"}</td></tr>`).join("") + "</tbody></table>");
}

function rest(d) {
  show($("fills").tBodies[0], d.fills.slice(0, 25).map((f) => `<tr><td>${new Date(f.at).toLocaleTimeString()}</td><td>${esc(f.ticker)}</td><td class="${f.side}">${f.side === "bid" ? "bought" : "sold"}</td><td class="n">${f.price_c}¢</td><td class="n">${f.contracts}</td></tr>`).join("") || '<tr><td colspan="5" class="soft">none yet</td></tr>');
  show($("notes"), d.notes.slice().reverse().map((n) => `<li><span class="soft">${new Date(n.at).toLocaleTimeString()}</span> <b>${esc(n.kind)}</b> ${esc(n.words)}</li>`).join("") || '<li class="soft">nothing yet</li>');
}

function draw(d) { last = d; heard = Date.now(); header(d.status); curve(d.history); events(d.events); detail(d.events); rest(d); }
const stream = new EventSource("/api/stream");
stream.onmessage = (m) => draw(JSON.parse(m.data));
setInterval(() => {
  if (heard && Date.now() - heard > 5000) {
    $("state").textContent = "no word"; $("state").className = "badge halted";
    trouble([`Nothing heard from the quoter for ${Math.round((Date.now() - heard) / 1000)} s: what you see is old.`]);
  }
}, 1000);
