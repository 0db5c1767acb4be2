import { Names } from './names.ts';
import type { DebugSession } from './session.ts';

/** Steps from the entry up to which variables are looked for: each step would take longer than the one before. */
const MAX_NAMED = 400;

/** The variables that registers and stack cells hold before the current instruction, by their place (`r1`, `fp-8`), as far as line information tells. */
export function variableNames(session: DebugSession): (subject: string) => string | undefined {
  if (session.index > MAX_NAMED) return () => undefined;
  const registers = session.facts().flatMap(({ kind, subject }) => (kind === 'register' ? [Number(subject.slice(1))] : []));
  const names = new Names(session.machine, session.source);
  for (const event of session.story(registers)) names.follow(event);
  return (subject) => names.of(subject);
}
