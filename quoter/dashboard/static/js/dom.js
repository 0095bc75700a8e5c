// Small tools: find, format, change only what differs, ask and tell the quoter. Knows nothing of markets.
export const $ = (id) => document.getElementById(id);
export const usd = (v, digits = 2) => (v == null ? "–" : (v < -0.004 ? "−$" : "$") + Math.abs(v).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
export const whole = (v) => usd(v, Number.isInteger(v) ? 0 : 2);
export const num = (v, digits = 0) => (v == null ? "–" : v.toLocaleString("en-US", { maximumFractionDigits: digits }));
export const cents = (v) => (v == null ? "–" : `${num(v, 1)}¢`);
export const esc = (s) => String(s).replace(/[&<>"']/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[c]);
export const sign = (v) => (v > 0.004 ? "good" : v < -0.004 ? "bad" : "soft");
export const dated = (d) => (d ? new Date(d + "T12:00:00Z").toLocaleDateString("en-US", { weekday: "short", month: "short", day: "numeric", timeZone: "UTC" }) : "");
export const short = (d) => (d ? new Date(d + "T12:00:00Z").toLocaleDateString("en-US", { month: "short", day: "numeric", timeZone: "UTC" }) : "");
export const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
export const lasting = (s) => (s == null ? "–" : s < 90 ? `${Math.round(s)} s` : s < 5400 ? `${Math.round(s / 60)} min` : `${(s / 3600).toFixed(1)} h`);

// Make a node's children what the markup says, changing only what differs: a row keeps its focus, a click its target.
export function show(node, markup) {
  if (!node || node.shown === markup) return;
  node.shown = markup;
  const wanted = node.cloneNode(false);
  wanted.innerHTML = markup;
  patch(node, wanted);
}
function patch(node, wanted) {
  [...wanted.childNodes].forEach((want, i) => {
    const have = node.childNodes[i];
    if (!have) node.append(want.cloneNode(true));
    else if (have.nodeName !== want.nodeName || (have.dataset?.key ?? "") !== (want.dataset?.key ?? "")) have.replaceWith(want.cloneNode(true));
    else if (want.nodeType === Node.TEXT_NODE) { if (have.data !== want.data) have.data = want.data; }
    else if (have.nodeType === Node.ELEMENT_NODE) {
      for (const a of [...have.attributes]) if (!want.hasAttribute(a.name)) have.removeAttribute(a.name);
      for (const a of want.attributes) if (have.getAttribute(a.name) !== a.value) have.setAttribute(a.name, a.value);
      if (have === document.activeElement && have.matches("input, select")) return; // never under a person's hands
      patch(have, want);
    }
  });
  while (node.childNodes.length > wanted.childNodes.length) node.lastChild.remove();
}
export function text(id, words, css) {
  const node = $(id);
  if (node.textContent !== words) node.textContent = words;
  if (css !== undefined && node.className !== css) node.className = css;
}

const SILENT_MS = 15000, NOBODY = "The quoter does not answer";
async function answered(path, options = {}) { // [answer, what it says]; the quoter's words or ours, never a page that is silent
  try {
    const answer = await fetch(path, { ...options, signal: AbortSignal.timeout(options.within ?? SILENT_MS) });
    return [answer, await answer.json()];
  } catch { throw Object.assign(new Error(NOBODY), { reason: "no_answer", status: 0 }); }
}
export async function ask(path) {
  const [answer, found] = await answered(path);
  if (!answer.ok) throw Object.assign(new Error(found.error || `${answer.status}`), { reason: found.reason, status: answer.status });
  return found;
}
// The answer, or null after saying why not; a refusal for `expected` comes back to who asked.
export async function tell(path, body, method = "POST", expected = "", within = SILENT_MS) {
  try {
    const [answer, found] = await answered(path, { method, within, headers: { "Content-Type": "application/json" }, body: body ? JSON.stringify(body) : null });
    if (!answer.ok && expected && found.reason === expected) return found;
    toast(answer.ok ? found.words || "done" : found.error, !answer.ok);
    return answer.ok ? found : null;
  } catch (error) { toast(`${error.message}: nobody knows whether it heard this. In a terminal, kwm kill takes our orders away without it.`, true); return null; }
}
let fading = 0;
export function toast(words, bad = false) {
  const node = $("toast");
  node.textContent = words; node.className = bad ? "bad" : ""; node.hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => { node.hidden = true; }, bad ? 12000 : 4000);
}
