/** Stretches of code in which a program may not end or sleep: how deep a state is in each kind, packed into one number that states compare. */
export type RegionKind = 'rcu' | 'preempt' | 'irq';

const UNITS: Readonly<Record<RegionKind, number>> = { rcu: 1, preempt: 0x100, irq: 0x1_0000 };
/** Deeper nesting is refused, so that counts never run into each other. */
const MAX_DEPTH = 0xff;

const WORDS: Readonly<Record<RegionKind, string>> = {
  rcu: 'inside an RCU read section',
  preempt: 'with preemption disabled',
  irq: 'with interrupts disabled',
};

/** How often regions of a kind were entered and not left. */
export function regionDepth(packed: number, kind: RegionKind): number {
  return Math.floor(packed / UNITS[kind]) & MAX_DEPTH;
}

/** The packed depths after a region was entered or left; undefined where none is open, or too many are. */
export function changeRegion(packed: number, kind: RegionKind, enters: boolean): number | undefined {
  const depth = regionDepth(packed, kind);
  if (enters ? depth === MAX_DEPTH : depth === 0) return undefined;
  return packed + (enters ? UNITS[kind] : -UNITS[kind]);
}

/** The open regions in words, each with its depth. */
export function openRegions(packed: number): readonly { readonly words: string; readonly depth: number }[] {
  const open: { readonly words: string; readonly depth: number }[] = [];
  for (const kind of ['rcu', 'preempt', 'irq'] as const) {
    const depth = regionDepth(packed, kind);
    if (depth > 0) open.push({ words: WORDS[kind], depth });
  }
  return open;
}
