// page: asks for /api/v1/overview once a second and for /api/v1/history when it has missed something, keeps what curves
// need, and fills the panels.

import {count, curves, duration, make, spark, timeline, topology} from './draw.js';
import {LIMITS, levelOf, used, verdict} from './verdict.js';

const EVERY = 1000, SPAN = 900000, SPAN_LEAST = 30000, EVENTS = 50, SPARK = 300000, LAGS = 4, ROWS = 20;
const $ = id => document.getElementById(id);

let before = null;                // the answer before the present one
let history = [];                 // {t, reads, writes, waiting, nodes: Map of nodeKey to {reads, writes, lag}}
let rates = new Map();            // nodeKey to {reads, writes} a second
let events = [];                  // role and state changes seen, the newest first
let answered = 0, asking = false, missed = true, next = 0, token = sessionStorage.getItem('token') ?? '';

// ---- what is kept between answers

const nodeKey = n => `${n.cluster} ${n.node}`;

// What the server has seen while we did not look.
function recall(past) {
  const keyed = past.nodes.map(n => [nodeKey(n), n]), add = (total, value) => value === null ? total : (total ?? 0) + value;
  history = past.times.map((t, i) => ({t, waiting: past.waiting[i],
    reads: keyed.reduce((total, [, n]) => add(total, n.reads[i]), null),
    writes: keyed.reduce((total, [, n]) => add(total, n.writes[i]), null),
    nodes: new Map(keyed.map(([key, n]) => [key, {reads: n.reads[i], writes: n.writes[i], lag: n.lag_ms[i]}]))}));
  events = past.changes.reverse().map(c => ({at: c.at_ms, node: c.node, from: c.was, to: c.is, why: c.why}));
}

function learn(data) {
  const last = before && new Map(before.nodes.rows.map(n => [nodeKey(n), n]));
  const seconds = before ? (data.at_ms - before.at_ms) / 1000 : 0, now = new Map();
  let reads = 0, writes = 0;
  if (before && seconds <= 0)
    return;
  for (const n of data.nodes.rows) {
    const old = last?.get(nodeKey(n));
    if (!old)
      continue;
    const rate = {reads: Math.max(0, n.reads - old.reads) / seconds, writes: Math.max(0, n.writes - old.writes) / seconds};
    now.set(nodeKey(n), {...rate, lag: n.lag_ms});
    reads += rate.reads;
    writes += rate.writes;
    if (old.role !== n.role || old.state !== n.state)
      events.unshift({at: data.at_ms, node: n.node, from: `${old.role}, ${old.state}`, to: `${n.role}, ${n.state}`, why: n.why});
  }
  events.length = Math.min(events.length, EVENTS);
  if (before) {
    rates = now;
    history.push({t: data.at_ms, reads, writes, waiting: sum(data.pools.rows, 'cl_waiting'), nodes: now});
  }
  while (history.length && history[0].t < data.at_ms - SPAN)
    history.shift();
  before = data;
}

const sum = (rows, column) => rows.reduce((total, row) => total + row[column], 0);
const series = (name, value) => ({name, points: history.map(h => [h.t, value(h) ?? null])});

// ---- pieces

const empty = text => make('p', {class: 'empty'}, text);

// columns: [[title, row => text or element, 'n' for numbers]...]; the first `most` rows.
function table(all, columns, none, most = all.length) {
  const rows = all.slice(0, most);
  if (rows.length === 0)
    return empty(none);
  const whole = make('div', {class: 'scroll', tabindex: 0}, make('table', {},
    make('thead', {}, make('tr', {}, ...columns.map(([title, , kind]) => make('th', {class: kind, scope: 'col'}, title)))),
    make('tbody', {}, ...rows.map(row => make('tr', {}, ...columns.map(([, cell, kind]) => make('td', {class: kind}, cell(row))))))));
  return all.length > most ? make('div', {}, whole, make('p', {class: 'quiet small'}, `and ${all.length - most} more`)) : whole;
}

