// Tries the running bank with a real browser: run.mjs NAME, for the file NAME.test.mjs.
//
//   walk     what the bank promises, under every proxy
//   page     what only the page can break, whatever the proxy: accessibility, phones, keyboards
//   outage   Redis stops and comes back; alone, for everybody notices
//   idle     the end of a session that is not used; in a bank with a short idle timeout
//
// Environment: BANK_ORIGIN, BANK_PASSWORDS (JSON: user to password), BANK_REDIS_PORT, BANK_REDIS_CONF, BANK_ARTEFACTS
// (folder for screenshots), BANK_IDLE_SECONDS (idle alone), BANK_BROWSER (a Chromium other than Debian's).
import path from 'node:path';
import { run } from 'node:test';
import reporter from './reporter.mjs';

const file = path.join(import.meta.dirname, `${process.argv[2]}.test.mjs`);
run({ files: [file], concurrency: false, timeout: 300_000 })
  .on('test:fail', () => (process.exitCode = 1))
  .compose(reporter)
  .pipe(process.stdout);
