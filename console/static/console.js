// What happens in an open page: the queue follows the feed, keys do what buttons do, a sound for each severity.
// Without scripts every page still works by its links and buttons.

// An open queue loads its lines once in so long, but a few times at once where it had been quiet: fifty of them at a
// busy border would otherwise ask for a thousand pages a second (docs/benchmarks-console.md).
const RELOAD_MS = 1_000;
const AT_ONCE = 5;
// Nobody is there who asks for these: they do not keep a session from ending (console/app.py).
const AUTOMATIC = { accept: "text/html", "x-linewatch-auto": "1" };
const page = document.body.dataset.page;
const byId = (id) => document.getElementById(id);

function isTyping(target) {
  return target.matches('input:not([type="radio"]), select, textarea');
}

// -- the queue ------------------------------------------------------------------------------------------------------

function followQueue() {
  const port = document.body.dataset.port;
  const query = port ? `?port=${encodeURIComponent(port)}` : "";
  let loading = false;
  let again = false;
  let due = -Infinity; // when the next load may begin, and less where some are in hand

  function state(text, live) {
    const place = byId("state");
    if (place.textContent !== text) place.textContent = text;
    place.dataset.live = live;
  }

  async function load() {
    if (loading) { again = true; return; }
    loading = true;
    due = Math.max(due, performance.now() - AT_ONCE * RELOAD_MS) + RELOAD_MS;
    try {
      const answer = await fetch(`/queue/lines${query}`, { headers: AUTOMATIC });
      if (answer.redirected || answer.status === 401) { location.assign("/login"); return; }
      if (answer.ok) show(await answer.text());
    } catch {
      state("no connection, trying again", "no");
    } finally {
      setTimeout(() => {
        loading = false;
        if (again) { again = false; load(); }
      }, Math.max(0, due - performance.now()));
    }
  }

  function show(html) {
    const before = new Set([...document.querySelectorAll(".line")].map((line) => line.dataset.alert));
    const focused = document.activeElement?.closest(".line")?.dataset.alert;
    const parsed = new DOMParser().parseFromString(html, "text/html");
    byId("lines").replaceChildren(...parsed.body.childNodes);
    const fresh = [...document.querySelectorAll(".line")].filter((line) => !before.has(line.dataset.alert));
    for (const line of fresh) line.classList.add("fresh");
    if (focused) document.querySelector(`.line[data-alert="${CSS.escape(focused)}"] a`)?.focus();
    document.title = `(${byId("count").dataset.count}) ${document.title.replace(/^\(\d+\) /, "")}`;
    if (fresh.length) {
      byId("said").textContent = `New alert: ${fresh[0].querySelector("a").innerText.replaceAll("\n", ", ")}`;
      ring(fresh);
    }
  }

  function listen() {
    const feed = new EventSource(`/feed${query}`);
    feed.addEventListener("open", () => { state("live", "yes"); load(); });
    feed.addEventListener("change", load);
    feed.addEventListener("reload", load);
    feed.addEventListener("error", () => {
      state("no connection, trying again", "no");
      if (feed.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      setTimeout(listen, 2_000); // it does not after an answer that is no feed: an error of a proxy, the login
      load();
    });
  }

  listen();
  setInterval(load, 60_000); // holds that ran out
  byId("port").addEventListener("change", (event) => event.target.form.submit());
}

// -- the ports ------------------------------------------------------------------------------------------------------

async function refresh() {
  try {
    const answer = await fetch(location.href, { headers: AUTOMATIC });
    if (answer.redirected) { location.assign("/login"); return; }
    if (!answer.ok) return; // what is shown says of when it is
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-part]")) { // each where it was scrolled to
      const now = fresh.getElementById(part.id);
      if (!now || now.innerHTML === part.innerHTML) continue;
      const link = document.activeElement !== part && part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      part.replaceChildren(...now.childNodes);
      if (link) part.querySelector(`a[href="${CSS.escape(link)}"]`)?.focus();
    }
  } catch { /* no connection: the next minute */ }
}

// -- sounds: none until somebody asks for them -----------------------------------------------------------------------

const TONES = { low: [], medium: [440], high: [660, 660], critical: [880, 660, 880] };
let sound = null;

function ring(lines) {
  if (!sound) return;
  const worst = ["critical", "high", "medium", "low"].find((s) => lines.some((line) => line.classList.contains(s)));
  TONES[worst].forEach((pitch, place) => {
    const tone = sound.createOscillator();
    const volume = sound.createGain();
    const at = sound.currentTime + 0.22 * place;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.15, at);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.2);
    tone.connect(volume).connect(sound.destination);
    tone.start(at);
    tone.stop(at + 0.2);
  });
}

function toggleSound() {
  const button = byId("sound");
  if (sound) { sound.close(); sound = null; } else { sound = new AudioContext(); }
  button.setAttribute("aria-pressed", String(Boolean(sound)));
}

// -- keys -----------------------------------------------------------------------------------------------------------

function move(step) {
  const links = [...document.querySelectorAll(".line a")];
  const here = links.indexOf(document.activeElement);
  links[Math.max(0, Math.min(links.length - 1, here < 0 ? 0 : here + step))]?.focus();
}

function skim() {
  const line = document.activeElement?.closest(".line a") ?? document.querySelector(".line a");
  if (line) location.assign(`${line.pathname}?skim=1${line.search.replace("?", "&")}`);
}

function choose(number) {
  const outcome = document.querySelectorAll(".outcomes fieldset")[number - 1];
  if (!outcome) return;
  const reasons = [...outcome.querySelectorAll("input")];
  const next = (reasons.findIndex((reason) => reason.checked) + 1) % reasons.length; // again: the next reason
  reasons[next].checked = true;
  reasons[next].focus();
}

const KEYS = {
  queue: { j: () => move(1), k: () => move(-1), s: skim, n: () => byId("next")?.click(), m: toggleSound },
  alert: { j: () => byId("after")?.click(), k: () => byId("before")?.click(), t: () => byId("take")?.click(), n: () => byId("next")?.click(), u: () => byId("undo")?.click(), Escape: () => (byId("leave") ?? byId("back")).click() },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target) && event.key !== "Escape") return;
  if (page === "alert" && /^[1-6]$/.test(event.key)) { choose(Number(event.key)); event.preventDefault(); return; }
  const action = KEYS[page]?.[event.key];
  if (action) { action(); event.preventDefault(); }
});

// -- start ----------------------------------------------------------------------------------------------------------

if (page === "queue") {
  byId("sound").addEventListener("click", toggleSound);
  followQueue();
}
if (page === "ports") setInterval(refresh, 60_000);
for (const form of document.querySelectorAll(".undo")) {
  setTimeout(() => form.remove(), Number(form.dataset.left)); // by the server's clock: this machine's may be wrong
}
