import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { customSection } from '../../src/engine/native/sections.ts';
import { SIGNATURE_SECTION, signImage } from '../../src/engine/native/signature.ts';
import { newSession, run } from './harness.ts';

interface Policy {
  readonly hvci: boolean;
  readonly debug: boolean;
  readonly testSigning: boolean;
  readonly proof: boolean;
}

const BOTH = [false, true];
const policies: readonly Policy[] = BOTH.flatMap((hvci) =>
  BOTH.flatMap((debug) => BOTH.flatMap((testSigning) => BOTH.map((proof) => ({ hvci, debug, testSigning, proof })))),
);

/** Ways to load, when the policy allows them, and what is said when it does not. */
const loads: readonly {
  readonly name: string;
  readonly line: string;
  readonly allowed: (policy: Policy) => boolean;
  readonly why: RegExp;
  readonly remedy: RegExp;
}[] = [
  {
    name: 'JIT',
    line: 'samples/bpf2bpf.o',
    allowed: ({ hvci }) => !hvci,
    why: /^JIT compilation is blocked: code integrity \(HVCI\) is on\.$/,
    remedy: /^ebpf convert samples\/bpf2bpf\.o\nmakes a signed image, which may be loaded\.$/,
  },
  {
    name: 'interpretation',
    line: 'samples/bpf2bpf.o execution=interpret',
    allowed: ({ debug }) => debug,
    why: /^Interpretation is blocked: only the debug build has it\.$/,
    remedy: /^(?:execution=jit compiles it; )?ebpf convert samples\/bpf2bpf\.o\nmakes a signed image, which may be loaded\.$/,
  },
  {
    name: 'native code made while loading',
    line: 'samples/bpf2bpf.o execution=native',
    allowed: ({ hvci }) => !hvci,
    why: /^Native code made while loading is blocked: code integrity \(HVCI\) is on\.$/,
    remedy: /^ebpf convert samples\/bpf2bpf\.o\nmakes a signed image, which may be loaded\.$/,
  },
  { name: "the user's own image", line: 'own.wasm', allowed: () => true, why: /^never$/, remedy: /^never$/ },
  {
    name: 'an unsigned image',
    line: 'unsigned.wasm',
    allowed: ({ hvci, testSigning, proof }) => testSigning && !hvci && !proof,
    why: /^unsigned\.wasm: the image is not signed\.$/,
    remedy: /^ebpf convert makes a signed image of the object\.$/,
  },
  {
    name: "a stranger's image",
    line: 'theirs.wasm',
    allowed: ({ hvci, testSigning, proof }) => testSigning && !hvci && !proof,
    why: /^theirs\.wasm, section ebpf\.signature: signed by [\da-f]{64}, which is not among the trusted keys\.$/,
    remedy: /^Whoever signed it prints the key with ebpf show key;\nebpf set policy trust=<file> accepts what it signs\.$/,
  },
  {
    name: 'an altered image',
    line: 'altered.wasm',
    allowed: () => false,
    why: /^altered\.wasm, section ebpf\.signature: the image was changed after it was signed\.$/,
    remedy: /^Get the image again from where it was made, or make it again: ebpf convert\.$/,
  },
  {
    name: 'an image whose signature was cut off',
    line: 'cut.wasm',
    allowed: () => false,
    why: /^cut\.wasm: the image was signed, and its signature was taken away\.$/,
    remedy: /^Get the image again from where it was made, or make it again: ebpf convert\.$/,
  },
];

describe('every policy and every way to load', () => {
  const session = newSession();
  const files = (session.host as unknown as { files: Record<string, Uint8Array> }).files;
  const say = (line: string) => run(session, line);

  beforeAll(async () => {
    for (const line of ['ebpf', 'convert samples/bpf2bpf.o own.wasm', 'convert samples/bpf2bpf.o unsigned.wasm sign=no'])
      expect((await say(line)).exitCode, line).toBe(0);
    const own = files['own.wasm']!;
    const unsigned = files['unsigned.wasm']!;
    const stranger = generateKeyPairSync('ed25519').privateKey;
    files['theirs.wasm'] = Uint8Array.from([...unsigned, ...customSection(SIGNATURE_SECTION, signImage(unsigned, stranger))]);
    const altered = own.slice();
    altered[Buffer.from(own).indexOf('"sha256":"') + 10]! ^= 1;
    files['altered.wasm'] = altered;
    files['cut.wasm'] = own.slice(0, Buffer.from(own).lastIndexOf(SIGNATURE_SECTION) - 3);
  });

  const onOff = (on: boolean) => (on ? 'on' : 'off');
  it.each(policies)('hvci $hvci, debug $debug, test signing $testSigning, proof $proof', async (policy) => {
    const { hvci, debug, testSigning, proof } = policy;
    const set = `set policy hvci=${onOff(hvci)} build=${debug ? 'debug' : 'release'} testsigning=${onOff(testSigning)} proof=${onOff(proof)}`;
    expect(await say(set)).toMatchObject({ exitCode: 0, stdout: 'Ok.\n' });
    for (const { name, line, allowed, why, remedy } of loads) {
      const { stdout, stderr, exitCode } = await say(`add program ${line} attach=none pinned=none format=text`);
      if (allowed(policy)) {
        expect([name, stderr, exitCode]).toEqual([name, '', 0]);
        const id = /^Loaded with ID (\d+)\n$/.exec(stdout)?.[1];
        expect((await say(`test program ${id}`)).exitCode, name).toBe(0);
        expect((await say(`delete program ${id}`)).exitCode).toBe(0);
        continue;
      }
      expect([name, stdout, exitCode]).toEqual([name, '', 1]);
      const [first, second = '', ...rest] = stderr.trimEnd().split('\n');
      expect(first).toBe('error 131: could not load program');
      expect(second).toMatch(/^EBPF_BLOCKED_BY_POLICY: /);
      expect(second.slice('EBPF_BLOCKED_BY_POLICY: '.length)).toMatch(why);
      expect(rest.join('\n')).toMatch(remedy);
    }
    expect(JSON.parse((await say('show programs format=json')).stdout).programs).toEqual([]);
  });
});
