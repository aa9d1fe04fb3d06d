// Requests that a page waits for.
import { ref, watch, type Ref } from 'vue';
import { ApiError } from './api';
import { session } from './session';
import { Cancelled } from './step_up';

/** Runs one action at a time; `error` is what to tell when it failed. */
export function useTask() {
  const busy = ref(false);
  const error = ref('');

  async function run(action: () => Promise<void>) {
    if (busy.value) return;
    busy.value = true;
    error.value = '';
    try {
      await action();
    } catch (reason) {
      if (reason instanceof ApiError) error.value = reason.message;
      else if (!(reason instanceof Cancelled)) throw reason;
    } finally {
      busy.value = false;
    }
  }

  return { busy, error, run };
}

/** Data of a service, loaded at once, and again when the services answer after an outage or `dependency` changes. */
export function useLoaded<T>(path: string, dependency: () => unknown = () => null) {
  const data = ref(null) as Ref<T | null>;
  const { busy, error, run } = useTask();
  // One after the other: what is shown last was asked for last.
  let latest = Promise.resolve();
  const load = () => (latest = latest.catch(() => {}).then(() => run(async () => void (data.value = await session.call<T>('GET', path)))));
  watch([session.outage, dependency], () => {
    if (!session.outage.value) void load();
  });
  void load();
  return { data, busy, error, load };
}
