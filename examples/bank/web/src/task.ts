// Requests that a page waits for.
import { computed, reactive, ref, watch, type Ref } from 'vue';
import { ApiError } from './api';
import { session } from './session';
import { Cancelled } from './step_up';

/** Lets actions run one after the other, in the order in which they were asked for. */
function inTurn() {
  let last: Promise<unknown> = Promise.resolve();
  return (action: () => Promise<void>): Promise<void> => {
    const done = last.then(action);
    last = done.catch(() => {});
    return done;
  };
}

/**
 * Runs a page's actions in turn: what is pressed while another action is under way is done after it. Only a control
 * whose own action is not done yet does nothing, as two clicks on "Send" are one order; it is `pending`, and shows that.
 *
 * `error` is what to tell when an action failed, until the next one begins after all are done.
 */
export function useTask() {
  const controls = reactive(new Set<string>());
  const busy = computed(() => controls.size > 0);
  const error = ref('');
  const queue = inTurn();

  /** `control` names what was pressed, on a page with several. */
  async function run(action: () => Promise<void>, control = '') {
    if (controls.has(control)) return;
    if (!busy.value) error.value = '';
    controls.add(control);
    const principal = session.me.value?.principal;
    await queue(async () => {
      try {
        // What one user asked for is not done as another.
        if (session.me.value?.principal === principal) await action();
      } catch (reason) {
        if (reason instanceof ApiError) error.value = reason.message;
        else if (!(reason instanceof Cancelled)) throw reason;
      } finally {
        controls.delete(control);
      }
    });
  }

  return { busy, pending: (control: string) => controls.has(control), error, run };
}

/** Data of a service, loaded at once, and again when the services answer after an outage or `dependency` changes. */
export function useLoaded<T>(path: string, dependency: () => unknown = () => null) {
  const data = ref(null) as Ref<T | null>;
  const { busy, error, run } = useTask();
  // What is shown last was asked for last, after whatever came before it.
  const queue = inTurn();
  const load = () => queue(() => run(async () => void (data.value = await session.call<T>('GET', path))));
  watch([session.outage, dependency], () => {
    if (!session.outage.value) void load();
  });
  void load();
  return { data, busy, error, load };
}
