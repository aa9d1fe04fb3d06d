// The vectors that every language runs: see tests/conformance/README.md.
import fs from 'node:fs';

const directory = new URL('../../../tests/conformance/', import.meta.url);

export const vectorFiles = () => fs.readdirSync(directory).filter((name) => name.endsWith('.json'));
export const vectors = (name) => JSON.parse(fs.readFileSync(new URL(`${name}.json`, directory), 'utf8'));
/** Something long is a list of [text, times]. */
export const expand = (text) => (typeof text === 'string' ? text : text.map(([part, times]) => part.repeat(times)).join(''));
/** Keys are arbitrary bytes in the vectors of tokens, and text in a configuration: those are the core's own tests. */
export const keyless = ({ keys_hex: keys }) => keys.length === 0;
