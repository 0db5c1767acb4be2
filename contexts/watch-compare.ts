/** What one look at a watched program found, and how two looks differ. */

/** A failed check, by what stays the same when the source is edited around it. */
export interface WatchedFailure {
  readonly section: string;
  readonly program: string;
  /** Stable id of the cause, as in the report; the kind of the error where the program could not be judged. */
  readonly id: string;
  readonly message: string;
  readonly instruction: number | undefined;
  /** undefined without .BTF.ext. */
  readonly source: { readonly file: string; readonly line: number; readonly text: string } | undefined;
}

export interface MovedFailure {
  readonly from: WatchedFailure;
  readonly to: WatchedFailure;
}

export interface VerdictChange {
  /** Failed before and not any more. */
  readonly fixed: readonly WatchedFailure[];
  readonly new: readonly WatchedFailure[];
  /** The same check of the same line, which stands elsewhere now. */
  readonly moved: readonly MovedFailure[];
  /** Still failing where they were. */
  readonly kept: readonly WatchedFailure[];
}

type Likeness = (before: WatchedFailure, after: WatchedFailure) => boolean;

/** Ways to recognise a failure, surest first; each failure is matched once. */
const LIKENESSES: readonly { readonly moved: boolean; readonly alike: Likeness }[] = [
  { moved: false, alike: (a, b) => sameLine(a, b) && sameText(a, b) },
  { moved: true, alike: (a, b) => a.source !== undefined && sameText(a, b) },
  // Its own line was edited and it still fails.
  { moved: false, alike: sameLine },
];

/**
 * Compares two looks by program, stable id and source line; by instruction where there are no source lines. Two failures of the same
 * cause on one line are told apart by nothing, so they are counted.
 */
export function compareVerdicts(before: readonly WatchedFailure[], after: readonly WatchedFailure[]): VerdictChange {
  const gone = [...before];
  let left = [...after];
  const moved: MovedFailure[] = [];
  const kept: WatchedFailure[] = [];
  for (const likeness of LIKENESSES) {
    left = left.filter((candidate) => {
      const at = gone.findIndex((old) => sameCause(old, candidate) && likeness.alike(old, candidate));
      if (at < 0) return true;
      const [from] = gone.splice(at, 1);
      if (likeness.moved) moved.push({ from: from!, to: candidate });
      else kept.push(candidate);
      return false;
    });
  }
  return { fixed: gone, new: left, moved, kept };
}

function sameCause(a: WatchedFailure, b: WatchedFailure): boolean {
  return a.section === b.section && a.program === b.program && a.id === b.id;
}

function sameLine(a: WatchedFailure, b: WatchedFailure): boolean {
  if (a.source && b.source) return a.source.file === b.source.file && a.source.line === b.source.line;
  return a.source === b.source && a.instruction === b.instruction;
}

function sameText(a: WatchedFailure, b: WatchedFailure): boolean {
  return a.source?.text.trim() === b.source?.text.trim();
}
