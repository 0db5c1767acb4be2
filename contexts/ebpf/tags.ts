import type { Tag } from '../command.ts';

/** Tags that several commands share, so that they read the same everywhere. */
export const FILENAME = {
  name: 'filename',
  type: 'file',
  required: true,
  help: 'The eBPF object: an ELF file built by clang -target bpf.',
} as const satisfies Tag;

export const SECTION = {
  name: 'section',
  type: 'section',
  help: 'The section to look at.\nThe default is every section with programs.',
} as const satisfies Tag;

export const PROGRAM = {
  name: 'program',
  type: 'program',
  help: 'The program, by the name of its function.\nThe default is every program.',
} as const satisfies Tag;

export const PLATFORM = {
  name: 'platform',
  type: ['windows', 'linux'],
  named: true,
  help: 'The host whose rules apply.\nThe default is windows, or linux where a section is named as only Linux does.',
} as const satisfies Tag;

/** The ID of a program, a map or a link. */
export const PROGRAM_ID = { name: 'id', type: 'integer', names: 'program', required: true, help: 'The ID of the program.' } as const satisfies Tag;
export const MAP_ID = { name: 'id', type: 'integer', names: 'map', required: true, help: 'The ID of the map.' } as const satisfies Tag;
export const LINK_ID = { name: 'id', type: 'integer', names: 'link', required: true, help: 'The ID of the link.' } as const satisfies Tag;

/** Picks one platform's objects; by default those of all platforms are meant. */
export const ONLY_PLATFORM = {
  name: 'platform',
  type: ['windows', 'linux'],
  named: true,
  help: 'Only what is loaded for this platform.\nThe default is all.',
} as const satisfies Tag;
