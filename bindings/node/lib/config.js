'use strict';

const { InvalidConfig } = require('./errors.js');
const { native } = require('./native.js');

/** A complete, valid configuration. */
class Config {
  #handle;

  constructor({ handle, ...settings }) {
    this.#handle = handle;
    Object.freeze(settings.prefixes);
    Object.assign(this, settings);
    Object.freeze(this);
  }
  /** Reads a ficha.toml. */
  static load(path) {
    return new Config(native.loadConfig(path));
  }
  /** The same from text; `source` stands for the file in messages. */
  static parse(text, source = 'configuration') {
    return new Config(native.parseConfig(text, source));
  }
  /** The same for a service of which proxies, or the service itself, take one of `prefixes` off the path. */
  withPrefixes(prefixes) {
    const isList = Array.isArray(prefixes) && prefixes.every((prefix) => typeof prefix === 'string');
    if (!isList) throw new TypeError('prefixes is an array of strings, such as "/shop"');
    return new Config(native.configWithPrefixes(this.#handle, prefixes));
  }
  /** A URL with "://", the path of a ficha.toml, or an object in the shape of that file. */
  static from(source) {
    if (source instanceof Config) return source;
    if (typeof source === 'object' && source !== null) return new Config(native.configFromSettings([...flatten('', source)].flat()));
    if (typeof source !== 'string') throw new InvalidConfig('a configuration is a URL, a path or an object');
    return source.includes('://') ? Config.from({ redis: { url: source } }) : Config.load(source);
  }
  static handleOf(config) {
    return config.#handle;
  }
}

const isTable = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isArrayOfTables = (value) => Array.isArray(value) && value.length > 0 && value.every(isTable);

// [name, value] of every setting, under the dotted names by which the core knows them; an empty table has no value.
function* flatten(name, value) {
  if (isTable(value)) {
    const entries = Object.entries(value);
    if (name && entries.length === 0) yield [name, undefined];
    for (const [key, nested] of entries) yield* flatten(name ? `${name}.${key}` : key, nested);
  } else if (isArrayOfTables(value)) {
    for (const [number, table] of value.entries()) yield* flatten(`${name}[${number}]`, table);
  } else {
    yield [name, checked(name, value)];
  }
}

function checked(name, value) {
  const isText = (text) => typeof text === 'string';
  if (typeof value === 'boolean' || isText(value) || Number.isSafeInteger(value)) return value;
  if (Array.isArray(value) && value.every(isText)) return value;
  if (value === undefined) throw new InvalidConfig(`${name} is undefined: leave it out, or say what it is to be`);
  throw new InvalidConfig(`${name}: ${value === null ? 'null' : typeof value} is no configuration value`);
}

module.exports = { Config };
