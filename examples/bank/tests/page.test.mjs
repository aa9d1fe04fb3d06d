// What only the page can break: accessibility, phones, keyboards, its policy against foreign scripts.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import axe from 'axe-core';
import { Visitor, ageLogins, openBrowser, origin, passwords } from './bank.mjs';

openBrowser({ before, after });

const pages = [
  ['One session', 'One session, five services'],
  ['Transfers'],
  ['Cards'],
  ['Reports'],
  ['My devices'],
  ['Administration'],
];
const standards = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Fails with what axe-core finds on the page as it is now. */
async function checkAccessibility({ page }, where) {
  // Not as a script element: the page's policy would refuse it.
  await page.evaluate(axe.source);
  const { violations, passes } = await page.evaluate(
    (values) => globalThis.axe.run({ runOnly: { type: 'tag', values } }),
    standards,
  );
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  assert.deepEqual(found, [], where);
  assert.ok(passes.length > 10, `${where}: hardly anything was checked`);
}

for (const colorScheme of ['light', 'dark']) {
  test(`no page has an accessibility violation (${colorScheme})`, async () => {
    const admin = await Visitor.arrive({ colorScheme });
    await checkAccessibility(admin, 'sign in');
    await admin.signIn('admin', passwords.admin);
    await admin.see('One session, five services');
    await admin.addNote('cards', 'colours', colorScheme);
    await admin.noteEverywhere('colours');
    for (const [link, heading] of pages) {
      await admin.open(link, heading);
      await admin.seeAll();
      await checkAccessibility(admin, link);
    }
    await admin.press('Sign out');
    await admin.page.getByText('You are signed out.').waitFor();
    await checkAccessibility(admin, 'signed out');
    await admin.leave();
  });
}

test('a keyboard is enough, and the focus is always where one goes on', async () => {
  const bob = await Visitor.arrive();
  const { page } = bob;
  const { keyboard } = page;
  const focused = (selector) => page.waitForFunction((wanted) => document.activeElement?.matches(wanted), selector);

  // Presses Tab until the element has the focus, as somebody does who cannot point at it.
  async function tabTo(selector) {
    for (let presses = 0; presses < 60; presses++) {
      await keyboard.press('Tab');
      if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
    }
    assert.fail(`Tab does not lead to ${selector}`);
  }

  await bob.see('Sign in');
  await tabTo('#username');
  await keyboard.type('bob');
  await tabTo('#password');
  await keyboard.type('guessed');
  await keyboard.press('Enter');
  await page.getByText('User name or password is wrong.').waitFor();
  await focused('#username');
  await keyboard.press('Tab');
  await keyboard.type(passwords.bob);
  await keyboard.press('Enter');
  await bob.see('One session, five services');
  await focused('h1');

  await page.evaluate(() => document.activeElement.blur());
  await page.evaluate(() => window.getSelection().removeAllRanges());
  await tabTo('.skip');
  await keyboard.press('Enter');
  await focused('main');
  await tabTo('#note-name');
  await keyboard.type('by');
  await keyboard.press('Tab');
  await keyboard.type('keyboard');
  await keyboard.press('Enter');
  await bob.noteEverywhere('by');
  await tabTo('[data-service=rates] button');
  await keyboard.press('Enter');
  await focused('#panel-rates');

  await bob.page.goto('/#transfers');
  await bob.see('Transfers');
  await page.getByLabel('Amount').waitFor();
  ageLogins('bob', 600);
  await tabTo('#transfer-amount');
  await keyboard.type('1.00');
  await keyboard.press('Enter');
  await focused('dialog input');
  await checkAccessibility(bob, 'step-up');
  await keyboard.press('Escape');
  await focused('#transfer-amount');
  await keyboard.press('Enter');
  await focused('dialog input');
  await keyboard.type(passwords.bob);
  await keyboard.press('Enter');
  await page.getByRole('status').getByText('€1.00 went to').waitFor();
  await focused('#transfer-amount');
  await bob.leave();
});

