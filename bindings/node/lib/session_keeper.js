'use strict';
// The session of one HTTP request, for the framework adapters.

const { native, Decision } = require('./native.js');
const { applyChanges, changesOf } = require('./attributes.js');
const { InvalidArgument, SessionGone } = require('./errors.js');
const { HttpSession, assignAttributes, reachableAttributes } = require('./http_session.js');
const { fieldsOf, rawHeadersOf } = require('./http.js');

/** The promise of an operation on a session. Knows whether anybody waits for it. */
class Operation extends Promise {
  seen = false;
  static get [Symbol.species]() {
    return Promise;
  }
  then(onFulfilled, onRejected) {
    this.seen = true;
    return super.then(onFulfilled, onRejected);
  }
  /** Runs when it fails, and does not count as waiting for it. */
  whenFailed(handle) {
    super.then(undefined, handle);
  }
}

function warnUnseen(operation, error) {
  if (operation.seen) return;
  const text = `an operation on a session failed after the headers, with nobody waiting for it: ${error.message}`;
  process.emitWarning(text, { type: 'FichaWarning', code: error.codeName });
}

const settled = Promise.resolve();
const varyCookie = Object.freeze([Object.freeze(['Vary', 'Cookie'])]);

/** Reads, compares, saves, and knows which cookie is due. One request at a time; its operations run one after another. */
class SessionKeeper {
  #found;
  #decision;
  #carrier;
  #token;
  #stored;
  #object;
  #ended = false;
  #sealed = false;
  #last = settled;
  #running = 0;
  #failed; // [operation, error] of each, if any did

  /**
   * `decision` is null where the configuration has no policy; `carrier` is what brought the session's token. `origin` is the
   * framework's request.
   */
  constructor(client, origin, session, carrier, decision) {
    this.client = client;
    this.origin = origin;
    this.snapshot = this.#found = session;
    this.#carrier = carrier;
    this.#decision = decision;
    /** Seconds; undefined = the configuration's. */
    this.lifetime = undefined;
    /** The value of the Set-Cookie field that is due, or undefined. */
    this.setCookie = undefined;
  }

  /** The decision on the request, or on the session that took the place of the request's. */
  get decision() {
    const { snapshot } = this;
    if (snapshot === this.#found) return (this.#decision ??= this.#allow(snapshot, this.#carrier));
    return this.#allow(snapshot, !snapshot ? 'none' : this.usesCookie ? 'cookie' : 'bearer');
  }
  #allow(session, carrier) {
    const rule = this.#decision ? this.#decision.rule : -1;
    return new Decision('allow', session ? 'allowed' : 'allowed_anonymous', 200, rule, carrier, session, this.headers.flat());
  }
  /** The header fields that the decision puts on the response. */
  get headers() {
    return this.#decision ? this.#decision.headers : varyCookie;
  }
  /** Whether the response may set the session's cookie. */
  get usesCookie() {
    return this.#carrier !== 'bearer';
  }

  /** `req.session`; undefined once it was destroyed. */
  get object() {
    if (this.#ended) return undefined;
    return this.#object ?? this.#start(this.snapshot);
  }

  get token() {
    return (this.#token ??= tokenOf(this.client, this.#carrier, rawHeadersOf(this.origin)));
  }

  limitLifetime(seconds) {
    if (this.snapshot) throw new InvalidArgument("a session's life is fixed when it is stored; set it after regenerate()");
    this.lifetime = seconds;
  }

  /** Whether save() would write. */
  get changed() {
    return this.#object !== undefined && !this.#ended && changesOf(this.#stored, this.#object).length > 0;
  }

  save() {
    return this.#enqueue(() => this.#save());
  }
  reload() {
    return this.#enqueue(() => this.#reload());
  }
  destroy() {
    return this.#enqueue(() => this.#end());
  }
  regenerate() {
    return this.#enqueue(async () => {
      await this.#end();
      this.#ended = false;
      this.#start(null);
    });
  }
  /** A new session of the principal, under a new token; options as Client.login(). */
  login(principal, options) {
    return this.#enqueue(() => this.#login(principal, options));
  }
  /** Leaves the store as it is, whatever the request did to `req.session`. */
  abandon() {
    this.#ended = true;
  }
  /** From now on no cookie can go with the response. */
  seal() {
    this.#sealed = true;
  }

