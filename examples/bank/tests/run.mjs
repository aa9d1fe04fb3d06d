// Walks through the running bank with a real browser, one test after the other. What is tested where:
//
//   walk    what the bank promises, under every proxy
//   page    what only the page can break: accessibility, phones, keyboards; under nginx
//   idle    the end of a session that is not used; alone, in a bank with a short idle timeout
//
// Environment: BANK_ORIGIN, BANK_PASSWORDS (JSON: user to password), BANK_PROXY, BANK_REDIS_PORT, BANK_REDIS_CONF,
// BANK_ARTEFACTS (folder for screenshots), BANK_IDLE_SECONDS (idle alone), BANK_BROWSER (a Chromium other than Debian's).
import path from 'node:path';
import { run } from 'node:test';
import reporter from './reporter.mjs';

const { BANK_IDLE_SECONDS, BANK_PROXY } = process.env;

function names() {
  if (BANK_IDLE_SECONDS) return ['idle'];
  return BANK_PROXY === 'nginx' ? ['walk', 'page'] : ['walk'];
}

const files = names().map((name) => path.join(import.meta.dirname, `${name}.test.mjs`));
run({ files, concurrency: false, timeout: 300_000 })
  .on('test:fail', () => (process.exitCode = 1))
  .compose(reporter)
  .pipe(process.stdout);
