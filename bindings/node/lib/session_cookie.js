'use strict';

const { InvalidArgument } = require('./errors.js');

// What ficha.toml says, for all sessions: [setting, value in a configuration].
const configured = {
  path: [undefined, () => '/'],
  httpOnly: [undefined, () => true],
  secure: ['insecure_http', ({ cookieSecure }) => cookieSecure],
  sameSite: ['same_site', ({ cookieSameSite }) => cookieSameSite],
  domain: ['domain', ({ cookieDomain }) => cookieDomain || undefined],
};

function accessorOf(name, { client }) {
  const [setting, valueIn] = configured[name];
  const value = valueIn(client.config);
  return {
    enumerable: value !== undefined,
    get: () => value,
    set(other) {
      if (other === value || (name === 'sameSite' && String(other === true ? 'strict' : other).toLowerCase() === value)) return;
      const where = setting ? `[cookie] ${setting} of the configuration says it, for all sessions` : 'it cannot be changed';
      throw new InvalidArgument(`cookie.${name}: ${where}`);
    },
  };
}

/** `req.session.cookie`: what the configuration says, and the session's own life where it has one ("remember me"). */
class SessionCookie {
  #keeper;
  constructor(keeper) {
    this.#keeper = keeper;
    for (const name of Object.keys(configured)) Object.defineProperty(this, name, accessorOf(name, keeper));
  }
  /** Milliseconds the cookie will last; null when it ends with the browser. */
  get maxAge() {
    const { snapshot, ownLifetime, isRenewed } = this.#keeper;
    const lifetime = this.originalMaxAge;
    if (lifetime === null || !snapshot || isRenewed) return lifetime;
    return Math.min(snapshot.expiresAt * 1000 - Date.now(), ownLifetime === undefined ? Infinity : lifetime);
  }
  /** How long the session lives if it is not used, and its cookie with it. Null: as configured, and the cookie ends with the browser. */
  set maxAge(milliseconds) {
    if (milliseconds !== null && !Number.isFinite(milliseconds)) {
      throw new InvalidArgument('cookie.maxAge is a number of milliseconds, or null');
    }
    this.#keeper.limitLifetime(milliseconds === null ? undefined : Math.max(1, Math.ceil(milliseconds / 1000)));
  }
  /** What maxAge was when it was set. */
  get originalMaxAge() {
    const { client, ownLifetime, endsWithBrowser } = this.#keeper;
    if (ownLifetime !== undefined) return ownLifetime * 1000;
    if (endsWithBrowser) return null;
    return client.config.cookiePersistent ? client.config.absoluteTimeout * 1000 : null;
  }
  get expires() {
    return this.maxAge === null ? null : new Date(Date.now() + this.maxAge);
  }
  /** Null or false: as maxAge = null. */
  set expires(date) {
    this.maxAge = date ? new Date(date).getTime() - Date.now() : null;
  }
}

module.exports = { SessionCookie };