  /** Whether an operation is under way. */
  get isBusy() {
    return this.#running > 0;
  }
  /** Resolves when the operations under way are done, and those that began meanwhile. */
  async settle() {
    while (this.isBusy) await this.#last;
  }
  /** Throws the error of an operation that failed with nobody waiting for it: a logout must not seem to have succeeded. */
  throwUnseen() {
    const unseen = this.#failed?.find(([operation]) => !operation.seen);
    this.#failed = undefined;
    if (unseen) throw unseen[1];
  }

  // An operation begins when those before it are done, and whether or not they succeeded.
  #enqueue(operation) {
    const done = this.#last.then(operation);
    this.#running++;
    this.#last = done.then(
      () => this.#running--,
      () => this.#running--,
    );
    const promise = new Operation((resolve) => resolve(done));
    promise.whenFailed((error) => {
      (this.#failed ??= []).push([promise, error]); // the response tells of it, if it can still tell
      if (this.#sealed) process.nextTick(warnUnseen, promise, error);
    });
    return promise;
  }

  #checkCookieGoesAlong() {
    if (this.#sealed && this.usesCookie) throw new Error('the headers of the response are out: no cookie can go along');
  }

  #start(snapshot) {
    this.#stored = reachableAttributes(snapshot);
    this.#object = new HttpSession(this);
    assignAttributes(this.#object, this.#stored);
    return this.#object;
  }

  #adopt(issued) {
    this.snapshot = issued;
    this.#token = issued.token;
    this.#ended = false;
    if (this.usesCookie) this.setCookie = this.client.setCookie(issued);
  }

  async #save() {
    if (this.#ended || !this.#object) return;
    const ops = changesOf(this.#stored, this.#object);
    if (ops.length === 0) return;
    if (this.snapshot) {
      await this.client.patch(this.snapshot, { ops });
    } else {
      this.#checkCookieGoesAlong();
      const { lifetime } = this;
      const device = deviceOf(this.origin);
      const idleTimeout = lifetime && Math.min(lifetime, this.client.config.idleTimeout);
      this.#adopt(await this.client.create('', { attributes: this.#values(), device, idleTimeout, absoluteTimeout: lifetime }));
    }
    this.#stored = applyChanges(this.#stored, ops);
  }

  #values() {
    return Object.fromEntries(Object.entries(this.#object ?? {}).filter(([, value]) => value !== undefined));
  }

  async #reload() {
    const found = this.snapshot && (await this.client.load(this.token, { fresh: true }));
    if (!found) throw new SessionGone('there is no live session to reload');
    this.snapshot = found;
    this.#start(found);
  }

  async #end() {
    if (this.snapshot) {
      await this.client.revoke(this.snapshot);
      if (this.usesCookie) this.setCookie = this.client.clearCookie();
    }
    this.snapshot = null;
    this.#object = undefined; // its attributes are nobody's any more
    this.lifetime = undefined;
    this.#ended = true;
  }

  async #login(principal, { attributes, ...options } = {}) {
    this.#checkCookieGoesAlong();
    const { lifetime, snapshot } = this;
    const settings = { device: deviceOf(this.origin), absoluteTimeout: lifetime, ...options, attributes };
    if (snapshot?.principal === principal) {
      await this.#save();
    } else if (!snapshot?.principal && this.#object && options.keepAttributes !== false) {
      // What the visitor's session holds now, changes of this request included, goes along.
      settings.attributes = { ...this.#values(), ...attributes };
      settings.keepAttributes = false;
    }
    const issued = await this.client.login(snapshot, principal, settings);
    this.#adopt(issued);
    this.#start(issued);
    return issued;
  }
}

/** Who asks, for lists of sessions. */
function deviceOf(origin) {
  return { address: origin.ip ?? '', userAgent: origin.headers['user-agent'] ?? '' };
}

/** The token that came with a request. */
function tokenOf(client, carrier, rawHeaders) {
  if (carrier === 'bearer') return fieldsOf(rawHeaders, 'authorization')[0].trim().split(/ +/).at(-1);
  return native.findCookie(client.config.cookieName, ...fieldsOf(rawHeaders, 'cookie'));
}

module.exports = { SessionKeeper };
