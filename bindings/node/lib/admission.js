'use strict';
// Whether a request may pass, and the session it comes with, for the framework adapters.

const { Client } = require('./client.js');
const { hideCredential } = require('./credential.js');
const { JudgedRequest } = require('./judged_request.js');
const { RequestDenied } = require('./responses.js');
const { SessionKeeper } = require('./session_keeper.js');
const { SessionShape } = require('./http_session.js');

const judgedOf = Symbol('ficha judged request');

/** What an adapter decides requests with. */
class Admission {
  #client;
  #shape;
  #isStripped;
  #isRolling;

  /** `identityNames`: what of `session` only the framework's own login may write. */
  constructor(client, { identityNames = ['passport'], rolling = false }, Base) {
    this.#client = client;
    this.#isRolling = rolling;
    this.#shape = new SessionShape(identityNames, Base);
    this.#isStripped = client.config.hasIdentityHeaders ? (name) => client.isIdentityHeader(name) : undefined;
  }

  /**
   * Decides on a request: a SessionKeeper, or a promise of one where the store must be asked. Throws or rejects with
   * RequestDenied. `raw` is the request of node:http or node:http2, `request` that as Client.authorize() takes it, `origin`
   * the framework's. Judged again, as after a forward inside the framework, a request is what it came as.
   */
  admit(raw, request, origin) {
    const earlier = raw[judgedOf];
    if (earlier && earlier.client !== this.#client) throw new Error('two clients of ficha decide on one request');
    const judged = earlier ?? new JudgedRequest(this.#client, request);
    if (!earlier) {
      raw[judgedOf] = judged;
      this.#hide(raw, judged, origin);
    }
    const [reading] = request.readings ?? [{ method: request.method, target: request.path }];
    const decision = earlier ? judged.decideWith(reading.method ?? '', reading.target ?? '') : judged.decide();
    return decision instanceof Promise
      ? decision.then((settled) => this.#keep(settled, judged, origin))
      : this.#keep(decision, judged, origin);
  }

  /** The same for a request that passed, where it is routed by another method or target than it was judged by. */
  admitRouted(keeper, method, target) {
    const { judged } = keeper;
    if (judged.includes(method, target)) return undefined;
    const decision = judged.decideWith(method, target);
    return decision instanceof Promise ? decision.then(check) : check(decision);
  }

  #keep(decision, judged, origin) {
    return new SessionKeeper(this.#client, origin, judged, check(decision), this.#shape, this.#isRolling);
  }

  #hide(raw, judged, origin) {
    const { cookieName, passCredential } = this.#client.config;
    if (!passCredential && judged.hasCredential) {
      hideCredential(raw, cookieName, this.#isStripped);
      // What another middleware parsed before.
      if (origin.cookies && Object.hasOwn(origin.cookies, cookieName)) delete origin.cookies[cookieName];
    } else if (this.#isStripped) {
      hideCredential(raw, undefined, this.#isStripped);
    }
  }
}

function check(decision) {
  if (!decision.allowed) throw new RequestDenied(decision);
  return decision;
}

/** Judges the session of a request by what requirement() made of one on its route; throws RequestDenied. */
function requireOf(keeper, made) {
  check(Client.requireOf(keeper.client, made, keeper.decision));
}

module.exports = { Admission, requireOf };
