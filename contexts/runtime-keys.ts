import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { keyThumbprint } from '../src/engine/native/signature.ts';
import { attempt, createWhole, makePrivateDirectory, readIfPresent, replaceFile } from '../src/runtime/store/files.ts';
import { CommandError } from './errors.ts';
import type { Host } from './host.ts';

const OTHERS = 0o077;
const STORE_KEY_SIZE = 32;

/** The signing key of this user and the keys whose images are trusted, in files that only the user may read. */
export class KeyRing {
  readonly #directory: string | undefined;
  #session: KeyObject | undefined;
  readonly #trusted = new Map<string, KeyObject>();

  constructor(host: Pick<Host, 'storeDirectory'>) {
    this.#directory = host.storeDirectory === undefined ? undefined : join(host.storeDirectory, 'keys');
  }

  /** The private key, made when it is first needed. @throws CommandError where its file is damaged or open to others. */
  signingKey(): KeyObject {
    this.#session ??= this.#directory === undefined ? newKey() : this.#stored(this.#directory);
    return this.#session;
  }

  /**
   * The secret under which the store's manifests are sealed, made when it is first needed.
   *
   * @throws CommandError where its file is damaged or open to others, or where nothing is stored.
   */
  storeKey(): Uint8Array {
    if (this.#directory === undefined) throw new CommandError('key', 'error: there is no store');
    makePrivateDirectory(this.#directory);
    const path = join(this.#directory, 'store.key');
    let key = readIfPresent(path);
    if (key === undefined) {
      // Of several processes one makes it; the others read what it made.
      createWhole(path, randomBytes(STORE_KEY_SIZE), `${path}.${randomUUID()}`);
      key = readIfPresent(path);
    }
    requirePrivate(path, 'store key');
    if (key?.length !== STORE_KEY_SIZE) {
      throw new CommandError('key', `error: the store key ${path} is damaged; delete it, then: ebpf repair store`);
    }
    return key;
  }

  /** Thumbprints of the keys whose images are accepted: the user's own and those added by `trust`. */
  trusted(): ReadonlySet<string> {
    const keys = [...this.#trusted.keys()];
    if (this.#directory === undefined) return new Set([...keys, ...(this.#session ? [keyThumbprint(this.#session)] : [])]);
    const own = readIfPresent(join(this.#directory, 'signing.pem'));
    return new Set([...keys, ...this.#files(this.#directory), ...(own ? [keyThumbprint(this.signingKey())] : [])]);
  }

  /** Trusts images by the owner of a public key (PEM). Returns its thumbprint. @throws CommandError. */
  trust(pem: Uint8Array, path: string): string {
    const key = readPublicKey(pem, path);
    const thumbprint = keyThumbprint(key);
    this.#trusted.set(thumbprint, key);
    if (this.#directory !== undefined) {
      makePrivateDirectory(this.#directory);
      replaceFile(join(this.#directory, `${thumbprint}.pub`), new TextEncoder().encode(key.export({ type: 'spki', format: 'pem' }).toString()));
    }
    return thumbprint;
  }

  /** The user's public key in PEM form, for others to trust. */
  publicKey(): string {
    return createPublicKey(this.signingKey()).export({ type: 'spki', format: 'pem' }).toString();
  }

  #files(directory: string): readonly string[] {
    makePrivateDirectory(directory);
    return attempt(directory, () => readdirSync(directory)).flatMap((name) => /^([\da-f]{64})\.pub$/.exec(name)?.[1] ?? []);
  }

  #stored(directory: string): KeyObject {
    makePrivateDirectory(directory);
    const path = join(directory, 'signing.pem');
    const pem = readIfPresent(path);
    if (pem === undefined) {
      const key = newKey();
      replaceFile(path, new TextEncoder().encode(key.export({ type: 'pkcs8', format: 'pem' }).toString()));
      return key;
    }
    requirePrivate(path, 'signing key');
    try {
      const key = createPrivateKey(Buffer.from(pem));
      keyThumbprint(key);
      return key;
    } catch {
      throw new CommandError('key', `error: the signing key ${path} is damaged; delete it and convert again`);
    }
  }
}

/** @throws CommandError where others than the user can read a file. Windows keeps no such bits; there the directory's access list protects it. */
function requirePrivate(path: string, what: string): void {
  if (process.platform === 'win32' || (statSync(path).mode & OTHERS) === 0) return;
  throw new CommandError('key', `error: the ${what} ${path} is open to other users; chmod 600 closes it, and if they may have read it, delete it`);
}

function readPublicKey(pem: Uint8Array, path: string): KeyObject {
  try {
    const key = createPublicKey(Buffer.from(pem));
    keyThumbprint(key);
    return key;
  } catch {
    throw new CommandError('key', `error: ${path} is not an Ed25519 public key in PEM form`);
  }
}

function newKey(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey;
}
