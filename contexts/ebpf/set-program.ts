import { matchSection } from '../../src/platform/index.ts';
import type { AttachType, Platform } from '../../src/platform/platform.ts';
import type { BpfLink } from '../../src/runtime/links.ts';
import type { BpfProgram } from '../../src/runtime/programs.ts';
import { RuntimeError, resultRow } from '../../src/runtime/result.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { defineCommand } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { OK, SYNTAX_ERROR, unacceptableValue } from '../messages.ts';
import { reason } from '../runtime-errors.ts';
import { attachParameters, COMPARTMENT, INTERFACE } from './attach-parameters.ts';
import { unpinAll } from './delete-program.ts';
import { onProgram } from './on-object.ts';
import { PROGRAM_ID } from './tags.ts';

/** Win32 error of a program that is not attached. */
const NOT_FOUND = 1168;

export const command = defineCommand({
  tags: [
    PROGRAM_ID,
    { name: 'attached', type: 'string', help: 'The attach type to attach to, as if it were a section name; "" detaches.' },
    { name: 'pinpath', type: 'string', help: 'The path to pin to as well; "" unpins from every path.' },
    INTERFACE,
    COMPARTMENT,
  ],
  remarks: 'An interface or compartment without an attach type moves the attachment there, or makes one.',
  examples: ['set program 5 sample_ext', 'set program 5 ""', 'set program 5 pinpath=mypin', 'set program 5 interface=1'],
  run(tags, environment) {
    return onProgram(environment, tags.id, (program, runtime) => {
      const parameters = attachParameters(runtime, program.type, tags);
      if (tags.attached === '') detachFirst(runtime, program);
      else if (tags.attached !== undefined) attach(runtime, program, attachTypeNamed(runtime.platform, tags.attached), parameters);
      else if (tags.interface !== undefined || tags.compartment !== undefined) {
        for (const link of linksOf(runtime, program)) runtime.detach(link.id);
        attach(runtime, program, program.attachType, parameters);
      }
      if (tags.pinpath === '') return unpinAll(runtime, program.id);
      if (tags.pinpath !== undefined) pin(runtime, program, tags.pinpath);
      return undefined;
    });
  },
  text: (unpinned) => (unpinned ? unpinned.map(({ id, path }) => `Unpinned ${id} from ${path}\n`).join('') : OK),
});

function linksOf(runtime: Runtime, program: BpfProgram): readonly BpfLink[] {
  return runtime.links().filter((link) => link.programId === program.id && link.state === 'attached');
}

function detachFirst(runtime: Runtime, program: BpfProgram): void {
  const [link] = linksOf(runtime, program);
  if (!link) throw new CommandError('detach', `error ${NOT_FOUND}: could not detach program`);
  runtime.detach(link.id);
}

function attachTypeNamed(platform: Platform, name: string): AttachType {
  const prefix = matchSection(platform, name);
  const found = platform.attachTypes.find((type) => type.name === (prefix?.attachType ?? name));
  if (!found) throw new UsageError(`${unacceptableValue(name, 'attached')}\n${SYNTAX_ERROR}`, { value: name });
  return found;
}

function attach(runtime: Runtime, program: BpfProgram, type: AttachType | undefined, parameters: Parameters<Runtime['attach']>[2]): void {
  try {
    const link = runtime.attach(program.id, type, parameters, { legacy: true });
    runtime.closeHandle(link.id);
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    throw new CommandError('attach', `error ${resultRow(error.result).value}: could not attach program\n${reason(error)}`);
  }
}

function pin(runtime: Runtime, program: BpfProgram, path: string): void {
  try {
    runtime.pin(program.id, path);
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    throw new CommandError('pin', `error ${error.errno}: could not pin program\n${reason(error)}`);
  }
}
