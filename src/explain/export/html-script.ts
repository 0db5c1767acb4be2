/**
 * Runs in the page, as it stands: it fills the stepper from the page's data, and moves on keys, buttons and changes of the address. All text goes in
 * as text, never as markup.
 */
export const PAGE_SCRIPT = `
'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  if (data.paths.length === 0) return;
  const byId = (id) => document.getElementById(id);
  const make = (name, text, className) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (className !== undefined) element.className = className;
    return element;
  };
  const select = byId('path');
  const list = byId('steps');
  const detail = byId('detail');
  let path = -1;
  let step = 0;

  data.paths.forEach(({ title }) => select.append(make('option', title)));
  byId('stepper').hidden = false;

  const mark = (entry) => (entry.failures.length > 0 ? '! ' : '  ');

  function fillPath() {
    list.replaceChildren(...data.paths[path].steps.map((entry, index) => {
      const item = make('li');
      const button = make('button', '  ' + mark(entry) + entry.pc + ': ' + entry.text);
      button.type = 'button';
      button.addEventListener('click', () => go(path, index));
      item.append(button);
      return item;
    }));
    select.selectedIndex = path;
  }

  function section(title, children) {
    if (children.length === 0) return [];
    return [make('h3', title), ...children];
  }

  function listed(lines) {
    if (lines.length === 0) return [];
    const all = make('ul');
    lines.forEach(([text, className]) => all.append(make('li', text, className)));
    return [all];
  }

  const changeWords = ({ change, subject, before, after }) =>
    change + ': ' + subject + (after === undefined ? '' : ': ' + after) + (before === undefined ? '' : ' (was ' + before + ')');

  function factTable(numbers) {
    if (numbers.length === 0) return [make('p', 'Nothing is known.')];
    const table = make('table', undefined, 'facts');
    const head = table.createTHead().insertRow();
    ['Place', 'What is known'].forEach((text) => {
      const cell = make('th', text);
      cell.scope = 'col';
      head.append(cell);
    });
    const body = table.createTBody();
    numbers.forEach((number) => {
      const row = body.insertRow();
      const place = make('th', data.facts[number][1]);
      place.scope = 'row';
      row.append(place, make('td', data.facts[number][2]));
    });
    return [table];
  }

  function show() {
    const { steps, skipped, cut } = data.paths[path];
    const entry = steps[step];
    const fails = entry.failures.length > 0 ? ' A check fails here.' : '';
    byId('position').textContent = 'Step ' + (step + 1) + ' of ' + steps.length +
      (skipped > 0 ? ' (after ' + skipped + ' that are left out)' : '') + ', in ' + entry.function + ': instruction ' + entry.pc + ': ' + entry.text + '.' + fails;
    [...list.children].forEach((item, index) => {
      const here = index === step;
      if (here) item.setAttribute('aria-current', 'step');
      else item.removeAttribute('aria-current');
      const button = item.firstElementChild;
      button.tabIndex = here ? 0 : -1;
      button.textContent = (here ? '> ' : '  ') + mark(steps[index]) + steps[index].pc + ': ' + steps[index].text;
      if (here) list.scrollTop = item.offsetTop - list.offsetTop - list.clientHeight / 2;
    });
    const end = entry.end === undefined ? (cut && step === steps.length - 1 ? ['The path goes on; it is recorded up to here.'] : []) : [entry.end];
    detail.replaceChildren(
      ...section('Source', entry.source === null ? [] : [make('p', entry.source, 'place')]),
      ...section('Lost where paths meet', listed(entry.merged.map((change) => [changeWords(change)]))),
      ...section('Required', listed(entry.requirements.map(({ words, holds, margin }) =>
        [(holds ? 'holds: ' : 'FAILS: ') + words + (margin === undefined ? '' : ' (' + margin + ')'), holds ? undefined : 'fails']))),
      ...section('Known before', factTable(entry.facts)),
      ...section('Changes', listed(entry.changes.map((change) => [changeWords(change)]))),
      ...section('Then', listed([...(entry.decision === undefined ? [] : [entry.decision.words]), ...end].map((text) => [text]))),
    );
  }

  const within = (value, count) => Math.min(Math.max(Number.isFinite(value) ? value : 0, 0), count - 1);

  function go(toPath, toStep, keepAddress) {
    const wanted = within(toPath, data.paths.length);
    if (wanted !== path) {
      path = wanted;
      fillPath();
    }
    step = within(toStep, data.paths[path].steps.length);
    show();
    if (!keepAddress) history.replaceState(null, '', '#path=' + (path + 1) + '&step=' + (step + 1));
  }

  function fromAddress() {
    const words = new URLSearchParams(location.hash.slice(1));
    if (!words.has('step') && !words.has('path')) return false;
    go(Number(words.get('path') ?? path + 1) - 1, Number(words.get('step') ?? 1) - 1, true);
    byId('stepper').scrollIntoView();
    return true;
  }

  const start = () => go(path, 0);
  const back = () => go(path, step - 1);
  const forward = () => go(path, step + 1);
  const end = () => go(path, data.paths[path].steps.length - 1);
  const letters = { j: forward, k: back, '[': () => go(path - 1, 0), ']': () => go(path + 1, 0) };
  // Elsewhere these scroll the page.
  const arrows = { ArrowDown: forward, ArrowRight: forward, ArrowUp: back, ArrowLeft: back, Home: start, End: end };
  const stepper = byId('stepper');
  document.addEventListener('keydown', (event) => {
    const keys = stepper.contains(document.activeElement) ? { ...letters, ...arrows } : letters;
    const action = Object.hasOwn(keys, event.key) ? keys[event.key] : undefined;
    if (action === undefined || event.ctrlKey || event.altKey || event.metaKey || document.activeElement === select) return;
    event.preventDefault();
    action();
    const here = list.children[step].firstElementChild;
    here.focus({ preventScroll: true });
    const { top } = byId('position').getBoundingClientRect();
    if (top < 0 || top > window.innerHeight / 3) byId('position').scrollIntoView();
  });
  byId('first').addEventListener('click', start);
  byId('back').addEventListener('click', back);
  byId('forward').addEventListener('click', forward);
  byId('last').addEventListener('click', end);
  select.addEventListener('change', () => go(select.selectedIndex, 0));
  window.addEventListener('hashchange', fromAddress);
  path = 0;
  fillPath();
  if (!fromAddress()) go(0, 0, true);
})();
`;
