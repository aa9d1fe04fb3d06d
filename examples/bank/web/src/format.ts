// Values as people read them.

const dateTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

export function formatTime(unixSeconds: number): string {
  return unixSeconds > 0 ? dateTime.format(unixSeconds * 1000) : 'never';
}

/** "3 minutes ago". */
export function formatAge(unixSeconds: number): string {
  const seconds = unixSeconds - Date.now() / 1000;
  for (const [unit, length] of [['day', 86400], ['hour', 3600], ['minute', 60]] as const) {
    if (-seconds >= length) return relative.format(Math.round(seconds / length), unit);
  }
  return 'just now';
}

/** `amount` is a decimal number as text: no binary fraction comes near it. */
export function formatMoney(amount: string, currency: string): string {
  return new Intl.NumberFormat('en-GB', { style: 'currency', currency }).format(amount as `${number}`);
}
