// What one turn of the event loop asks of the store goes out together, whatever the turn began with.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { setImmediate as immediate, setTimeout as delay } from 'node:timers/promises';
import { Client } from 'ficha';
import { useLeakCheck, useRedis } from './helpers.mjs';

const redis = useRedis();
useLeakCheck();

/** How often the server has read from a socket, but for probes of a connection, which come when they are due. */
async function reads() {
  const info = await redis.command('INFO', 'everything');
  const number = (pattern) => Number(pattern.exec(info)?.[1] ?? 0);
  return number(/total_reads_processed:(\d+)/) - number(/cmdstat_time:calls=(\d+)/);
}

const beginnings = {
  'a promise': () => Promise.resolve(),
  'a timer': () => delay(1),
  'an immediate': () => immediate(),
  'a socket': async () => {
    const server = net.createServer((socket) => socket.end('x'));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const socket = net.connect(server.address().port, '127.0.0.1');
    await once(socket, 'data');
    server.close();
  },
};

for (const [name, begin] of Object.entries(beginnings)) {
  test(`fifty loads in a turn that ${name} began are one write, and each has its own answer`, async (t) => {
    const client = new Client({ redis: { url: redis.url }, near_cache: { enabled: false } });
    t.after(() => client.close());
    const created = await Promise.all(Array.from({ length: 50 }, (_, i) => client.create(`user-${i}`)));
    const before = await reads();
    await begin();
    const loaded = await Promise.all(created.map(({ token }) => client.load(token)));
    assert.deepEqual(
      loaded.map(({ principal }) => principal),
      created.map(({ principal }) => principal),
    );
    const more = (await reads()) - before - 1; // asking is a read as well
    assert.ok(more <= 1, `${more} reads`); // none, if a probe was in the same
  });
}
