// draw: elements, numbers as text, and the pictures: topology, curves, timeline. Knows nothing of where data comes from.

export function make(name, attributes = {}, ...children) {
  const svg = ['svg', 'g', 'path', 'rect', 'line', 'text', 'title', 'circle', 'tspan'].includes(name);
  const node = svg ? document.createElementNS('http://www.w3.org/2000/svg', name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (value !== null && value !== undefined && value !== false)
      node.setAttribute(key, value === true ? '' : value);
  node.append(...children.filter(child => child !== null && child !== undefined));
  return node;
}

export function count(value) {
  if (value === null || value === undefined)
    return '–';
  if (value >= 1e6)
    return (value / 1e6).toFixed(value < 1e7 ? 1 : 0) + ' M';
  if (value >= 1e4)
    return (value / 1e3).toFixed(value < 1e5 ? 1 : 0) + ' k';
  return value >= 10 || Number.isInteger(value) ? Math.round(value).toString() : value.toFixed(1);
}

// Microseconds.
export function duration(us) {
  if (us === null || us === undefined)
    return '–';
  if (us > 0 && us < 1000)
    return Math.round(us) + ' µs';
  if (us === 0)
    return '0 ms';
  if (us < 1e6)
    return (us / 1e3).toFixed(us < 1e4 ? 1 : 0) + ' ms';
  return us < 1.2e8 ? (us / 1e6).toFixed(us < 1e7 ? 1 : 0) + ' s' : Math.round(us / 6e7) + ' min';
}

const cut = (text, most) => text.length <= most ? text : text.slice(0, most - 1) + '…';

// ---- topology

const BOX = {height: 62, gap: 14}, SMALL = {height: 36, gap: 8}, FEW = 6;

// Its lines stand in the middle of its height.
function box({x, y, width, height}, kind, lines) {
  const first = y + height / 2 + 5 - (lines.length - 1) * 11;
  return make('g', {}, make('rect', {class: 'box ' + kind, x, y, width, height, rx: 8}),
    ...lines.map(([text, kinds, weight], i) => make('text', {x: x + 14, y: first + i * 22, class: kinds, 'font-weight': weight}, text)));
}

function nodeKind(n) {
  return n.state === 'fenced' || n.state === 'down' ? 'bad' : n.state === 'ejected' || n.state === 'new' ? 'warn' : n.role;
}

function nodeSecondLine(n) {
  if (n.state !== 'up')
    return [`${n.role === 'unknown' ? 'node' : n.role}, ${n.state}`, nodeKind(n) === 'bad' ? 't-bad' : 't-warn'];
  if (n.lag_ms === null)
    return [n.role, n.role === 'primary' ? 't-write' : 't-read'];
  return [n.role + (n.lag_ms > 0 ? `, ${duration(n.lag_ms * 1000)} behind` : ', in step'), 't-read'];
}

// What flows to each node: [{node's index, kind, width}], in the order of the nodes.
// Together no wider than `room`, and each no wider than `widest`.
function flows(nodes, room, widest) {
  const most = Math.max(1, ...nodes.flatMap(n => [n.reads ?? 0, n.writes ?? 0]));
  const list = nodes.flatMap((n, i) => {
    const some = [['write', n.writes], ['read', n.reads]].filter(([, rate]) => rate > 0).map(([kind, rate]) => ({i, kind, rate}));
    return some.length ? some : [{i, kind: 'none', rate: 0}];
  });
  const most_width = Math.min(widest, Math.max(0.2, room / list.length - 3.5));
  return list.map(f => ({...f, width: 1.5 + most_width * Math.sqrt(f.rate / most)}));
}

// Where each begins and ends: side by side along both edges.
function placed(list, begin, end) {
  let y = begin - list.reduce((sum, f) => sum + f.width + 2, -2) / 2;
  return list.map((f, at) => {
    const mine = list.filter(other => other.i === f.i), inner = mine.slice(0, mine.indexOf(f)).reduce((sum, o) => sum + o.width + 2, 0);
    const total = mine.reduce((sum, o) => sum + o.width + 2, -2), from = y + f.width / 2;
    y += f.width + 2;
    return {...f, at, from, to: end(f.i) - total / 2 + inner + f.width / 2};
  });
}

function alongside(f, x, top, to) { // down from the endpoint, then to the right
  const bend = 12;
  return `M${x} ${top}V${f.to - bend}Q${x} ${f.to} ${x + bend} ${f.to}H${to}`;
}

// One node: two lines, or one where there are many.
function nodeBox(n, x, y, width, small) {
  const [text, kind] = nodeSecondLine(n), size = small ? SMALL : BOX;
  const lines = small ? [[cut(n.node, Math.floor(width / 21)), '', 600]] : [[cut(n.node, Math.floor((width - 90) / 9)), '', 600], [text, kind]];
  const group = box({x, y, width, height: size.height}, nodeKind(n), lines);
  const traffic = (value, what, at, kinds) => make('text', {...at, 'text-anchor': 'end', class: kinds}, `${count(value)} ${what}`);
  const right = x + width - 14;
  if (small)
    group.append(make('text', {x: x + width * 0.42, y: y + 23, class: kind}, text));
  if (n.reads !== null)
    group.append(traffic(n.reads, 'r/s', {x: small ? right - 78 : right, y: y + (small ? 23 : 25)}, n.reads > 0 ? 't-read' : 'quiet'),
      traffic(n.writes, 'w/s', {x: right, y: y + (small ? 23 : 47)}, n.writes > 0 ? 't-write' : 'quiet'));
  group.append(make('title', {}, [n.node, n.why].filter(Boolean).join(': ')));
  return group;
}

// nodes: {node, role, state, lag_ms, reads, writes} with reads and writes a second (null: not known yet).
export function topology(cluster, nodes, width) {
  const narrow = width < 560, small = !narrow && width > 800 && nodes.length > FEW, {height: tall, gap} = small ? SMALL : BOX;
  const all = flows(nodes, narrow ? 44 : 120, narrow ? 7 : 16), thick = all.reduce((sum, f) => sum + f.width + 2, -2);
  const end = {x: 2, y: 4, width: narrow ? width - 4 : Math.min(230, width * 0.28), height: narrow ? 64 : Math.max(64, thick + 16)};
  const top = narrow ? 92 : 4, height = Math.max(top + nodes.length * (tall + gap) - gap + 4, end.height + 8);
  const svg = make('svg', {viewBox: `0 0 ${width} ${height}`, role: 'img',
    'aria-label': `${cluster.cluster}: ` + nodes.map(n => `${n.node} ${n.role} ${n.state}`).join('; ')});
  if (!narrow)
    end.y = (height - end.height) / 2;
  const nodeX = narrow ? 56 : width - (small ? Math.min(560, width * 0.5) : Math.min(330, width * 0.44)), nodeWidth = width - nodeX - 2;
  const list = placed(all, end.y + end.height / 2, i => top + i * (tall + gap) + tall / 2);
  for (const f of list) {
    const x = end.x + end.width, half = (x + nodeX) / 2;
    svg.append(make('path', {class: 'pipe ' + f.kind, 'stroke-width': f.width, d: narrow
      ? alongside(f, end.x + 48 - (f.from - list[0].from), end.y + end.height, nodeX) : `M${x} ${f.from}C${half} ${f.from} ${half} ${f.to} ${nodeX} ${f.to}`}));
  }
  const text = [[cut(cluster.cluster, Math.floor((end.width - 28) / 9)), '', 600], ['one endpoint', 'quiet']];
  const endpoint = box(end, '', text);
  endpoint.append(make('title', {}, cluster.cluster));
  svg.append(endpoint, ...nodes.map((n, i) => nodeBox(n, nodeX, top + i * (tall + gap), nodeWidth, small)));
  return svg;
}

// ---- curves

function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-9)));
  return [1, 2, 5, 10].map(n => n * power).find(n => n >= value);
}

