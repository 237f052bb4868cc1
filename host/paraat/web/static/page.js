// Keeps the page live. The server says what is so; this file swaps the parts that changed, lets the ages tick, and
// takes the page's word back as soon as it cannot know any more: a page without a stream never says "fine".
"use strict";

const SILENCE_MS = 8000; // the server is heard each 2 s
const RETRY_MS = 2000;

const root = document.documentElement;
const texts = JSON.parse(document.body.dataset.texts);
const byId = (id) => document.getElementById(id);
const fill = (key, values) => texts[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);

// The service's own clock: in a demo it runs faster than the wall's, so its rate is measured from what the server says.
const clock = {
  base: Number(root.dataset.now),
  at: performance.now(),
  rate: 1,
  first: null,
  now() {
    return this.base + ((performance.now() - this.at) / 1000) * this.rate;
  },
  set(now) {
    const at = performance.now();
    if (this.first === null || now < this.first.now) this.first = { now, at };
    const elapsed = (at - this.first.at) / 1000;
    if (elapsed > 1) this.rate = (now - this.first.now) / elapsed;
    if (elapsed > 10) this.first = { now, at };
    this.base = now;
    this.at = at;
  },
};

const timeOfDay = new Intl.DateTimeFormat(root.lang, {
  timeZone: root.dataset.zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});
const clockText = (t) => timeOfDay.format(new Date(t * 1000));

// As Words.ago in texts/__init__.py.
function ago(seconds) {
  for (const [key, unit, below] of [["ago.s", 1, 60], ["ago.min", 60, 6000], ["ago.h", 3600, 172800]]) {
    if (seconds < below) return fill(key, { n: Math.max(0, Math.floor(seconds / unit)) });
  }
  return fill("ago.d", { n: Math.floor(seconds / 86400) });
}

function tick() {
  const now = clock.now();
  for (const element of document.querySelectorAll("time.age")) {
    const text = fill(element.dataset.key, { ago: ago(now - Number(element.dataset.t)) });
    if (element.textContent !== text) element.textContent = text;
  }
  byId("clock").textContent = clockText(now);
  if (retry === null && silenceMs() > SILENCE_MS) reconnect();
}

// --- what the server says ---------------------------------------------------------------------------------------

let stream = null;
let heard = { performance: performance.now(), wall: Date.now(), now: clock.base };
let title = document.title;
let retry = null; // the timer of the next attempt, while there is no stream

// Both clocks, because one of them may stand still while a laptop sleeps.
const silenceMs = () => Math.max(performance.now() - heard.performance, Date.now() - heard.wall);

function connect() {
  retry = null;
  clock.first = null;
  heard.performance = performance.now();
  heard.wall = Date.now();
  stream = new EventSource(`/events${location.search}`);
  stream.addEventListener("stand", (event) => onStand(JSON.parse(event.data)));
  stream.addEventListener("broken", (event) => onBroken(JSON.parse(event.data)));
  stream.onerror = reconnect;
}

function reconnect() {
  die(fill("dead.since", { time: clockText(heard.now) }));
  stream.close();
  clearTimeout(retry);
  retry = setTimeout(connect, RETRY_MS);
}

function hear(now) {
  clock.set(now);
  heard = { performance: performance.now(), wall: Date.now(), now };
}

function onStand(stand) {
  if (stand.build !== undefined && stand.build !== root.dataset.build) {
    location.reload();
    return;
  }
  hear(stand.now);
  if (stand.head !== undefined) byId("counts").innerHTML = stand.head;
  if (stand.host !== undefined) byId("host").innerHTML = stand.host;
  if (stand.more !== undefined) byId("points-more").innerHTML = stand.more;
  if (stand.more_alerts !== undefined) byId("alerts-more").innerHTML = stand.more_alerts;
  if (stand.banner !== undefined) {
    byId("banner").innerHTML = stand.banner;
    soundIfNeeded();
  }
  if (stand.title !== undefined) title = stand.title;
  if (stand.alerts !== undefined) announce(patch("alerts", stand.alerts));
  if (stand.cards !== undefined) patch("points", stand.cards);
  revive();
  tick();
}

function onBroken(broken) {
  hear(broken.now);
  die(texts.broken);
}

// Bring the list `id` in the wanted order, with the items whose HTML came put in place. Returns the new items.
function patch(id, { order, html }) {
  const list = byId(id);
  const items = new Map(Array.from(list.children, (item) => [item.dataset.key, item]));
  const template = document.createElement("template");
  const added = [];
  for (const [key, text] of Object.entries(html)) {
    template.innerHTML = text;
    const item = template.content.firstElementChild;
    if (items.has(key)) {
      for (const open of items.get(key).querySelectorAll("details[open]")) {
        item.querySelector(`details[data-key="${open.dataset.key}"]`)?.setAttribute("open", "");
      }
      items.get(key).replaceWith(item);
    }
    else added.push(item);
    items.set(key, item);
  }
  const wanted = new Set(order);
  for (const [key, item] of items) if (!wanted.has(key)) item.remove();
  order.forEach((key, place) => {
    const item = items.get(key);
    if (list.children[place] !== item) list.insertBefore(item, list.children[place] ?? null);
  });
  byId(`${id}-none`).hidden = order.length > 0;
  return added;
}

function announce(added) {
  const said = added.map((item) => item.dataset.say).filter((say) => say);
  if (said.length > 0) byId("announce").textContent = said.join(". ");
}

// --- alive or dead ----------------------------------------------------------------------------------------------

function die(reason) {
  root.classList.add("is-dead");
  root.classList.remove("is-live");
  document.title = `${texts.dead} – ${title}`;
  const banner = byId("dead");
  const words = `${texts.dead}. ${reason}`;
  if (banner.textContent === words) return; // said once, not at every attempt
  const strong = document.createElement("strong");
  strong.textContent = `${texts.dead}.`;
  banner.replaceChildren(strong, ` ${reason}`);
}

function revive() {
  root.classList.remove("is-dead");
  root.classList.add("is-live");
  document.title = title;
  byId("dead").replaceChildren();
}

document.addEventListener("visibilitychange", tick);
// A page that comes back from the browser's memory still shows what was so when it was left.
addEventListener("pageshow", (event) => {
  if (event.persisted) reconnect();
});
connect();
tick();
setInterval(tick, 1000);
