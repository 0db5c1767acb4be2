import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { linux } from '../../src/platform/linux/linux.ts';
import type { HelperPrototype, Platform } from '../../src/platform/platform.ts';
import { windows } from '../../src/platform/windows/windows.ts';

const both: readonly Platform[] = [windows, linux];

function duplicates<T>(values: Iterable<T>): readonly T[] {
  const seen = new Set<T>();
  const twice: T[] = [];
  for (const value of values) {
    if (seen.has(value)) twice.push(value);
    seen.add(value);
  }
  return twice;
}

function everyHelper(platform: Platform): readonly HelperPrototype[] {
  return [
    ...platform.helpers.values(),
    ...platform.programTypes.flatMap(({ ownHelpers }) => [...(ownHelpers?.values() ?? [])]),
    ...platform.kfuncs.values(),
    ...(platform.libraryFunctions?.values() ?? []),
  ];
}

describe.each(both.map((platform) => [platform.name, platform] as const))('tables of %s', (_, platform) => {
  const typeNames = new Set(platform.programTypes.map(({ name }) => name));
  const attachNames = new Set(platform.attachTypes.map(({ name }) => name));

  it('use every number, name, GUID and section prefix once', () => {
    expect(duplicates(platform.programTypes.map(({ id }) => id))).toEqual([]);
    expect(duplicates(platform.programTypes.map(({ name }) => name))).toEqual([]);
    expect(duplicates(platform.attachTypes.map(({ id }) => id))).toEqual([]);
    expect(duplicates(platform.attachTypes.map(({ name }) => name))).toEqual([]);
    expect(duplicates(platform.mapTypes.map(({ id }) => id))).toEqual([]);
    expect(duplicates(platform.mapTypes.map(({ name }) => name))).toEqual([]);
    expect(duplicates([...platform.helpers.values()].map(({ name }) => name))).toEqual([]);
    expect(duplicates(platform.sections.map(({ prefix }) => prefix))).toEqual([]);
    const guids = [...platform.programTypes, ...platform.attachTypes].map(({ guid }) => guid).filter((guid) => guid !== undefined);
    expect(duplicates(guids)).toEqual([]);
    expect(guids.filter((guid) => !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(guid))).toEqual([]);
  });

  it('refer only to program types and attach types that exist', () => {
    expect(platform.sections.filter(({ programType }) => !typeNames.has(programType))).toEqual([]);
    expect(platform.sections.filter(({ attachType }) => attachType !== undefined && !attachNames.has(attachType))).toEqual([]);
    expect(platform.attachTypes.filter(({ programType }) => !typeNames.has(programType))).toEqual([]);
    const named = everyHelper(platform).flatMap((row) => [...(row.notForAttachTypes ?? []), ...(row.onlyForAttachTypes ?? [])]);
    const fields = platform.programTypes.flatMap(({ context }) => context.fields);
    named.push(...fields.flatMap((row) => [...(row.attachTypes ?? []), ...(row.writeAttachTypes ?? [])]));
    expect(named.filter((name) => !attachNames.has(name))).toEqual([]);
    expect(everyHelper(platform).flatMap(({ onlyForTypes = [] }) => onlyForTypes.filter((name) => !typeNames.has(name)))).toEqual([]);
  });

  it('give a section the program type of its attach type', () => {
    const types = new Map(platform.attachTypes.map(({ name, programType }) => [name, programType]));
    const wrong = platform.sections.filter(({ attachType, programType }) => attachType !== undefined && types.get(attachType) !== programType);
    expect(wrong).toEqual([]);
  });

  it('offer program types only helpers that exist, under their own id', () => {
    for (const type of platform.programTypes) {
      const own = type.ownHelpers ?? new Map<number, HelperPrototype>();
      expect(
        [...(type.helperIds ?? [])].filter((id) => !platform.helpers.has(id)),
        type.name,
      ).toEqual([]);
      expect(
        [...own].filter(([id, row]) => row.id !== id),
        type.name,
      ).toEqual([]);
      for (const [id, row] of own) {
        const overridden = platform.helpers.get(id);
        if (overridden) expect(row.name, type.name).toBe(overridden.name);
        if (type.helperIds && overridden) expect(type.helperIds.has(id), `${type.name} ${row.name}`).toBe(true);
      }
    }
  });

  it('write helper arguments in the order that their kinds demand', () => {
    const sizes = ['size', 'size_or_zero', 'alloc_size'];
    const memory = ['memory_read', 'memory_write', 'memory_readwrite'];
    const keyed = ['map_key', 'map_value', 'map_value_out'];
    for (const row of everyHelper(platform)) {
      const kinds = row.arguments.map(({ kind }) => kind);
      expect(kinds.length, row.name).toBeLessThanOrEqual(5);
      kinds.forEach((kind, index) => {
        if (memory.includes(kind)) expect(sizes, row.name).toContain(kinds[row.arguments[index]?.sizeArgument ?? index + 1]);
        if (kind === 'size' || kind === 'size_or_zero') {
          const counted = kinds.filter((_, other) => (row.arguments[other]?.sizeArgument ?? other + 1) === index);
          expect(
            counted.some((other) => memory.includes(other)),
            row.name,
          ).toBe(true);
        }
        if (keyed.includes(kind)) expect(kinds.slice(0, index), row.name).toContain('map');
        if (kind === 'fixed_read' || kind === 'fixed_write') expect(row.arguments[index]?.size, row.name).toBeGreaterThan(0);
      });
      expect(kinds.includes('callback'), row.name).toBe(row.callback !== undefined);
      expect(row.callbackReturns !== undefined, row.name).toBe(row.callback !== undefined);
      if (row.returns.kind === 'map_value') expect(kinds, row.name).toContain('map');
      if (row.returns.kind === 'memory' && row.returns.size === undefined && row.allocatesType !== true)
        expect(kinds, row.name).toContain('alloc_size');
      if (row.releases !== undefined) expect(row.releases, row.name).toBeLessThan(kinds.length);
      if (row.mapKinds) expect(kinds, row.name).toContain('map');
      if (row.returns.kind === 'number' && row.returns.min !== undefined)
        expect(BigInt(row.returns.min)).toBeLessThanOrEqual(BigInt(row.returns.max ?? 0));
    }
  });
});