// One point for all of [[time, value or null]...] within `step` milliseconds, so that a picture has no more than it can show.
function thin(points, step, join) {
  const list = [];
  let values = [], mark = null;
  const close = t => list.push([t, values.length ? join(values) : null]);
  points.forEach(([t, v], i) => {
    if (mark !== null && Math.floor(t / step) !== mark) {
      close(points[i - 1][0]);
      values = [];
    }
    mark = Math.floor(t / step);
    if (v !== null)
      values.push(v);
  });
  if (points.length)
    close(points.at(-1)[0]);
  return list;
}

// series: [{name, points: [[time, value or null]...]}]; format: of values; span: milliseconds.
export function curves(series, {format, span, now, width, least = 1, gaps = []}) {
  const height = 170, left = 62, right = 8, top = 10, bottom = 24;
  const top_value = ceiling(Math.max(least, ...series.flatMap(s => s.points.map(p => p[1] ?? 0))));
  const x = t => left + (width - left - right) * (1 - (now - t) / span);
  const y = v => height - bottom - (height - top - bottom) * v / top_value;
  const svg = make('svg', {viewBox: `0 0 ${width} ${height}`, role: 'img',
    'aria-label': series.map(s => `${s.name}: ${format(s.points.at(-1)?.[1])}`).join('; ')});
  for (const share of [0, 0.5, 1])
    svg.append(make('line', {class: 'grid', x1: left, x2: width - right, y1: y(share * top_value), y2: y(share * top_value)}),
      make('text', {class: 'quiet', x: left - 8, y: y(share * top_value) + 4, 'text-anchor': 'end'}, format(share * top_value)));
  for (const gap of gaps)
    if (gap.to > now - span)
      svg.append(make('rect', {class: 'gap', x: Math.max(left, x(gap.from)), y: top, height: height - top - bottom,
        width: Math.max(2, x(Math.min(now, gap.to)) - Math.max(left, x(gap.from)))}, make('title', {}, 'no primary')));
  svg.append(make('text', {class: 'quiet', x: left, y: height - 6}, duration(span * 1000) + ' ago'),
    make('text', {class: 'quiet', x: width - right, y: height - 6, 'text-anchor': 'end'}, 'now'));
  series.forEach((s, i) => {
    let path = '', pen = false;
    for (const [t, v] of thin(s.points.filter(p => p[0] >= now - span), 2 * span / (width - left - right), values => Math.max(...values))) {
      path += v === null ? '' : `${pen ? 'L' : 'M'}${x(t).toFixed(1)} ${y(v).toFixed(1)}`;
      pen = v !== null;
    }
    svg.append(make('path', {class: `curve c${i % 4}`, d: path || 'M0 0'}));
  });
  const legend = make('ul', {class: 'legend'}, ...series.map((s, i) =>
    make('li', {}, make('i', {class: `k${i % 4}`}), s.name, make('b', {}, format(s.points.at(-1)?.[1])))));
  return make('div', {}, svg, legend);
}

