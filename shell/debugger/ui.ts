/** What the person has chosen to see: everything on the screen that is not the program's. */

export type Pane = 'steps' | 'source' | 'state';

/** Something that is typed in the bottom row. */
export interface Typing {
  readonly kind: 'goto' | 'search' | 'command';
  readonly text: string;
}

/** Output of a command, shown below the panes until the next key that moves. */
export interface Answer {
  /** The command that says the same; the person learns it by the way. */
  readonly title: string;
  readonly lines: readonly string[];
  /** First line that is shown. */
  readonly top: number;
  /** `fix`: letters apply one. `guide`: digits answer. `branch`: digits choose a side. */
  readonly kind: 'text' | 'fix' | 'guide' | 'branch' | 'help';
}

export interface Ui {
  readonly pane: Pane;
  /** The list of steps shows events only. */
  readonly eventsOnly: boolean;
  /** The value that `w`, `[` and `]` are about. */
  readonly selected: string | undefined;
  readonly typing: Typing | undefined;
  readonly answer: Answer | undefined;
  /** One line about the last key. */
  readonly note: string;
  /** What a command does that takes its time. */
  readonly busy: string | undefined;
}

export const FIRST_UI: Ui = {
  pane: 'source',
  eventsOnly: true,
  selected: undefined,
  typing: undefined,
  answer: undefined,
  note: '',
  busy: undefined,
};

export const PANES: readonly Pane[] = ['source', 'state', 'steps'];

export const TYPING_LABEL: Readonly<Record<Typing['kind'], string>> = { goto: 'goto ', search: '/', command: ':' };

/** The pane after (or before) one. */
export function nextPane(pane: Pane, direction: 1 | -1): Pane {
  return PANES[(PANES.indexOf(pane) + direction + PANES.length) % PANES.length]!;
}

/** The answer scrolled by so many lines, at most to its last line. */
export function scrolled(answer: Answer, lines: number): Answer {
  return { ...answer, top: Math.max(0, Math.min(answer.lines.length - 1, answer.top + lines)) };
}
