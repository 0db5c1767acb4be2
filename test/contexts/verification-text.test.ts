/** What `show verification` says of a program of which not everything was explored. */
import { expect, it } from 'vitest';
import { verificationJson, verificationText } from '../../contexts/render/verification.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import { verifyProgram } from '../../src/verifier/index.ts';
import { objectOfText } from '../verifier/program-text.ts';

const UNFINISHED = 'Not all of the program was explored in 100000 abstract steps: other checks may fail too.';

it('says so behind the failures, and in the JSON form', () => {
  const { object, program } = objectOfText({ platform: linux, type: 'xdp', section: 'xdp', text: 'r0 = *(u64 *)(r10 - 8)\nexit' });
  const report = verifyProgram(object, program, { platform: linux });
  const cut = { ...report, unfinished: UNFINISHED };
  const textOf = (told: typeof report) => verificationText([{ report: told, program, typeInferred: false }], 'normal')[0]!.text;
  expect(textOf(report)).not.toContain('Not all');
  expect(textOf(cut)).toContain('\n    Not all of the program was explored in 100000 abstract steps: other checks\n    may fail too.\n\n1 errors\n');
  expect(verificationJson(cut, () => undefined).unfinished).toBe(UNFINISHED);
  expect(verificationJson(report, () => undefined)).not.toHaveProperty('unfinished');
});
