'use strict';
// The session of one HTTP request, for the framework adapters.

const { native, Session, Decision } = require('./native.js');
const { Baseline } = require('./attributes.js');
const { InvalidArgument, SessionGone } = require('./errors.js');

const keeperOf = Symbol('keeper');

/** `req.session`: its own enumerable properties are the session's attributes. */
class HttpSession {
  constructor(keeper) {
    Object.defineProperty(this, keeperOf, { value: keeper });
  }
  /** Public; undefined until the session is stored for the first time. */
  get id() {
    return this[keeperOf].snapshot?.id;
  }
  get cookie() {
    return this[keeperOf].cookie;
  }
}

// The methods of express-session: with a callback they return the session, without one a promise.
for (const name of ['save', 'reload', 'regenerate', 'destroy']) {
  Object.defineProperty(HttpSession.prototype, name, {
    value(callback) {
      const done = this[keeperOf][name]();
      if (typeof callback !== 'function') return done;
      // Outside the promise: what the callback throws is the process's to handle.
      const call = (error) => process.nextTick(callback, error);
      done.then(() => call(), call);
      return this;
    },
  });
}
// Reading a session has extended its idle timeout already.
Object.defineProperty(HttpSession.prototype, 'touch', {
  value() {
    return this;
  },
});

// Attributes of these names stay as they are in the store, and cannot be reached through `req.session`.
const reserved = new Set(Object.getOwnPropertyNames(HttpSession.prototype));

/** `req.session.cookie`: what the configuration says, and the life of a session that is not stored yet. */
class SessionCookie {
  #keeper;
  constructor(keeper) {
    this.#keeper = keeper;
    const { cookieDomain, cookieSecure, cookieSameSite } = keeper.client.config;
    Object.assign(this, { path: '/', httpOnly: true, secure: cookieSecure, sameSite: cookieSameSite });
    if (cookieDomain) this.domain = cookieDomain;
  }
  /** Milliseconds the cookie will last; null when it ends with the browser. */
  get maxAge() {
    const { snapshot, client, lifetime } = this.#keeper;
    if (!client.config.cookiePersistent) return lifetime === undefined ? null : lifetime * 1000;
    return snapshot ? snapshot.expiresAt * 1000 - Date.now() : (lifetime ?? client.config.absoluteTimeout) * 1000;
  }
  set maxAge(milliseconds) {
    this.#keeper.limitLifetime(Math.ceil(milliseconds / 1000));
  }
  get originalMaxAge() {
    return this.maxAge;
  }
  get expires() {
    return this.maxAge === null ? null : new Date(Date.now() + this.maxAge);
  }
  set expires(date) {
    this.maxAge = date.getTime() - Date.now();
  }
}

/** Reads, compares, saves, and knows which cookie is due. One request at a time; its operations run one after another. */
class SessionKeeper {
  #token;
  #readToken;
  #baseline;
  #object;
  #ended = false;
  #last = Promise.resolve();
  #decision;

  /** `readToken` finds the token of the request; `device` describes the client, for lists of sessions. */
  constructor(client, decision, readToken, device) {
    this.client = client;
    this.#decision = decision;
    this.#readToken = readToken;
    this.device = device;
    this.snapshot = decision.session;
    /** Seconds; undefined = the configuration's. */
    this.lifetime = undefined;
    /** The value of the Set-Cookie field that is due, or undefined. */
    this.setCookie = undefined;
  }

