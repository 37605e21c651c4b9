"use strict";
// What pages do beyond htmx: charts from the numbers they carry, and failures said where one looks.

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function draw(place) {
  const told = JSON.parse(place.dataset.chart);
  const xs = told.labels.map((_, at) => at);
  const series = [{ value: (_, at) => (at == null ? "" : told.labels[at]) }];
  const data = [xs];
  const bands = [];
  told.series.forEach((one, number) => {
    if (one.low) {
      const at = data.length;
      data.push(one.high, one.low);
      const edge = { stroke: "transparent", points: { show: false }, value: () => null, label: "", show: true };
      series.push({ ...edge }, { ...edge });
      bands.push({ series: [at, at + 1], fill: colour("--band") });
    }
    const stroke = number === 0 ? colour("--accent") : colour("--soft");
    const bars = told.kind === "bars";
    series.push({
      label: one.name,
      stroke: bars ? undefined : stroke,
      fill: bars ? stroke : undefined,
      width: bars ? 0 : 2,
      dash: number ? [5, 4] : undefined,
      paths: bars ? uPlot.paths.bars({ size: [0.8, 60] }) : undefined,
      points: { show: !bars },
      spanGaps: false,
    });
    data.push(one.values);
  });
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--edge"), width: 0.5 }, ticks: { show: false }, font: "11px system-ui" };
  const many = Math.max(1, Math.ceil(told.labels.length / 6));
  new uPlot({
    width: Math.max(200, place.clientWidth),
    height: 190,
    cursor: { y: false },
    legend: { show: false },
    scales: { x: { time: false, range: (_, low, high) => [low - 0.5, high + 0.5] }, y: { range: (_, low, high) => within(told, low, high) } },
    axes: [
      { ...axis, splits: () => xs.filter((at) => at % many === 0), values: (_, all) => all.map((at) => told.labels[at] ?? "") },
      { ...axis, size: 44, values: (_, all) => all.map((value) => value.toLocaleString("en") + (told.unit || "")) },
    ],
    series, bands,
  }, data, place);
}

function within(told, low, high) {
  if (told.least !== undefined) low = Math.min(low ?? told.least, told.least);
  if (told.most !== undefined) high = Math.max(high ?? told.most, told.most);
  if (low == null || high == null) return [0, 1];
  if (low === high) return [low - 1, high + 1];
  const room = (high - low) * 0.06;
  return [told.least === low ? low : low - room, high + room];
}

function drawAll(within) {
  within.querySelectorAll("[data-chart]").forEach((place) => { place.replaceChildren(); draw(place); });
}

addEventListener("DOMContentLoaded", () => drawAll(document));
let waiting;
addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(() => drawAll(document), 200); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(document));
document.addEventListener("htmx:afterSwap", (event) => drawAll(event.detail.elt.parentElement || document));

function toast(words) {
  const place = document.getElementById("toast");
  place.textContent = words;
  setTimeout(() => { if (place.textContent === words) place.textContent = ""; }, 12000);
}
document.addEventListener("htmx:responseError", (event) => {
  const answer = event.detail.xhr;
  if (answer.status === 401) { location.assign("/sign-in?next=" + encodeURIComponent(location.pathname + location.search)); return; }
  let words = "That did not work (" + answer.status + ").";
  try { words = JSON.parse(answer.responseText).error.message; } catch { /* a page, not JSON: the status says it */ }
  toast(words);
});
document.addEventListener("htmx:sendError", () => toast("The server cannot be reached; nothing was changed."));
