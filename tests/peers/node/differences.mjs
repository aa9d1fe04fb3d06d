// Outcomes that are not the peer's on purpose: where, and what the documentation says of it.

/** The page and the heading under which each is told. */
export const page = 'bindings/node/README.md';
export const heading = '### What is different from express-session';

/** scenario and step → a sentence of the page. */
export const differences = {
  'http-proxy-middleware: what the service behind is told of the session': 'its session cookie and its Bearer token are gone',
  'express: what a session keeps of a request': 'its session cookie and its Bearer token are gone',
  'NestJS: a request whose session was ended meanwhile': 'A session that was ended is never brought back',
  'NestJS: whether that brings the session back': 'A session that was ended is never brought back',
  'express: the names of what is in a session': '`cookie` is no attribute',
};