describe('Windows', () => {
  it('has 35 global helpers with consecutive ids and numbers type helpers from 0x10000', () => {
    expect([...windows.helpers.keys()]).toEqual(Array.from({ length: 35 }, (_, index) => index + 1));
    const own = windows.programTypes.flatMap(({ ownHelpers }) => [...(ownHelpers?.keys() ?? [])]).filter((id) => !windows.helpers.has(id));
    expect(Math.min(...own)).toBe(0x10000);
    expect(windows.programTypes.find(({ name }) => name === 'sample')?.ownHelpers?.get(0x10005)?.name).toBe('sample_ext_helper_map_lookup_element');
  });

  it('numbers its map types itself', () => {
    expect(windows.mapTypes.map(({ name }) => name).join(' ')).toBe(
      'unspec hash array prog_array percpu_hash percpu_array hash_of_maps array_of_maps lru_hash lpm_trie queue lru_percpu_hash stack ringbuf perf_event_array sample_hash_map xskmap',
    );
    expect(windows.mapTypes.every(({ id }, index) => id === index)).toBe(true);
  });

  it('invalidates packets after bpf_xdp_adjust_head alone', () => {
    expect(
      everyHelper(windows)
        .filter(({ changesPacket }) => changesPacket)
        .map(({ name }) => name),
    ).toEqual(['bpf_xdp_adjust_head']);
  });
});

const header = '/usr/include/linux/bpf.h';

describe('Linux', () => {
  it('has the 211 classic helpers, 33 program types and 34 map types without gaps', () => {
    expect([...linux.helpers.keys()]).toEqual(Array.from({ length: 211 }, (_, index) => index + 1));
    expect(linux.programTypes.map(({ id }) => id)).toEqual(Array.from({ length: 33 }, (_, index) => index));
    expect(linux.mapTypes.map(({ id }) => id)).toEqual(Array.from({ length: 34 }, (_, index) => index));
  });

  it('invalidates packets after the helpers of bpf_helper_changes_pkt_data', () => {
    const names = [...linux.helpers.values()].filter(({ changesPacket }) => changesPacket).map(({ name }) => name.slice(4));
    expect(names.join(' ')).toBe(
      'skb_store_bytes l3_csum_replace l4_csum_replace clone_redirect skb_vlan_push skb_vlan_pop skb_change_proto skb_change_tail ' +
        'skb_pull_data skb_change_head xdp_adjust_head skb_adjust_room xdp_adjust_meta msg_pull_data xdp_adjust_tail lwt_push_encap ' +
        'lwt_seg6_store_bytes lwt_seg6_adjust_srh lwt_seg6_action msg_push_data msg_pop_data store_hdr_opt',
    );
  });

  it('pairs every acquiring helper with one that releases its kind', () => {
    const acquirers = [...linux.helpers.values()].filter(({ acquires }) => acquires).map(({ name }) => name.slice(4));
    const releasers = [...linux.helpers.values()].filter(({ releases }) => releases !== undefined).map(({ name }) => name.slice(4));
    expect(acquirers.join(' ')).toBe('sk_lookup_tcp sk_lookup_udp skc_lookup_tcp ringbuf_reserve kptr_xchg ringbuf_reserve_dynptr');
    expect(releasers.join(' ')).toBe('sk_release ringbuf_submit ringbuf_discard kptr_xchg ringbuf_submit_dynptr ringbuf_discard_dynptr');
  });

  if (!existsSync(header)) console.warn(`SKIPPED: comparison with ${header} (the file is absent)`);
  it.skipIf(!existsSync(header))('agrees with linux/bpf.h on every helper, program type, map type and attach type there', () => {
    const text = readFileSync(header, 'utf8');
    const mapper = text.slice(text.indexOf('__BPF_FUNC_MAPPER'));
    const names = [...mapper.slice(0, mapper.indexOf('enum bpf_func_id')).matchAll(/\bFN\((\w+)/g)].map((match) => match[1]);
    expect(names.length).toBeGreaterThan(200);
    names.forEach((name, id) => {
      if (id > 0 && id <= 211) expect(linux.helpers.get(id)?.name).toBe(`bpf_${name}`);
    });
    const members = (enumeration: string) => {
      const body = text.slice(text.indexOf(`enum ${enumeration} {`));
      const names = [...body.slice(0, body.indexOf('};')).matchAll(/^\t(BPF_\w+)\s*(?:,|=\s*(\w+))/gm)]
        .filter((match) => match[2] === undefined)
        .map((match) => match[1]);
      expect(names.length, enumeration).toBeGreaterThan(30);
      return names;
    };
    members('bpf_prog_type').forEach((constant, id) => {
      expect(`BPF_PROG_TYPE_${linux.programTypes[id]?.name.toUpperCase()}`).toBe(constant);
    });
    members('bpf_map_type').forEach((constant, id) => {
      expect(linux.mapTypes[id]?.constant).toBe(constant);
    });
    members('bpf_attach_type').forEach((constant, id) => {
      expect(`BPF_${linux.attachTypes[id]?.name.toUpperCase()}`).toBe(constant);
    });
  });
});
