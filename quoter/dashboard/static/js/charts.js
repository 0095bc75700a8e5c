// Charts as SVG text: a spark line, the day's curve, the outcome ladder, a market through its day. Draws what it is given.
import { clock, esc, num, usd } from "./dom.js";

const scale = (lo, hi, from, to) => (v) => from + ((v - lo) / (hi - lo || 1)) * (to - from);
const line = (points) => points.map((p, i) => `${i ? "L" : "M"}${p[0].toFixed(1)},${p[1].toFixed(1)}`).join("");
function steps(xs, ys, X, Y) { // a price holds until it changes; a gap where there was none
  let d = "", pen = false, last = 0;
  ys.forEach((y, i) => {
    if (y == null) { pen = false; return; }
    d += pen ? `H${X(xs[i]).toFixed(1)}V${Y(y).toFixed(1)}` : `M${X(xs[i]).toFixed(1)},${Y(y).toFixed(1)}`;
    pen = true; last = i;
  });
  return d + (pen && last === ys.length - 1 ? "h1" : "");
}
function nice(lo, hi, about = 4) {
  const raw = (hi - lo || 1) / about, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw);
  const found = [];
  for (let v = Math.ceil(lo / step) * step; v <= hi + step / 1e6; v += step) found.push(Math.abs(v) < step / 1e6 ? 0 : v);
  return found;
}
const width = (node, least = 280) => Math.max(least, node.clientWidth || 700);

export function spark(node, points) {
  const w = 120, h = 28;
  node.setAttribute("viewBox", `0 0 ${w} ${h}`);
  if (points.length < 2) { node.innerHTML = ""; return; }
  const ys = points.map((p) => p[1]), X = scale(points[0][0], points.at(-1)[0], 1, w - 1), Y = scale(Math.min(0, ...ys), Math.max(0.01, ...ys), h - 2, 2);
  node.innerHTML = `<line x1="0" x2="${w}" y1="${Y(0)}" y2="${Y(0)}" class="axis"/><path d="${line(points.map((p) => [X(p[0]), Y(p[1])]))}" class="ours-line"/>`;
}

export function curve(node, points) {
  const w = width(node), h = 170, left = 52, bottom = h - 20;
  node.setAttribute("viewBox", `0 0 ${w} ${h}`); node.setAttribute("height", h);
  if (points.length < 2) { node.innerHTML = `<text x="12" y="24" class="label">a point a minute: the curve begins soon</text>`; return; }
  const ys = points.map((p) => p[1]), lo = Math.min(0, ...ys), hi = Math.max(0.1, ...ys);
  const X = scale(points[0][0], points.at(-1)[0], left, w - 8), Y = scale(lo, hi, bottom, 10);
  const rows = nice(lo, hi).map((v) => `<line x1="${left}" x2="${w - 8}" y1="${Y(v)}" y2="${Y(v)}" class="${v ? "grid" : "axis"}"/><text x="${left - 6}" y="${Y(v) + 4}" class="label end">${usd(v)}</text>`).join("");
  const spots = points.map((p) => [X(p[0]), Y(p[1])]);
  const area = `${line(spots)}L${spots.at(-1)[0]},${Y(0)}L${spots[0][0]},${Y(0)}Z`;
  node.innerHTML = rows + `<path d="${area}" class="wash"/><path d="${line(spots)}" class="ours-line"/>` +
    `<text x="${left}" y="${h - 4}" class="label">${clock(points[0][0]).slice(0, 5)}</text><text x="${w - 8}" y="${h - 4}" class="label end">${clock(points.at(-1)[0]).slice(0, 5)}</text>`;
}

