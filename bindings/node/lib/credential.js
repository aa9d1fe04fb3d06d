'use strict';
// Our credential in a request: read while the request is judged, then taken out of what handlers and frameworks see, so that
// nothing that keeps requests keeps a live token.

const { native } = require('./native.js');

const tokenBeginning = 'fch1_';
const bearer = /^bearer[ \t]+(.*)$/i;

/** `req.ficha.credential`: shows no token unless it is asked to. */
class Credential {
  #keeper;
  constructor(keeper) {
    this.#keeper = keeper;
  }
  /** The header field for a call to another service that trusts the same sessions; none without a session. */
  forward() {
    return this.#keeper.snapshot ? { Authorization: `Bearer ${this.#keeper.token}` } : {};
  }
}

/** The token in judged fields [name, value, …]. */
function tokenOf(cookieName, carrier, fields) {
  const values = (name) => fields.filter((_, i) => i % 2 === 1 && fields[i - 1].toLowerCase() === name);
  if (carrier === 'bearer') return bearer.exec(values('authorization')[0].trim())[1];
  return native.findCookie(cookieName, ...values('cookie'));
}

function isOurBearer(value) {
  return bearer.exec(value.trim())?.[1].startsWith(tokenBeginning) ?? false;
}

// A part of a Cookie field up to a separator: whether it is the cookie of that name. Some servers join fields with commas.
function isCookie(part, name) {
  const equals = part.indexOf('=');
  return equals >= 0 && part.slice(0, equals).replaceAll(/^[ \t]+|[ \t]+$/g, '') === name;
}

/** A Cookie field without the cookie; what is left of it stays as it is. Undefined where nothing is left. */
function withoutCookie(field, name) {
  if (!field.includes(name)) return field;
  if (field.startsWith(`${name}=`) && !field.includes(';') && !field.includes(',')) return undefined;
  const parts = field.split(/([;,])/); // part, separator, part, …
  const isOurs = parts.map((part, i) => i % 2 === 0 && isCookie(part, name));
  if (!isOurs.includes(true)) return field;
  let left = '';
  for (let i = 0; i < parts.length; i += 2) {
    if (isOurs[i]) continue;
    left += left === '' ? parts[i].replace(/^[ \t]+/, '') : parts[i - 1] + parts[i];
  }
  return left === '' ? undefined : left;
}

/**
 * Takes the cookie named `cookieName`, our Bearer token and the fields that `isStripped(name)` tells out of a request of
 * node:http or node:http2: `headers`, `rawHeaders` and `headersDistinct`. Without a name, the fields alone.
 */
function hideCredential(raw, cookieName, isStripped) {
  const { headers, rawHeaders } = raw; // node:http makes `headers` of rawHeaders when it is first read
  let kept = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const value = visible(rawHeaders[i], rawHeaders[i + 1], cookieName, isStripped);
    if (value === undefined) continue;
    if (kept !== i) rawHeaders[kept] = rawHeaders[i];
    if (kept !== i || value !== rawHeaders[i + 1]) rawHeaders[kept + 1] = value;
    kept += 2;
  }
  if (kept !== rawHeaders.length) rawHeaders.length = kept;
  for (const name of isStripped ? Object.keys(headers) : credentialFields) {
    const before = headers[name];
    if (before === undefined) continue;
    const value = visible(name, before, cookieName, isStripped);
    if (value === undefined) delete headers[name];
    else if (value !== before) headers[name] = value;
  }
  if ('headersDistinct' in raw) Object.defineProperty(raw, 'headersDistinct', distinct);
}

const credentialFields = ['cookie', 'authorization'];

function visible(name, value, cookieName, isStripped) {
  if (isStripped?.(name)) return undefined;
  if (cookieName === undefined) return value;
  switch (name.length) {
    case 6:
      return name.toLowerCase() === 'cookie' && typeof value === 'string' ? withoutCookie(value, cookieName) : value;
    case 13:
      return name.toLowerCase() === 'authorization' && isOurBearer(value) ? undefined : value;
    default:
      return value;
  }
}

// In the place of node:http's, which counts the fields that the request came with. The same for every request.
const distinct = {
  get() {
    const values = Object.create(null);
    for (let i = 0; i < this.rawHeaders.length; i += 2) {
      (values[this.rawHeaders[i].toLowerCase()] ??= []).push(this.rawHeaders[i + 1]);
    }
    Object.defineProperty(this, 'headersDistinct', { value: values, writable: true, enumerable: true, configurable: true });
    return values;
  },
  configurable: true,
  enumerable: true,
};

module.exports = { Credential, hideCredential, tokenOf };
