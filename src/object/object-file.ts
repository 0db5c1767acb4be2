import type { InstructionList } from '../isa/instruction.ts';
import type { Btf } from './btf.ts';

/**
 * Everything a loader needs to know about one eBPF ELF object, as plain values (they serialise and clone). What costs time (linked
 * instructions, lines, data bytes, the hash) is computed when first asked for, so the file's bytes must not be changed afterwards.
 */
export interface ObjectFile {
  /** The path or name it was read from, for messages. */
  readonly path: string;
  /** SHA-256 of the file's bytes, lower-case hex. */
  readonly sha256: string;
  readonly byteOrder: 'little' | 'big';
  /** In file order: by section index, then by offset. Includes the functions of `.text`. */
  readonly programs: readonly ObjectProgram[];
  readonly maps: readonly MapDefinition[];
  readonly externs: readonly Extern[];
  readonly license: string | undefined;
  /** `version` section (kern_version), when present. */
  readonly version: number | undefined;
  readonly btf: Btf | undefined;
  readonly sections: readonly SectionInfo[];
}

export interface SectionInfo {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly size: number;
}

/** One entry program: its own function followed by every subprogram it reaches, linked into one instruction stream. */
export interface ObjectProgram {
  readonly section: string;
  /** The function symbol (or the section name where there is none). */
  readonly name: string;
  /**
   * Linked slots: the function itself first, then reached subprograms in the order libbpf appends them. Local calls and code
   * addresses are relative within this list; `map_fd`/`map_value` loads carry an index into `ObjectFile.maps`, `variable` loads and `call_btf` an index into `ObjectFile.externs`.
   */
  readonly instructions: InstructionList;
  /** Size in bytes of the entry function alone, as it stands in its section. */
  readonly size: number;
  /** Byte offset of the function in its section. */
  readonly offset: number;
  /** Function ranges in linked slots, in order; the first is the entry. */
  readonly functions: readonly FunctionRange[];
  /** Source lines by first slot, ascending; empty without .BTF.ext. */
  readonly lines: readonly LineInfo[];
  /** Reason why the code cannot be linked or decoded (unresolved symbol, bad instruction ...), with the slot; verification reports it. */
  readonly defect?: ObjectDefect | undefined;
}

export interface ObjectDefect {
  readonly message: string;
  readonly slot: number;
}

export interface FunctionRange {
  readonly name: string;
  readonly start: number;
  /** One past the last slot. */
  readonly end: number;
  readonly section: string;
  /** Slot of the function within its own section (for line and relocation look-ups). */
  readonly sectionSlot: number;
  /** static functions are verified per call, global ones may be verified from their prototype. */
  readonly linkage: 'static' | 'global';
  /** BTF id of the FUNC type, when .BTF.ext names it. */
  readonly btfId?: number;
}

export interface LineInfo {
  readonly slot: number;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

export type MapOrigin = 'legacy' | 'btf' | 'data';

export interface MapDefinition {
  readonly name: string;
  /** Numeric type as written in the object (its meaning depends on the platform). */
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  /** map_extra of the Linux uapi (`__ulong`, or `__uint`); absent: 0. */
  readonly extra?: number;
  /** LIBBPF_PIN_*: 0 none, 1 by name. */
  readonly pinning: number;
  readonly origin: MapOrigin;
  /** Index into `ObjectFile.maps` of the inner map's template. */
  readonly inner?: number;
  /** Template only: created for `__array(values, ...)` or as an anonymous inner map, never by itself. */
  readonly innerTemplate?: boolean;
  readonly keyTypeId?: number;
  /** For global data the id of its BTF data section, whose variables then count as members. */
  readonly valueTypeId?: number;
  /** Global data sections: their bytes (zeros for .bss) and whether programs may write. */
  readonly data?: { readonly section: string; readonly bytes: Uint8Array; readonly readOnly: boolean };
  /** Initial map-in-map / prog-array slots from `.values`: index to map name or program name. */
  readonly initialSlots?: readonly { readonly index: number; readonly target: string }[];
}

export interface Extern {
  readonly name: string;
  /**
   * kconfig value, kernel symbol (typed or not), or kernel function (declared in .ksyms). `function` is called but declared nowhere:
   * a helper by name or a routine the compiler calls (memset, memcpy, memmove, memcmp); any other name is an unresolved symbol.
   */
  readonly kind: 'kconfig' | 'ksym' | 'kfunc' | 'function';
  readonly weak: boolean;
  /** The VAR or FUNC type that declares it. */
  readonly btfId?: number;
  /** kconfig only: where the value stands in the data of the `.kconfig` map, and its bytes. */
  readonly offset?: number;
  readonly size?: number;
}
