/** What one load or store of the context means, read off the layout: the rules of the platforms' is_valid_access functions in one place. */
import type { ContextField, ContextLayout } from './platform.ts';

export interface ContextAccess {
  readonly offset: number;
  /** Bytes: 1, 2, 4 or 8. */
  readonly size: number;
  readonly write: boolean;
  /** The program's attach type; where it is unknown, fields of any attach type are open. */
  readonly attachType?: string;
}

/** `outside`: not within the context. `alignment`: not aligned to its width. `field`: no field there, or not for this attach type. `width`: the field does not allow it. `read_only`, `pointer`: stores there are refused. */
export type ContextRefusal = 'outside' | 'alignment' | 'field' | 'width' | 'read_only' | 'pointer';

export type ContextVerdict =
  /** A load of the whole pointer field yields what `field.kind` says; every other access is of a number. */
  | { readonly allowed: true; readonly field?: ContextField }
  | { readonly allowed: false; readonly reason: ContextRefusal; readonly field?: ContextField };

function overlaps(range: { readonly offset: number; readonly size: number }, access: ContextAccess): boolean {
  return access.offset < range.offset + range.size && range.offset < access.offset + access.size;
}

function openTo(attachTypes: readonly string[] | undefined, access: ContextAccess): boolean {
  return attachTypes === undefined || access.attachType === undefined || attachTypes.includes(access.attachType);
}

function refuse(reason: ContextRefusal, field?: ContextField): ContextVerdict {
  return { allowed: false, reason, ...(field && { field }) };
}

/** eBPF for Windows: numbers everywhere except in the pointer fields, which are loaded whole and never stored. */
function looseAccess(layout: ContextLayout, access: ContextAccess): ContextVerdict {
  const pointer = layout.fields.find((row) => row.kind !== 'number' && overlaps(row, access));
  if (!pointer) return { allowed: true };
  if (access.write) return refuse('pointer', pointer);
  return access.offset === pointer.offset && access.size === pointer.size ? { allowed: true, field: pointer } : refuse('width', pointer);
}

function fieldWrite(row: ContextField, access: ContextAccess): ContextVerdict {
  if (row.kind !== 'number') return refuse('pointer', row);
  if (!row.writable || !openTo(row.writeAttachTypes, access)) return refuse('read_only', row);
  const widths = row.writeWidths ?? [row.element ?? row.size];
  return widths.includes(access.size) ? { allowed: true, field: row } : refuse('width', row);
}

function fieldRead(row: ContextField, access: ContextAccess): ContextVerdict {
  const widest = row.element ?? row.size;
  const isNarrower = access.size < widest;
  if (isNarrower && row.fromStart === true && access.offset !== row.offset) return refuse('width', row);
  if (isNarrower && access.size < (row.narrowest ?? 1)) return refuse('width', row);
  if (row.used !== undefined && access.size < row.size && access.offset + access.size > row.offset + row.used) return refuse('width', row);
  const allowed = row.kind === 'number' && row.narrow ? access.size <= widest : access.size === widest;
  return allowed ? { allowed: true, field: row } : refuse('width', row);
}

/**
 * Judges an access of `size` bytes at a constant, signed `offset` from the start of the context.
 * The rules are those of `ContextLayout`: loose layouts refuse only pointer fields, others go by field.
 */
export function judgeContextAccess(layout: ContextLayout, access: ContextAccess): ContextVerdict {
  if (access.offset < 0 || access.offset + access.size > layout.size) return refuse('outside');
  if (layout.refused?.some((range) => overlaps(range, access))) return refuse('field');
  if (access.offset % access.size !== 0 && (layout.loose !== true || layout.aligned === true)) return refuse('alignment');
  if (layout.loose) return looseAccess(layout, access);
  const row = layout.fields.find((candidate) => overlaps(candidate, access));
  if (!row) return layout.gaps === 'refused' ? refuse('field') : access.write ? refuse('read_only') : { allowed: true };
  if (!openTo(row.attachTypes, access)) return refuse('field', row);
  if (access.offset < row.offset || access.offset + access.size > row.offset + row.size) return refuse('width', row);
  return access.write ? fieldWrite(row, access) : fieldRead(row, access);
}
