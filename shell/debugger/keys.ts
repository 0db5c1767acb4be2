/** The debugger's keys. Each has a command that does the same, so that nothing can only be done on the screen. */

/** What a key does; `controller.ts` has the functions. */
export type Action =
  | 'step'
  | 'back'
  | 'step-line'
  | 'back-line'
  | 'next-change'
  | 'previous-change'
  | 'page-forward'
  | 'page-back'
  | 'start'
  | 'end'
  | 'goto'
  | 'failure'
  | 'culprit'
  | 'why'
  | 'diff'
  | 'join'
  | 'branch'
  | 'search'
  | 'slice'
  | 'attack'
  | 'fix'
  | 'undo'
  | 'guide'
  | 'command'
  | 'toggle-steps'
  | 'next-pane'
  | 'previous-pane'
  | 'help'
  | 'quit';

export interface KeyRow {
  readonly action: Action;
  /** Chords as the key decoder spells them; letters stand for themselves. */
  readonly chords: readonly string[];
  /** As help shows them. */
  readonly shown: string;
  /** The command that does the same; '' where there is nothing to do without a screen. */
  readonly command: string;
  readonly help: string;
}

export const KEYS: readonly KeyRow[] = [
  { action: 'step', chords: ['j', 'Down'], shown: 'j Down', command: 'step', help: 'one instruction forward' },
  { action: 'back', chords: ['k', 'Up'], shown: 'k Up', command: 'back', help: 'one instruction back' },
  { action: 'step-line', chords: ['J', 'S-Down'], shown: 'J', command: 'step by=line', help: 'to the next source line' },
  { action: 'back-line', chords: ['K', 'S-Up'], shown: 'K', command: 'back by=line', help: 'to the source line before' },
  { action: 'next-change', chords: [']'], shown: ']', command: 'step by=change:r1', help: 'to the next change of the chosen value' },
  { action: 'previous-change', chords: ['['], shown: '[', command: 'back by=change:r1', help: 'to its change before' },
  { action: 'page-forward', chords: ['PageDown', 'C-d', 'Space'], shown: 'Space PgDn', command: 'step 10', help: 'ten instructions forward' },
  { action: 'page-back', chords: ['PageUp', 'C-u'], shown: 'PgUp', command: 'back 10', help: 'ten instructions back' },
  { action: 'start', chords: ['Home'], shown: 'Home', command: 'goto start', help: 'to where the path begins' },
  { action: 'end', chords: ['End'], shown: 'End', command: 'goto end', help: 'to where the path ends' },
  { action: 'goto', chords: ['g'], shown: 'g', command: 'goto 12, goto line 25', help: 'to an instruction or a line' },
  { action: 'failure', chords: ['e'], shown: 'e', command: 'failure', help: 'to the next failed check' },
  { action: 'culprit', chords: ['c'], shown: 'c', command: 'culprit, goto culprit', help: 'to where the needed fact got lost' },
  { action: 'why', chords: ['w'], shown: 'w', command: 'why r1', help: 'how the chosen value came to be' },
  { action: 'diff', chords: ['d'], shown: 'd', command: 'diff', help: 'what differs from the point before' },
  { action: 'join', chords: ['n'], shown: 'n', command: 'join', help: 'the ways into this block, side by side' },
  { action: 'branch', chords: ['b'], shown: 'b', command: 'branch, branch 2', help: 'the ways out of this block; digits take one' },
  { action: 'search', chords: ['/'], shown: '/', command: 'list all', help: 'search below; with nothing typed once more' },
  { action: 'slice', chords: ['s'], shown: 's', command: 'list slice=r1', help: 'only what the chosen value comes from' },
  { action: 'attack', chords: ['x'], shown: 'x', command: 'attack', help: 'look for an input that goes wrong' },
  { action: 'fix', chords: ['f'], shown: 'f', command: 'fix', help: 'verified changes; A, B apply one' },
  { action: 'undo', chords: ['u'], shown: 'u', command: 'undo', help: 'take the last fix or assumption back' },
  { action: 'guide', chords: ['G'], shown: 'G', command: 'guide', help: 'one question at a time, up to a fix' },
  { action: 'command', chords: [':'], shown: ':', command: '', help: 'any command of the debugger' },
  { action: 'toggle-steps', chords: ['a'], shown: 'a', command: 'list, path', help: 'steps: events only, or all' },
  { action: 'next-pane', chords: ['Tab'], shown: 'Tab', command: '', help: 'next pane; in the state j k choose a value' },
  { action: 'previous-pane', chords: ['S-Tab'], shown: 'Shift+Tab', command: '', help: 'pane before' },
  { action: 'help', chords: ['?', 'F1'], shown: '?', command: 'help', help: 'this page' },
  { action: 'quit', chords: ['q', 'Escape', 'C-c'], shown: 'q Esc', command: '..', help: 'back' },
];

const BY_CHORD: ReadonlyMap<string, Action> = new Map(KEYS.flatMap(({ action, chords }) => chords.map((chord) => [chord, action])));

/** What a key does while nothing is typed; undefined for keys that do nothing. */
export function actionOf(chord: string): Action | undefined {
  return BY_CHORD.get(chord);
}
