'use strict';

const { InvalidConfig } = require('./errors.js');
const { native } = require('./native.js');

/** A complete, valid configuration. */
class Config {
  #handle;

  constructor({ handle, ...settings }) {
    this.#handle = handle;
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
  /** A URL with "://", the path of a ficha.toml, or an object in the shape of that file. */
  static from(source) {
    if (source instanceof Config) return source;
    if (typeof source === 'object' && source !== null) return Config.parse(tables(source).join('\n'));
    if (typeof source !== 'string') throw new InvalidConfig('a configuration is a URL, a path or an object');
    return source.includes('://') ? Config.from({ redis: { url: source } }) : Config.load(source);
  }
  static handleOf(config) {
    return config.#handle;
  }
}

const isTable = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isArrayOfTables = (value) => Array.isArray(value) && value.length > 0 && value.every(isTable);
// A TOML basic string takes JSON's escapes, but wants DEL escaped too.
const quote = (text) => JSON.stringify(text).replaceAll('\x7f', '\\u007F');
const key = (name) => (/^[A-Za-z0-9_-]+$/.test(name) ? name : quote(name));

// The lines of a TOML document.
function tables(table, prefix = '') {
  const entries = Object.entries(table).filter(([, value]) => value !== undefined);
  const nested = ([, value]) => isTable(value) || isArrayOfTables(value);
  const lines = entries.filter((entry) => !nested(entry)).map(([name, value]) => `${key(name)} = ${scalar(prefix + name, value)}`);
  for (const [name, value] of entries.filter(nested)) {
    const path = prefix + key(name);
    for (const element of [value].flat()) {
      lines.push(Array.isArray(value) ? `[[${path}]]` : `[${path}]`, ...tables(element, `${path}.`));
    }
  }
  return lines;
}

function scalar(name, value) {
  if (typeof value === 'boolean' || Number.isSafeInteger(value)) return String(value);
  if (typeof value === 'string') return quote(value);
  if (Array.isArray(value)) return `[${value.map((element) => scalar(name, element)).join(', ')}]`;
  throw new InvalidConfig(`${name}: ${value === null ? 'null' : typeof value} is no configuration value`);
}

module.exports = { Config };
