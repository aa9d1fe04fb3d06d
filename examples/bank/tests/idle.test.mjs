// A session that is not used ends, though the page looks on all the time. The bank runs with a short idle timeout.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Visitor, openBrowser } from './bank.mjs';

openBrowser({ before, after });

const idleSeconds = Number(process.env.BANK_IDLE_SECONDS);

test('a session that is not used ends, and the page says so', async () => {
  const alice = await Visitor.signedIn('alice');
  const begun = performance.now();
  await alice.page.getByText('Your session has ended').waitFor({ timeout: (idleSeconds * 2 + 10) * 1000 });
  const lasted = (performance.now() - begun) / 1000;
  assert.ok(lasted > idleSeconds - 2, `it ended after ${lasted} s already`);
  assert.deepEqual(new Set(await alice.statuses()), new Set([401]));
  await alice.see('Sign in');
  await alice.photograph('idle');
  await alice.leave();
});
