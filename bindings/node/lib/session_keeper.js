'use strict';
// The session of one HTTP request, for the framework adapters.

const { Decision } = require('./native.js');
const { applyChanges, changesOf } = require('./attributes.js');
const { SessionGone } = require('./errors.js');
const { Client } = require('./client.js');
const { Credential } = require('./credential.js');

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
const maxAgeOfCookie = /; *max-age=\d+/i;
/** Reads, compares, saves, and knows which cookie is due. One request at a time; its operations run one after another. */
class SessionKeeper {
  #shape;
  #found;
  #decision;
  #token;
  #ahead; // [token, id] of a session that is to be stored under an id that was asked for before
  #stored;
  #object;
  #bagSteps = [];
  #lifetime; // seconds of `req.session.cookie`; null = the configuration's again, undefined = as it is
  #issuedIdentity = []; // what the login windows of this request brought: [name, JSON text, …]
  #ended = false;
  #sealed = false;
  #last = settled;
  #running = 0;
  #failed; // [operation, error] of each, if any did

  /** `origin` is the framework's request, `judged` what of it was judged, `shape` a SessionShape; `isRolling`: every response has the cookie. */
  constructor(client, origin, judged, decision, shape, isRolling) {
    this.client = client;
    this.isRolling = isRolling;
    this.origin = origin;
    this.judged = judged;
    this.snapshot = this.#found = decision.session;
    this.#decision = decision;
    this.#shape = shape;
    /** The value of the Set-Cookie field that is due, or undefined. */
    this.setCookie = undefined;
  }