// Above: how likely each whole degree is, by the forecast (bars) and by the market (line). Below: what each would earn.
export function ladder(node, found, chosen) {
  const w = width(node), left = 52, right = w - 10, top = 14, middle = 118, gap = 18, bottom = 262, h = 292;
  node.setAttribute("viewBox", `0 0 ${w} ${h}`); node.setAttribute("height", h);
  const rows = found.degrees;
  if (!rows.length) { node.innerHTML = `<text x="12" y="24" class="label">no forecast distribution published</text>`; return; }
  const f0 = rows[0].f - 0.5, f1 = rows.at(-1).f + 0.5, X = scale(f0, f1, left, right), step = X(1) - X(0);
  const most = Math.max(...rows.map((r) => Math.max(r.model, r.market ?? 0)), 0.01), P = scale(0, most, middle, top);
  const money = rows.flatMap((r) => [r.held_usd ?? 0, r.worst_usd ?? 0]), lo = Math.min(-0.5, ...money), hi = Math.max(0.5, ...money), M = scale(lo, hi, bottom, middle + gap);
  let svg = "";
  for (const r of found.brackets) { // where one bracket ends and the next begins
    if (r.low != null) svg += `<line x1="${X(r.low - 0.5)}" x2="${X(r.low - 0.5)}" y1="${top}" y2="${bottom}" class="grid"/>`;
  }
  svg += `<text x="${left - 6}" y="${top + 8}" class="label end">${num(100 * most)}%</text>`;
  svg += rows.map((r) => `<rect x="${X(r.f - 0.5) + 1}" width="${Math.max(1, step - 2)}" y="${P(r.model)}" height="${middle - P(r.model)}" class="model"/>`).join("");
  if (rows.some((r) => r.market != null)) {
    let d = `M${X(f0)},${P(rows[0].market ?? 0)}`;
    for (const r of rows) d += `H${X(r.f - 0.5)}V${P(r.market ?? 0)}H${X(r.f + 0.5)}`;
    svg += `<path d="${d}" class="market-line"/>`;
  }
  for (const v of nice(lo, hi, 3)) svg += `<line x1="${left}" x2="${right}" y1="${M(v)}" y2="${M(v)}" class="${v ? "grid" : "axis"}"/><text x="${left - 6}" y="${M(v) + 4}" class="label end">${usd(v, 0)}</text>`;
  let held = "", worst = "", back = "";
  rows.forEach((r, i) => {
    const a = X(r.f - 0.5).toFixed(1), b = X(r.f + 0.5).toFixed(1), y = M(r.held_usd ?? 0).toFixed(1), z = M(r.worst_usd ?? 0).toFixed(1);
    held += `${i ? "V" : `M${a},`}${y}H${b}`; worst += `${i ? "V" : `M${a},`}${z}H${b}`;
    back = `L${b},${z}L${a},${z}` + back;
  });
  svg += `<path d="${held}${back}Z" class="band"/><path d="${worst}" class="worst-line"/><path d="${held}" class="ours-line"/>`;
  const every = Math.max(1, Math.ceil(34 / step));
  svg += rows.filter((r) => r.f % every === 0).map((r) => `<text x="${X(r.f)}" y="${h - 14}" class="label mid">${r.f}°</text>`).join("");
  if (found.observed_f != null && found.observed_f >= f0 && found.observed_f <= f1) svg += `<line x1="${X(found.observed_f)}" x2="${X(found.observed_f)}" y1="${top}" y2="${bottom}" class="seen"/><text x="${X(found.observed_f) + 4}" y="${top + 8}" class="label">seen ${found.observed_f}°</text>`;
  if (chosen != null) svg += `<line x1="${X(chosen)}" x2="${X(chosen)}" y1="${top}" y2="${bottom}" class="chosen"/>`;
  node.innerHTML = svg;
}

export function day(node, s, now) {
  const w = width(node), h = 210, left = 40, right = w - 10, bottom = h - 22, top = 8;
  node.setAttribute("viewBox", `0 0 ${w} ${h}`); node.setAttribute("height", h);
  if (s.at_ms.length < 2) { node.innerHTML = `<text x="12" y="24" class="label">a sample every ten seconds: the day begins soon</text>`; return; }
  const all = [s.fair_c, s.bid_c, s.ask_c, s.our_bid_c, s.our_ask_c].flat().filter((v) => v != null);
  const lo = Math.max(0, Math.min(...all) - 2), hi = Math.min(100, Math.max(...all) + 2), ahead = (s.at_ms.at(-1) - s.at_ms[0]) * 0.06;
  const X = scale(s.at_ms[0], s.at_ms.at(-1) + ahead, left, right), Y = scale(lo, hi, bottom, top);
  let svg = nice(lo, hi).map((v) => `<line x1="${left}" x2="${right}" y1="${Y(v)}" y2="${Y(v)}" class="grid"/><text x="${left - 6}" y="${Y(v) + 4}" class="label end">${num(v, 1)}¢</text>`).join("");
  for (const r of s.windows) { // releases: quotes widen, or are pulled
    if (r.end_ms < s.at_ms[0] || r.start_ms > s.at_ms.at(-1) + ahead) continue;
    const a = Math.max(left, X(r.start_ms)), b = Math.min(right, X(r.end_ms));
    svg += `<rect x="${a}" width="${Math.max(2, b - a)}" y="${top}" height="${bottom - top}" class="release"><title>${esc(r.reason)}: ${r.widen ? `quotes ${r.widen} times as wide` : "quotes pulled"}</title></rect>` +
      `<text x="${a + 3}" y="${top + 10}" class="label">${esc(r.reason)}</text>`;
  }
  const rise = (ys, css) => `<path d="${steps(s.at_ms, ys, X, Y)}" class="${css}"/>`;
  svg += rise(s.bid_c, "market-line thin") + rise(s.ask_c, "market-line thin") + rise(s.our_bid_c, "bid-line") + rise(s.our_ask_c, "ask-line") + rise(s.fair_c, "ours-line");
  svg += `<text x="${left}" y="${h - 6}" class="label">${clock(s.at_ms[0]).slice(0, 5)}</text><text x="${right}" y="${h - 6}" class="label end">${clock(now).slice(0, 5)}</text>`;
  node.innerHTML = svg;
}
