// A line for each test, as the other checks of the bank print it. A test that is skipped has failed.

const failed = (name, why) => `FAILED   ${name}\n${why.replaceAll(/^/gm, '         ')}\n`;

export default async function* reporter(events) {
  for await (const { type, data } of events) {
    const seconds = (data.details?.duration_ms / 1000).toFixed(1);
    if (type === 'test:pass') {
      const skipped = data.skip !== undefined || data.todo !== undefined;
      yield skipped ? failed(data.name, 'skipped') : `ok       ${data.name} (${seconds} s)\n`;
    } else if (type === 'test:fail') {
      const { error } = data.details;
      yield failed(data.name, String(error.cause?.stack ?? error.stack ?? error));
    }
  }
}
