'use strict';

const { InvalidArgument } = require('./errors.js');

/** `req.session.cookie`: what the configuration says, and the session's own life where it has one ("remember me"). */
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
    const { snapshot, ownLifetime, isRenewed } = this.#keeper;
    const lifetime = this.originalMaxAge;
    if (lifetime === null || !snapshot || isRenewed) return lifetime;
    return Math.min(snapshot.expiresAt * 1000 - Date.now(), ownLifetime === undefined ? Infinity : lifetime);
  }
  /** How long the session lives if it is not used, and its cookie with it. Null: as the configuration says. */
  set maxAge(milliseconds) {
    if (milliseconds !== null && !Number.isFinite(milliseconds)) {
      throw new InvalidArgument('cookie.maxAge is a number of milliseconds, or null');
    }
    this.#keeper.limitLifetime(milliseconds === null ? undefined : Math.max(1, Math.ceil(milliseconds / 1000)));
  }
  /** What maxAge was when it was set. */
  get originalMaxAge() {
    const { client, ownLifetime } = this.#keeper;
    if (ownLifetime !== undefined) return ownLifetime * 1000;
    return client.config.cookiePersistent ? client.config.absoluteTimeout * 1000 : null;
  }
  get expires() {
    return this.maxAge === null ? null : new Date(Date.now() + this.maxAge);
  }
  /** Null or false: as the configuration says. */
  set expires(date) {
    this.maxAge = date ? date.getTime() - Date.now() : null;
  }
}

module.exports = { SessionCookie };
