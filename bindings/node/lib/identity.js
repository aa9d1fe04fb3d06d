'use strict';
// Identity that a framework keeps in `req.session`, as Passport does its user. In the store it is a protected attribute, which
// no ordinary attribute of the same name reaches; here it can be assigned in the login window only, whoever chose the name.

const { InvalidArgument } = require('./errors.js');
const { StoredAttribute, differences, fromJson, toJson } = require('./attributes.js');

function refuse(name) {
  return new InvalidArgument(
    `${JSON.stringify(name)} is an identity: it can be assigned between req.session.regenerate() and save() only ` +
      '(Passport does so from 0.6 on)',
  );
}

const targets = new WeakMap(); // what readOnly() made → the value behind it

/** The identity names of one `req.session`, with their values. */
class Identity {
  #stored;
  #values = new Map(); // what handlers see
  #texts = new Map(); // name → the JSON text that is to be stored, undefined where it is to be removed
  #views = new WeakMap();
  #open;

  /** `stored`: name → StoredAttribute. `open`: this session was just renewed, and the login window stands open. */
  constructor(stored, open) {
    this.#stored = stored;
    this.#open = open;
  }
  get names() {
    return this.#stored.keys();
  }
  get(name) {
    if (!this.#values.has(name)) this.#values.set(name, this.#stored.get(name)?.value());
    const value = this.#values.get(name);
    return this.#open || typeof value !== 'object' || value === null ? value : this.#readOnly(name, value);
  }
  set(name, value) {
    if (value === undefined || value === null) return this.remove(name);
    if (!this.#open) {
      if (value === this.get(name)) return;
      throw refuse(name);
    }
    const target = targets.get(value);
    this.#values.set(name, target ? { ...target } : value);
  }
  remove(name) {
    this.#values.set(name, undefined);
    this.#texts.set(name, undefined);
  }
  /** The end of the login window, if it stands open: what there is now is what will be stored. */
  close() {
    if (!this.#open) return false;
    this.#open = false;
    for (const [name, value] of this.#values) this.#texts.set(name, value === undefined ? undefined : toJson(name, value));
    return true;
  }
  /** The steps [kind, name, JSON text, …] of what was set in the window, and removed. */
  changes() {
    const ops = [];
    for (const [name, text] of differences(this.#stored, [...this.#pending()].flat())) {
      ops.push(...(text === undefined ? ['remove', name, ''] : ['set', name, text]));
    }
    return ops;
  }
  /** What was set in the login window of this request: [name, JSON text, …]. */
  given() {
    return [...this.#pending()].filter(([, text]) => text !== undefined).flat();
  }
  /** After the steps of changes() were stored. */
  stored(ops) {
    const after = new Map(this.#stored);
    for (let i = 0; i < ops.length; i += 3) {
      if (ops[i] === 'remove') after.delete(ops[i + 1]);
      else after.set(ops[i + 1], new StoredAttribute(ops[i + 1], ops[i + 2]));
    }
    this.#stored = after;
  }
  *#pending() {
    if (!this.#open) return yield* this.#texts;
    for (const [name, value] of this.#values) yield [name, value === undefined ? undefined : toJson(name, value)];
  }

  // Outside the window its members can be removed (Passport's logOut), and nothing else. What lies deeper is a copy.
  #readOnly(name, value) {
    let view = this.#views.get(value);
    if (view) return view;
    const refused = () => {
      throw refuse(name);
    };
    const deleteProperty = (target, key) => {
      const text = this.#texts.get(name) ?? this.#stored.get(name)?.text;
      const left = text === undefined ? {} : fromJson(name, text);
      delete left[key];
      this.#texts.set(name, toJson(name, left));
      return Reflect.deleteProperty(target, key);
    };
    view = new Proxy(value, { set: refused, defineProperty: refused, setPrototypeOf: refused, deleteProperty });
    this.#views.set(value, view);
    targets.set(view, value);
    return view;
  }
}

module.exports = { Identity, refuse };
