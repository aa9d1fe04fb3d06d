// The cards of a fictitious bank: everybody has two.
import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

const labels = ['Debit card', 'Credit card'];

/** A card is frozen while a file of its id exists, so that all instances of the service agree. */
export class CardFolder {
  #folder;

  constructor(dataFolder) {
    this.#folder = path.join(dataFolder, 'frozen-cards');
  }

  async of(principal) {
    await this.#open();
    const frozen = new Set(await readdir(this.#folder));
    return issuedTo(principal).map((card) => ({ ...card, frozen: frozen.has(card.id) }));
  }

  /** The card afterwards; undefined when the principal has none of this id. */
  async setFrozen(principal, id, frozen) {
    const card = issuedTo(principal).find((issued) => issued.id === id);
    if (!card) return undefined;
    await this.#open();
    const file = path.join(this.#folder, card.id);
    await (frozen ? writeFile(file, '', { mode: 0o600 }) : rm(file, { force: true }));
    return { ...card, frozen };
  }

  // Whose cards are frozen is nothing for other users of the machine.
  async #open() {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await chmod(this.#folder, 0o700);
  }
}

function issuedTo(principal) {
  return labels.map((label) => {
    const digest = createHash('sha256').update(`${label}:${principal}`).digest();
    const lastDigits = String(digest.readUInt16BE(6) % 10000).padStart(4, '0');
    return { id: digest.toString('hex', 0, 6), label, number: `•••• ${lastDigits}` };
  });
}