// A node's traffic of the last `span` milliseconds, small: [[time, {reads, writes} or null]...]; one on top of the other.
export function spark(points, {name, now, span}) {
  const width = 120, height = 22;
  const list = thin(points.filter(p => p[0] >= now - span).map(([t, v]) => [t, v && [v.reads ?? 0, v.writes ?? 0]]), 2 * span / width,
    values => [0, 1].map(k => values.reduce((sum, v) => sum + v[k], 0) / values.length));
  const most = Math.max(1, ...list.map(([, v]) => v ? v[0] + v[1] : 0));
  const x = t => width * (1 - (now - t) / span), y = v => height - (height - 1) * v / most;
  const edge = (points, value) => points.map(([t, v]) => `${x(t).toFixed(1)} ${y(value(v ?? [0, 0])).toFixed(1)}`).join('L');
  const area = (low, high, kind) => make('path', {class: `area ${kind}`, d: list.length < 2 ? 'M0 0' : `M${edge(list, high)}L${edge([...list].reverse(), low)}Z`});
  return make('svg', {class: 'spark', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': `${name}: ${count(most)} a second at most`},
    area(() => 0, v => v[0], 'read'), area(v => v[0], v => v[0] + v[1], 'write'));
}

// ---- failovers

// list: [{from, to (milliseconds; null: not over), label, text}]
export function timeline(list, now, width) {
  const height = 70, first = Math.min(now - 3600e3, ...list.map(f => f.from - 60e3));
  const x = t => 10 + (width - 20) * (t - first) / (now - first);
  const svg = make('svg', {viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': `${list.length} failovers`});
  const at = t => new Date(t).toLocaleString([], {month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit'});
  svg.append(make('line', {class: 'grid', x1: 10, x2: width - 10, y1: 36, y2: 36}));
  let free = -1;
  for (const f of list) {
    const left = x(f.from) - 2, right = left + Math.max(5, x(f.to ?? now) - x(f.from)), half = 3.8 * f.label.length;
    const middle = Math.min(Math.max((left + right) / 2, half), width - half);
    svg.append(make('rect', {class: f.to === null ? 't-bad' : 't-gap', x: left, y: 22, rx: 2, height: 28, width: right - left}, make('title', {}, f.text)));
    if (middle - half > free) {
      svg.append(make('text', {x: middle, y: 15, 'text-anchor': 'middle', class: f.to === null ? 't-bad' : ''}, f.label));
      free = middle + half + 6;
    }
  }
  svg.append(make('text', {class: 'quiet', x: 10, y: 66}, at(first)), make('text', {class: 'quiet', x: width - 10, y: 66, 'text-anchor': 'end'}, 'now'));
  return svg;
}
