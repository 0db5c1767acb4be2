/** The vocabulary in which context layouts are written. Offsets follow from the order unless a row states one. */
import type { ContextField, ContextFieldKind } from './platform.ts';

export interface FieldOptions {
  readonly kind?: ContextFieldKind;
  readonly element?: number;
  readonly used?: number;
  readonly fromStart?: boolean;
  readonly narrowest?: number;
  readonly narrow?: boolean;
  readonly writable?: boolean;
  readonly writeWidths?: readonly number[];
  readonly attachTypes?: readonly string[];
  readonly writeAttachTypes?: readonly string[];
  readonly nullable?: boolean;
  readonly struct?: string;
}

/** One field: a read-only number that allows full-width loads alone, unless the options say more. */
export function field(name: string, offset: number, size: number, options: FieldOptions = {}): ContextField {
  return { name, offset, size, kind: 'number', narrow: false, writable: false, ...options };
}

/** A field that narrower aligned loads may read too. */
export function narrow(name: string, offset: number, size: number, options: FieldOptions = {}): ContextField {
  return field(name, offset, size, { narrow: true, ...options });
}

/** A field whose load yields a pointer to the start of the packet. */
export function packet(name: string, offset: number, size: number): ContextField {
  return field(name, offset, size, { kind: 'packet' });
}

/** A field whose load yields a pointer to the end of the packet. */
export function packetEnd(name: string, offset: number, size: number): ContextField {
  return field(name, offset, size, { kind: 'packet_end' });
}

/** A field whose load yields a pointer to the metadata in front of the packet. */
export function packetMeta(name: string, offset: number, size: number): ContextField {
  return field(name, offset, size, { kind: 'packet_meta' });
}

/** A field that holds a socket of the named struct. */
export function socketField(name: string, offset: number, struct: string, nullable: boolean): ContextField {
  return field(name, offset, 8, { kind: 'socket', struct, nullable });
}
