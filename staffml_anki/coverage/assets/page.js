'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const byId = name => document.getElementById(name);
  const root = document.documentElement;
  const make = (tag, text, more = {}) => Object.assign(document.createElement(tag), {textContent: text, ...more});
  const percent = value => value === null ? '–' : Math.round(100 * value) + ' %';
  const shade = value => 'h' + Math.max(value > 0 ? 1 : 0, Math.round(10 * value));
  const link = id => '#q/' + encodeURIComponent(id);
  const colour = name => getComputedStyle(root).getPropertyValue('--' + name).trim();
  const number = new Intl.NumberFormat('en');
  const [ID, TITLE, TRACK, LEVEL, TOPIC, STATUS, ATTEMPTS, RIGHT, INTERVAL, RECALL, LAST] = Array(11).keys();
  const places = new Map(data.questions.map((question, place) => [question[ID], place]));

  // -- charts -----------------------------------------------------------------------------------

  const DAY = 86400000;
  const date = day => new Date(day * DAY);
  const iso = day => date(day).toISOString().slice(0, 10);
  const monthName = day => date(day).toLocaleDateString('en', {month: 'short', year: 'numeric', timeZone: 'UTC'});
  const dayName = day => date(day).toLocaleDateString('en', {month: 'short', day: 'numeric', timeZone: 'UTC'});
  const monthly = (first, last) => last - first > 90;
  // Where a time axis is marked: at most five times; where months are shown, at their first days.
  function dates(first, last) {
    const all = [];
    for (let day = first; day <= last; day++) if (!monthly(first, last) || date(day).getUTCDate() === 1) all.push({value: day});
    const step = Math.ceil(all.length / 5);
    return all.filter((_, place) => place % step === 0);
  }
  let charts = [];

  function draw() {
    charts.forEach(chart => chart.destroy());
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    Object.assign(Chart.defaults, {color: colour('soft'), borderColor: colour('line'), animation: still ? false : {duration: 400}});
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.defaults.maintainAspectRatio = false;
    charts = [curve(), retention(), calendar()].filter(Boolean);
  }

  function curve() {
    if (!data.curve.length) return null;
    const [last, ...counts] = data.curve.at(-1);
    const now = [Math.max(data.today, last), ...counts];
    const line = (label, column, shown, fill) => ({
      label, data: [...data.curve, now].map(point => ({x: point[0], y: point[column]})), borderColor: colour(shown),
      backgroundColor: colour(fill), borderWidth: 2, pointRadius: 0, stepped: 'before', fill: 'origin',
    });
    return new Chart(byId('curve-chart'), {
      type: 'line',
      data: {datasets: [line('mature', 2, 'h8', 'h6'), line('seen', 1, 'h4', 'h2')]},
      options: {
        parsing: false, interaction: {mode: 'index', intersect: false},
        scales: {
          x: {type: 'linear', min: data.curve[0][0], max: data.today, grid: {display: false},
              afterBuildTicks: axis => { axis.ticks = dates(data.curve[0][0], data.today); },
              ticks: {maxRotation: 0, callback: monthly(data.curve[0][0], data.today) ? monthName : dayName}},
          y: {beginAtZero: true, ticks: {precision: 0}},
        },
        plugins: {legend: {position: 'bottom', labels: {boxWidth: 12}}, tooltip: {callbacks: {title: all => iso(all[0].parsed.x)}}},
      },
    });
  }

  function retention() {
    if (!data.months.length) return null;
    const rate = (passed, reviews) => reviews ? 100 * passed / reviews : null;
    const bars = (label, n, passed, shown) => ({
      label, data: data.months.map(month => rate(month[passed], month[n])), backgroundColor: colour(shown), borderRadius: 3, maxBarThickness: 36,
      count: data.months.map(month => month[n]),
    });
    return new Chart(byId('retention-chart'), {
      type: 'bar',
      data: {labels: data.months.map(month => month[0]), datasets: [bars('young', 1, 2, 'h5'), bars('mature', 3, 4, 'h8')]},
      options: {
        scales: {x: {grid: {display: false}, ticks: {maxTicksLimit: 8, maxRotation: 0}}, y: {min: 0, max: 100, ticks: {callback: v => v + ' %'}}},
        plugins: {
          legend: {position: 'bottom', labels: {boxWidth: 12}},
          tooltip: {callbacks: {label: at => `${at.dataset.label}: ${at.parsed.y.toFixed(1)} % of ${number.format(at.dataset.count[at.dataIndex])}`}},
        },
      },
    });
  }

  function calendar() {
    const canvas = byId('calendar-chart');
    const width = canvas.parentElement.clientWidth;
    const weeks = Math.max(12, Math.min(53, Math.floor((width - 40) / 14)));
    const monday = day => day - (day + 3) % 7;
    const first = monday(data.today) - 7 * (weeks - 1);
    const reviews = new Map(data.days.map(day => [day[0], day]));
    const most = Math.max(1, ...data.days.filter(day => day[0] >= first).map(day => day[1]));
    const cells = [];
    for (let day = first; day <= data.today; day++) {
      const found = reviews.get(day);
      cells.push({x: (day - first) / 7 | 0, y: (day - first) % 7, day, v: found ? found[1] : 0, minutes: found ? found[2] : 0});
    }
    const tone = v => colour(v === 0 ? 'h0' : 'h' + Math.max(2, Math.round(10 * Math.sqrt(v / most))));
    const gap = 2;
    return new Chart(canvas, {
      type: 'matrix',
      data: {datasets: [{
        label: 'reviews', data: cells, borderRadius: 3, backgroundColor: at => tone(at.raw ? at.raw.v : 0),
        width: ({chart}) => Math.max(2, (chart.chartArea || {width: 0}).width / weeks - gap),
        height: ({chart}) => Math.max(2, (chart.chartArea || {height: 0}).height / 7 - gap),
      }]},
      options: {
        animation: false,
        scales: {
          x: {type: 'linear', min: -.5, max: weeks - .5, offset: false, grid: {display: false}, border: {display: false},
              afterBuildTicks: axis => { axis.ticks = [...Array(weeks).keys()].map(value => ({value})); },
              ticks: {maxRotation: 0, autoSkip: false, callback: week => {
                const day = first + 7 * week;
                return date(day).getUTCDate() <= 7 && week < weeks - 2 ? date(day).toLocaleDateString('en', {month: 'short', timeZone: 'UTC'}) : '';
              }}},
          y: {type: 'linear', min: -.5, max: 6.5, reverse: true, offset: false, grid: {display: false}, border: {display: false},
              afterBuildTicks: axis => { axis.ticks = [0, 2, 4].map(value => ({value})); },
              ticks: {callback: day => ({0: 'Mon', 2: 'Wed', 4: 'Fri'})[day]}},
        },
        plugins: {legend: {display: false}, tooltip: {displayColors: false, callbacks: {
          title: all => iso(all[0].raw.day),
          label: at => `${number.format(at.raw.v)} reviews, ${Math.round(at.raw.minutes)} minutes`,
        }}},
      },
    });
  }

  // -- theme, heat map, topics --------------------------------------------------------------------

  const theme = byId('theme');
  const label = () => { theme.textContent = root.dataset.theme === 'dark' ? 'Light' : 'Dark'; };
  theme.addEventListener('click', () => { root.dataset.theme = root.dataset.theme === 'dark' ? 'light' : 'dark'; });
  new MutationObserver(() => { label(); draw(); }).observe(root, {attributeFilter: ['data-theme']});

  const switches = [...document.querySelectorAll('[data-map]')];
  for (const button of switches) {
    button.addEventListener('click', () => {
      for (const other of switches) other.setAttribute('aria-pressed', other === button);
      for (const table of document.querySelectorAll('[data-table]')) table.hidden = table.dataset.table !== button.dataset.map;
    });
  }

  const heads = [...document.querySelectorAll('#topic-table thead th')];
  heads.forEach((head, column) => head.firstElementChild.addEventListener('click', () => {
    const down = head.getAttribute('aria-sort') === 'ascending';
    for (const other of heads) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const body = document.querySelector('#topic-table tbody');
    const value = row => {
      const cell = row.cells[column];
      return 'value' in cell.dataset ? +cell.dataset.value : cell.textContent;
    };
    const compare = (a, b) => typeof a === 'number' ? a - b : a.localeCompare(b);
    const rows = [...body.rows].sort((a, b) => compare(value(a), value(b)) * (down ? -1 : 1));
    body.append(...rows);
  }));

  // -- chains and questions -----------------------------------------------------------------------

  function pages(list, button, size, row) {
    let items = [], shown = 0;
    const more = () => {
      list.append(...items.slice(shown, shown += size).map(row));
      button.hidden = shown >= items.length;
    };
    button.addEventListener('click', () => {
      const first = shown;
      more();
      list.children[first]?.querySelector('a')?.focus();
    });
    return found => { items = found; shown = 0; list.replaceChildren(); more(); };
  }

  const ladder = byId('ladder');
  if (ladder) {
    pages(ladder, byId('more-chains'), 12, ([name, depth, steps]) => {
      const row = make('li', '');
      const about = make('div', name + ' ');
      about.append(make('small', depth === steps.length ? 'whole' : `${depth} of ${steps.length}`));
      const rungs = make('ol', '');
      steps.forEach(([id, level, title, recall], place) => {
        const rung = make('li', '', {className: place === depth && depth ? 'break' : ''});
        const anchor = make('a', level, {href: link(id), className: shade(recall), title});
        anchor.append(make('span', `, ${title}, recall ${percent(recall)}`, {className: 'hidden'}));
        rung.append(anchor);
        rungs.append(rung);
      });
      row.append(about, rungs);
      return row;
    })(data.chains);
  }

  const show = pages(byId('hits'), byId('more-hits'), 25, place => {
    const question = data.questions[place];
    const row = make('li', '');
    const facts = ` ${question[STATUS]} · ${data.topics[question[TOPIC]]} · recall ${percent(question[RECALL])} · ${question[ID]}`;
    row.append(make('span', question[LEVEL], {className: 'level'}), ' ', make('a', question[TITLE], {href: link(question[ID])}), make('small', facts));
    return row;
  });
  const folded = data.questions.map(q => `${q[ID]} ${q[TITLE]} ${data.topics[q[TOPIC]]} ${q[TRACK]}`.toLowerCase());
  function find() {
    const words = byId('query').value.toLowerCase().split(/\s+/).filter(Boolean);
    const status = byId('status').value;
    const found = [];
    data.questions.forEach((question, place) => {
      if ((!status || question[STATUS] === status) && words.every(word => folded[place].includes(word))) found.push(place);
    });
    byId('found').textContent = `${number.format(found.length)} of ${number.format(data.questions.length)} questions`;
    show(found);
  }
  byId('query').addEventListener('input', find);
  byId('status').addEventListener('change', find);

  // -- a question's text --------------------------------------------------------------------------

  const dialog = byId('text');
  const opened = new Map();
  async function pack(name) {
    if (!opened.has(name)) {
      const packed = Uint8Array.from(atob(byId(name).textContent), c => c.charCodeAt(0));
      const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
      opened.set(name, await new Response(stream).json());
    }
    return opened.get(name);
  }
  // Text stays text; of a vault's Markdown, bold and code are shown as such.
  function prose(text) {
    const made = make('p', '');
    text.split(/(\*\*[^*\n]+\*\*|`[^`\n]+`)/).forEach((part, n) => {
      made.append(n % 2 ? (part[0] === '`' ? make('code', part.slice(1, -1)) : make('strong', part.slice(2, -2))) : part);
    });
    return made;
  }
  const HEADS = {scenario: '', question: '', solution: '', napkin: 'Napkin math', mistake: 'Common mistake'};
  async function open() {
    const id = location.hash.startsWith('#q/') ? decodeURIComponent(location.hash.slice(3)) : null;
    const place = places.get(id);
    const elsewhere = data.others[id];
    if (place === undefined && !elsewhere) { if (dialog.open) dialog.close(); return; }
    const question = place === undefined ? null : data.questions[place];
    byId('text-title').textContent = question ? question[TITLE] : elsewhere[0];
    byId('text-facts').textContent = question
      ? `${id} · ${question[LEVEL]} · ${question[TRACK]} · ${data.topics[question[TOPIC]]} · ${question[STATUS]} · recall ${percent(question[RECALL])}` +
        ` · ${number.format(question[ATTEMPTS])} answers, ${percent(question[RIGHT])} right` +
        (question[INTERVAL] ? ` · interval ${number.format(question[INTERVAL])} days` : '') + (question[LAST] ? ` · last ${question[LAST]}` : '')
      : id;
    const body = byId('text-body');
    body.replaceChildren();
    const [name, index] = data.packs[id] || [];
    if (name !== undefined) {
      const text = (await pack('pack-' + name))[index];
      const answer = make('details', '');
      answer.append(make('summary', 'Answer'));
      for (const [key, head] of Object.entries(HEADS)) {
        const where = key === 'scenario' || key === 'question' ? body : answer;
        if (text[key]) where.append(...(head ? [make('h3', head)] : []), prose(text[key]));
        if (key === 'question') (text.options || []).forEach((option, n) => body.append(prose(`${'ABCD'[n]}. ${option}`)));
      }
      body.append(answer);
    }
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
  }
  dialog.addEventListener('close', () => { if (location.hash.startsWith('#q/')) history.replaceState(null, '', '#'); });
  addEventListener('hashchange', open);

  label();
  find();
  draw();
  open();
  root.dataset.ready = '';
})();
