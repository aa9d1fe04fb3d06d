'use strict';

/** `req.ficha`: who is asking, and what the policy said. */
class RequestInfo {
  #keeper;
  constructor(keeper) {
    this.#keeper = keeper;
  }
  get client() {
    return this.#keeper.client;
  }
  get decision() {
    return this.#keeper.decision;
  }
  /** The snapshot behind `req.session`, or null. */
  get session() {
    return this.#keeper.snapshot;
  }
  get id() {
    return this.session?.id ?? null;
  }
  get principal() {
    return this.session?.principal || null;
  }
  get roles() {
    return this.session?.roles ?? [];
  }
  get scopes() {
    return this.session?.scopes ?? [];
  }
  /** Makes the request's session the principal's, under a new token; resolves to it. Options as Client.login(). */
  login(principal, options) {
    return this.#keeper.login(principal, options);
  }
  logout() {
    return this.#keeper.destroy();
  }
  /** The credential that the request came with, or that its login gave; `forward()` is the field for another service. */
  get credential() {
    return this.#keeper.credential;
  }
  /** For [csrf] mode = "token". */
  csrfToken() {
    return this.client.csrfToken(this.#keeper.token);
  }
  static keeperOf(info) {
    return info.#keeper;
  }
}

function addHeaders(res, headers) {
  for (const field of headers) {
    if (field[0] !== 'Vary') res.setHeader(field[0], field[1]);
    else addVary(res, field[1]);
  }
}

function addVary(res, field) {
  const value = res.getHeader('Vary');
  if (value === undefined) {
    res.setHeader('Vary', field);
    return;
  }
  const present = [value].flat().join(', ');
  const names = present.toLowerCase().split(/ *, */);
  if (names.includes('*')) return;
  const missing = field.split(/ *, */).filter((name) => !names.includes(name.toLowerCase()));
  if (missing.length > 0) res.setHeader('Vary', [present, ...missing].filter(Boolean).join(', '));
}

module.exports = { RequestInfo, addHeaders };
