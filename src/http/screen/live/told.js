/* What a page tells of itself: times in words, how fresh it is, and the buttons that copy. */

/* --- time in words, as words.rs has them --- */

let drawnAt = 0;
let drawnClock = 0;
const noteDrawn = () => {
  const at = $('footer time');
  drawnAt = at ? Date.parse(at.dateTime) : Date.now();
  drawnClock = performance.now();
};
// By the clock of the server: that of the reader may be wrong.
const now = () => drawnAt + (performance.now() - drawnClock);

const number = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, ',');
const span = (seconds) => {
  if (seconds < 60) return seconds + ' s';
  if (seconds < 3600) return Math.floor(seconds / 60) + ' min';
  if (seconds < 172800) return Math.floor(seconds / 3600) + ' h';
  return number(Math.floor(seconds / 86400)) + ' d';
};
const told = (how, at) => {
  const seconds = Math.floor((how === 'in' ? at - now() : now() - at) / 1000);
  if (how === 'in') return seconds < 1 ? 'now' : 'in ' + span(seconds);
  if (seconds < 5) return 'just now';
  return how === 'for' ? 'for ' + span(seconds) : span(seconds) + ' ago';
};
const retell = () => {
  for (const it of $$('time[data-told]')) {
    const words = told(it.dataset.told, Date.parse(it.dateTime));
    if (it.textContent !== words) it.textContent = words;
  }
};

/* --- what the foot and the head say about freshness --- */

const say = (text) => {
  const it = $('#fresh');
  if (it && it.textContent !== text) it.textContent = text;
};
const warn = (text, link) => {
  const it = $('#stale');
  if (!it) return;
  const whole = text + (link ? ' ' + link.text : '');
  if (it.textContent === whole) return;
  it.replaceChildren(text);
  if (link) {
    const a = document.createElement('a');
    a.href = link.href;
    a.textContent = link.text;
    it.append(' ', a);
  }
  it.hidden = !text;
  document.body.classList.toggle('old', Boolean(text));
};

/* --- buttons that copy --- */

const copy = async (button) => {
  const code = button.previousElementSibling;
  const text = button.dataset.copy || (code ? code.textContent : '');
  let done = false;
  try {
    await navigator.clipboard.writeText(text);
    done = true;
  } catch {
    // Without TLS there is no clipboard but that of the selection.
    if (code) {
      getSelection().selectAllChildren(code);
      done = document.execCommand('copy');
      getSelection().removeAllRanges();
    }
  }
  button.textContent = done ? 'Copied' : 'Not copied';
  setTimeout(() => { button.textContent = 'Copy'; }, 2000);
};
const showButtons = () => { for (const it of $$('button[data-copy]')) it.hidden = false; };
