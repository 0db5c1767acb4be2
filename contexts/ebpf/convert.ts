import { basename } from 'node:path';
import { keyThumbprint } from '../../src/engine/native/signature.ts';
import { defineCommand } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { PARAMETER_INCORRECT } from '../messages.ts';
import { openObject } from '../objects.ts';
import { namedProgramType, platformNote } from '../platforms.ts';
import { verificationText } from '../render/verification.ts';
import { machineOf } from '../runtime.ts';
import { commandError } from '../runtime-errors.ts';
import { isImage } from '../runtime-images.ts';
import { convertObject, convertToC } from './convert-object.ts';
import { FILENAME, PLATFORM } from './tags.ts';

export const command = defineCommand({
  tags: [
    FILENAME,
    { name: 'output', type: 'file', help: 'The file to write.\nThe default is the name of the object with the ending .wasm or .c.' },
    {
      name: 'type',
      type: 'program-type',
      help: 'The type of the first program, by its name or as if it were a section name.\nThe default is what the section name stands for.',
    },
    {
      name: 'to',
      type: ['image', 'c'],
      help: 'image: a native image. c: source for a C compiler.\nThe default is what the ending of the output says, else image.',
    },
    {
      name: 'format',
      type: ['text', 'json', 'c', 'image'],
      named: true,
      help: 'Form of the output: text for people, json for programs. c and image are the same as to=c and to=image.\nThe default is text.',
    },
    { name: 'sign', type: ['yes', 'no'], named: true, help: 'Whether the image is signed with your key.\nThe default is yes.' },
    PLATFORM,
  ],
  remarks: 'Every program is verified first. The image carries the object; show hash prints its SHA-256.',
  examples: ['convert samples/droppacket.o', 'convert samples/bpf.o bpf.wasm bind', 'convert samples/bindmonitor.o bindmonitor.c'],
  async run(tags, environment) {
    const { host } = environment;
    const opened = await openObject(host, tags.filename, tags.platform);
    const { object, choice } = opened;
    if (isImage(opened.bytes)) throw new CommandError('image', `error: ${tags.filename} is a native image already`);
    const asked = tags.format === 'c' || tags.format === 'image' ? tags.format : undefined;
    const form = tags.to ?? asked ?? (tags.output?.toLowerCase().endsWith('.c') ? 'c' : 'image');
    const output = tags.output ?? `${basename(tags.filename).replace(/\.[^.]*$/, '')}.${form === 'c' ? 'c' : 'wasm'}`;
    if (output === tags.filename) throw new UsageError(`The output would replace the object ${tags.filename}.\n${PARAMETER_INCORRECT}`);
    const machine = machineOf(environment);
    const type = tags.type === undefined ? undefined : namedProgramType(choice.platform, tags.type);
    const reports = await machine.desk.prepare(opened, type, environment);
    if (reports.length === 0) throw new CommandError('object', 'error: No programs found');
    const failed = reports.find(({ verdict }) => verdict !== 'accepted');
    if (failed) {
      const program = object.programs.find(({ name, section }) => name === failed.program && section === failed.section)!;
      const [text] = verificationText([{ report: failed, program, typeInferred: false }], 'normal');
      throw new CommandError('verification', `Verification failed for ${failed.program}\n${text!.text.trimEnd()}`);
    }
    const types = new Map(reports.map(({ program, programType }) => [program, programType]));
    // The key is made under the lock of the store, so that two processes make one.
    const key = form === 'image' && tags.sign !== 'no' ? await machine.transaction(() => machine.keys.signingKey()) : undefined;
    const name = basename(tags.filename).replace(/\..*$/, '');
    const bytes = converted(() =>
      form === 'c'
        ? new TextEncoder().encode(convertToC(object, choice.platform, types, name))
        : convertObject(object, opened.bytes, choice.platform, types, key),
    );
    await host.writeFile(output, bytes);
    return { choice, output, bytes: bytes.length, programs: types.size, signer: key && keyThumbprint(key), sha256: object.sha256 };
  },
  text({ choice, output, bytes, programs, signer }) {
    const signed = signer === undefined ? '' : `Signed by ${signer}\n`;
    return `${platformNote(choice)}Wrote ${output}: ${programs} program${programs === 1 ? '' : 's'}, ${bytes} bytes\n${signed}`;
  },
  json: ({ choice, output, bytes, programs, signer, sha256 }) => ({
    schema: 1,
    platform: choice.platform.name,
    output,
    bytes,
    programs,
    sha256,
    ...(signer === undefined ? {} : { signer }),
  }),
});

/** @throws CommandError for what the runtime would not load either. */
function converted(action: () => Uint8Array): Uint8Array {
  try {
    return action();
  } catch (error) {
    throw commandError(error);
  }
}
