// verdict: what is wrong, as the console's ALERTS have it, and the same thresholds for the colours of cells. Pure.

export const LIMITS = {
  waiting: [5, 20],          // clients of one pool
  maxwait: [5, 10],          // seconds
  used: [0.80, 0.95],        // of a pool's servers
  lag: [1000, 10000],        // milliseconds
};

export function levelOf(limits, value) {
  return value > limits[1] ? 'bad' : value > limits[0] ? 'warn' : 'good';
}

// Share of a pool's servers that serve clients; null: it has no limit.
export function used(pool) {
  return pool.pool_size > 0 ? pool.sv_active / pool.pool_size : null;
}

// {level, title, list: [{level, name, text}]}, the worst first: the console's ALERTS.
export function verdict(data) {
  const list = data.alerts.rows.map(a => ({
    level: a.severity === 'critical' ? 'bad' : 'warn',
    name: a.node ?? (a.user !== null ? `${a.database} / ${a.user}` : a.database ?? 'pgsteer'),
    text: a.text,
  })).sort((a, b) => (a.level === 'warn') - (b.level === 'warn'));
  const bad = list.filter(item => item.level === 'bad').length;
  if (list.length === 0)
    return {level: 'good', title: 'All well', list};
  const level = bad ? 'bad' : 'warn';
  if (bad === 1 || list.length === 1) // what is wrong is the headline
    return {level, title: `${list[0].name} ${list[0].text}`, list: list.slice(1)};
  return {level, title: bad ? bad + ' things are wrong' : list.length + ' things to look at', list};
}
