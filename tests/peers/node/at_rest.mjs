// What somebody who may read Redis finds there: in the clear, or behind base64, percent signs and JSON.

const depth = 3;
const base64 = /[A-Za-z0-9+/_-]{16,}={0,2}/g;

/** Every value of every key, and what can be decoded from it. */
export async function everythingIn(redis) {
  const texts = new Set();
  for await (const keys of redis.scanIterator()) {
    for (const key of [keys].flat()) {
      texts.add(key);
      for (const text of await valuesOf(redis, key)) texts.add(text);
    }
  }
  let layer = [...texts];
  for (let i = 0; i < depth; ++i) {
    layer = layer.flatMap(decoded).filter((text) => !texts.has(text));
    for (const text of layer) texts.add(text);
  }
  return texts;
}

async function valuesOf(redis, key) {
  switch (await redis.type(key)) {
    case 'string':
      return [(await redis.sendCommand(['GET', key])) ?? ''].map(String);
    case 'zset':
      return redis.zRange(key, 0, -1);
    case 'hash':
      return Object.entries(await redis.hGetAll(key)).flat();
    case 'set':
      return redis.sMembers(key);
    default:
      return [];
  }
}

function decoded(text) {
  const found = [text.replace(/\\u([0-9a-fA-F]{4})/g, (_, code) => String.fromCharCode(parseInt(code, 16))).replaceAll('\\/', '/').replaceAll('\\"', '"')];
  if (text.includes('%')) found.push(text.replace(/%([0-9a-fA-F]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16))));
  for (const [word] of text.matchAll(base64)) found.push(Buffer.from(word, 'base64').toString('latin1'));
  return found;
}

/** Which of the tokens are in `texts`. */
export const tokensIn = (texts, tokens) => [...tokens].filter((token) => [...texts].some((text) => text.includes(token)));
