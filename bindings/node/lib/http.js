'use strict';

/** A request of node:http or node:http2 as Client.authorize() takes it: raw, as it came over the wire. */
function requestOf(req) {
  const { method, url, originalUrl = url, originalMethod = method } = req; // what middleware has changed is kept there
  return {
    method: originalMethod,
    path: originalUrl,
    headers: req.httpVersionMajor >= 2 ? withHost(req.rawHeaders) : req.rawHeaders,
    scheme: req.socket?.encrypted ? 'https' : 'http',
    peer: req.socket?.remoteAddress ?? '',
    prefix: '',
    readings: url === originalUrl && method === originalMethod ? undefined : [{ method, target: url }],
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

module.exports = { requestOf };
