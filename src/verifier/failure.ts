import { checkRow } from './checks.ts';
import { diagnose } from './diagnose.ts';
import type { Finding, Machine } from './machine.ts';
import { Path } from './provenance.ts';
import type { Failure } from './report.ts';
import type { Trail } from './state.ts';

/** Longest path kept with a failure, in blocks; the start of longer ones is cut. */
const MAX_PATH = 4096;

/** Words a finding. */
export function failureOf(machine: Machine, finding: Finding): Failure {
  const row = checkRow(finding.kind);
  const { details } = finding;
  const path = new Path(machine, finding.state.trail, finding.instruction);
  const { id, message } = diagnose(machine, finding, path);
  return {
    id,
    severity: row.severity,
    instruction: finding.instruction,
    callStack: details.callStack ?? path.callSites(),
    check: {
      kind: finding.kind,
      instruction: finding.instruction,
      text: row.classic(details),
      ...(details.register === undefined ? {} : { register: details.register }),
    },
    message: message ?? row.plain(details),
    classic: row.classic(details),
    ...distanceOf(finding),
    // Every ban of this kind so far is Linux's.
    ...(row.severity === 'portability' ? { otherPlatform: 'linux' as const } : {}),
    path: pathOf(finding.state.trail),
  };
}

/** A distance as large as a whole number range says nothing but that there is no bound. */
const MAX_DISTANCE = 0x7000_0000;

function distanceOf({ kind, details }: Finding): Pick<Failure, 'distance'> {
  const { distance } = details;
  if (distance === undefined || distance > MAX_DISTANCE) return {};
  return { distance: { amount: `${distance}`, unit: kind === 'loop_unbounded' ? 'values' : 'bytes' } };
}

function pathOf(trail: Trail | undefined): number[] {
  const blocks: number[] = [];
  for (let step = trail; step !== undefined && blocks.length < MAX_PATH; step = step.previous) blocks.push(step.block);
  return blocks.reverse();
}
