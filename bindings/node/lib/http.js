'use strict';

/** A node:http request as Client.authorize() takes it: raw, as it came over the wire. */
function requestOf(req) {
  return {
    method: req.method,
    path: req.originalUrl ?? req.url,
    headers: req.rawHeaders,
    scheme: req.socket?.encrypted ? 'https' : 'http',
    peer: req.socket?.remoteAddress ?? '',
  };
}

module.exports = { requestOf };
