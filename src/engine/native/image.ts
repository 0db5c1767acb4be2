import type { KeyObject } from 'node:crypto';
import type { ExecutableProgram } from '../engine.ts';
import { translate } from '../jit/translate.ts';
import { ImageError } from './image-error.ts';
import { decodeManifest, encodeManifest, type ImageManifest, type ImageMap, MANIFEST_SECTION } from './manifest.ts';
import { OBJECT_SECTION, packObject, unpackObject } from './object-section.ts';
import { customSection, readSections } from './sections.ts';
import { keyThumbprint, SIGNATURE_SECTION, signImage, verifyImage } from './signature.ts';

/**
 * Ahead-of-time images: a WebAssembly module with the translated programs, its custom section `ebpf.manifest` (maps, programs, metadata and
 * the SHA-256 of the object they come from), that object in `ebpf.object`, and, when signed, `ebpf.signature` at the end. The counterpart of what bpf2c and a driver
 * certificate are on Windows.
 */
export interface ImageSource {
  readonly programs: readonly (ExecutableProgram & { readonly section: string })[];
  readonly maps: readonly ImageMap[];
  readonly source: { readonly path: string; readonly sha256: string };
  /** The object's bytes, which the image then carries. */
  readonly object?: Uint8Array;
  readonly platform: string;
  /** Name and version of the writing program. */
  readonly version: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly frameSize: number;
  readonly maxFrames: number;
  /** As for the JIT. */
  readonly budget?: number;
}

export interface NativeImage {
  readonly path: string;
  readonly manifest: ImageManifest;
  readonly module: WebAssembly.Module;
  /** The object that it was made of, unpacked at each call; undefined: it carries none. Throws ImageError `malformed`. */
  readonly object: () => Uint8Array | undefined;
  /** Thumbprint of the key that signed it; undefined: unsigned. */
  readonly signer: string | undefined;
}

export interface ReadOptions {
  /** Thumbprints (`keyThumbprint`) of the keys whose images are accepted. */
  readonly trusted?: ReadonlySet<string>;
  /** What is accepted: only trusted signers (default), any valid signature, or also no signature at all. */
  readonly accept?: 'trusted' | 'signed' | 'any';
}

/** Custom, type, import, function, global, export, code: no start function, no data, no memory or table of its own. */
const KNOWN_SECTIONS: ReadonlySet<number> = new Set([0, 1, 2, 3, 6, 7, 10]);

const KNOWN_CUSTOM: ReadonlySet<string> = new Set([MANIFEST_SECTION, OBJECT_SECTION, SIGNATURE_SECTION]);

/** Translates programs into an image, signed with an Ed25519 private key when one is given. Throws what `translate` throws. */
export function writeImage(source: ImageSource, key?: KeyObject): Uint8Array {
  const { frameSize, maxFrames, programs, budget } = source;
  const translation = translate(programs, { frameSize, maxFrames, stackBase: undefined, values: 'imported', budget });
  const manifest: ImageManifest = {
    version: source.version,
    platform: source.platform,
    source: source.source,
    metadata: source.metadata ?? {},
    frameSize,
    maxFrames,
    programs: programs.map((program, index) => ({
      name: program.name,
      section: program.section,
      instructions: program.instructions.reduce((count, instruction) => count + (instruction === undefined ? 0 : 1), 0),
      values: translation.values[index]!,
      callbacks: translation.callbacks[index]!,
    })),
    maps: source.maps,
    helpers: translation.helperImports,
  };
  const object = source.object === undefined ? [] : [customSection(OBJECT_SECTION, packObject(source.object))];
  const unsigned = join([translation.bytes, customSection(MANIFEST_SECTION, encodeManifest(manifest)), ...object]);
  return key === undefined ? unsigned : join([unsigned, customSection(SIGNATURE_SECTION, signImage(unsigned, key))]);
}

/**
 * Reads an image. Throws ImageError for whatever is not an intact image by an accepted signer; nothing of it is compiled before its signature
 * is known to be good.
 */
export function readImage(bytes: Uint8Array, path: string, options: ReadOptions = {}): NativeImage {
  const sections = readSections(bytes, path);
  const signer = checkSignature(bytes, sections, path, options);
  const foreign = sections.find((section) => !KNOWN_SECTIONS.has(section.id));
  if (foreign !== undefined) throw new ImageError('malformed', path, `images have no section of id ${foreign.id}`, undefined, foreign.start);
  const unknown = sections.find(({ id, name }) => id === 0 && !KNOWN_CUSTOM.has(name ?? ''));
  if (unknown !== undefined) throw new ImageError('malformed', path, `images have no section ${unknown.name}`, undefined, unknown.start);
  const manifests = sections.filter((section) => section.name === MANIFEST_SECTION);
  if (manifests.length !== 1) throw new ImageError('malformed', path, `${manifests.length} sections ${MANIFEST_SECTION} instead of one`);
  const manifest = decodeManifest(manifests[0]!.content, path);
  const [packed] = sections.filter((section) => section.name === OBJECT_SECTION);
  const object = () => packed && unpackObject(packed.content, manifest.source.sha256, path);
  try {
    return { path, manifest, module: new WebAssembly.Module(bytes), object, signer };
  } catch (error) {
    throw new ImageError('malformed', path, error instanceof Error ? error.message : 'not a WebAssembly module');
  }
}

function checkSignature(bytes: Uint8Array, sections: ReturnType<typeof readSections>, path: string, options: ReadOptions): string | undefined {
  const accept = options.accept ?? 'trusted';
  const signatures = sections.filter((section) => section.name === SIGNATURE_SECTION);
  const [section] = signatures;
  if (section === undefined) {
    if (accept !== 'any') throw new ImageError('unsigned', path, 'the image is not signed');
    return undefined;
  }
  if (signatures.length > 1 || section.end !== bytes.length)
    throw new ImageError('altered', path, 'the signature is not at the end', SIGNATURE_SECTION, section.start);
  const signer = keyThumbprint(verifyImage(bytes.subarray(0, section.start), section.content, path));
  if (accept === 'trusted' && options.trusted?.has(signer) !== true) {
    throw new ImageError('untrusted', path, `signed by ${signer}, which is not among the trusted keys`, SIGNATURE_SECTION);
  }
  return signer;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
