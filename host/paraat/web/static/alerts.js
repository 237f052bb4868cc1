// Sound, the banner, and what people answer: who has seen an alert, and a code that was heard over the radio.
// page.js, which is read after this, gives `texts`, `byId` and `fill`.
"use strict";

const SOUND_EVERY_MS = 8000;
const NAME_KEY = "paraat.name";
const SOUND_KEY = "paraat.sound";

// --- sound: made here, because there may be no internet; a browser lets a page sound only after somebody touched it ---

const sound = { context: null, wanted: kept(SOUND_KEY) === "on" };

function kept(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // a browser that keeps nothing
  }
}

function keep(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // then it asks again next time
  }
}

const isSounding = () => sound.wanted && sound.context !== null && sound.context.state === "running";

async function wake() {
  if (!sound.wanted) return;
  sound.context ??= new AudioContext();
  sound.context.onstatechange = showSound;
  if (sound.context.state !== "running") await sound.context.resume();
  showSound();
}

function showSound() {
  const on = isSounding();
  const button = byId("sound");
  button.hidden = false;
  button.setAttribute("aria-pressed", String(on));
  byId("sound-word").textContent = texts[on ? "sound.on" : "sound.off"];
  document.documentElement.classList.toggle("is-mute", !on);
}

function tone(hertz, after_s, for_s) {
  const { context } = sound;
  const at = context.currentTime + after_s;
  const oscillator = context.createOscillator();
  const volume = context.createGain();
  oscillator.type = "square";
  oscillator.frequency.value = hertz;
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(0.35, at + 0.01);
  volume.gain.setValueAtTime(0.35, at + for_s - 0.02);
  volume.gain.linearRampToValueAtTime(0, at + for_s);
  oscillator.connect(volume).connect(context.destination);
  oscillator.start(at);
  oscillator.stop(at + for_s);
}

function alarm() {
  for (let turn = 0; turn < 3; turn++) {
    tone(960, turn * 0.6, 0.25);
    tone(720, turn * 0.6 + 0.28, 0.25);
  }
}

// While an alert waits for somebody, and while the page cannot know whether one does.
const mustSound = () => byId("banner").childElementCount > 0 || document.documentElement.classList.contains("is-dead");

function soundIfNeeded() {
  if (isSounding() && mustSound()) alarm();
}

async function toggleSound() {
  sound.wanted = !isSounding();
  keep(SOUND_KEY, sound.wanted ? "on" : "off");
  if (sound.wanted) {
    await wake();
    if (isSounding()) tone(960, 0, 0.2); // so that somebody hears that it works
    return;
  }
  await sound.context.suspend();
  showSound();
}

// --- who has seen an alert ---

let asked = null; // the id of the alert that the dialog is about

function ask(button) {
  asked = button.dataset.asks;
  const form = byId("who").querySelector("form");
  byId("who-what").textContent = button.dataset.what;
  byId("who-said").textContent = "";
  form.elements.by.value = kept(NAME_KEY) ?? "";
  byId("who").showModal();
  form.elements.by.select();
}

async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error);
  return said;
}

async function acknowledge(event) {
  event.preventDefault();
  const by = event.target.elements.by.value.trim();
  if (!by) return;
  try {
    await post(`/api/v1/alerts/${asked}/acknowledge`, { by });
  } catch (error) {
    byId("who-said").textContent = fill("who.failed", { why: error.message });
    return;
  }
  keep(NAME_KEY, by);
  byId("who").close();
}

// --- a code that was heard over the radio ---

async function enterCode(event) {
  event.preventDefault();
  const { code, by } = event.target.elements;
  const said = byId("code-said");
  said.classList.remove("bad");
  try {
    const found = await post("/api/v1/codes", { code: code.value, by: by.value.trim() });
    const again = found.again ? ` ${texts["code.again"]}` : "";
    said.textContent = `${found.said}${again} ${fill("code.answer", { answer: found.answer.split("").join(" ") })}`;
    code.value = "";
  } catch (error) {
    said.classList.add("bad");
    said.textContent = error.message;
    code.select();
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-asks]");
  if (button !== null) ask(button);
  else if (event.target.closest("#sound") === null) wake(); // the first touch lets a page that wants to sound do so
});
document.addEventListener("keydown", wake);
addEventListener("DOMContentLoaded", () => {
  showSound();
  wake(); // a browser that was started for it, as a kiosk's, lets the page sound at once
  byId("sound").addEventListener("click", toggleSound);
  byId("who").querySelector("form").addEventListener("submit", acknowledge);
  byId("who-cancel").addEventListener("click", () => byId("who").close());
  byId("code").addEventListener("submit", enterCode);
  setInterval(soundIfNeeded, SOUND_EVERY_MS);
});
