import { createHash } from 'node:crypto';
import type { Engine } from '../src/engine/engine.ts';
import { type NativeImage, readImage } from '../src/engine/native/image.ts';
import { ImageError } from '../src/engine/native/image-error.ts';
import { createNativeEngine } from '../src/engine/native/native-engine.ts';
import type { Instruction, InstructionList } from '../src/isa/instruction.ts';
import { ObjectError } from '../src/object/errors.ts';
import { loadObject } from '../src/object/load.ts';
import type { ObjectFile, ObjectProgram } from '../src/object/object-file.ts';
import { loadPlatform, platformByName } from '../src/platform/index.ts';
import type { PlatformName } from '../src/platform/platform.ts';
import type { Policy } from '../src/runtime/policy.ts';
import { RuntimeError } from '../src/runtime/result.ts';
import { CommandError } from './errors.ts';
import type { OpenedObject } from './objects.ts';

/** Metadata keys of the images that `convert` writes. */
export const PROOF = 'proof-of-verification';
/** Thumbprint of the key that the image was signed with when it was made: a signature cannot be cut off unnoticed. */
export const SIGNER = 'signer';
export const typeKey = (program: string) => `type of ${program}`;
/** Bytes of the function in the object. */
export const sizeKey = (program: string) => `size of ${program}`;

const MAGIC = [0x00, 0x61, 0x73, 0x6d];
/** The images behind the reference lists of their programs; engines are found by the list they are given. */
const engines = new WeakMap<InstructionList, Engine>();

/** Runs programs of images; each finds its own image. */
export const nativeEngine: Engine = {
  name: 'native',
  compile(program, host) {
    const engine = engines.get(program.instructions);
    if (!engine) throw new RuntimeError('EBPF_INVALID_ARGUMENT', `Program ${program.name} does not come from a native image.`);
    return engine.compile(program, host);
  },
};

/** What the policy refuses, and how to go on. */
export class PolicyError extends RuntimeError {
  readonly remedy: string;
  constructor(message: string, remedy: string) {
    super('EBPF_BLOCKED_BY_POLICY', message);
    this.remedy = remedy;
  }
}

/** What to do about an image that is refused. */
const REMEDIES = {
  unsigned: 'ebpf convert makes a signed image of the object.',
  altered: 'Get the image again from where it was made, or make it again: ebpf convert.',
  untrusted: 'Whoever signed it prints the key with ebpf show key;\nebpf set policy trust=<file> accepts what it signs.',
  proof: 'ebpf convert verifies the object and says so in the image.',
} as const;

/** Whether a file is a native image (a WebAssembly module). */
export function isImage(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, index) => bytes[index] === byte);
}

/** Reads an image that was accepted before, or is only looked at. @throws ImageError. */
export function readAnyImage(bytes: Uint8Array, path: string): NativeImage {
  return withItsSignature(readImage(bytes, path, { accept: 'any' }));
}

/** @throws ImageError 'altered' where the signature that the image was made with is gone. */
function withItsSignature(image: NativeImage): NativeImage {
  if (image.signer === undefined && image.manifest.metadata[SIGNER] !== undefined)
    throw new ImageError('altered', image.path, 'the image was signed, and its signature was taken away');
  return image;
}

/**
 * Reads an image that is to be loaded, as the policy allows: trusted signers only with code integrity on or test signing off; under test
 * signing whatever is not altered. Where proof of verification is demanded, the image must carry it.
 *
 * @throws ImageError, RuntimeError EBPF_BLOCKED_BY_POLICY.
 */
export function readImageForLoading(bytes: Uint8Array, path: string, policy: Policy, trusted: ReadonlySet<string>): NativeImage {
  const relaxed = policy.testSigning && !policy.hypervisorCodeIntegrity && !policy.proofOfVerification;
  const image = guarded(() => withItsSignature(readImage(bytes, path, { trusted, accept: relaxed ? 'any' : 'trusted' })));
  const needsProof = policy.proofOfVerification || !policy.testSigning;
  if (needsProof && image.manifest.metadata[PROOF] !== image.manifest.source.sha256) {
    throw new PolicyError(`${path} carries no proof of verification.`, REMEDIES.proof);
  }
  return image;
}

function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ImageError && error.kind !== 'malformed' && error.kind !== 'mismatch') {
      throw new PolicyError(`${error.message}.`, REMEDIES[error.kind]);
    }
    throw error;
  }
}

/** The C types and the like of the object that an image was made of; undefined where it carries none. @throws ImageError. */
function objectInside({ object, manifest, path }: NativeImage): ObjectFile | undefined {
  const bytes = object();
  try {
    return bytes && loadObject(bytes, manifest.source.path);
  } catch (error) {
    if (error instanceof ObjectError) throw new ImageError('malformed', path, error.message);
    throw error;
  }
}

/**
 * An image as the object that the runtime loads. Its programs' instruction lists hold only their references to maps, in even slots: what
 * the loader must resolve. Their code is the image's own.
 */
export function imageObject(image: NativeImage, bytes: Uint8Array): ObjectFile {
  const { manifest, path } = image;
  const engine = createNativeEngine(image);
  const original = objectInside(image);
  return {
    path,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    byteOrder: 'little',
    programs: manifest.programs.map(({ name, section, instructions, values }): ObjectProgram => {
      const references = values.flatMap((value): (Instruction | undefined)[] => [value, undefined]);
      engines.set(references, engine);
      const range = { name, start: 0, end: references.length, section, sectionSlot: 0, linkage: 'global' } as const;
      return {
        section,
        name,
        instructions: references,
        size: Number(manifest.metadata[sizeKey(name)] ?? instructions * 8),
        offset: 0,
        functions: [range],
        lines: [],
      };
    }),
    maps: manifest.maps,
    // Kernel functions are numbered by their position among them.
    externs: original?.externs ?? [],
    license: original?.license,
    version: original?.version,
    btf: original?.btf,
    sections: [],
  };
}

/**
 * An image for commands that only look at it: what is in it, not its code.
 *
 * @throws CommandError where it is damaged, altered or made for another platform than the one asked for.
 */
export async function openImage(bytes: Uint8Array, path: string, asked: PlatformName | undefined): Promise<OpenedObject> {
  let image: NativeImage;
  try {
    image = readAnyImage(bytes, path);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    if (error.kind === 'altered') throw new CommandError('altered', `error: ${error.message}.\n${REMEDIES.altered}`);
    throw new CommandError('image', `error: ${error.message}`);
  }
  const { platform: name, metadata, programs } = image.manifest;
  const made = platformByName(name);
  if (made === undefined || (asked !== undefined && asked !== made)) throw new CommandError('image', `error: ${path} was made for ${name}`);
  const object = imageObject(image, bytes);
  const types = new Map(
    programs.flatMap((program) => (metadata[typeKey(program.name)] === undefined ? [] : [[program.name, metadata[typeKey(program.name)]!]])),
  );
  const defect = { message: 'a native image holds machine code, no eBPF instructions', slot: 0 };
  return {
    object: { ...object, programs: object.programs.map((program) => ({ ...program, instructions: [], defect })) },
    bytes,
    choice: { platform: await loadPlatform(made), inferredFrom: undefined },
    types,
  };
}