function marked(text, level) {
  return level === 'good' ? text : make('span', {class: level + '-text'}, text);
}

function meter(share, level) {
  const fill = make('i');
  fill.style.width = Math.round(100 * Math.min(1, share)) + '%';
  return make('span', {class: 'bar ' + level}, fill);
}

const failovers = data => data.failovers.rows.map(f => ({...f, to_ms: f.to_node === null ? null : f.lost_ms + f.gap_ms}));
const gaps = data => failovers(data).map(f => ({from: f.lost_ms, to: f.to_ms ?? data.at_ms}));
const collecting = () => empty('Collecting: a curve needs a few seconds.');

// As long as there is something to show.
function span(data) {
  return Math.max(SPAN_LEAST, 10000 * Math.ceil((data.at_ms - history[0].t) / 10000));
}

function chart(data, width, list, options) {
  return history.length < 2 ? collecting() : curves(list, {span: span(data), now: data.at_ms, width, gaps: gaps(data), ...options});
}

// ---- panels

// What a write must do there is no reason worth a look.
const EXPECTED = new Set(['dml', 'ddl', 'copy in', 'transaction control', 'empty', 'single node', 'session state']);

function drawTopology(data, width) {
  const clusters = data.topology.rows.filter(c => c.probed);
  if (clusters.length === 0)
    return empty('No cluster: the databases have one server each, which nobody asks what it is.');
  return make('div', {}, ...clusters.map(c => topology(c, data.nodes.rows.filter(n => n.cluster === c.cluster).map(n =>
    ({...n, reads: rates.get(nodeKey(n))?.reads ?? null, writes: rates.get(nodeKey(n))?.writes ?? null})), width)),
  make('ul', {class: 'legend'}, make('li', {}, make('i', {class: 'k0'}), 'reads'), make('li', {}, make('i', {class: 'k1'}), 'writes'),
    make('li', {}, 'a line is as thick as its traffic')));
}

function drawThroughput(data, width) {
  return chart(data, width, [series('reads a second', h => h.reads), series('writes a second', h => h.writes)], {format: count, least: 10});
}

// Those that lag most, when there are more standbys than a picture can tell apart.
function drawLag(data, width) {
  const standbys = data.nodes.rows.filter(n => n.lag_ms !== null).sort((a, b) => b.lag_ms - a.lag_ms);
  if (standbys.length === 0)
    return empty('No standby, so nothing lags.');
  const more = standbys.length - LAGS, picture = chart(data, width, standbys.slice(0, LAGS).map(n => series(n.node, h => h.nodes.get(nodeKey(n))?.lag)), {format: ms => ms === null || ms === undefined ? '–' : duration(ms * 1000), least: 10});
  return more <= 0 ? picture : make('div', {}, picture, make('p', {class: 'quiet small'}, `and ${more} more, which lag no more than these`));
}

function drawWaiting(data, width) {
  return chart(data, width, [series('waiting clients', h => h.waiting)], {format: count, least: 5});
}

function drawNodes(data) {
  return table(data.nodes.rows, [
    ['node', n => n.node, 'name'],
    ['role', n => n.role],
    ['state', n => marked(n.state, n.state === 'up' ? 'good' : n.state === 'fenced' || n.state === 'down' ? 'bad' : 'warn')],
    ['behind', n => n.lag_ms === null ? '–' : marked(duration(n.lag_ms * 1000), levelOf(LIMITS.lag, n.lag_ms)), 'n'],
    ['reads/s', n => count(rates.get(nodeKey(n))?.reads), 'n'],
    ['writes/s', n => count(rates.get(nodeKey(n))?.writes), 'n'],
    ['last 5 minutes', n => spark(history.map(h => [h.t, h.nodes.get(nodeKey(n)) ?? null]), {name: n.node, now: data.at_ms, span: SPARK})],
    ['now', n => count(n.in_flight), 'n'],
    ['why', n => n.why, 'text'],
  ], 'No cluster, so no node is asked what it is.');
}

