// Redis stops and comes back. Alone: everybody who is there has an outage.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Visitor, eventually, everywhere, openBrowser, startRedis, stopRedis } from './bank.mjs';

openBrowser({ before, after });

test('while Redis is gone the page says so and nobody is signed out; when it is back, all goes on', async () => {
  const alice = await Visitor.signedIn('alice');
  await alice.addNote('statements', 'kept', 'over the outage');
  await alice.noteEverywhere('kept');
  const { value } = await alice.cookie();
  const banner = alice.page.getByRole('alert').getByText('The bank cannot check sessions right now');
  stopRedis();
  try {
    await banner.waitFor();
    await eventually('503 everywhere', async () => (await alice.statuses()).every((status) => status === 503));
    await alice.photograph('outage');
    await alice.tryToAddNote('cards', 'lost', '1');
    await alice.page.getByRole('alert').getByText('Not available at the moment (503).').waitFor();
    assert.equal((await alice.cookie()).value, value, 'the cookie was touched');
  } finally {
    startRedis();
  }
  await alice.press('Try now');
  await banner.waitFor({ state: 'hidden' });
  await eventually('200 everywhere', async () => (await alice.statuses()).every((status) => status === 200));
  assert.deepEqual(await alice.noteEverywhere('kept'), everywhere('"over the outage"'));
  assert.equal((await alice.cookie()).value, value, 'the cookie was touched');
  await alice.leave();
});
