'use strict';

/** A request of node:http or node:http2 as Client.authorize() takes it: raw, as it came over the wire. */
function requestOf(req) {
  return {
    method: req.method,
    path: req.originalUrl ?? req.url,
    headers: req.httpVersionMajor >= 2 ? withHost(req.rawHeaders) : req.rawHeaders,
    scheme: req.socket?.encrypted ? 'https' : 'http',
    peer: req.socket?.remoteAddress ?? '',
  };
}

// HTTP/2 has :authority where HTTP/1 has Host; with both, they must be the same (RFC 9113, section 8.3.1).
function withHost(rawHeaders) {
  const headers = [];
  let authority;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i] === ':authority') authority = rawHeaders[i + 1];
    else if (!rawHeaders[i].startsWith(':')) headers.push(rawHeaders[i], rawHeaders[i + 1]);
  }
  if (authority === undefined) return headers;
  const same = (name, value) => name.toLowerCase() === 'host' && value === authority;
  return ['host', authority, ...headers.filter((_, i) => !same(headers[i & ~1], headers[i | 1]))];
}

// Fastify wraps the request of node:http, Express extends it.
const rawHeadersOf = (origin) => (origin.raw ?? origin).rawHeaders;

// The values of a field in [name, value, …].
function fieldsOf(rawHeaders, name) {
  const values = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i].length === name.length && rawHeaders[i].toLowerCase() === name) values.push(rawHeaders[i + 1]);
  }
  return values;
}

module.exports = { fieldsOf, rawHeadersOf, requestOf };
