/** The title of the window: taken when it is first shown, and given back as it was. */
import { printable } from './text.ts';

/** The title as it was is kept on the terminal's own stack (xterm, CSI 22/23 ; 2 t). */
const SAVE = '\u001b[22;2t';
const RESTORE = '\u001b[23;2t';
const LONGEST = 200;

export class WindowTitle {
  readonly #write: (text: string) => void;
  readonly #wanted: () => boolean;
  #taken = false;

  /** @param wanted whether titles are shown; asked each time, as the person may change it. */
  constructor(write: (text: string) => void, wanted: () => boolean) {
    this.#write = write;
    this.#wanted = wanted;
  }

  /** Shows `title`, or gives the window its own back where titles are not wanted any more. */
  show(title: string): void {
    if (!this.#wanted()) {
      this.giveBack();
      return;
    }
    if (!this.#taken) this.#write(SAVE);
    this.#taken = true;
    this.#write(`\u001b]2;${printable(title).slice(0, LONGEST)} - ebpfsh\u0007`);
  }

  giveBack(): void {
    if (this.#taken) this.#write(RESTORE);
    this.#taken = false;
  }
}