function drawPools(data) {
  const most = new Map();
  for (const p of data.extended_pools.rows) {
    const share = used(p), key = p.database + '\n' + p.user;
    if (share !== null && share >= (most.get(key) ?? -1))
      most.set(key, share);
  }
  const wait = p => p.maxwait + p.maxwait_us / 1e6;
  const rows = data.pools.rows.filter(p => p.database !== 'pgbouncer').sort((a, b) => wait(b) - wait(a) || b.cl_waiting - a.cl_waiting || b.cl_active - a.cl_active);
  return table(rows, [
    ['database', p => p.database, 'name'],
    ['user', p => p.user, 'name'],
    ['clients', p => count(p.cl_active), 'n'],
    ['waiting', p => marked(count(p.cl_waiting), levelOf(LIMITS.waiting, p.cl_waiting)), 'n'],
    ['longest wait', p => marked(wait(p) > 0 ? duration(wait(p) * 1e6) : '–', levelOf(LIMITS.maxwait, wait(p))), 'n'],
    ['servers', p => `${p.sv_active} of ${p.sv_active + p.sv_idle + p.sv_used + p.sv_tested + p.sv_login}`, 'n'],
    ['busiest node', p => {
      const share = most.get(p.database + '\n' + p.user);
      return share === undefined ? '–' : make('span', {}, Math.round(100 * share) + ' %', meter(share, levelOf(LIMITS.used, share)));
    }, 'n'],
  ], 'Nobody has connected yet.', ROWS);
}

function drawLatency(data) {
  const slowest = new Map(); // database to its slowest p99, which its rows stand by
  const rows = data.latency.rows.filter(l => l.level === 'database' && l.recent_count > 0);
  rows.forEach(l => slowest.set(l.database, Math.max(slowest.get(l.database) ?? 0, l.recent_p99_us)));
  rows.sort((a, b) => slowest.get(b.database) - slowest.get(a.database)); // the rest of their order stays
  return table(rows, [
    ['database', l => l.database, 'name'],
    ['', l => l.what],
    ...['p50', 'p95', 'p99', 'p999', 'max'].map(p => [p === 'p999' ? 'p99.9' : p, l => duration(l[`recent_${p}_us`]), 'n']),
    ['count', l => count(l.recent_count), 'n'],
  ], 'Nothing has been measured lately: percentiles come when clients do.', ROWS);
}

function drawReasons(data) {
  const found = new Map();
  for (const r of data.routes.rows)
    if (r.target === 'primary' && !EXPECTED.has(r.reason))
      found.set(r.reason, (found.get(r.reason) ?? 0) + r.count);
  const rows = [...found].sort((a, b) => b[1] - a[1]).slice(0, 10);
  if (rows.length === 0)
    return empty('Nothing went to the primary that a standby could have had.');
  return make('ul', {class: 'reasons'}, ...rows.map(([reason, n]) =>
    make('li', {}, make('span', {}, reason), meter(n / rows[0][1], ''), make('span', {}, count(n)))));
}

function drawFailovers(data, width) {
  const list = failovers(data);
  if (list.length === 0)
    return empty('None since pgsteer started.');
  return make('div', {}, timeline(list.map(f => ({from: f.lost_ms, to: f.to_ms, label: duration(f.gap_ms * 1000), text: `${f.from_node} lost, ${f.to_node ?? 'nobody'} elected after ${duration(f.gap_ms * 1000)}`})), data.at_ms, width),
    table([...list].reverse(), [
      ['lost', f => f.lost_at],
      ['cluster', f => f.database, 'name'],
      ['from', f => f.from_node, 'name'],
      ['to', f => f.to_node ?? marked('nobody yet', 'bad'), 'name'],
      ['recovered in', f => marked(duration(f.gap_ms * 1000), f.to_node === null ? 'bad' : f.gap_ms > 30000 ? 'warn' : 'good'), 'n'],
      ['held', f => count(f.held), 'n'],
      ['served', f => count(f.drained), 'n'],
      ['refused', f => marked(count(f.refused), f.refused > 0 ? 'warn' : 'good'), 'n'],
      ['rolled back', f => count(f.rolled_back), 'n'],
      ['unknown', f => marked(count(f.unknown), f.unknown > 0 ? 'warn' : 'good'), 'n'],
      ['why', f => f.why, 'text'],
    ], ''));
}