  /** The decision on the request, or on the session that took the place of the request's. */
  get decision() {
    if (this.snapshot === this.#decision.session) return this.#decision;
    const { rule, headers, carrier } = this.#decision;
    if (!this.snapshot) return new Decision('allow', 'allowed_anonymous', 200, rule, 'none', null, headers.flat());
    const by = carrier === 'none' ? 'cookie' : carrier;
    return new Decision('allow', 'allowed', 200, rule, by, this.snapshot, headers.flat());
  }

  /** `req.session`; undefined once it was destroyed. */
  get object() {
    if (this.#ended) return undefined;
    if (!this.#object) this.#start(this.snapshot);
    return this.#object;
  }

  get token() {
    return (this.#token ??= this.#readToken());
  }

  get cookie() {
    return new SessionCookie(this);
  }

  limitLifetime(seconds) {
    if (this.snapshot) throw new InvalidArgument("a session's life is fixed when it is stored; set it after regenerate()");
    this.lifetime = seconds;
  }

  /** Whether save() would write. */
  get changed() {
    return this.#object !== undefined && !this.#ended && this.#changes().length > 0;
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

  // An operation begins when those before it are done, and whether or not they succeeded.
  #enqueue(operation) {
    const done = this.#last.then(operation);
    this.#last = done.catch(() => {});
    return done;
  }

  #start(snapshot) {
    const texts = [];
    const all = snapshot ? Session.attributeTexts(snapshot) : [];
    for (let i = 0; i < all.length; i += 2) if (!reserved.has(all[i])) texts.push(all[i], all[i + 1]);
    this.#baseline = new Baseline(texts);
    this.#object = new HttpSession(this);
    this.#baseline.assignTo(this.#object);
  }

  #adopt(issued) {
    this.snapshot = issued;
    this.#token = issued.token;
    this.#ended = false;
    if (this.#decision.carrier !== 'bearer') this.setCookie = this.client.setCookie(issued);
  }

  #changes() {
    return this.#baseline.changes(this.#object);
  }

  async #save() {
    if (this.#ended || !this.#object) return;
    const ops = this.#changes();
    if (ops.length === 0) return;
    if (this.snapshot) {
      await this.client.patch(this.snapshot, { ops });
    } else {
      const { device, lifetime } = this;
      const idleTimeout = lifetime && Math.min(lifetime, this.client.config.idleTimeout);
      this.#adopt(await this.client.create('', { attributes: this.#values(), device, idleTimeout, absoluteTimeout: lifetime }));
    }
    this.#baseline.apply(ops);
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
      if (this.#decision.carrier !== 'bearer') this.setCookie = this.client.clearCookie();
    }
    this.snapshot = null;
    this.lifetime = undefined;
    this.#ended = true;
  }

  async #login(principal, { attributes, ...options } = {}) {
    const { device, lifetime, snapshot } = this;
    const settings = { device, absoluteTimeout: lifetime, ...options, attributes };
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

/** The request was not allowed, or not by a route's requirement. `status` and `headers` are what Express answers with. */
class RequestDenied extends Error {
  constructor(decision) {
    super(require('node:http').STATUS_CODES[decision.status]);
    this.name = 'RequestDenied';
    this.status = this.statusCode = decision.status;
    this.headers = Object.fromEntries(decision.headers);
    this.expose = true;
    // Not enumerable: why a request was denied is for logs, not for clients.
    Object.defineProperty(this, 'decision', { value: decision });
  }
}

/** The decision on a session that was found by its cookie, where the configuration has no policy. */
function cookieDecision(session, presented) {
  const carrier = presented ? 'cookie' : 'none';
  return new Decision('allow', session ? 'allowed' : 'allowed_anonymous', 200, -1, carrier, session, ['Vary', 'Cookie']);
}

function deny(verdict, reason, status) {
  return new RequestDenied(new Decision(verdict, reason, status, -1, 'none', null, []));
}

// The values of a field in [name, value, …].
function fieldsOf(rawHeaders, name) {
  const values = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i].toLowerCase() === name) values.push(rawHeaders[i + 1]);
  }
  return values;
}

/** The token in the session cookie, null when there is none; throws RequestDenied when it is ambiguous. */
function cookieToken(client, rawHeaders) {
  const token = native.findCookie(client.config.cookieName, ...fieldsOf(rawHeaders, 'cookie'));
  if (token === undefined) throw deny('bad_request', 'ambiguous_cookie', 400);
  return token;
}

/** The token that a decision was made on. */
function tokenOf(client, decision, rawHeaders) {
  if (decision.carrier === 'bearer') return fieldsOf(rawHeaders, 'authorization')[0].trim().split(/ +/).at(-1);
  return cookieToken(client, rawHeaders);
}

/**
 * Decides on a request: a SessionKeeper, or a promise of one where the store must be asked. Throws or rejects with
 * RequestDenied and FichaError. With no rule in the configuration every request passes, and the session is found by its
 * cookie.
 */
function admit(client, request, device) {
  const keep = (decision) => {
    if (!decision.allowed) throw new RequestDenied(decision);
    return new SessionKeeper(client, decision, () => tokenOf(client, decision, request.headers), device);
  };
  if (client.config.ruleCount > 0) {
    const decision = client.tryAuthorize(request);
    return decision ? keep(decision) : client.authorize(request).then(keep);
  }
  const token = cookieToken(client, request.headers);
  const session = token === null ? null : client.tryLoad(token);
  const decide = (found) => keep(cookieDecision(found, token !== null));
  return session === undefined ? client.load(token).then(decide) : decide(session);
}

/** Judges the session of a request by a requirement on its route; throws RequestDenied. */
function requireOf(keeper, requirement) {
  const judged = keeper.client.require(requirement, keeper.decision);
  if (!judged.allowed) throw new RequestDenied(judged);
}

module.exports = { RequestDenied, SessionKeeper, admit, requireOf };
