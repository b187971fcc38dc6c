/* Keys and clicks, and how everything begins. */

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
