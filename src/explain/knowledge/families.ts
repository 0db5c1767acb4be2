import type { FamilyId } from './entry.ts';

/** One of the nine kinds of messages, with what they have in common. */
export interface Family {
  readonly id: FamilyId;
  /** The headline that Linux prints from 7.3 on: "Verification failed: Memory Safety: ...". */
  readonly category: string;
  readonly about: string;
  /** What to ask first. */
  readonly ask: string;
}

export const FAMILIES: readonly Family[] = [
  {
    id: 'memory',
    category: 'Memory Safety',
    about: 'An address lies, or may lie, outside the bytes that belong to it: packet, map value, stack, context.',
    ask: 'How many bytes does the access need, how many are proved, and which check proves them?',
  },
  {
    id: 'register',
    category: 'Register Type Safety',
    about:
      'A register holds nothing, a number, or a pointer that may be null, where a usable pointer is needed; or arithmetic made a pointer useless.',
    ask: 'Where did the register get its value, and what happened to it since?',
  },
  {
    id: 'call',
    category: 'Call Type Safety',
    about: 'An argument of a call is not what the helper or function wants: kind, size, null, or map type.',
    ask: 'Which argument is it, what does the prototype say, and is it right on every path?',
  },
  {
    id: 'resource',
    category: 'Resource Lifetime Safety',
    about: 'Something was acquired and not released, used after its release, or released in the wrong order.',
    ask: 'Which call acquired it, and which paths to exit miss the release?',
  },
  {
    id: 'execution',
    category: 'Execution Context Safety',
    about: 'An operation that may sleep, or needs a protected region, at a place where that does not hold. Linux only.',
    ask: 'Which region is active here, and where was it entered?',
  },
  {
    id: 'structure',
    category: 'Program Structure',
    about: 'The shape of the code is wrong: jumps, ends, endless loops, recursion, instructions that do not exist.',
    ask: 'Is the object damaged or written by hand? Compilers rarely make these.',
  },
  {
    id: 'policy',
    category: 'Policy',
    about: 'The program is well defined, but the platform forbids it: helpers, licences, results, addresses that become visible.',
    ask: 'Is the section, and with it the program type, the right one?',
  },
  {
    id: 'verifier-limit',
    category: 'Verifier Limit',
    about: 'The program needs more stack, calls, turns or time than the verifier grants.',
    ask: 'Which loop or which buffer is the largest?',
  },
  {
    id: 'internal',
    category: 'Verifier Internal Error',
    about: 'The verifier contradicts itself.',
    ask: 'Does a newer version or another precision behave the same?',
  },
];
