"use strict";
// Tells of each picture how it came: what the first answer cost, then what a second one costs.
// The page works without any of this.

const ACCEPT = "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5";
const waiting = [];
const total = { pictures: 0, bytes: 0, times: [] };
let busy = false;

const milliseconds = (value) => (value < 9.95 ? value.toFixed(1) : Math.round(value)) + " ms";
const spent = (note) => note.responseEnd - note.requestStart;
const size = (bytes) => (bytes < 1000 ? bytes + " B" : (bytes / 1000).toFixed(bytes < 99500 ? 1 : 0) + " kB");
const kind = (type) => (type || "").replace("image/", "").replace("+xml", "").toUpperCase();

// RFC 9211: `resizer; hit; detail=memory`, or `resizer; fwd=uri-miss; stored`
function cache(header) {
  const detail = /detail="?([\w-]+)/.exec(header || "");
  if (/;\s*hit/.test(header || "")) return detail ? detail[1] : "hit";
  return header ? "miss" : "answer";
}

// What the browser noted when it loaded this itself; null when it did not, or had it already.
function firstAnswer(address) {
  const notes = performance.getEntriesByName(address, "resource");
  const note = notes.find((entry) => entry.responseEnd > 0);
  if (!note || !note.transferSize) return null;
  const made = (note.serverTiming || []).some((part) => part.name === "render");
  const label = made ? "miss" : (note.serverTiming || []).length ? "answer" : "hit";
  return label + " " + milliseconds(spent(note));
}

async function ask(address) {
  const start = performance.now();
  const answer = await fetch(address, { headers: { Accept: ACCEPT }, cache: "no-store" });
  const bytes = (await answer.arrayBuffer()).byteLength;
  const note = performance.getEntriesByName(address, "resource").findLast((entry) => entry.startTime >= start);
  const time = note ? spent(note) : performance.now() - start;
  return { ok: answer.ok, status: answer.status, bytes, time, type: answer.headers.get("content-type"), cache: cache(answer.headers.get("cache-status")) };
}

async function tell(address, before, output, after) {
  const answer = await ask(address);
  if (!answer.ok) return void (output.value = "error " + answer.status);
  const now = answer.cache + " " + milliseconds(answer.time);
  output.value = kind(answer.type) + " " + size(answer.bytes) + " · " + (before ? before + " → " + now : now);
  total.pictures += 1;
  total.bytes += answer.bytes;
  total.times.push(answer.time);
  count();
  if (after) after(answer);
}

function count() {
  const place = document.getElementById("count");
  const middle = [...total.times].sort((a, b) => a - b)[total.times.length >> 1];
  place.textContent = total.pictures + " pictures · " + size(total.bytes) + " · asked again, half of them within " + milliseconds(middle);
  place.hidden = false;
}

// One at a time, once the page has loaded: pictures come first, and a time is of one answer alone.
function queue(work) {
  waiting.push(work);
  next();
}

function next() {
  if (busy || document.readyState !== "complete" || !waiting.length) return;
  busy = true;
  waiting.shift()().catch(() => {}).finally(() => { busy = false; next(); });
}

function watch(image) {
  const figure = image.closest("figure");
  if (!figure) return;
  const told = () => queue(() => tell(image.currentSrc, firstAnswer(image.currentSrc), figure.querySelector("output")));
  if (image.complete && image.naturalWidth) told();
  else image.addEventListener("load", told, { once: true });
  image.addEventListener("error", () => { figure.querySelector("output").value = "could not be made"; }, { once: true });
}

function weigh(items) {
  let largest = 1;
  const bars = [];
  const draw = () => bars.forEach(([bar, bytes]) => { bar.style.width = (100 * bytes) / largest + "%"; });
  for (const item of items) {
    const twice = async () => {
      const first = await ask(item.dataset.url);
      await tell(item.dataset.url, first.cache + " " + milliseconds(first.time), item.querySelector("output"), (answer) => {
        largest = Math.max(largest, answer.bytes);
        bars.push([item.querySelector("i"), answer.bytes]);
        draw();
      });
    };
    queue(twice);
  }
}

function copyable(line) {
  if (!navigator.clipboard) return;
  const button = document.createElement("button");
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(line.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  line.closest("li").append(button);
}

performance.setResourceTimingBufferSize(1000);
document.querySelectorAll("img").forEach(watch);
document.querySelectorAll("pre code").forEach(copyable);
weigh(document.querySelectorAll(".formats li"));
addEventListener("load", () => setTimeout(next));
