// One session through the whole bank, as its users see it.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import {
  Visitor,
  ageLogins,
  eventually,
  everywhere,
  millisecondsUntilRefused,
  openBrowser,
  origin,
  passwords,
  services,
  statusesOf,
} from './bank.mjs';

openBrowser({ before, after });

/** A test with visitors, who leave at its end. */
function scene(sentence, play) {
  test(sentence, async () => {
    const visitors = [];
    const arriving = async (visitor) => {
      visitors.push(await visitor);
      return visitors.at(-1);
    };
    await play({
      arrive: () => arriving(Visitor.arrive()),
      signedIn: (name) => arriving(Visitor.signedIn(name)),
    });
    for (const visitor of visitors) await visitor.leave();
  });
}

scene('a visitor is nobody: 401 everywhere, and the page asks who it is', async ({ arrive }) => {
  const visitor = await arrive();
  await visitor.see('Sign in');
  assert.deepEqual(await visitor.statuses(), everywhere(401));
  await visitor.photograph('sign-in');
});

scene('a wrong password is refused in words', async ({ arrive }) => {
  const visitor = await arrive();
  await visitor.signIn('alice', 'guessed');
  await visitor.page.getByRole('alert').getByText('User name or password is wrong.').waitFor();
  assert.equal(await visitor.cookie(), undefined);
});

scene('after the login no script can reach the token, and nothing is stored in the page', async ({ signedIn }) => {
  const alice = await signedIn('alice');
  const { httpOnly, secure, sameSite, path, value } = await alice.cookie();
  assert.deepEqual({ httpOnly, secure, sameSite, path }, { httpOnly: true, secure: true, sameSite: 'Lax', path: '/' });
  const reachable = await alice.page.evaluate(async () => ({
    cookie: document.cookie,
    stored: [localStorage.length, sessionStorage.length, (await indexedDB.databases()).length, (await caches.keys()).length],
    page: document.documentElement.outerHTML,
    address: location.href,
  }));
  assert.equal(reachable.cookie, '');
  assert.deepEqual(reachable.stored, [0, 0, 0, 0]);
  assert.ok(!`${reachable.page}${reachable.address}`.includes(value), 'the token is in the page');
});

scene('all five services show the same user, whichever instance answers', async ({ signedIn }) => {
  const alice = await signedIn('alice');
  await eventually('all panels', async () => (await alice.page.locator('[data-field=principal]').count()) === services.length);
  assert.deepEqual(await alice.inAllPanels('principal'), everywhere('alice'));
  assert.deepEqual(await alice.inAllPanels('roles'), everywhere('customer'));
  const instances = new Set();
  await eventually('both instances of cards', async () => {
    instances.add(await alice.panel('cards').locator('[data-field=instance]').innerText());
    return instances.size === 2;
  });
  assert.deepEqual([...instances].sort(), ['cards-1', 'cards-2']);
});

scene('a note added through one service is seen in all, and so is its removal', async ({ signedIn }) => {
  const alice = await signedIn('alice');
  const value = '{"größe":["Ünïcödé ✓",1.5,null,{},[]]}';
  for (const [index, service] of services.entries()) {
    const name = `from-${service}`;
    await alice.addNote(service, name, value);
    assert.deepEqual(await alice.noteEverywhere(name), everywhere(value));
    await alice.press(`Remove ${name} through ${services.at(index - 1)}`);
    await eventually(`the end of ${name}`, async () => (await alice.page.locator(`[data-note="${name}"]`).count()) === 0);
  }
  await alice.addNote('cards', 'basket', '{"items": 2, "total": "19.90"}');
  await alice.addNote('rates', 'theme', 'dark');
  assert.deepEqual(await alice.noteEverywhere('theme'), everywhere('"dark"'));
  await alice.photograph('session');
});

scene('what needs a role is refused without it, and allowed once it is assigned, without a new login', async ({ signedIn }) => {
  const [alice, admin] = [await signedIn('alice'), await signedIn('admin')];
  const token = (await alice.cookie()).value;
  await alice.open('Reports');
  const margins = alice.page.locator('[data-report=margins]');
  await margins.getByText('Your roles do not allow this.').waitFor();
  await alice.open('Cards');
  const inUse = await alice.page.locator('[data-card]').filter({ hasText: 'in use' }).first().getAttribute('data-card');
  const card = alice.page.locator(`[data-card="${inUse}"]`);
  await card.getByRole('button').click();
  await alice.page.getByRole('alert').getByText('Your roles do not allow this.').waitFor();
  await alice.photograph('forbidden');

  await admin.open('Administration');
  const roles = admin.page.getByRole('group', { name: 'alice' });
  for (const role of ['card-manager', 'trader', 'auditor']) {
    await roles.getByLabel(role).check();
    await admin.page.getByRole('status').getByText(`alice has the role ${role}.`).waitFor();
  }
  await admin.photograph('administration');

  await alice.page.getByText('Your session has it.').waitFor();
  await card.getByRole('button').click();
  await card.getByText('frozen').waitFor();
  await card.getByRole('button').click();
  await card.getByText('in use').waitFor();
  await alice.open('Reports');
  await margins.getByRole('table').waitFor();
  await alice.page.locator('[data-report=audit]').getByRole('table').waitFor();
  await alice.photograph('reports', { fullPage: true });
  assert.equal((await alice.cookie()).value, token, 'a new login was needed');

  for (const role of ['card-manager', 'trader', 'auditor']) {
    await roles.getByLabel(role).uncheck();
    await admin.page.getByRole('status').getByText(`alice no longer has the role ${role}.`).waitFor();
  }
  await margins.getByText('Your roles do not allow this.').waitFor();
});

