'use strict';
// What is added to a page that is whole without it: the list can be sorted and
// filtered, the map walked through with the arrow keys, and a link into closed
// details opens them. Texts are only ever read, compared and hidden here; no
// markup is made of any.
(() => {
  const byId = id => document.getElementById(id);
  const list = byId('list');
  const map = byId('map');
  const said = byId('said');
  const rows = [...list.tBodies[0].rows];
  const mapRows = map ? [...map.tBodies[0].rows] : [];
  const articles = [...document.querySelectorAll('article[data-row]')];
  const nothing = [...document.querySelectorAll('.nothing')];
  const say = text => { said.textContent = text; };

  // Sorting. What has no value comes last, whichever way it is sorted.
  const collator = new Intl.Collator(undefined, {numeric: true, sensitivity: 'base'});
  const heads = [...list.tHead.rows[0].cells];
  const value = (row, column, kind) => {
    const cell = row.cells[column];
    const text = cell.dataset.value ?? cell.textContent.trim();
    return kind === 'number' && text !== '' ? Number(text.replace('−', '-')) : text;
  };
  const compare = (a, b) => typeof a === 'number' ? a - b : collator.compare(a, b);

  function sort(column, down) {
    const kind = heads[column].dataset.sort;
    const sorted = rows
      .map(row => ({row, key: value(row, column, kind), place: Number(row.dataset.row)}))
      .sort((a, b) => {
        if ((a.key === '') !== (b.key === '')) return a.key === '' ? 1 : -1;
        return (down ? -1 : 1) * compare(a.key, b.key) || a.place - b.place;
      });
    list.tBodies[0].append(...sorted.map(s => s.row));
    const place = new Map(sorted.map((s, i) => [s.row.dataset.row, i]));
    const inOrder = all => all.sort((a, b) => place.get(a.dataset.row) - place.get(b.dataset.row));
    if (map) map.tBodies[0].append(...inOrder(mapRows));
    if (map) enter();
    heads.forEach((head, i) => {
      if (i === column) head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    });
    say(`Sorted by ${heads[column].textContent}, ${down ? 'descending' : 'ascending'}.`);
  }

  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => sort(column, head.getAttribute('aria-sort') === 'ascending'));
  });

  // Filtering: of the list, the map and the details alike.
  const fields = {text: byId('filter-text'), status: byId('filter-status'), failed: byId('filter-failed')};
  const plain = text => text.normalize('NFKC').toLowerCase();
  const texts = new Map(rows.map(row => [row, plain(row.cells[0].textContent)]));

  function filter() {
    const text = plain(fields.text.value.trim());
    const shown = new Set();
    for (const row of rows) {
      const fits = texts.get(row).includes(text) &&
        (!fields.status.value || row.dataset.status === fields.status.value) &&
        (!fields.failed.value || row.dataset.fails.split(' ').includes(fields.failed.value));
      if (fits) shown.add(row.dataset.row);
    }
    for (const one of [...rows, ...mapRows, ...articles]) one.hidden = !shown.has(one.dataset.row);
    for (const one of nothing) one.hidden = shown.size > 0;
    if (map) enter();
    say(shown.size === rows.length ? `All ${rows.length} submissions are shown.` : `${shown.size} of ${rows.length} submissions are shown.`);
  }

  function showAll() {
    for (const field of Object.values(fields)) field.value = '';
    filter();
  }

  fields.text.addEventListener('input', filter);
  fields.status.addEventListener('change', filter);
  fields.failed.addEventListener('change', filter);
  byId('filter-clear').addEventListener('click', showAll);
  byId('filters').hidden = false;
  for (const link of document.querySelectorAll('a[data-failed]')) {
    link.addEventListener('click', () => {
      for (const field of Object.values(fields)) field.value = '';
      fields.failed.value = link.dataset.failed;
      filter();
    });
  }

  // Links into details: opened before the browser goes there.
  function reveal(id) {
    const target = id && byId(id);
    if (!target) return;
    const hidden = target.closest('[hidden][data-row]');
    if (hidden) showAll();
    const article = target.closest('article[data-row]');
    if (article) article.querySelector('details').open = true;
    return target;
  }
  document.addEventListener('click', event => {
    const link = event.target.closest('a[href^="#"]');
    if (link) reveal(link.hash.slice(1));
  });
  const follow = () => { reveal(location.hash.slice(1))?.scrollIntoView(); };
  addEventListener('hashchange', follow);
  if (location.hash) follow();

  // The map is one stop for the tabulator; within it the arrow keys walk.
  function enter() {
    const links = [...map.tBodies[0].querySelectorAll('a')];
    for (const link of links) link.tabIndex = -1;
    const start = links.find(link => !link.closest('tr').hidden);
    if (start) start.tabIndex = 0;
  }

  function walk(event) {
    const cell = event.target.closest('tbody td, tbody th');
    if (!cell || event.altKey || event.metaKey) return;
    const shown = mapRows.filter(row => !row.hidden);
    const last = cell.parentElement.cells.length - 1;
    let row = shown.indexOf(cell.parentElement);
    let column = cell.cellIndex;
    const from = {row, column};
    switch (event.key) {
      case 'ArrowLeft': column--; break;
      case 'ArrowRight': column++; break;
      case 'ArrowUp': row--; break;
      case 'ArrowDown': row++; break;
      case 'Home': column = 0; if (event.ctrlKey) row = 0; break;
      case 'End': column = last; if (event.ctrlKey) row = shown.length - 1; break;
      default: return;
    }
    event.preventDefault();
    // A cell may be empty: go on in the same direction, to the edge.
    const step = {row: Math.sign(row - from.row), column: Math.sign(column - from.column)};
    for (;; row += step.row, column += step.column) {
      const next = shown[row]?.cells[column];
      if (!next) return;
      const link = next.querySelector('a');
      if (link) {
        event.target.tabIndex = -1;
        link.tabIndex = 0;
        link.focus();
        return;
      }
      if (!step.row && !step.column) return;
    }
  }

  if (map) {
    map.setAttribute('role', 'grid');
    map.addEventListener('keydown', walk);
    enter();
  }

  // On paper nothing is closed. (The style sheet does it too, where a browser
  // knows how.)
  let closed = [];
  addEventListener('beforeprint', () => {
    closed = [...document.querySelectorAll('details:not([open])')];
    for (const details of closed) details.open = true;
  });
  addEventListener('afterprint', () => {
    for (const details of closed) details.open = false;
  });
})();
