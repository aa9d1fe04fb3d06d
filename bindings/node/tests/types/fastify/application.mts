// What an application on Fastify writes, checked by tsc.
import Fastify from 'fastify';
import { Client } from 'ficha';
import { type FastifySession, type RequestInfo, requires, sessions } from 'ficha/fastify';

declare module 'fastify' {
  interface FastifyRequest {
    session: FastifySession;
    ficha: RequestInfo;
  }
}
declare module 'ficha/fastify' {
  interface SessionData {
    theme: string;
  }
}

const app = Fastify();
await app.register(sessions, { client: new Client('memory://') });
app.post('/login', async (request, reply) => {
  await request.ficha.login('ada', { roles: ['customer'] });
  request.session.theme = 'dark';
  // @ts-expect-error a theme is text
  request.session.theme = 5;
  return reply.redirect('/');
});
app.get('/', { preHandler: requires({ roles: ['customer'] }) }, (request) => {
  const name: string | null = request.ficha.principal;
  return { name, flash: request.session.get('flash') };
});
