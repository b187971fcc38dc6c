/* The search of the fleet page: squares and rows that do not fit step back while one types. */

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