  /** The decision on the request, or on the session that took the place of the request's. */
  get decision() {
    const { snapshot } = this;
    if (snapshot === this.#found) return this.#decision;
    const reason = snapshot ? 'allowed' : 'allowed_anonymous';
    const carrier = !snapshot ? 'none' : this.usesCookie ? 'cookie' : 'bearer';
    return new Decision('allow', reason, 200, this.#decision.rule, carrier, snapshot, this.headers.flat());
  }
  /** The header fields that the decision puts on the response. */
  get headers() {
    return this.#decision.headers;
  }
  /** Whether the response may set the session's cookie. */
  get usesCookie() {
    return this.#decision.carrier !== 'bearer';
  }

  /** `req.session`; undefined once it was destroyed. */
  get object() {
    if (this.#ended) return undefined;
    return this.#object ?? this.#start(this.snapshot);
  }

  /** For calls to other services. */
  get credential() {
    return new Credential(this);
  }
  get token() {
    return (this.#token ??= this.judged.token(this.#decision.carrier));
  }

  /** Of the stored session, or the one that it will have if it is stored. */
  get id() {
    return this.snapshot?.id ?? (this.#ahead ??= Client.tokenAhead(this.client))[1];
  }

  /** Seconds: how long the session lives if it is not used, where that is not what the configuration says. */
  get ownLifetime() {
    if (this.#lifetime !== undefined) return this.#lifetime ?? undefined;
    const idle = this.snapshot?.idleSeconds;
    return idle === undefined || idle === this.client.config.idleTimeout ? undefined : idle || undefined;
  }
  /** Whether save() gives a stored session a new life. */
  get isRenewed() {
    return this.#lifetime !== undefined;
  }
  /** Undefined: as the configuration says. */
  limitLifetime(seconds) {
    // A cookie that is out already, persistent or not, is what its login said.
    const isCookieDue = !this.snapshot || this.setCookie !== undefined;
    const isAsIs = this.ownLifetime === undefined && !(this.client.config.cookiePersistent && isCookieDue);
    if (seconds === undefined && isAsIs) this.#lifetime = undefined;
    else this.#lifetime = seconds ?? null;
  }
  /** Whether the request said that the cookie ends with the browser, whatever the configuration says. */
  get endsWithBrowser() {
    return this.#lifetime === null;
  }
  // The cookie is sent once, or again and again: the session lives from then, or from its last use, as the cookie does.
  #timeouts() {
    if (this.#lifetime === undefined) return {};
    const { idleTimeout, absoluteTimeout } = this.client.config;
    if (this.#lifetime === null) return { idleTimeout, absoluteTimeout };
    const longest = this.isRolling ? Math.max(this.#lifetime, absoluteTimeout) : this.#lifetime;
    return { idleTimeout: this.#lifetime, absoluteTimeout: longest };
  }
  /** The value of Set-Cookie for the session as it is now; it lasts as long as the session. */
  cookieOf(session, token) {
    const cookie = this.client.setCookie(session, token);
    const lifetime = this.ownLifetime;
    if (lifetime === undefined) return this.endsWithBrowser ? cookie.replace(maxAgeOfCookie, '') : cookie;
    const left = this.isRenewed ? lifetime : Math.min(lifetime, session.expiresAt - Math.floor(Date.now() / 1000));
    return `${cookie.replace(maxAgeOfCookie, '')}; Max-Age=${Math.max(1, left)}`;
  }

  /** Whether save() would write. */
  get changed() {
    if (this.#object === undefined || this.#ended) return false;
    if (this.#lifetime !== undefined && this.snapshot) return true;
    return this.#changes().length > 0 || this.#shape.identityOf(this.#object).changes().length > 0;
  }
  #changes() {
    return changesOf(this.#stored, this.#object, this.#shape.identityNames, this.#bagSteps);
  }
  /** [kind, name, JSON text, key] */
  noteBagStep(...step) {
    this.#bagSteps.push(...step);
  }

  /** What `req.session.save()` does: stores a session with nothing in it as well, so that it has an id. */
  store() {
    void this.object; // made, if nothing has asked for it yet
    this.#closeLoginWindow();
    return this.#enqueue(() => this.#save(true));
  }
  /** At the end of the request. */
  save() {
    this.#closeLoginWindow();
    return this.#enqueue(() => this.#save());
  }
  reload() {
    return this.#enqueue(() => this.#reload());
  }
  destroy() {
    return this.#enqueue(() => this.#end());
  }
  /** `kept`: names of attributes that go along. */
  regenerate(kept = []) {
    return this.#enqueue(async () => {
      const values = this.#object ? Object.entries(this.#values()).filter(([name]) => kept.includes(name)) : [];
      await this.#end();
      this.#ended = false;
      Object.assign(this.#start(null, true), Object.fromEntries(values));
    });
  }
  #closeLoginWindow() {
    if (!this.#object) return;
    const identity = this.#shape.identityOf(this.#object);
    if (identity.close()) this.#issuedIdentity = identity.given();
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

  #start(snapshot, isNew = false) {
    this.#stored = this.#shape.attributesOf(snapshot);
    this.#object = this.#shape.make(this, snapshot, isNew);
    this.#bagSteps = [];
    return this.#object;
  }

  #adopt(issued) {
    this.snapshot = issued;
    this.#ahead = undefined;
    this.#token = issued.token;
    this.#ended = false;
    if (this.usesCookie) this.setCookie = this.cookieOf(issued);
  }

  async #save(storesEmpty = false) {
    if (this.#ended || !this.#object) return;
    const identity = this.#shape.identityOf(this.#object);
    const ops = this.#changes();
    const protectedOps = identity.changes();
    const timeouts = this.#timeouts();
    const isChanged = ops.length > 0 || protectedOps.length > 0;
    if (this.snapshot) {
      if (!isChanged && this.#lifetime === undefined) return;
      if (this.#lifetime !== undefined) this.#checkCookieGoesAlong();
      this.#bagSteps = [];
      await Client.patchBy(this.client, this.snapshot, { ops, protectedOps, ...timeouts });
      if (this.#lifetime !== undefined && this.usesCookie) this.setCookie = this.cookieOf(this.snapshot, this.token);
    } else {
      if (!isChanged && !storesEmpty) return;
      this.#checkCookieGoesAlong();
      this.#bagSteps = [];
      const wanted = { attributes: this.#values(), device: deviceOf(this.origin), ...timeouts };
      this.#adopt(await Client.createWith(this.client, '', wanted, identity.given(), this.#ahead?.[0]));
    }
    identity.stored(protectedOps);
    this.#stored = applyChanges(this.#stored, ops);
  }

  #values() {
    const isOrdinary = ([name, value]) => value !== undefined && !this.#shape.identityNames.includes(name);
    return Object.fromEntries(Object.entries(this.#object ?? {}).filter(isOrdinary));
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
    this.#ahead = undefined;
    this.#issuedIdentity = [];
    this.#object = undefined; // its attributes are nobody's any more
    this.#lifetime = undefined;
    this.#ended = true;
  }

  async #login(principal, { attributes, ...options } = {}) {
    this.#checkCookieGoesAlong();
    const { snapshot } = this;
    const settings = { device: deviceOf(this.origin), ...this.#timeouts(), ...options, attributes };
    const goesAlong = snapshot?.principal ? snapshot.principal === principal : options.keepAttributes !== false;
    if (snapshot && goesAlong) await this.#save();
    else if (goesAlong) settings.attributes = { ...this.#values(), ...attributes };
    // The session that this request's framework logged somebody in to is about to go: what it said of them goes along.
    if (this.#object) this.#closeLoginWindow();
    const issued = await Client.loginWith(this.client, snapshot, principal, settings, this.#issuedIdentity);
    this.#adopt(issued);
    this.#start(issued);
    return issued;
  }
}

/** Who asks, for lists of sessions. */
function deviceOf(origin) {
  return { address: origin.ip ?? '', userAgent: origin.headers['user-agent'] ?? '' };
}

module.exports = { SessionKeeper };
