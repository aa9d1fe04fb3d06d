// What the tests have at hand: the running bank, and visitors with browsers of their own.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { chromium } from 'playwright-core';

const environment = (name) => process.env[name] ?? assert.fail(`${name} is not set`);

export const services = ['auth', 'transactions', 'cards', 'statements', 'rates'];
export const origin = environment('BANK_ORIGIN');
export const passwords = JSON.parse(environment('BANK_PASSWORDS'));
export const everywhere = (value) => services.map(() => value);
export const cookieName = '__Host-ficha';

const artefacts = environment('BANK_ARTEFACTS');
mkdirSync(artefacts, { recursive: true });

const redisCli = (...args) => execFileSync('redis-cli', ['-p', environment('BANK_REDIS_PORT'), ...args], { stdio: 'pipe' });

/** Redis ends; what it holds is on the disk. */
export const stopRedis = () => redisCli('shutdown');

/** Redis comes back with what it held. Who started the bank will stop it. */
export function startRedis() {
  spawn('redis-server', [environment('BANK_REDIS_CONF')], { detached: true, stdio: 'ignore' }).unref();
}

/** Makes the login of somebody's live sessions older, as if the time had passed. */
export function ageLogins(name, seconds) {
  const script = path.join(import.meta.dirname, '..', 'lib', 'age_logins.lua');
  redisCli('--eval', script, ',', name, String(seconds));
}

/** Waits for what another process brings about. */
export async function eventually(what, holds, seconds = 10) {
  const deadline = performance.now() + seconds * 1000;
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, `${what}: not within ${seconds} s`);
    await pause(20);
  }
}

/** The statuses of all services' sessions for a token, whatever any browser holds. */
export function statusesOf(token) {
  const headers = { cookie: `${cookieName}=${token}` };
  return Promise.all(services.map(async (service) => (await fetch(`${origin}/${service}/session`, { headers })).status));
}

/** Acts, and returns for how many milliseconds after its acknowledgement a service still let the token through. */
export async function millisecondsUntilRefused(token, act) {
  await act();
  const acknowledged = performance.now();
  let lastPassed = acknowledged;
  await eventually('401 everywhere', async () => {
    const sent = performance.now();
    const statuses = await statusesOf(token);
    if (statuses.every((status) => status === 401)) return true;
    lastPassed = sent;
    return false;
  });
  return lastPassed - acknowledged;
}

let browser;

/** Starts the browser of all visitors of a file; `after` is node:test's. */
export function openBrowser({ before, after }) {
  before(async () => {
    browser = await chromium.launch({ executablePath: process.env.BANK_BROWSER ?? '/usr/bin/chromium' });
  });
  after(() => browser.close());
}

/** Somebody with a browser of his own: no cookie is shared with another visitor. */
export class Visitor {
  /** Whatever should not have happened in the browser: errors of scripts, violations of the policy, requests elsewhere. */
  mishaps = [];

  /** `options` are Playwright's for a context. */
  static async arrive(options = {}) {
    const visitor = new Visitor();
    visitor.context = await browser.newContext({ viewport: { width: 1200, height: 800 }, baseURL: origin, ...options });
    visitor.page = await visitor.context.newPage();
    visitor.page.setDefaultTimeout(20_000);
    visitor.#watch();
    await visitor.page.goto('/');
    return visitor;
  }

  /** The same, signed in. */
  static async signedIn(name, options) {
    const visitor = await Visitor.arrive(options);
    await visitor.signIn(name, passwords[name]);
    await visitor.see('One session, five services');
    return visitor;
  }

  #watch() {
    this.page.on('pageerror', (error) => this.mishaps.push(String(error)));
    this.page.on('console', (message) => {
      // That a request was refused is told, too: many are here, on purpose.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) this.mishaps.push(message.text());
    });
    this.page.on('request', (request) => {
      if (!request.url().startsWith(`${origin}/`)) this.mishaps.push(`a request to ${request.url()}`);
    });
  }

  /** At the end of every test: leaves no session behind, and tells of mishaps. */
  async leave() {
    await this.page.evaluate(() => fetch('/auth/logout', { method: 'POST' }));
    await this.context.close();
    assert.deepEqual(this.mishaps, []);
  }

  async signIn(name, password) {
    await this.page.getByLabel('User name').fill(name);
    await this.page.getByLabel('Password').fill(password);
    await this.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  }

  async see(heading) {
    await this.page.getByRole('heading', { name: heading, level: 1 }).waitFor();
  }

  /** Waits for what the page is still waiting for. */
  async seeAll() {
    await this.page.waitForFunction(() => !document.querySelector('main [data-waiting]'));
  }

  async open(link, heading = link) {
    await this.page.getByRole('navigation').getByRole('link', { name: link }).click();
    await this.see(heading);
  }

  async press(name, within = this.page) {
    await within.getByRole('button', { name, exact: true }).click();
  }

  /** A service's panel on the first page. */
  panel(service) {
    return this.page.locator(`[data-service=${service}]`);
  }

  /** A field of all panels. */
  async inAllPanels(field) {
    return Promise.all(services.map((service) => this.panel(service).locator(`[data-field=${field}]`).innerText()));
  }

  /** Whether it succeeds or not. */
  async tryToAddNote(service, name, value) {
    await this.page.getByLabel('Note').fill(name);
    await this.page.getByLabel('Value').fill(value);
    await this.page.getByLabel('Store through').selectOption(service);
    await this.press('Add');
  }

  async addNote(service, name, value) {
    await this.tryToAddNote(service, name, value);
    await this.page.getByRole('status').getByText(`${name} was stored through ${service}`).waitFor();
  }

  /** The note as every panel shows it, once all show it. */
  async noteEverywhere(name) {
    const shown = services.map((service) => this.panel(service).locator(`[data-note="${name}"] code`));
    await Promise.all(shown.map((each) => each.waitFor()));
    return Promise.all(shown.map((each) => each.innerText()));
  }

  /** The statuses of all services' sessions, asked from the page. */
  statuses() {
    return this.page.evaluate(
      (names) => Promise.all(names.map(async (name) => (await fetch(`/${name}/session`)).status)),
      services,
    );
  }

  async cookie() {
    return (await this.context.cookies()).find(({ name }) => name === cookieName);
  }

  async photograph(name, options = {}) {
    await this.page.screenshot({ path: path.join(artefacts, `${name}.png`), animations: 'disabled', ...options });
  }
}