test('what is pressed while something else is under way is done after it, and once', async () => {
  const admin = await Visitor.signedIn('admin');
  const { page } = admin;
  await admin.open('Administration');
  const roles = page.getByRole('group', { name: 'bob' });
  const [trader, auditor] = [roles.getByLabel('trader'), roles.getByLabel('auditor')];
  const asked = [];
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route('**/auth/users/bob/roles', async (route) => {
    asked.push(route.request().postDataJSON().roles.toSorted());
    await held;
    await route.continue();
  });
  await trader.click();
  await trader.click({ force: true }); // once more, by somebody who is in doubt
  await auditor.click();
  assert.equal(await trader.getAttribute('aria-disabled'), 'true');
  assert.equal(await auditor.getAttribute('aria-disabled'), 'true');
  release();
  await page.getByRole('status').getByText('bob has the role auditor.').waitFor();
  assert.deepEqual(asked, [['customer', 'trader'], ['auditor', 'customer', 'trader']]);
  assert.deepEqual([await trader.isChecked(), await auditor.isChecked()], [true, true]);
  await trader.click();
  await auditor.click();
  await page.getByRole('status').getByText('bob no longer has the role auditor.').waitFor();
  await admin.leave();
});

test('a change of roles that is refused is not shown as made', async () => {
  const admin = await Visitor.signedIn('admin');
  await admin.open('Administration');
  const own = admin.page.getByRole('group', { name: 'admin' }).getByLabel('admin', { exact: true });
  await own.click();
  await admin.page.getByRole('alert').getByText('Administrators cannot take this role from themselves.').waitFor();
  assert.equal(await own.isChecked(), true);
  await admin.leave();
});

test('an integer that JavaScript would round is shown as it is', async () => {
  const bob = await Visitor.signedIn('bob');
  await bob.addNote('rates', 'large', '12345678901234567890');
  const shown = await bob.noteEverywhere('large');
  // Of Node 20, cards can only send it as text.
  assert.deepEqual(new Set(shown.map((text) => text.replaceAll('"', ''))), new Set(['12345678901234567890']));
  await bob.leave();
});

test('on a phone nothing is cut off, and everything is large enough to hit', async () => {
  const admin = await Visitor.signedIn('admin', { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
  for (const [link, heading] of pages) {
    await admin.open(link, heading);
    await admin.seeAll();
    const { scrollWidth, clientWidth, small } = await admin.page.evaluate(() => ({
      scrollWidth: document.documentElement.scrollWidth,
      clientWidth: document.documentElement.clientWidth,
      small: [...document.querySelectorAll('main button, main label.check, nav a')]
        .filter((element) => element.getBoundingClientRect().height < 32)
        .map((element) => element.outerHTML),
    }));
    assert.equal(scrollWidth, clientWidth, `${link} is wider than the phone`);
    assert.deepEqual(small, [], link);
    if (link === 'One session') {
      await admin.panel('auth').scrollIntoViewIfNeeded();
      await admin.photograph('phone');
    }
  }
  await admin.leave();
});

test('whoever wants less motion gets none', async () => {
  const visitor = await Visitor.arrive({ reducedMotion: 'reduce' });
  await visitor.see('Sign in');
  const moving = await visitor.page.evaluate(
    () => [...document.querySelectorAll('*')].filter((element) => getComputedStyle(element).transitionDuration !== '0s').length,
  );
  assert.equal(moving, 0);
  await visitor.leave();
});

test('no inline or foreign script runs in the page, and no other page may frame it', async () => {
  const visitor = await Visitor.arrive();
  const policy = (await (await fetch(origin)).headers.get('content-security-policy')) ?? '';
  for (const directive of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]) {
    assert.ok(policy.includes(directive), `${directive} is missing in ${policy}`);
  }
  const ran = await visitor.page.evaluate(async () => {
    const violated = new Promise((resolve) => document.addEventListener('securitypolicyviolation', resolve, { once: true }));
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    document.head.append(script);
    await violated;
    return globalThis.ran === true;
  });
  assert.equal(ran, false);
  visitor.mishaps = visitor.mishaps.filter((mishap) => !/inline script/.test(mishap));
  await visitor.leave();
});

test('somebody new opens an account, and is signed in', async () => {
  const visitor = await Visitor.arrive();
  const { page } = visitor;
  await visitor.press('I am new: open an account');
  await visitor.see('Open an account');
  await page.getByLabel('User name').fill(`carol${Date.now()}`);
  await page.getByLabel('Password').fill('short');
  await visitor.press('Open account');
  await page.getByRole('alert').getByText(/password/i).waitFor();
  await page.getByLabel('Password').fill('a fine pass phrase');
  await visitor.press('Open account');
  await visitor.see('One session, five services');
  assert.equal(await page.getByRole('link', { name: 'Administration' }).count(), 0);
  await visitor.leave();
});
