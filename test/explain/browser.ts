import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';

/** A Chromium at one of its usual places; undefined where there is none. */
export const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/** Keys as the protocol wants them: printable ones carry their text. */
const CODES: Readonly<Record<string, { readonly code: string; readonly keyCode: number }>> = {
  Home: { code: 'Home', keyCode: 36 },
  End: { code: 'End', keyCode: 35 },
  ArrowDown: { code: 'ArrowDown', keyCode: 40 },
  ArrowUp: { code: 'ArrowUp', keyCode: 38 },
  Tab: { code: 'Tab', keyCode: 9 },
  Enter: { code: 'Enter', keyCode: 13 },
};

/** One page in a headless Chromium, driven over the pipe of its DevTools protocol: real keys, no script of ours in the page. */
export class BrowserPage {
  private readonly process: ChildProcess;
  private readonly input: Writable;
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private readonly events = new Map<string, () => void>();
  private nextId = 1;
  private session: string | undefined;

  private constructor(profile: string) {
    this.process = spawn(CHROMIUM!, ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${profile}`, '--remote-debugging-pipe'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    this.input = this.process.stdio[3] as Writable;
    let text = '';
    (this.process.stdio[4] as Readable).setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const messages = text.split('\0');
      text = messages.pop()!;
      for (const message of messages) this.take(JSON.parse(message) as Answer);
    });
  }

  /** Opens a file. @param profile a folder of the browser's own. */
  static async open(path: string, profile: string): Promise<BrowserPage> {
    const page = new BrowserPage(profile);
    const { targetId } = await page.call('Target.createTarget', { url: 'about:blank' });
    page.session = (await page.call('Target.attachToTarget', { targetId, flatten: true }))['sessionId'] as string;
    await page.call('Page.enable');
    const loaded = new Promise<void>((resolve) => page.events.set('Page.loadEventFired', resolve));
    await page.call('Page.navigate', { url: `file://${path}` });
    await loaded;
    return page;
  }

  private take({ id, method, result, error }: Answer): void {
    if (id !== undefined) this.waiting.get(id)?.({ ...(result === undefined ? {} : { result }), ...(error === undefined ? {} : { error }) });
    else if (method !== undefined) this.events.get(method)?.();
  }

  private call(method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> {
    const id = this.nextId++;
    this.input.write(`${JSON.stringify({ id, method, params, ...(this.session === undefined ? {} : { sessionId: this.session }) })}\0`);
    return new Promise((resolve, reject) => {
      this.waiting.set(id, ({ result, error }) => {
        this.waiting.delete(id);
        if (error === undefined) resolve(result ?? {});
        else reject(new Error(`${method}: ${error.message}`));
      });
    });
  }

  /** Presses and releases a key. */
  async press(key: string): Promise<void> {
    const known = CODES[key];
    const common = known === undefined ? { key, text: key } : { key, code: known.code, windowsVirtualKeyCode: known.keyCode };
    await this.call('Input.dispatchKeyEvent', { type: known === undefined ? 'keyDown' : 'rawKeyDown', ...common });
    await this.call('Input.dispatchKeyEvent', { type: 'keyUp', ...common });
  }

  /** The text that a person reads in an element. */
  async text(selector: string): Promise<string> {
    const { result } = await this.call('Runtime.evaluate', {
      expression: `document.querySelector(${JSON.stringify(selector)})?.innerText ?? '(no such element)'`,
      returnByValue: true,
    });
    return String((result as { readonly value?: unknown }).value)
      .replace(/\s+/g, ' ')
      .trim();
  }

  /** Ends the browser, and waits until it has gone and its folder is its no more. */
  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.process.once('exit', resolve));
    const { session } = this;
    this.session = undefined;
    if (session !== undefined) this.call('Browser.close').catch(() => this.process.kill());
    await gone;
  }
}
