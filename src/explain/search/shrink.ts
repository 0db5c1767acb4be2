import { copyOf } from './inputs.ts';
import type { RunInput } from './runner.ts';

/**
 * Makes an input plainer while it still shows the same: the shortest packet, no metadata, zero bytes, small numbers, few map entries.
 *
 * @param shows whether an input still shows it.
 * @param met keys of the map entries that the run meets, by map index.
 * @param budget runs that may be spent.
 */
export function shrink(
  input: RunInput,
  shows: (input: RunInput) => boolean,
  met: ReadonlyMap<number, { has(key: string): boolean }>,
  budget: number,
): RunInput {
  let best = input;
  let runs = 0;
  const attempt = (candidate: RunInput): boolean => {
    if (runs >= budget) return false;
    runs++;
    if (!shows(candidate)) return false;
    best = candidate;
    return true;
  };
  const withBytes = (change: (copy: ReturnType<typeof copyOf>) => void): boolean => {
    const copy = copyOf(best);
    change(copy);
    return attempt(copy);
  };

  if (best.shared === true) attempt({ ...copyOf(best), shared: false });
  for (const seed of PLAIN_SEEDS) if (best.seed !== seed && attempt({ ...copyOf(best), seed })) break;
  if (best.metadata.length > 0) attempt({ ...copyOf(best), metadata: new Uint8Array(0) });
  // Halving first: most packets are far too long.
  if (best.packet.length > 0 && !attempt({ ...copyOf(best), packet: new Uint8Array(0) })) {
    for (let low = 0; low < best.packet.length - 1 && runs < budget; ) {
      const middle = (low + best.packet.length) >> 1;
      if (!attempt({ ...copyOf(best), packet: best.packet.slice(0, middle) })) low = middle;
    }
  }
  for (const [index, entries] of [...best.maps]) {
    for (const key of entries.keys()) {
      // An entry that is left out is drawn from the seed: zeros are plainer, where the run looks at it.
      if (met.get(index)?.has(key) !== true || !withBytes((copy) => copy.maps.get(index)!.get(key)!.fill(0)))
        withBytes((copy) => copy.maps.get(index)!.delete(key));
    }
  }
  const parts: readonly ((of: RunInput) => Uint8Array | undefined)[] = [
    (of) => of.packet,
    (of) => of.metadata,
    ...[...best.maps].flatMap(([index, entries]) => [...entries.keys()].map((key) => (of: RunInput) => of.maps.get(index)?.get(key))),
  ];
  for (const part of parts) zeroBytes(part, 0, part(best)?.length ?? 0, withBytes, () => best);
  shrinkWords(
    (of) => of.context,
    withBytes,
    () => best,
  );
  for (const part of parts.slice(2)) shrinkWords(part, withBytes, () => best);
  return best;
}

const PLAIN_SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

type Part = (of: RunInput) => Uint8Array | undefined;
type Change = (change: (copy: ReturnType<typeof copyOf>) => void) => boolean;

/** Zeroes a range of bytes, halves of it where the whole will not do. */
function zeroBytes(part: Part, from: number, to: number, withBytes: Change, best: () => RunInput): void {
  if (
    part(best())
      ?.subarray(from, to)
      .every((byte) => byte === 0) ??
    true
  )
    return;
  if (withBytes((copy) => part(copy)?.fill(0, from, to)) || to - from === 1) return;
  const middle = (from + to) >> 1;
  zeroBytes(part, from, middle, withBytes, best);
  zeroBytes(part, middle, to, withBytes, best);
}

/** Brings 32-bit words down to the smallest number that halving finds. */
function shrinkWords(part: Part, withBytes: Change, best: () => RunInput): void {
  const length = part(best())?.length ?? 0;
  for (let at = 0; at < length; at += 4) {
    const word = () => wordAt(part(best())!, at);
    if (word() === 0 || withBytes((copy) => putWord(part(copy)!, at, 0))) continue;
    for (let low = 0; low < word() - 1; ) {
      const middle = Math.floor((low + word()) / 2);
      if (!withBytes((copy) => putWord(part(copy)!, at, middle))) low = middle;
    }
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  let word = 0;
  for (let byte = Math.min(at + 4, bytes.length) - 1; byte >= at; byte--) word = word * 256 + bytes[byte]!;
  return word;
}

function putWord(bytes: Uint8Array, at: number, word: number): void {
  for (let byte = at, rest = word; byte < at + 4 && byte < bytes.length; byte++, rest = Math.floor(rest / 256)) bytes[byte] = rest % 256;
}
