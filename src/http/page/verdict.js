// verdict: what is wrong, from the tables of /api/v1/overview. Pure. The thresholds are those of config/prometheus-alerts.yml.

export const LIMITS = {
  waiting: [5, 20],          // clients of one pool
  maxwait: [5, 10],          // seconds
  transaction: [2e6, 5e6],   // microseconds, average
  used: [0.80, 0.95],        // of a pool's servers
  lag: [1000, 10000],        // milliseconds
};

export function levelOf(limits, value) {
  return value > limits[1] ? 'bad' : value > limits[0] ? 'warn' : 'good';
}

const seconds = value => value.toFixed(1) + ' s';

// Share of a pool's servers that serve clients; null: it has no limit.
export function used(pool) {
  return pool.pool_size > 0 ? pool.sv_active / pool.pool_size : null;
}

function* ofClusters(data) {
  for (const c of data.topology.rows) {
    if (!c.probed)
      continue;
    if (c.primary === null)
      yield ['bad', c.cluster, 'has no primary: writes wait'];
    else if (c.nodes > 1 && c.reads_from.split(',').every(name => name === c.primary))
      yield ['warn', c.cluster, 'has no standby that serves reads: the primary does all'];
  }
}

function* ofNodes(data) {
  for (const n of data.nodes.rows) {
    if (n.state === 'fenced')
      yield ['bad', n.node, 'is fenced: ' + n.why];
    else if (n.state === 'down' || n.state === 'ejected')
      yield ['warn', n.node, `is ${n.state}: ${n.why}`];
    else if (n.lag_ms !== null && levelOf(LIMITS.lag, n.lag_ms) !== 'good')
      yield [levelOf(LIMITS.lag, n.lag_ms), n.node, `is ${seconds(n.lag_ms / 1000)} behind`];
  }
}

function* ofPools(data) {
  for (const p of data.pools.rows) {
    const wait = p.maxwait + p.maxwait_us / 1e6, name = `${p.database} / ${p.user}`;
    if (levelOf(LIMITS.waiting, p.cl_waiting) !== 'good')
      yield [levelOf(LIMITS.waiting, p.cl_waiting), name, `${p.cl_waiting} clients wait for a server`];
    if (levelOf(LIMITS.maxwait, wait) !== 'good')
      yield [levelOf(LIMITS.maxwait, wait), name, `a client has waited for ${seconds(wait)}`];
  }
  for (const p of data.extended_pools.rows) {
    const share = used(p);
    if (share !== null && levelOf(LIMITS.used, share) !== 'good')
      yield [levelOf(LIMITS.used, share), `${p.database} / ${p.user}`, `${Math.round(100 * share)} % of the servers at ${p.node} are in use`];
  }
  for (const s of data.stats.rows)
    if (levelOf(LIMITS.transaction, s.avg_xact_time) !== 'good')
      yield [levelOf(LIMITS.transaction, s.avg_xact_time), s.database, `transactions take ${seconds(s.avg_xact_time / 1e6)} on average`];
}

function* ofState(data) {
  for (const s of data.state.rows)
    if (s.key !== 'active' && s.value === 'yes')
      yield ['warn', 'pgsteer', `is ${s.key}: nobody is served`];
}

// {level, title, list: [{level, name, text}]}, the worst first.
export function verdict(data) {
  const list = [...ofState(data), ...ofClusters(data), ...ofNodes(data), ...ofPools(data)]
    .map(([level, name, text]) => ({level, name, text}))
    .sort((a, b) => (a.level === 'warn') - (b.level === 'warn'));
  const bad = list.filter(item => item.level === 'bad').length;
  if (list.length === 0)
    return {level: 'good', title: 'All well', list};
  return {
    level: bad ? 'bad' : 'warn',
    title: bad ? (bad === 1 ? 'One thing is wrong' : bad + ' things are wrong') : (list.length === 1 ? 'One thing to look at' : list.length + ' things to look at'),
    list,
  };
}