function drawEvents() {
  return table(events, [
    ['at', e => new Date(e.at).toLocaleTimeString()],
    ['node', e => e.node, 'name'],
    ['was', e => e.from],
    ['is', e => e.to],
    ['why', e => e.why, 'text'],
  ], 'No change of a role since pgsteer started.');
}

const PANELS = [
  ['topology', 'Topology', 'wide', drawTopology, 'SELECT cluster, node, role, state, lag_ms, reads, writes, why FROM nodes;\nSELECT cluster, "primary", reads_from, epoch FROM topology;'],
  ['throughput', 'Reads and writes', '', drawThroughput, 'SELECT node, reads, writes FROM nodes;  -- counters: their growth is the rate'],
  ['lag', 'Lag of standbys', '', drawLag, "SELECT node, lag_ms, lag_bytes FROM nodes WHERE role = 'standby';"],
  ['waiting', 'Waiting clients', '', drawWaiting, 'SELECT SUM(cl_waiting), MAX(maxwait) FROM pools;'],
  ['reasons', 'Why reads went to the primary', '', drawReasons, "SELECT reason, SUM(count) FROM routes WHERE target = 'primary'\n GROUP BY reason ORDER BY 2 DESC;"],
  ['pools', 'Pools', 'wide', drawPools, 'SELECT database, user, cl_active, cl_waiting, maxwait, maxwait_us, sv_active, sv_idle FROM pools ORDER BY maxwait DESC;\nSELECT database, user, node, 100.0 * sv_active / pool_size AS used FROM extended_pools WHERE pool_size > 0;'],
  ['latency', 'Latency, recent', 'wide', drawLatency, "SELECT database, what, recent_p50_us, recent_p95_us, recent_p99_us, recent_p999_us, recent_max_us\n  FROM latency WHERE level = 'database';"],
  ['nodes', 'Nodes', 'wide', drawNodes, 'SELECT node, role, state, lag_ms, in_flight, reads, writes, why FROM nodes;'],
  ['failovers', 'Failovers', 'wide', drawFailovers, 'SELECT lost_at, from_node, to_node, gap_ms, held, drained, refused, rolled_back, unknown, why FROM failovers;'],
  ['events', 'Changes seen', 'wide', drawEvents, 'SELECT node, role, state, since, why FROM nodes ORDER BY since DESC;'],
];

function addPanel([id, title, kind, , sql]) {
  const text = make('pre', {class: 'sql', id: `sql-${id}`, hidden: true}, sql);
  const button = make('button', {type: 'button', class: 'sql-button', 'aria-expanded': 'false', 'aria-controls': `sql-${id}`, 'aria-label': `SQL behind ${title}`}, 'SQL');
  button.addEventListener('click', () => {
    text.hidden = !text.hidden;
    button.setAttribute('aria-expanded', String(!text.hidden));
  });
  $('panels').append(make('section', {class: `panel ${kind}`, id, 'aria-labelledby': `title-${id}`},
    make('header', {}, make('h2', {id: `title-${id}`}, title), button), text, make('div', {id: `body-${id}`})));
}

// ---- the whole

function figure(name, value, unit) {
  return make('div', {}, make('dt', {}, name), make('dd', {}, value, unit ? make('small', {}, unit) : null));
}

function showFigures(data) {
  const last = history.at(-1), lags = data.nodes.rows.map(n => n.lag_ms).filter(ms => ms !== null);
  const lists = new Map(data.lists.rows.map(l => [l.list, l.items]));
  $('figures').replaceChildren(
    figure('Reads', last ? count(last.reads) : '–', '/s'),
    figure('Writes', last ? count(last.writes) : '–', '/s'),
    figure('Clients', count(lists.get('used_clients'))),
    figure('Waiting', count(sum(data.pools.rows, 'cl_waiting'))),
    figure('Servers', count(lists.get('used_servers'))),
    figure('Lag', lags.length ? duration(Math.max(...lags) * 1000) : '–'),
  );
}

