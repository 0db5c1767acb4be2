import type { Control } from '../../contexts/debug/judge.ts';

/** What a request is answered with: when it may go on no longer, and whom it tells how far it is. */
export type Work = Control & { end(): void };

/** Sends an event to the other side. */
type Tell = (event: string, body: object) => void;

/**
 * The work of one request. Its progress is told from the first time that there is some, to clients that want to hear of it.
 *
 * @param request number of the request; a client that cancels names the progress by it.
 */
export function workOf(request: number, title: string, signal: AbortSignal, tell: Tell | undefined): Work {
  const progressId = `${request}`;
  let begun = false;
  return {
    signal,
    progress({ title: detail, done, total }) {
      if (tell === undefined) return;
      const percentage =
        done === undefined || total === undefined || total === 0 ? {} : { percentage: Math.min(100, Math.floor((100 * done) / total)) };
      if (!begun) tell('progressStart', { progressId, title, requestId: request, cancellable: true });
      begun = true;
      tell('progressUpdate', { progressId, message: done === undefined ? detail : `${detail}: ${done}`, ...percentage });
    },
    end() {
      if (begun) tell?.('progressEnd', { progressId });
      begun = false;
    },
  };
}

/** Requests that have come and are not answered yet, in order of arrival; each can be cancelled, also while it waits. */
export class RequestQueue {
  private readonly open = new Map<number, AbortController>();
  private last: Promise<void> = Promise.resolve();

  /** Answers a request as soon as those before it are answered. */
  add(request: number, answer: (signal: AbortSignal) => Promise<void>): void {
    const controller = new AbortController();
    this.open.set(request, controller);
    this.last = this.last.then(async () => {
      try {
        await answer(controller.signal);
      } finally {
        this.open.delete(request);
      }
    });
  }

  /** False where the request is answered already, or never came. */
  cancel(request: number): boolean {
    const controller = this.open.get(request);
    controller?.abort();
    return controller !== undefined;
  }

  cancelAll(): void {
    for (const controller of this.open.values()) controller.abort();
  }
}
