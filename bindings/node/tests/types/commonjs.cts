// The same types for CommonJS.
import ficha = require('ficha');
import adapter = require('ficha/express');
import fastify = require('ficha/fastify');

const client = new ficha.Client('memory://');
adapter.sessions(client);
fastify.requires({ roles: ['admin'] });
const decision: ficha.Decision | undefined = client.tryAuthorize({ method: 'GET', path: '/', headers: [] });
void decision;