function showVerdict({level, title, list}) {
  const said = JSON.stringify([level, list]);
  if ($('verdict').dataset.said === said)
    return; // so that a screen reader hears changes alone
  $('verdict').dataset.said = said;
  $('verdict').dataset.level = level;
  $('verdict-title').textContent = title;
  $('verdict-list').replaceChildren(...list.slice(0, 8).map(item =>
    make('li', {'data-level': item.level}, make('b', {}, item.name), item.text)),
  ...(list.length > 8 ? [make('li', {class: 'quiet'}, `and ${list.length - 8} more`)] : []));
  document.title = (level === 'good' ? '' : '! ') + 'pgsteer: ' + title;
}

// A table that is being read or scrolled sideways stays where it is.
function refill(body, fresh) {
  const at = body.querySelector('.scroll')?.scrollLeft ?? 0, focused = body.contains(document.activeElement);
  body.replaceChildren(fresh);
  const scroll = body.querySelector('.scroll');
  if (scroll) {
    scroll.scrollLeft = at;
    if (focused)
      scroll.focus({preventScroll: true});
  }
}

function show(data) {
  learn(data);
  $('version').textContent = data.version.rows[0].version.replace(/^.*\(pgsteer (.*)\)$/, '$1');
  showVerdict(verdict(data));
  showFigures(data);
  fill(data);
}

// Pictures are as wide as their panel, so that their text is as large as the rest.
function fill(data) {
  for (const [id, , , draw] of PANELS) {
    const body = $(`body-${id}`);
    refill(body, draw(data, body.clientWidth));
  }
}

function pulse() {
  const age = answered ? Math.round((Date.now() - answered) / 1000) : null;
  const live = age !== null && age < 4;
  $('pulse').dataset.live = live ? 'yes' : 'no';
  $('pulse').textContent = live ? 'live' : age === null ? 'no answer yet' : `no answer for ${age} s`;
  $('panels').classList.toggle('stale', !live && answered > 0);
}

function fail(title, text) {
  showVerdict({level: 'bad', title, list: [{level: 'bad', name: 'pgsteer', text}]});
}

// One at a time, whoever begins it.
async function poll() {
  clearTimeout(next);
  if (document.hidden || asking) {
    missed = missed || document.hidden;
    return; // visibilitychange begins again
  }
  asking = true;
  if (await ask())
    next = setTimeout(poll, EVERY);
  asking = false;
}

const get = name => fetch(`api/v1/${name}`, {cache: 'no-store', headers: token ? {Authorization: `Bearer ${token}`} : {}, signal: AbortSignal.timeout(8000)});

async function catchUp() {
  const reply = await get('history');
  if (!reply.ok)
    return;
  recall(await reply.json());
  before = null; // what it had has been recalled
  missed = false;
}

// Whether to go on.
async function ask() {
  try {
    if (missed)
      await catchUp();
    const reply = await get('overview');
    $('door').hidden = reply.status !== 401;
    if (reply.ok) {
      show(await reply.json());
      answered = Date.now();
    } else if (reply.status === 401) {
      fail('A token is needed', token ? 'does not take this one' : 'asks for one');
      return false; // until there is another one
    } else {
      fail('No answer', `says ${reply.status}`);
    }
  } catch (error) {
    missed = true;
    fail('No answer', `cannot be reached, or its answer makes no sense (${error.message})`);
  }
  pulse();
  return true;
}

function enter() {
  token = $('token').value;
  sessionStorage.setItem('token', token);
  poll();
}

PANELS.forEach(addPanel);
$('enter').addEventListener('click', enter);
$('token').addEventListener('keydown', event => event.key === 'Enter' && enter());
document.addEventListener('visibilitychange', () => document.hidden || poll());
addEventListener('resize', () => before && fill(before));
poll();
