// One process of the cluster in processes.test.mjs.
import { Client } from 'ficha';

const client = new Client(process.env.REDIS_URL);
process.on('message', async ({ create, load, revoke, fresh }) => {
  if (create) process.send((await client.create(create)).token);
  if (load) process.send((await client.load(load, { fresh }))?.principal ?? null);
  if (revoke) process.send(await client.revoke(client.sessionId(revoke)));
});
