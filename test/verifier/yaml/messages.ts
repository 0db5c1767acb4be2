/** The peer's messages, and which of our checks say the same. */

export interface Message {
  readonly about: 'failure' | 'observation';
  /** Instruction, within the innermost call; undefined where the message names none. */
  readonly label: number | undefined;
  readonly text: string;
}

const UNREACHABLE = /Code becomes unreachable/;
const OBSERVATION = /: observation \w+ failed at \w+$/;
const LABELLED = /^(?:[\d/]+\/)?(\d+)(?: \(counter\))?: (.*)$/;

/** Undefined for messages that tell of dead code: information, no failure. */
export function parseMessage(text: string): Message | undefined {
  if (UNREACHABLE.test(text)) return undefined;
  if (OBSERVATION.test(text)) return { about: 'observation', label: undefined, text };
  const match = LABELLED.exec(text);
  return { about: 'failure', label: match === null ? undefined : Number(match[1]), text: match?.[2] ?? text };
}

const UNUSABLE = ['register_uninitialised', 'clobbered', 'stale_packet', 'use_after_release'];
const COMPARED = ['pointer_comparison', 'pointer_difference'];
/** A register that is a number on one path and a pointer on another, or one of several pointers. */
const MIXED = 'type';

/** Rows of [beginning of the peer's message, our checks of the same kind]; the first that fits counts. */
const KINDS: readonly (readonly [pattern: RegExp, kinds: readonly string[]])[] = [
  [/^Lower bound must be at least .*for comparison\/subtraction\)$/, COMPARED],
  [/^Upper bound must be at most .*\.type in \{ctx, stack, packet\}\)$/, COMPARED],
  [/^Lower bound must be at least meta_offset/, ['packet_lower']],
  [/^Lower bound must be at least r10\.stack_offset/, ['stack_lower']],
  [/^Lower bound must be at least 0/, ['context_lower', 'map_value_lower', 'memory_lower', 'stack_lower', 'packet_lower']],
  [/^Upper bound must be at most packet_size/, ['packet_upper']],
  [/^Upper bound must be at most total_stack_size/, ['stack_upper']],
  [/^Upper bound must be at most r\d+\.(shared_region|alloc_mem)_size/, ['map_value_upper', 'memory_upper']],
  [/^Upper bound must be at most \d+/, ['context_upper']],
  [
    /^Invalid type/,
    [
      ...UNUSABLE,
      ...COMPARED,
      'type',
      'dereference',
      'pointer_arithmetic',
      'pointer_truncated',
      'map_argument',
      'memory_argument',
      'argument_type',
      'leak_return',
    ],
  ],
  [/^Only numbers can be used as divisors/, [...UNUSABLE, 'pointer_arithmetic', 'type']],
  [/^Only numbers can be stored/, [...UNUSABLE, 'leak_store']],
  [/^Only numbers can be added/, ['pointer_plus_pointer', MIXED]],
  [/^Possible null access/, ['null_access']],
  [/^Possible division by zero/, ['division_by_zero']],
  [/^Loop counter is too large/, ['loop_unbounded', 'infinite_loop']],
  [/^Cannot subtract pointers/, [...COMPARED, MIXED]],
  [/^Cannot write to context pointer field/, ['context_write']],
  [/^Invalid socket access/, ['socket_field']],
  [/^Illegal map update with a non-numerical value/, ['stack_argument', 'leak_argument', 'stack_lower', 'stack_upper']],
  [/^Stack content is not numeric/, ['stack_uninitialised', 'stack_not_numeric', 'stack_argument', 'leak_argument']],
  [/^Invalid size/, ['size_zero', 'size_negative']],
  [/^invalid helper function id/, ['helper_unknown']],
  [/^callx helper function id is not a valid singleton/, ['unsupported']],
  [/^(too many call stack frames|illegal recursion)/, ['recursion', 'call_depth']],
  [/^invalid map index/, ['unsupported']],
];

/** Our checks that say what the message says. Throws Error for a message of no known kind. */
export function kindsOf(message: Message): readonly string[] {
  const row = KINDS.find(([pattern]) => pattern.test(message.text));
  if (row === undefined) throw new Error(`message of unknown kind: ${message.text}`);
  return row[1];
}
