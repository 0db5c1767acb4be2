import type { CheckKind } from '../../verifier/checks.ts';
import type { Verification } from '../../verifier/index.ts';
import type { Failure } from '../../verifier/report.ts';
import type { Fix as KnowledgeFix } from '../knowledge/entry.ts';
import { findEntry } from '../knowledge/index.ts';
import { Site } from './site.ts';

/** A way out in words: a change of the source that nobody tried. */
export interface Advice {
  readonly change: string;
  readonly code?: string;
}

/** Texts offered at most. */
const MAX_ADVICE = 2;

/** Ways out of a failed check, where no change of the code alone repairs it: what the program itself tells, or else what is known of the cause. */
export function adviceFor(verification: Verification, failure: Failure): readonly Advice[] {
  const finding = verification.findings.find(({ kind, instruction }) => kind === failure.check.kind && instruction === failure.instruction);
  const own = finding === undefined ? [] : (OWN[finding.kind]?.(new Site(verification, failure, finding)) ?? []);
  return (own.length > 0 ? own : fromKnowledge(failure)).slice(0, MAX_ADVICE);
}

/** What the program and its platform tell of a way out. */
const OWN: Readonly<Partial<Record<CheckKind, (site: Site) => readonly Advice[]>>> = {
  map_kind: mapTypes,
  context_write: writableFields,
  context_upper: ownFields,
  context_field: ownFields,
  stack_upper: typedBuffer,
};

/** The types of map that the call takes. */
function mapTypes({ instruction, machine }: Site): readonly Advice[] {
  const prototype = instruction.kind === 'call' ? machine.findHelper(instruction.helper) : undefined;
  const rows = machine.rules.platform.mapTypes.filter(({ kind }) => prototype?.mapKinds?.includes(kind) === true);
  const [first] = rows;
  if (first === undefined || rows.length > MOST_NAMED) return [];
  return [
    {
      change: `Give the map a type that ${prototype!.name} works on: ${listed(rows.map(({ name }) => name))}.`,
      code: `__uint(type, ${first.constant});`,
    },
  ];
}

/** Names in one list at most. */
const MOST_NAMED = 8;

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

/** The fields that programs of this type may write, where the one that was written is no pointer to the packet. */
function writableFields({ machine, finding }: Site): readonly Advice[] {
  const { context, attachType } = machine.rules;
  const at = Number(finding.details.min ?? finding.details.displacement ?? -1);
  const written = context.fields.find(({ offset, size }) => offset <= at && at < offset + size);
  if (written !== undefined && written.kind !== 'number') return [];
  const names = context.fields.flatMap(({ name, writable, writeAttachTypes }) =>
    writable && (writeAttachTypes === undefined || (attachType !== undefined && writeAttachTypes.includes(attachType))) ? [name] : [],
  );
  if (names.length === 0) return [{ change: `Leave it alone: programs of this type cannot write to struct ${context.name}.` }];
  const shown = names.length > MOST_NAMED ? [...names.slice(0, MOST_NAMED), `one of ${names.length - MOST_NAMED} more`] : names;
  return [{ change: `Write only to what this type of program may change in struct ${context.name}: ${listed(shown)}.` }];
}

/** A key or value of the very type that the map has. */
function typedBuffer(site: Site): readonly Advice[] {
  const { instruction, machine, register } = site;
  const kind =
    instruction.kind === 'call' && register !== undefined ? machine.findHelper(instruction.helper)?.arguments[register - 1]?.kind : undefined;
  const map = site.value(1)?.kind === 'map' ? machine.map(site.value(1)!.tag) : undefined;
  const part = kind === 'map_key' ? 'key' : kind === 'map_value' ? 'value' : undefined;
  if (part === undefined || map === undefined) return [];
  const name = /^&(\w+)$/.exec(site.argument(register!) ?? '')?.[1] ?? part;
  return [
    {
      change: `Give the variable the type that map ${map.name} has for its ${part}s, ${part === 'key' ? map.keySize : map.valueSize} bytes.`,
      code: `typeof(*${map.name}.${part}) ${name} = {};`,
    },
  ];
}

/** The structure that the section goes with. */
function ownFields({ machine }: Site): readonly Advice[] {
  const { context, programType } = machine.rules;
  return [
    {
      change: `Read a field of struct ${context.name} by its name and in its own width: that is the context of ${programType.name} programs. Another structure needs another section.`,
    },
  ];
}

/** Ways out that are known for this cause. */
function fromKnowledge({ id, message }: Failure): readonly Advice[] {
  const said = wordsOf(message);
  const fitting = ({ change, code }: KnowledgeFix) =>
    // The name of a helper says more than any other word.
    [...wordsOf(`${change} ${code ?? ''}`)].reduce((score, word) => score + (said.has(word) ? (word.startsWith('bpf_') ? 3 : 1) : 0), 0);
  const known = (findEntry(id)?.fixes ?? []).filter(({ about }) => about === undefined || message.includes(about));
  // The usual one first, unless another one fits what was said better.
  const scored = known.map((fix, place) => ({ fix, score: fitting(fix) - 1.9 * place }));
  return scored.toSorted((a, b) => b.score - a.score).map(({ fix }) => fix);
}

/** Words that say what a sentence is about. */
function wordsOf(sentence: string): ReadonlySet<string> {
  return new Set(sentence.toLowerCase().match(/[a-z_]{4,}/g));
}
