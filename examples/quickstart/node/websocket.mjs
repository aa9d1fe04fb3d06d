// WebSockets that are open to live sessions only, and that close when the session ends.
import { requestOf } from 'ficha';
import { WebSocketServer } from 'ws';

export function acceptWebSockets(server, client, { checkEveryMs = 5000 } = {}) {
  const sockets = new WebSocketServer({ noServer: true });

  server.on('upgrade', async (request, socket, head) => {
    // An upgraded socket is nobody's but ours: its error, unheard, would end the process.
    socket.on('error', () => socket.destroy());
    // A page of another origin can open a socket with the visitor's cookie: authorize() wants the own origin here.
    const decision = client.require({ allow: 'authenticated' }, await client.authorize(requestOf(request)));
    if (!decision.allowed) {
      const headers = decision.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
      socket.end(`HTTP/1.1 ${decision.status} Refused\r\n${headers}Connection: close\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (accepted) => serve(accepted, request, decision.session));
  });

  function serve(socket, request, { principal }) {
    socket.send(JSON.stringify({ hello: principal }));
    socket.on('message', (message) => socket.send(message.toString()));
    // Nobody tells a connection that its session is over; asking costs next to nothing where it is cached.
    const timer = setInterval(async () => {
      const { verdict } = await client.authorize(requestOf(request));
      if (verdict !== 'allow' && verdict !== 'unavailable') socket.close(4401, 'session ended');
    }, checkEveryMs);
    socket.on('close', () => clearInterval(timer));
  }
}
