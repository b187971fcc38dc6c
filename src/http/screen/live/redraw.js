/* Drawing anew: asks for the page again, and puts it in place of the old one, so that whoever reads, types or
   selects keeps the place. */

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
