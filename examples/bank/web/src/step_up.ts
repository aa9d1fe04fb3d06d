// Some actions need a fresh proof of who is there: the password is asked for, and the action is done again.
import { ref } from 'vue';
import { ApiError } from './api';

/** The visitor did not want to. */
export class Cancelled extends Error {}

interface Prompt {
  confirmed: () => void;
  cancelled: () => void;
}

/** The question that StepUpDialog shows; null when there is none. */
export const prompt = ref<Prompt | null>(null);

function ask(): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    prompt.value = { confirmed: resolve, cancelled: () => reject(new Cancelled()) };
  }).finally(() => (prompt.value = null));
}

/** The action's result; where the service asks for it, the action is repeated after a step-up. */
export async function withStepUp<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof ApiError && error.problem === 'step-up')) throw error;
  }
  await ask();
  return action();
}
