import { checkRow } from './checks.ts';
import type { Finding, Machine } from './machine.ts';

/** The most specific cause that a finding's circumstances show, by stable id, and its wording where it differs from the check's own. */
export function diagnose(machine: Machine, finding: Finding): { readonly id: string; readonly message?: string } {
  void machine;
  return { id: checkRow(finding.kind).id };
}
