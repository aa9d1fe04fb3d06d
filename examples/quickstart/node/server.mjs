// node server.mjs ../ficha.toml 8080
import http from 'node:http';
import { Client } from 'ficha';
import { shop } from './shop.mjs';
import { acceptWebSockets } from './websocket.mjs';

const [file, port] = process.argv.slice(2);
if (!port) {
  console.error('usage: node server.mjs FICHA.TOML PORT');
  process.exit(2);
}
const client = new Client(file);
const server = http.createServer(shop(client));
acceptWebSockets(server, client);
server.listen(Number(port), () => console.log(`listening on http://localhost:${port}`));
