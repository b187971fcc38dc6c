/* The stream of events, shared by the pages of one browser, and what a page does without it. */

let lastWord = -Infinity;
let streaming = false; // this page, or another one for it, hears the stream
let source = null;
let release = null; // lets another page have the stream
let queued = null; // the wish for it
let channel = null;

const hear = (kind, data) => {
  lastWord = performance.now();
  streaming = true;
  let news;
  try { news = JSON.parse(data); } catch { return; }
  const current = String(news.version) === version;
  // What waits for a reader who types is known to this page; the foot says so.
  if (current || held) lastGood = performance.now();
  if (!current || (kind === 'change' && !exact)) redraw();
  look();
};
const open = () => {
  source = new EventSource(new URL('events', ROOT), { withCredentials: true });
  for (const kind of ['hello', 'beat', 'change']) {
    source.addEventListener(kind, (event) => {
      hear(kind, event.data);
      if (channel) channel.postMessage([kind, event.data]);
    });
  }
  source.addEventListener('error', () => {
    streaming = false;
    if (source && source.readyState === EventSource.CLOSED) {
      // Refused: this page asks by itself, and tries again later.
      source = null;
      redraw();
      setTimeout(() => { if (release && !source) open(); }, QUIET);
    }
  });
};
const shut = () => {
  if (source) source.close();
  source = null;
  streaming = false;
};
// A browser opens six connections to one host: all pages of one browser share a stream where they can.
const join = () => {
  if (release || queued || !window.EventSource) return;
  if (!navigator.locks || !window.BroadcastChannel) {
    release = () => {};
    open();
    return;
  }
  if (!channel) {
    channel = new BroadcastChannel(NAME);
    channel.addEventListener('message', (event) => {
      const [kind, data] = event.data;
      if (!source) hear(kind, data);
    });
  }
  queued = new AbortController();
  navigator.locks.request(NAME, { signal: queued.signal }, () => new Promise((done) => {
    queued = null;
    release = done;
    open();
  })).catch(() => {});
};
const leave = () => {
  shut();
  if (queued) queued.abort();
  if (release) release();
  queued = null;
  release = null;
};

// Once a second: does anybody still tell this page something, and is it still true?
const look = () => {
  if (!liveMark()) return;
  const at = performance.now();
  if (signedOut) {
    const login = new URL('login', ROOT);
    const here = location.pathname.slice(ROOT.pathname.length - 1) + location.search;
    login.searchParams.set('next', here);
    warn('You are signed out; what this page says is old.', { text: 'Sign in again', href: login.href });
    say('');
    return;
  }
  const old = at - lastGood > OLD;
  const since = new Date(drawnAt + (lastGood - drawnClock)).toISOString().slice(11, 19);
  warn(old ? `Schemawarden has not answered since ${since} UTC: what this page says is old.` : '');
  if (held && isTyping()) say('changes wait while you type or select');
  else say(streaming ? 'live' : 'asking every few seconds');
  const quiet = at - Math.max(lastWord, lastStart);
  if (!document.hidden && quiet > (streaming ? QUIET : POLL)) redraw();
};

let hiding = 0;
const turned = () => {
  clearTimeout(hiding);
  if (document.hidden) {
    hiding = setTimeout(leave, HIDDEN);
  } else if (liveMark()) {
    join();
    redraw(true);
  }
};
