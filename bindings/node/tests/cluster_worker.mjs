// One process of the cluster in processes.test.mjs.
import { Client } from 'ficha';

const client = new Client({ redis: { url: process.env.REDIS_URL, command_timeout: '10s', operation_timeout: '20s' } });
process.on('message', async ({ create, load, revoke, fresh }) => {
  if (create) process.send((await client.create(create)).token);
  if (load) process.send((await client.load(load, { fresh }))?.principal ?? null);
  if (revoke) process.send(await client.revoke(client.sessionId(revoke)));
});
process.send('ready');
