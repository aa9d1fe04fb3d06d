// One suite for all stores: its tests run against each of them, through Client.
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, ManualClock } from 'ficha';
import { useLeakCheck, useRedis } from './helpers.mjs';

const kinds = [
  { name: 'in memory', inMemory: true, nearCache: false },
  { name: 'on Redis', inMemory: false, nearCache: true },
  { name: 'on Redis without near cache', inMemory: false, nearCache: false },
];
let namespaces = 0;
const tolerated = 150; // milliseconds

/** What a test has to itself: clients of an empty store, and the time on its clock. */
class TestStore {
  #kind;
  #redis;
  #clock;
  #client;
  #opened = [];
  #namespace = `test-${++namespaces}`;
  #began = performance.now();
  #passed = 0;

  constructor(kind, redis) {
    this.#kind = kind;
    this.#redis = redis;
    this.#clock = kind.inMemory ? new ManualClock(1_750_000_000_000) : undefined;
  }
  /** The client of a test that needs no other. */
  get client() {
    return (this.#client ??= this.open());
  }
  /** Another client of the same store (in memory each has a store of its own), with these settings of [session]. */
  open(session = {}) {
    const redis = {
      url: this.#kind.inMemory ? 'memory://' : this.#redis.url,
      namespace: this.#namespace,
      // Generous: these tests are about answers, and run beside others on a busy machine.
      connect_timeout: '5s',
      command_timeout: '5s',
      operation_timeout: '20s',
    };
    const client = new Client({ redis, near_cache: { enabled: this.#kind.nearCache }, session }, { clock: this.#clock });
    this.#opened.push(client);
    return client;
  }
  /** Lets this much time pass on the store's clock. */
  async pass(milliseconds) {
    if (this.#clock) this.#clock.advance(milliseconds);
    else await sleep(milliseconds); // a real server's clock moves no other way
    this.#passed += milliseconds;
  }
  /** Whether more time has passed than the test let pass: on a busy machine, where it then shows nothing. */
  get isLate() {
    return !this.#clock && performance.now() - this.#began - this.#passed > tolerated;
  }
  /** The session as the store has it, whatever the near cache holds. */
  load(token, client = this.client) {
    return client.load(token, { fresh: true });
  }
  async isLive(token, client = this.client) {
    return (await this.load(token, client)) !== null;
  }
  async listed(principal) {
    return (await this.client.list(principal)).map(({ id }) => id);
  }
  close() {
    for (const client of this.#opened) client.close();
  }
}

/**
 * For a test file: declares its tests once for every store. `define` gets two functions like test(), whose bodies get a
 * TestStore; the second is for tests that let time pass. Those run side by side, when all others have ended: on Redis
 * they wait for a real server's clock. One that fails late is begun again.
 */
export function forEveryStore(define) {
  const redis = useRedis();
  useLeakCheck();
  for (const kind of kinds) describe(kind.name, () => define(declareFor(kind, redis), () => {}));
  describe('as time passes', { concurrency: true }, () => {
    for (const kind of kinds) {
      describe(kind.name, { concurrency: true }, () => define(() => {}, declareFor(kind, redis)));
    }
  });
}

function declareFor(kind, redis) {
  return (name, body) =>
    test(name, async () => {
      for (let attempt = 1; ; ++attempt) {
        const store = new TestStore(kind, redis);
        try {
          return await body(store);
        } catch (error) {
          if (!store.isLate || attempt === 10) throw error;
        } finally {
          store.close();
        }
      }
    });
}

// A session holds four attributes of the one; no attribute holds the other, which is 64 KiB and its quotes.
export const longText = 'x'.repeat(60_000);
export const tooLongText = 'x'.repeat(64 << 10);

/** `count` attributes, called `prefix`0 and so on. */
export function manyAttributes(count, prefix, value = 1) {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}${i}`, value]));
}
