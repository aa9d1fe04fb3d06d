// Another process with a client: does what its parent sends as [method, argument, …], and answers with what came of it.
import { Client } from 'ficha';

const client = new Client(JSON.parse(process.env.FICHA_CONFIG));
process.on('message', async ([method, ...args]) => process.send((await client[method](...args)) ?? null));
