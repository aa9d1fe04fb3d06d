'use strict';
// The session of one HTTP request, for the framework adapters.

const { applyChanges, changesOf, namesIn, putIn, textsSetBy } = require('./attributes.js');
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
  const text = `an operation on a session failed after the headers, with nobody waiting for it: ${(error.cause ?? error).message}`;
  process.emitWarning(text, { type: 'FichaWarning', code: error.codeName });
}

const settled = Promise.resolve();

/** Reads, compares, saves, and knows which cookie is due. One request at a time; its operations run one after another. */
class SessionKeeper {
  #shape;
  #admitted; // the decision on the request
  #decision; // the same, on the session of now
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
    this.snapshot = decision.session;
    this.#admitted = this.#decision = decision;
    this.#shape = shape;
    /** The ResponseCookie that is due, or undefined. */
    this.setCookie = undefined;
  }

  /** The decision on the request, on the session that took the place of the request's if one did. */
  get decision() {
    if (this.#decision.session !== this.snapshot) {
      this.#decision = Client.decideOn(this.client, this.#admitted, this.snapshot);
    }
    return this.#decision;
  }
  /** The header fields that the decision puts on the response. */
  get headers() {
    return this.#admitted.headers;
  }
  /** Whether the response may set the session's cookie. */
  get usesCookie() {
    return this.#admitted.carrier !== 'bearer';
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
    return (this.#token ??= this.judged.token(this.#admitted.carrier));
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
  /** The cookie for the session as it is now; it lasts as long as the session. */
  cookieOf(session, token) {
    return Client.cookieOf(this.client, session, token, this.#maxAgeOf(session));
  }
  // Undefined: as the configuration says; null: until the browser ends.
  #maxAgeOf(session) {
    const lifetime = this.ownLifetime;
    if (lifetime === undefined) return this.endsWithBrowser ? null : undefined;
    const left = this.isRenewed ? lifetime : Math.min(lifetime, session.expiresAt - Math.floor(Date.now() / 1000));
    return Math.max(1, left);
  }

  // Each attribute is encoded once. A session that is not stored yet takes its bags whole.
  #changes() {
    const identity = this.#shape.identityOf(this.#object);
    const bagSteps = this.snapshot ? this.#bagSteps : [];
    const ops = changesOf(this.#stored, this.#object, this.#shape.identityNames, bagSteps);
    return { ops, identity, protectedOps: identity.changes() };
  }
  #isDue({ ops, protectedOps }, storesEmpty) {
    if (ops.length > 0 || protectedOps.length > 0) return true;
    return this.snapshot ? this.#lifetime !== undefined : storesEmpty;
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
  /** At the end of the request: a promise, or nothing where there is nothing to store. */
  save() {
    if (this.#ended || !this.#object) return undefined;
    const changes = this.#changes();
    if (!this.#isDue(changes, false)) return undefined;
    this.#closeLoginWindow();
    return this.#enqueue(() => this.#write(changes));
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
    const changes = this.#changes();
    if (this.#isDue(changes, storesEmpty)) await this.#write(changes);
  }

  async #write({ ops, identity, protectedOps }) {
    const timeouts = this.#timeouts();
    if (!this.snapshot || this.#lifetime !== undefined) this.#checkCookieGoesAlong();
    this.#bagSteps = [];
    if (this.snapshot) {
      await Client.patchBy(this.client, this.snapshot, { ops, protectedOps, ...timeouts });
      if (this.#lifetime !== undefined && this.usesCookie) this.setCookie = this.cookieOf(this.snapshot, this.token);
    } else {
      const wanted = { device: deviceOf(this.origin), ...timeouts };
      const token = this.#ahead?.[0];
      this.#adopt(await Client.createWith(this.client, wanted, textsSetBy(ops), identity.given(), token));
    }
    identity.stored(protectedOps);
    this.#stored = applyChanges(this.#stored, ops);
  }

  // The store carries over what it holds. Of a visitor's session that a parallel login took, what this request put in goes along.
  async #saveBeforeLogin() {
    try {
      await this.#save();
      return {};
    } catch (error) {
      if (!(error instanceof SessionGone) || this.snapshot.principal) throw error;
      const names = namesIn(this.#changes().ops);
      return Object.fromEntries(Object.entries(this.#values()).filter(([name]) => names.includes(name)));
    }
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
    const isAnothers = Boolean(snapshot?.principal) && snapshot.principal !== principal;
    const goesAlong = snapshot?.principal === principal || options.keepAttributes !== false;
    if (isAnothers && goesAlong) settings.attributes = { ...putIn(this.#object ? this.#changes().ops : [], this.#object), ...attributes };
    else if (snapshot && goesAlong) settings.attributes = { ...(await this.#saveBeforeLogin()), ...attributes };
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
