/** What lies behind a rejection. */
export type Nature = 'bug' | 'leak' | 'rule' | 'limit' | 'termination' | 'environment';

/** The nine families of messages, named as the reports of Linux 7.3 name their categories. */
export type FamilyId = 'memory' | 'register' | 'call' | 'resource' | 'execution' | 'structure' | 'policy' | 'verifier-limit' | 'internal';

/** Who accepted a fix when it was compiled by clang for one instruction set and loaded. */
export type Accepted = 'both' | 'linux';

/** One way to get rid of the failure. */
export interface Fix {
  /** What to do, as a sentence. */
  readonly change: string;
  /** The line to write, where one line says it. */
  readonly code?: string;
  /** Offered only where the message speaks of this: `socket`. */
  readonly about?: string;
  /** Measured per `-mcpu` (PREVAIL v0.2.6, Linux 6.18, clang 14); absent where nothing depends on it. */
  readonly measured?: { readonly v1?: Accepted; readonly v3: Accepted };
}

/** How another verifier takes the program, and in which words it refuses it. */
export interface Says {
  readonly verdict: 'accepts' | 'rejects' | 'depends';
  /** With real numbers and registers, as they appear; the search replaces those itself. */
  readonly messages: readonly string[];
}

/** All that is known about one cause of rejection. Sentences end with a full stop; code has lines of at most 76 characters. */
export interface KnowledgeEntry {
  /** Stable id: `NUL-01`. */
  readonly id: string;
  readonly title: string;
  readonly nature: Nature;
  readonly family: FamilyId;
  /** Why the program is rejected. */
  readonly cause: string;
  /** What the verifier has to find in the program. */
  readonly needs: string;
  /** C (or assembly text) that shows the mistake. */
  readonly bad: string;
  /** The same, right. */
  readonly good: string;
  readonly fixes: readonly Fix[];
  /** eBPF for Windows, whose verifier is PREVAIL. */
  readonly prevail: Says;
  /** Linux before 7.3, and the first sentence of a later kernel's log. */
  readonly linux: Says;
  /** Headline and reason of the report that Linux prints from 7.3 on; empty where it has no report of its own for this. */
  readonly report: readonly string[];
  /** Our own words beyond those in the verifier's table of checks, and words people use. */
  readonly words: readonly string[];
  /** How to tell this cause from others with the same message. */
  readonly tell: string;
  /** Ids of neighbours. */
  readonly related: readonly string[];
}
