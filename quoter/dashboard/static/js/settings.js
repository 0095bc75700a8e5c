// Every setting with what it means; those that may change while quoting have a field.
import { $, ask, esc, show, tell } from "./dom.js";

let all = [];
const headings = { quoting: "How quotes are made", risk: "What may be lost", events: "Which events", engine: "Timing and identity", exchange: "The exchange", weather: "The weather", flows: "The flows", storage: "Storage", dashboard: "This page", prefect: "Prefect", alerts: "Alerts" };

export function enter(node) {
  node.innerHTML = `<section><h2>Settings</h2><p class="tools"><input id="filter" type="search" placeholder="edge, loss, size" aria-label="filter settings"> <label><input id="lasting" type="checkbox"> write into the settings file, so that it lasts</label> <button id="save" type="button" class="go" disabled>Change</button></p>
    <p class="soft">A change is checked as the file is, journalled, and in force at once. Without the tick it ends with this run of the quoter.</p><div id="settings"></div></section>`;
  $("filter").oninput = rows;
  $("settings").addEventListener("input", () => { $("save").disabled = !Object.keys(changes()).length; });
  $("settings").addEventListener("keydown", (e) => { if (e.key === "Enter" && e.target.matches("input")) { e.target.blur(); save(); } });
  $("save").onclick = save;
  look();
}
async function look() { all = (await ask("/api/config")).settings; if ($("settings")) { $("settings").shown = undefined; $("settings").replaceChildren(); rows(); } }
const written = (s) => (s.kind === "list" ? s.value.join(", ") : String(s.value));
function typed(s, value) {
  if (s.kind === "list") return value.split(",").map((x) => x.trim()).filter(Boolean);
  if (s.kind === "number" || s.kind === "whole") return value.trim() === "" || Number.isNaN(+value) ? value : +value;
  return value.trim();
}
function changes() {
  const found = {};
  for (const box of $("settings").querySelectorAll("input[data-key-of]")) {
    const s = all.find((x) => x.key === box.dataset.keyOf);
    if (s && box.value !== written(s)) found[s.key] = typed(s, box.value);
  }
  return found;
}
async function save() {
  const wanted = changes();
  if (Object.keys(wanted).length && (await tell("/api/config", { changes: wanted, lasting: $("lasting").checked }, "PATCH"))) { await look(); $("save").disabled = true; }
}
function rows() {
  const words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const fit = all.filter((s) => words.every((w) => `${s.key} ${s.words}`.toLowerCase().includes(w)));
  const sections = [...new Set(fit.map((s) => s.key.split(".")[0]))].sort((a, b) => fit.some((s) => s.live && s.key.startsWith(b + ".")) - fit.some((s) => s.live && s.key.startsWith(a + ".")));
  const unit = { dollars: "$", contracts: "contracts" };
  show($("settings"), sections.map((name) => `<h3>${esc(headings[name] || name)} <small class="soft">[${esc(name)}]</small></h3><div class="settings">` + fit.filter((s) => s.key.startsWith(name + ".")).map((s) => {
    const key = s.key.split(".")[1], id = "set-" + s.key.replace(".", "-");
    return `<div data-key="${esc(s.key)}"><label for="${id}">${esc(key)}</label><span class="value">${s.live ? `<input id="${id}" data-key-of="${esc(s.key)}" value="${esc(written(s))}" autocomplete="off" spellcheck="false">` : `<output id="${id}">${esc(written(s)) || "–"}</output>`} <small class="soft">${unit[s.kind] || ""}</small></span><span class="soft words">${esc(s.words)}${s.live ? "" : " <small>(at the next start)</small>"}</span></div>`.replace("&lt;small&gt;", "<small>");
  }).join("") + "</div>").join("") || '<p class="soft">No setting fits.</p>');
}
export function draw() {}
