// Sends COUNT requests of SESSIONS hot sessions, with an idle timeout of 30 minutes, through express-session on
// connect-redis: node requests.mjs PORT SESSIONS COUNT. The middleware sees real request and response objects; only the
// socket in front of them is missing.
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { RedisStore } from "connect-redis";
import session from "express-session";
import { createClient } from "redis";

const inFlight = 64;
const [port, sessionCount, requestCount] = process.argv.slice(2).map(Number);

const client = createClient({ url: `redis://127.0.0.1:${port}` });
await client.connect();
const sessions = session({
  store: new RedisStore({ client }),
  secret: "a secret of this benchmark alone",
  resave: false,
  saveUninitialized: false,
  cookie: { maxAge: 30 * 60 * 1000 },
});
const socket = new Socket();

// Resolves to the response's Set-Cookie when the middleware lets the response end.
function request(cookie, handle) {
  return new Promise((resolve, reject) => {
    const req = new IncomingMessage(socket);
    req.url = req.originalUrl = "/api/accounts";
    req.method = "GET";
    if (cookie) req.headers.cookie = cookie;
    const res = new ServerResponse(req);
    res.end = () => resolve(res.getHeader("set-cookie"));
    sessions(req, res, (error) => {
      if (error) return reject(error);
      handle(req);
      res.end();
    });
  });
}

const cookies = [];
for (let i = 0; i < sessionCount; ++i) {
  const [cookie] = await request(undefined, (req) => {
    req.session.user = `customer-${i}`;
  });
  cookies.push(cookie.split(";", 1)[0]);
}

let sent = 0;
async function browse() {
  while (sent < requestCount) {
    const i = sent++ % sessionCount;
    await request(cookies[i], (req) => {
      if (req.session.user !== `customer-${i}`) throw new Error("another session than the cookie's");
    });
  }
}
await Promise.all(Array.from({ length: inFlight }, browse));
client.destroy();
socket.destroy();