scene('a transfer with an old login asks for the password once more, and is made then', async ({ signedIn }) => {
  const alice = await signedIn('alice');
  const { page } = alice;
  await alice.open('Transfers');
  const note = `rent ${Date.now()}`;
  const send = async () => {
    await page.getByLabel('Amount').fill('12.50');
    await page.getByLabel('Note').fill(note);
    await alice.press('Send');
  };
  const dialog = page.getByRole('dialog', { name: 'Confirm that it is you' });
  const made = page.getByRole('row').filter({ hasText: note });

  ageLogins('alice', 600);
  const token = (await alice.cookie()).value;
  await send();
  await dialog.getByLabel('Password').fill('guessed');
  await alice.photograph('step-up');
  await alice.press('Confirm', dialog);
  await dialog.getByText('That is not your password.').waitFor();
  assert.equal(await made.count(), 0);
  await dialog.getByLabel('Password').fill(passwords.alice);
  await alice.press('Confirm', dialog);
  await made.waitFor();
  assert.notEqual((await alice.cookie()).value, token, 'the token is the same after a step-up');
  assert.deepEqual(await statusesOf(token), everywhere(401));

  await send();
  await eventually('the second transfer', async () => (await made.count()) === 2);
  assert.equal(await dialog.count(), 0, 'it asked again');
  await alice.photograph('transfers', { fullPage: true });
});

scene('an application asks: the login leads back to the question, and the code goes to the application', async ({ arrive }) => {
  const alice = await arrive();
  const application = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html').end('<h1>Budget</h1>');
  }).listen(0, '127.0.0.1');
  await once(application, 'listening');
  const address = `http://127.0.0.1:${application.address().port}/`;
  const asked = new URLSearchParams({
    response_type: 'code',
    client_id: 'budget',
    redirect_uri: `${address}callback`,
    scope: 'transactions:read',
    state: 'of the application',
    code_challenge: createHash('sha256').update('v'.repeat(43)).digest('base64url'),
    code_challenge_method: 'S256',
  });
  await alice.page.goto(`/auth/oauth/authorize?${asked}`);
  await alice.signIn('alice', passwords.alice);
  await alice.see('Allow “budget” to act for alice?');
  await alice.press('Allow');
  await alice.see('Budget');
  const { searchParams } = new URL(alice.page.url());
  assert.equal(searchParams.get('state'), 'of the application');
  assert.ok(searchParams.get('code'));
  alice.mishaps = alice.mishaps.filter((mishap) => !mishap.includes(address));
  application.close();
  application.closeAllConnections();
  await alice.page.goto('/');
});

scene('another device is seen, and signed out from here', async ({ signedIn }) => {
  const [here, there] = [await signedIn('alice'), await signedIn('alice')];
  await here.open('My devices');
  const others = here.page.locator('[data-current=false]');
  await here.page.locator('[data-current=true]').waitFor();
  const token = (await there.cookie()).value;
  await here.photograph('devices');
  await others.last().getByRole('button').click();
  await here.page.getByRole('status').getByText('is signed out.').waitFor();
  assert.deepEqual(await statusesOf(token), everywhere(401));
  await there.page.getByText('Your session has ended').waitFor();
  await there.photograph('ended');
  assert.deepEqual(await here.statuses(), everywhere(200));
});

scene('after the logout every service refuses the token within 100 ms', async ({ signedIn }) => {
  const alice = await signedIn('alice');
  const token = (await alice.cookie()).value;
  const passed = await millisecondsUntilRefused(token, async () => {
    const answer = alice.page.waitForResponse(`${origin}/auth/logout`);
    await alice.press('Sign out');
    assert.equal((await answer).status(), 204);
  });
  assert.ok(passed < 100, `it was let through for ${passed} ms`);
  await alice.page.getByText('You are signed out.').waitFor();
  assert.equal(await alice.cookie(), undefined);
  assert.deepEqual(await alice.statuses(), everywhere(401));
});

scene('a logout everywhere in one browser ends the session of the other', async ({ signedIn }) => {
  const [here, there] = [await signedIn('alice'), await signedIn('alice')];
  await here.open('My devices');
  const passed = await millisecondsUntilRefused((await there.cookie()).value, async () => {
    const answer = here.page.waitForResponse(`${origin}/auth/logout-everywhere`);
    await here.press('Sign out everywhere');
    assert.equal((await answer).status(), 204);
  });
  assert.ok(passed < 100, `it was let through for ${passed} ms`);
  await here.page.getByText('You are signed out, on all devices.').waitFor();
  await there.page.getByText('Your session has ended').waitFor();
  assert.deepEqual(await there.statuses(), everywhere(401));
});
