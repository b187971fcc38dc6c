/* Keeps an open page true, and spares typing: everything here is also there without it.

   A page is always drawn by the server. When the stream of events says that something changed, this asks for
   the same address again and puts the new <main> in place of the old one, unless somebody is typing in it.
   Nothing that came from elsewhere is ever read as markup but that answer, which the server has escaped.

   The files of this folder are one script, in one function, in the order in which assets.rs puts them together.
   This one has the limits, and what all of them use. */

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
