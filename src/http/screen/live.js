/* Keeps an open page true, and spares typing: everything here is also there without it.

   A page is always drawn by the server. When the stream of events says that something changed, this asks for
   the same address again and puts the new <main> in place of the old one, unless somebody is typing in it.
   Nothing that came from elsewhere is ever read as markup but that answer, which the server has escaped. */
'use strict';

(() => {
  const ROOT = new URL(document.body.dataset.root || './', location.href);
  const NAME = 'schemawarden ' + ROOT.pathname;
  const SOON = 600; // ms between two redraws of a page
  const SOON_LARGE = 3000; // the same, while thousands of squares are drawn anew
  const LARGE = 2000; // squares
  const POLL = 5000; // ms between two questions without a stream
  const QUIET = 30000; // ms without a word after which the page asks by itself
  const OLD = 60000; // ms without proof after which the page says that it is old
  const HIDDEN = 60000; // ms after which a hidden page lets go of its stream
  const PATIENCE = 10000; // ms for one answer
  const TYPED = 250; // ms after the last key of a search
  const ROWS_A_FRAME = 25; // of the list

  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => Array.from(within.querySelectorAll(selector));
  const main = () => $('#main');
  const liveMark = () => $('#main [data-live]');

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

  /* --- search as one types --- */

  // What a search leaves out lies under a veil: one canvas over all squares. To give ten thousand of them
  // another class is a tenth of a second of nothing but styles.
  let squares = null; // of the grid that is there
  const readSquares = () => {
    const node = $('#grid .squares');
    if (!node) { squares = null; return; }
    if (squares && squares.node === node) return;
    const links = [];
    const names = [];
    let standings = ''; // a letter of each
    const groups = $$('.g', node);
    for (const group of groups) {
      const name = $('bdi', group.previousElementSibling).textContent.toLowerCase();
      for (const link of group.children) {
        links.push(link);
        standings += link.className[0];
        // "name: standing"; a name holds no colon.
        names.push(link.title.slice(0, link.title.lastIndexOf(':')).toLowerCase() + '\n' + name);
      }
    }
    const veil = document.createElement('canvas');
    veil.className = 'veil';
    veil.hidden = true;
    node.append(veil);
    squares = { node, links, names, standings, groups, veil, misses: null };
    // The server may have drawn them searched through already.
    const missed = links.map((it) => it.className.endsWith(' x'));
    if (missed.includes(true)) {
      for (const it of links) it.classList.remove('x');
      paint((i) => !missed[i]);
    }
    new ResizeObserver(drawVeil).observe(node);
  };
  const paint = (is) => {
    const misses = squares.links.map((_, i) => !is(i));
    squares.misses = misses.includes(true) ? misses : null;
    squares.node.dataset.shown = misses.filter((it) => !it).length;
    drawVeil();
  };
  const drawVeil = () => {
    if (!squares) return;
    const { node, groups, veil, misses } = squares;
    veil.hidden = !misses;
    if (!misses) return;
    const style = getComputedStyle(node);
    const [side, gap] = ['--side', '--gap'].map((it) => parseFloat(style.getPropertyValue(it)));
    veil.width = node.clientWidth;
    veil.height = 0;
    const places = groups.map((it) => [it.offsetLeft, it.offsetTop, Math.floor((it.clientWidth + gap) / (side + gap)), it.children.length]);
    veil.height = node.scrollHeight;
    const pen = veil.getContext('2d');
    pen.fillStyle = style.backgroundColor;
    pen.globalAlpha = 0.86;
    let i = 0;
    for (const [left, top, columns, count] of places) {
      for (let k = 0; k < count; k++, i++) {
        // With the line around a drifted one.
        if (misses[i]) pen.fillRect(left + (k % columns) * (side + gap) - 1, top + Math.floor(k / columns) * (side + gap) - 1, side + 2, side + 2);
      }
    }
  };
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => drawVeil());
  const paintHits = (text) => {
    const wanted = new Uint8Array(squares.links.length);
    for (const run of text ? text.split(',') : []) {
      const [first, last = first] = run.split('-').map(Number);
      wanted.fill(1, first, last + 1);
    }
    paint((i) => wanted[i] === 1);
  };

  const filterForm = () => $('#filter');
  const filterQuery = () => {
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(filterForm())) {
      const said = value.trim();
      if (said && !(name === 'by' && said === 'manifest')) query.set(name, said);
    }
    return query.toString();
  };
  // What can be told here at once; what only the server knows (labels, servers) follows with its answer.
  const filterNow = () => {
    const search = $('#search');
    if (!search) return;
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const has = (text) => words.every((word) => text.includes(word));
    readSquares();
    if (squares) {
      const letters = $('#verdict').selectedOptions[0].dataset.squares;
      const found = squares.names.map((name, i) => has(name) && (!letters || letters.includes(squares.standings[i])));
      // None may be because the word is that of a label.
      if (found.includes(true)) paint((i) => found[i]);
    }
    const show = [];
    for (const body of $$('#list tbody')) {
      let any = false;
      for (const row of $$('tr[data-find]', body)) {
        const hit = has(row.dataset.find);
        if (hit && row.hidden) show.push(row);
        else if (!hit && !row.hidden) row.hidden = true;
        any = any || hit;
      }
      if (body.hidden === any) body.hidden = !any;
    }
    showRows(show);
  };
  // To lay out a row takes a while: the first ones now, the others in the frames that follow.
  const showRows = (rows) => {
    for (const row of rows.splice(0, ROWS_A_FRAME)) row.hidden = false;
    if (rows.length > 0) frame = requestAnimationFrame(() => showRows(rows));
  };
  let typing = 0;
  let frame = 0;
  const searched = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(filterNow);
    clearTimeout(typing);
    typing = setTimeout(ask, TYPED);
  };
  const ask = () => {
    if (!filterForm()) return;
    const query = filterQuery();
    const url = new URL(location.href);
    if (url.search.slice(1) === query) return;
    url.search = query;
    history.replaceState(history.state, '', url);
    redraw(true);
  };

  /* --- drawing anew --- */

  let asking = null; // the question that is open
  let again = false; // something changed since it was asked
  let held = false; // a new page waits until nobody types
  let lastStart = -Infinity;
  let timer = 0;
  let lastGood = performance.now();
  let signedOut = false;
  let version = null; // of the fleet that the page shows
  let costly = false; // the last redraw brought another grid, and that is large
  let exact = false; // the page has read nothing newer or older than that

  const gap = () => (costly ? SOON_LARGE : SOON);

  // Redraws, now or as soon as the last redraw is long enough ago.
  const redraw = (atOnce = false) => {
    if (!liveMark() || signedOut) return;
    if (document.hidden) { held = true; return; }
    if (asking) {
      again = true;
      // A question about another address is of no use any more.
      if (atOnce) asking.abort();
      return;
    }
    clearTimeout(timer);
    const wait = atOnce ? 0 : lastStart + gap() - performance.now();
    if (wait > 0) timer = setTimeout(draw, wait);
    else draw();
  };

  const isTyping = () => {
    const it = document.activeElement;
    const kept = (node) => node.closest('[data-keep]');
    const within = main();
    if (it && within.contains(it) && !kept(it) && it.matches('input:not([type=checkbox],[type=radio]), textarea, select')) return true;
    for (const field of $$('input, textarea, select', within)) {
      if (kept(field)) continue;
      if (field.tagName === 'SELECT') {
        if (Array.from(field.options).some((o) => o.selected !== o.defaultSelected) && Array.from(field.options).some((o) => o.defaultSelected)) return true;
      } else if (field.type === 'checkbox' || field.type === 'radio') {
        if (field.checked !== field.defaultChecked) return true;
      } else if (field.type !== 'hidden' && field.value !== field.defaultValue) return true;
    }
    if (it && kept(it)) return false;
    const selection = getSelection();
    return Boolean(selection && !selection.isCollapsed && within.contains(selection.anchorNode));
  };

  const draw = async () => {
    if (asking) { again = true; return; }
    const mine = new AbortController();
    asking = mine;
    again = false;
    lastStart = performance.now();
    const url = location.href.split('#')[0];
    const headers = { accept: 'text/html' };
    const grid = $('#grid');
    if (grid && grid.dataset.same) headers['x-has-grid'] = grid.dataset.same;
    const late = setTimeout(() => mine.abort(), PATIENCE);
    try {
      const answer = await fetch(url, { credentials: 'same-origin', cache: 'no-store', headers, signal: mine.signal });
      const text = await answer.text();
      if (answer.status === 401 || new URL(answer.url).pathname === new URL('login', ROOT).pathname) {
        signedOut = true;
      } else if (answer.ok || answer.status === 404) {
        put(new DOMParser().parseFromString(text, 'text/html'));
        lastGood = performance.now();
      }
    } catch {
      // No answer, or one that nobody waits for any more: the age of the page tells.
    } finally {
      clearTimeout(late);
      asking = null;
    }
    look();
    if (again) redraw(url !== location.href.split('#')[0]);
  };

  const put = (page) => {
    const next = $('main', page);
    if (!next) return;
    document.title = page.title;
    for (const id of ['ails', 'who']) {
      const [old, fresh] = [document.getElementById(id), page.getElementById(id)];
      if (old && fresh && !old.contains(document.activeElement)) old.replaceWith(document.adoptNode(fresh));
    }
    if (isTyping()) { held = true; say('changes wait while you type or select'); return; }
    held = false;
    const [grid, drawn] = [$('#grid'), $('#grid', next)];
    costly = Boolean(grid && drawn && grid.dataset.same !== drawn.dataset.same && squares && squares.links.length > LARGE);
    const place = remember();
    replace(main(), next);
    main().dataset.version = next.dataset.version || '';
    const [foot, fresh] = [$('footer time'), $('footer time', page)];
    if (foot && fresh) foot.replaceWith(document.adoptNode(fresh));
    restore(place);
    noteDrawn();
    prepare();
  };

  // Piece by piece where both have the same pieces, so that what is in use stays where it is.
  const replace = (old, next) => {
    const ids = (it) => Array.from(it.children, (child) => child.id);
    const same = ids(old).join(' ') === ids(next).join(' ') && ids(old).every(Boolean);
    if (!same) {
      const kept = $$('[data-same], [data-keep]', old);
      for (const it of kept) {
        const fresh = it.id && next.querySelector('#' + CSS.escape(it.id));
        if (fresh && keeps(it, fresh)) fresh.replaceWith(it);
      }
      // A copy of the list first: it is alive, and shrinks while its nodes move.
      old.replaceChildren(...Array.from(next.childNodes));
      return;
    }
    const pairs = Array.from(old.children, (it, index) => [it, next.children[index]]);
    for (const [it, fresh] of pairs) {
      if (!keeps(it, fresh)) it.replaceWith(document.adoptNode(fresh));
    }
  };
  const keeps = (old, fresh) => {
    if (old.hasAttribute('data-keep') && fresh.hasAttribute('data-keep')) return true;
    if (!old.dataset.same || old.dataset.same !== fresh.dataset.same) return false;
    if (old.id === 'grid' && $('.squares', old)) {
      readSquares();
      if (fresh.dataset.hits === undefined) paint(() => true);
      else paintHits(fresh.dataset.hits);
    }
    return true;
  };

  // How to find an element again that was drawn anew.
  const trail = (it) => {
    if (!it || it === document.body || !main().contains(it) || it === main()) return null;
    if (it.id) return ['#' + CSS.escape(it.id), 0];
    const quoted = (name) => `[${name}="${CSS.escape(it.getAttribute(name))}"]`;
    const form = it.closest('form');
    const among = form ? `form[action="${CSS.escape(form.getAttribute('action') || '')}"] ` : '';
    let selector = null;
    if (it.name) selector = among + quoted('name');
    else if (it.matches('a[href]')) selector = 'a' + quoted('href');
    else if (form) selector = among + it.tagName.toLowerCase();
    else if (it.tagName === 'SUMMARY' && it.parentElement.id) selector = `#${CSS.escape(it.parentElement.id)} > summary`;
    // Several may be like it.
    return selector && [selector, $$(selector, main()).indexOf(it)];
  };
  const remember = () => {
    const it = document.activeElement;
    return {
      node: it,
      trail: trail(it),
      // Of details: which of them are not as they were drawn.
      details: $$('details[id]', main()).map((d) => [d.id, d.open]),
      scrolled: $$('.scroll', main()).map((s) => s.scrollLeft),
      at: [scrollX, scrollY],
    };
  };
  const restore = (place) => {
    for (const [id, open] of place.details) {
      const it = document.getElementById(id);
      if (it && it.open !== open) it.open = open;
    }
    $$('.scroll', main()).forEach((it, index) => { it.scrollLeft = place.scrolled[index] || 0; });
    if (place.trail && document.activeElement !== place.node) {
      const [selector, index] = place.trail;
      const it = $$(selector, main())[index];
      if (it) it.focus({ preventScroll: true });
    }
    if (scrollX !== place.at[0] || scrollY !== place.at[1]) scrollTo(place.at[0], place.at[1]);
  };

  /* --- the stream --- */

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

  /* --- keys and clicks --- */

  const move = (event) => {
    const link = event.target.closest('#grid .g > a');
    if (!link) return;
    readSquares();
    const index = squares.links.indexOf(link);
    const box = (it) => it.getBoundingClientRect();
    const rowStep = (step) => {
      // The nearest one above or below.
      const from = box(link);
      for (let i = index + step; i >= 0 && i < squares.links.length; i += step) {
        const it = box(squares.links[i]);
        const beside = step > 0 ? it.left >= from.left - 1 : it.left <= from.left + 1;
        if (Math.abs(it.top - from.top) > 2 && beside) return i;
      }
      return index;
    };
    const steps = {
      ArrowRight: () => index + 1, ArrowLeft: () => index - 1,
      ArrowDown: () => rowStep(1), ArrowUp: () => rowStep(-1),
      Home: () => 0, End: () => squares.links.length - 1,
    };
    if (event.key === 'Tab') {
      // One stop, not ten thousand.
      const all = $$('a[href], button, input, select, summary, [tabindex="0"]').filter((it) => !it.closest('#grid .g') && it.getClientRects().length > 0);
      const after = all.findIndex((it) => link.compareDocumentPosition(it) & Node.DOCUMENT_POSITION_FOLLOWING);
      const to = event.shiftKey ? all[(after < 0 ? all.length : after) - 1] : all[after];
      if (to) { to.focus(); event.preventDefault(); }
      return;
    }
    if (!steps[event.key]) return;
    const to = squares.links[steps[event.key]()];
    if (to) to.focus();
    event.preventDefault();
  };

  document.addEventListener('keydown', (event) => {
    const typing = event.target.closest && event.target.closest('input, textarea, select, [contenteditable]');
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const search = $('#search');
      if (search) { search.focus(); search.select(); event.preventDefault(); }
      return;
    }
    if (event.target.closest) move(event);
  });
  document.addEventListener('click', (event) => {
    const button = event.target.closest && event.target.closest('button[data-copy]');
    if (button) copy(button);
  });
  document.addEventListener('input', (event) => {
    if (event.target.id === 'search') searched();
  });
  document.addEventListener('change', (event) => {
    if (event.target.id === 'verdict') { cancelAnimationFrame(frame); frame = requestAnimationFrame(filterNow); ask(); }
    if (event.target.id === 'by') ask();
  });
  document.addEventListener('submit', (event) => {
    if (event.target.id === 'filter') { event.preventDefault(); clearTimeout(typing); ask(); }
  });
  // A click into the list or a key that ends typing lets in what waited.
  const freed = () => setTimeout(() => { if (held && !isTyping()) redraw(); }, 0);
  document.addEventListener('focusout', freed);
  document.addEventListener('selectionchange', () => { if (held) freed(); });
  document.addEventListener('visibilitychange', turned);
  addEventListener('pagehide', leave);
  addEventListener('pageshow', (event) => { if (event.persisted) turned(); });

  const prepare = () => {
    const mark = liveMark();
    exact = Boolean(mark && mark.dataset.live);
    version = exact ? mark.dataset.live : main().dataset.version || null;
    showButtons();
    retell();
    readSquares();
  };
  noteDrawn();
  prepare();
  setInterval(retell, 15000);
  if (liveMark()) {
    say('');
    join();
    setInterval(look, 1000);
  }
})();
