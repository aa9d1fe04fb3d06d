// What a screen reader is told when something on the page has changed.
import { nextTick, ref } from 'vue';

export const announcement = ref('');

/** Also the same text twice in a row is spoken twice. */
export async function announce(text: string) {
  announcement.value = '';
  await nextTick();
  announcement.value = text;
}
