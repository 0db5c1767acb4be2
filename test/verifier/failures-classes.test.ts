import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadObject } from '../../src/object/load.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import { verifyProgram } from '../../src/verifier/index.ts';
import { reportSkipped } from '../corpus.ts';
import { canCompile, compile } from './failures-compile.ts';

const HASH = 'MAP(m, BPF_MAP_TYPE_HASH, __u32, __u64, 16);';
const ARRAY = 'struct val { __u32 b[16]; }; MAP(m, BPF_MAP_TYPE_ARRAY, __u32, struct val, 4);';
const LOOKUP = '__u32 k = 1; struct val *v = bpf_map_lookup_elem(&m, &k); if (!v) return 0;';
const PACKET = 'void *d = P(ctx->data), *e = P(ctx->data_end);';
const RECORDS = 'struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } rb SEC(".maps");';
const KEEP = (name: string) => `asm volatile("" : "+r"(${name}));`;

interface Row {
  readonly name: string;
  readonly id: string;
  readonly globals?: string;
  readonly body: string;
  readonly section?: string;
  readonly context?: string;
}

/** Variations of the corpus' classes of failure that a diagnosis made for single programs would get wrong. */
const ROWS: readonly Row[] = [
  {
    name: 'a check of another map before the lookup is no wrong check',
    id: 'NUL-01',
    globals: `MAP(cfg, BPF_MAP_TYPE_ARRAY, __u32, __u64, 16); ${HASH}`,
    body: '__u32 k = 0; __u64 *c = bpf_map_lookup_elem(&cfg, &k); if (!c) return 2; k = *c; __u64 *v = bpf_map_lookup_elem(&m, &k); *v += 1; return 1;',
  },
  {
    name: 'the result of an earlier lookup is checked',
    id: 'NUL-02',
    globals: HASH,
    body: '__u32 k = 1; if (!bpf_map_lookup_elem(&m, &k)) return 0; __u64 *v = bpf_map_lookup_elem(&m, &k); return *v;',
  },
  {
    name: "the null check looks at a field's address",
    id: 'NUL-03',
    globals: 'struct s { __u64 a, b; }; MAP(m, BPF_MAP_TYPE_HASH, __u32, struct s, 16);',
    body: `__u32 k = 1; struct s *v = bpf_map_lookup_elem(&m, &k); __u64 *p = &v->b; ${KEEP('p')} if (!p) return 0; return *p;`,
  },
  {
    name: 'the header behind the proved ones is read',
    id: 'PKT-02',
    body: `${PACKET} if (d + 34 > e) return 2; struct tcphdr *t = d + 34; return t->dest;`,
  },
  { name: 'the check points the wrong way', id: 'PKT-02', body: `${PACKET} if (d + 14 < e) return 2; return *(char *)(d + 13);` },
  {
    name: 'the loop checks one byte too few',
    id: 'PKT-02',
    body: `__u8 *p = P(ctx->data), *e = P(ctx->data_end); __u32 s = 0; for (int i = 0; i < 1500; i++) { if (p > e) break; s += *p; p++; } return s & 1;`,
  },
  {
    name: 'the loop runs to a length from the packet',
    id: 'PKT-06',
    body: `${PACKET} struct iphdr *ip = d + 14; if ((void *)(ip + 1) > e) return 2; __u32 s = 0; __u16 *p = (void *)ip; int n = ip->ihl * 2; for (int i = 0; i < n; i++) s += p[i]; return s & 1;`,
  },
  {
    name: 'one element too many',
    id: 'MAP-03',
    globals: ARRAY,
    body: `${LOOKUP} __u32 i = ctx->rx_queue_index; if (i > 16) return 0; ${KEEP('i')} return v->b[i] & 1;`,
  },
  {
    name: 'the loop runs one turn too many',
    id: 'MAP-03',
    globals: 'struct val { char b[64]; }; MAP(m, BPF_MAP_TYPE_ARRAY, __u32, struct val, 4);',
    body: `${LOOKUP} for (int i = 0; i <= 64; i++) { v->b[i] = 0; asm volatile("" ::: "memory"); } return 0;`,
  },
  {
    name: 'a signed byte is the index',
    id: 'MAP-04',
    globals: 'struct val { __u32 b[256]; }; MAP(m, BPF_MAP_TYPE_ARRAY, __u32, struct val, 4);',
    body: `${LOOKUP} ${PACKET} if (d + 1 > e) return 0; return v->b[*(signed char *)d] & 1;`,
  },
  { name: 'the mask is right for bytes, not for words', id: 'MAP-07', globals: ARRAY, body: `${LOOKUP} return v->b[ctx->rx_queue_index & 63] & 1;` },
  {
    name: 'a global is tested, then read again',
    id: 'MAP-08',
    globals: '__u32 arr[32]; volatile __u32 pos;',
    body: 'if (pos < 32) arr[pos] = 1; return 0;',
  },
  {
    name: 'the loop leaves the stack buffer',
    id: 'STK-02',
    body: 'char b[64] = {}; __u32 n = ctx->rx_queue_index; int s = 0; for (__u32 i = 0; i < n && i < 100; i++) { b[i] = i; asm volatile("" ::: "memory"); s += b[0]; } return s & 1;',
  },
  {
    name: 'the record is kept on one path only',
    id: 'REF-01',
    globals: RECORDS,
    body: '__u64 *r = bpf_ringbuf_reserve(&rb, 8, 0); if (!r) return 0; if (ctx->rx_queue_index > 3) return 1; *r = 1; bpf_ringbuf_submit(r, 0); return 0;',
  },
  {
    name: 'the callback uses an unchecked lookup',
    id: 'NUL-01',
    globals: `${HASH} static int cb(__u32 i, void *c) { __u64 *v = bpf_map_lookup_elem(&m, &i); *v = 1; return 0; }`,
    body: 'bpf_loop(10, cb, 0, 0); return 0;',
  },
  {
    name: 'kernel memory is read directly',
    id: 'TYP-01',
    section: 'kprobe/x',
    context: 'unsigned long *',
    body: 'int *p = (int *)ctx[14]; return *p;',
  },
];

if (!canCompile()) reportSkipped('failures/programs (common.h), with clang', ROWS.length);
else {
  const folder = mkdtempSync(join(tmpdir(), 'failure-classes-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  describe.each(['v1', 'v3'] as const)('classes of failure, -mcpu=%s', (cpu) => {
    it.each(ROWS.map((row) => [row.id, row.name, row] as const))('%s: %s', (id, name, row) => {
      const base = join(folder, `${cpu}-${name.replace(/\W+/g, '-')}`);
      const { globals = '', section = 'xdp', context = 'struct xdp_md *', body } = row;
      writeFileSync(`${base}.c`, `#include "common.h"\n${globals}\nSEC("${section}") int prog(${context} ctx) { ${body} }\n`);
      compile(`${base}.c`, `${base}.o`, cpu);
      const object = loadObject(readFileSync(`${base}.o`), base);
      const report = verifyProgram(object, object.programs.find((program) => program.section !== '.text')!, { platform: linux });
      expect({ verdict: report.verdict, id: report.failures[0]?.id, message: report.failures[0]?.message }).toMatchObject({
        verdict: 'rejected',
        id,
      });
      expect(report.failures[0]!.message).not.toMatch(/\d{10,}|undefined|NaN/);
    });
  });
}
