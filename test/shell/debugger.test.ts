import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { debugContext } from '../../contexts/debug/index.ts';
import { debuggerFrame, paneColumns } from '../../shell/debugger/frame.ts';
import { actionOf, KEYS } from '../../shell/debugger/keys.ts';
import { createPainter } from '../../shell/debugger/painter.ts';
import { widthNote } from '../../shell/debugger/snapshot.ts';
import { filled, line, lineWidth, span, wrappedLine, wrapWords } from '../../shell/debugger/spans.ts';
import { textWidth } from '../../shell/repl/text.ts';
import { THEMES } from '../../shell/repl/theme.ts';
import { newSession, run } from '../contexts/harness.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { LARGE, openScreen, SMALL } from './debugger-screen.ts';

const UNSAFE = 'samples/droppacket_unsafe.o';
const SIZES = { '80x24': SMALL, '120x40': { columns: 120, rows: 40 }, '200x50': LARGE, '250x60': { columns: 250, rows: 60 } };

/** Every view, and the keys that lead there from the failing instruction. */
const VIEWS: Readonly<Record<string, { readonly keys: readonly string[]; readonly shows: RegExp }>> = {
  main: { keys: [], shows: />! {7}2 {2}r2 = \*\(u8 \*\)\(r1 \+ 9\)/ },
  why: { keys: ['w'], shows: /^─ why r1 ─/m },
  diff: { keys: ['d'], shows: /From before instruction 1 to before instruction 2:/ },
  join: { keys: ['End', 'n'], shows: /way/ },
  branch: { keys: ['j', 'b'], shows: /2 ways lead out of this block:/ },
  fix: { keys: ['f'], shows: /fix A/ },
  attack: { keys: ['x'], shows: /CONFIRMED BUG: empty packet/ },
  help: { keys: ['?'], shows: /^─ keys and the commands that do the same ─/m },
  search: { keys: ['/', 'c', 'o', 'u', 'n', 't'], shows: /^\/count_$/m },
  goto: { keys: ['g', 'l', 'i', 'n', 'e', 'Space', '2', '6'], shows: /^goto line 26_$/m },
  command: { keys: [':', 's', 't', 'a', 't', 'e'], shows: /^:state_$/m },
  guide: { keys: ['G'], shows: /Which failed check first\?/ },
};

const plain = (text: string) => text.replaceAll(/─{3,}/g, '───');

describe('the screen', () => {
  for (const [name, { keys, shows }] of Object.entries(VIEWS)) {
    for (const [words, size] of Object.entries(SIZES)) {
      it(`shows ${name} at ${words}`, async () => {
        const screen = await openScreen(UNSAFE);
        await screen.press('j', 'j', ...keys);
        const rows = screen.rows(size);
        expect(rows).toHaveLength(size.rows);
        for (const row of rows) expect(textWidth(row)).toBeLessThanOrEqual(size.columns);
        const text = screen.text(size);
        expect(text).toMatch(shows);
        // The way back is always on screen.
        expect(rows.at(-1)).toMatch(/q |_$/);
        expect(plain(text)).not.toMatch(/undefined|NaN|\[object/);
      });
    }
  }

  it('shows what one stands at whole, however narrow the pane, and never tears a row', async () => {
    const file = corpusPath('failures/objects/11-stack-oob-variable.bad.o');
    if (file === undefined) return reportSkipped('the screen of a long source line', 1);
    const screen = await openScreen('long.o platform=linux', { 'long.o': readFileSync(file) });
    await screen.press('e');
    const message = screen.controller.snapshot.step!.failures[0]!.failure.message;
    for (const size of [SMALL, LARGE, { columns: 120, rows: 40 }, { columns: 250, rows: 60 }, { columns: 40, rows: 30 }]) {
      const rows = screen.rows(size);
      // The failed check's message, and the line and the instruction that are current, end without a mark.
      const text = rows.join(' ').replaceAll(/\s+/g, ' ');
      expect(text).toContain(message.split(' ').at(-1));
      expect(rows.find((row) => row.startsWith('>!') || row.includes('│ >!'))).not.toContain('…');
    }
    const words = screen.rows(SMALL).slice(-6, -1).join(' ').replaceAll(/\s+/g, ' ');
    expect(words).toContain(message);
  });

  it('keeps the verdict in the title of a narrow screen, and breaks the lines of an answer', async () => {
    const screen = await openScreen(UNSAFE);
    expect(screen.rows({ columns: 64, rows: 20 })[0]).toMatch(/^ DropPacket {2}xdp {2}rejected, 2 failed checks +step 1 of 3$/);
    expect(screen.rows({ columns: 50, rows: 20 })[0]).toMatch(/^ DropPack… {2}rejected, 2 failed checks step 1 of 3$/);
    expect(screen.rows({ columns: 40, rows: 20 })[0]).toMatch(/^ DropPacket {2}rejected +step 1 of 3$/);
    await screen.press('j', 'j', 'j', 'b');
    const rows = screen.rows({ columns: 40, rows: 24 });
    expect(rows[0]).toMatch(/rejected +step 4$/);
    const narrow = rows.slice(rows.findIndex((row) => row.startsWith('─ branch'))).join('\n');
    expect(narrow).toContain('1. to instruction 19 (line 34): r2');
    expect(narrow).not.toContain('…\n');
  });

  it('shows the guide whole on a low screen: its choices, and what to do next', async () => {
    const screen = await openScreen(UNSAFE);
    await screen.press('G', '1');
    expect(screen.text(SMALL)).toContain('4. Explain this kind of failure');
    await screen.press('3');
    expect(screen.text(SMALL)).toContain('ebpf watch samples/droppacket_unsafe.c');
    expect(screen.text(SMALL)).not.toContain('PgDn');
    await screen.press('Backspace');
    expect(screen.text(SMALL)).toContain('What do you want to know?');
    await screen.press('Backspace');
    expect(screen.text(SMALL)).toContain('Which failed check first?');
  });

  it('breaks text by the columns of its letters, and keeps the looks of its parts', () => {
    const text = '数据的开始 и конец пакета 🎉 e\u0301e\u0301e\u0301 一个非常长的名字没有空格';
    for (const columns of [6, 10, 17, 30]) {
      const lines = wrappedLine([span('>! 12  ', 'error'), span(text, 'label')], columns, 4);
      expect(lines.every((row) => lineWidth(row) <= columns)).toBe(true);
      const joined = lines.map((row) => row.map((part) => part.text).join('')).join('');
      expect(joined.replaceAll(' ', '')).toBe(`>! 12  ${text}`.replaceAll(' ', ''));
      expect(
        lines
          .flat()
          .filter(({ role }) => role === 'error')
          .map((part) => part.text.trim())
          .join(''),
      ).toContain('>!');
    }
    expect(wrappedLine([span('short')], 10, 2)).toEqual([[span('short')]]);
  });

  it('names every command of the debugger on its page of keys', async () => {
    const screen = await openScreen(UNSAFE);
    await screen.press('?');
    for (const columns of [80, 120]) {
      const page = screen.rows({ columns, rows: 70 }).join(' ').replaceAll(/\s+/g, ' ');
      for (const { words } of debugContext.commands) if (words !== 'screen') expect(page).toContain(words);
      expect(page).not.toContain('…');
    }
  });

  it('says where the list of steps is that a key has changed', async () => {
    const screen = await openScreen(UNSAFE);
    await screen.press('a');
    expect(screen.text(SMALL)).toContain('The list of steps shows all of them; Tab goes to it.');
  });

  it('does not follow a loop that never ends when it goes by lines', async () => {
    const file = corpusPath('failures/objects/42-infinite-loop.bad.o');
    if (file === undefined) return reportSkipped('steps in a loop without end', 1);
    const screen = await openScreen('loop.o platform=linux', { 'loop.o': readFileSync(file) });
    await screen.press('J');
    expect(screen.controller.snapshot.step!.index).toBe(2000);
    expect(screen.text(SMALL)).toContain('belong to the same line.');
  });

  it('says what is to be chosen before changes can be looked for', async () => {
    const screen = await openScreen('samples/droppacket.o');
    await screen.press(']');
    expect(screen.text(SMALL)).toContain('Choose a value first: Tab to the state, then j and k.');
  });

  it('goes on over the side of a branch that a digit chooses', async () => {
    const screen = await openScreen(UNSAFE);
    await screen.press('j', 'j', 'j', 'b');
    expect(screen.text(SMALL)).toContain('> 2. to instruction 4');
    await screen.press('1');
    expect(screen.controller.snapshot.step?.pc).toBe(19);
    expect(screen.rows(SMALL)[1]).not.toContain('story of failure');
    await screen.press('k', 'b', '2');
    expect(screen.controller.snapshot.step?.pc).toBe(4);
    await screen.press('k', 'b', '9');
    expect(screen.text(SMALL)).toContain('There is no way 9 out of this block');
  });

  it('stands side by side: source and state on 80 columns, the story as well on 200', async () => {
    const screen = await openScreen(UNSAFE);
    await screen.press('j', 'j');
    expect(screen.rows(SMALL).slice(0, 9)).toMatchSnapshot();
    expect(screen.rows(LARGE)[1]).toMatch(/^─ story of failure 1 .*\[source droppacket_unsafe\.c:25\].* state before 2 /);
    await screen.press('S-Tab');
    expect(screen.rows(SMALL)[1]).toMatch(/^─\[story of failure 1\] .* state before 2 /);
  });

  it('fills every row to the edge at any size, and says so where there is no room', async () => {
    const screen = await openScreen(UNSAFE);
    await screen.press('j', 'j', 'f');
    const { snapshot, outline, ui } = screen.controller;
    for (const [columns, rows] of [
      [30, 8],
      [40, 10],
      [63, 20],
      [64, 24],
      [115, 30],
      [116, 31],
      [250, 60],
    ] as const) {
      const frame = debuggerFrame({ snapshot, outline, ui, theme: THEMES.dark, size: { columns, rows } });
      expect(frame).toHaveLength(rows);
      for (const { width } of frame) expect(width).toBe(columns);
    }
    expect(screen.rows({ columns: 20, rows: 5 })[0]).toBe('The window is too s…');
  });

  it('says nothing by colour alone: the same letters stand there without any', async () => {
    const screen = await openScreen(UNSAFE);
    await screen.press('j', 'j');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colors start with a control character
    const uncolored = screen.rows(LARGE, THEMES.dark).map((row) => row.replace(/\u001b\[[0-9;]*m/g, '').trimEnd());
    expect(uncolored).toEqual(screen.rows(LARGE));
    expect(uncolored.join('\n')).toMatch(/>!.*FAILS: the packet has byte 9/s);
  });
});

describe('keys', () => {
  it('step, and say where the path begins', async () => {
    const screen = await openScreen(UNSAFE);
    expect(screen.text(SMALL)).toMatch(/step 1 of 3$/m);
    await screen.press('k');
    expect(screen.text(SMALL)).toContain('The path begins here.');
    await screen.press('Down', 'Down', 'Up');
    expect(screen.controller.snapshot.step?.pc).toBe(1);
    await screen.press('J');
    expect(screen.controller.snapshot.step?.source?.line).toBe(25);
    await screen.press('K');
    expect(screen.controller.snapshot.step?.source?.line).toBe(22);
    await screen.press('End');
    expect(screen.text(SMALL)).toContain('behind failure 1');
    await screen.press('Home');
    expect(screen.controller.snapshot.step?.index).toBe(0);
  });

  it('follow the chosen value from change to change, lost facts first', async () => {
    const screen = await openScreen(UNSAFE);
    await screen.press(']');
    expect(screen.controller.snapshot.step?.pc).toBe(2);
    await screen.press(']');
    expect(screen.controller.snapshot.step?.pc).toBe(3);
    expect(screen.text(SMALL)).toMatch(/>~ r1 {3}ip = packet \+ 0, 10/);
    await screen.press('[');
    expect(screen.controller.snapshot.step?.pc).toBe(2);
    await screen.press('g', '1', '4', 'Enter');
    const [first] = screen.controller.snapshot.facts;
    expect(first).toMatchObject({ mark: '-' });
  });

  it('choose a value in the state', async () => {
    const screen = await openScreen(UNSAFE);
    await screen.press('j', 'j', 'Tab', 'k', 'w');
    expect(screen.controller.ui.selected).toBe('r0');
    expect(screen.text(SMALL)).toMatch(/^─ why r0 ─/m);
  });

  it('go from event to event in the story, and from step to step in the list of all', async () => {
    const screen = await openScreen(UNSAFE);
    await screen.press('S-Tab', 'j');
    expect(screen.controller.snapshot.step?.pc).toBe(1);
    await screen.press('j');
    expect(screen.controller.snapshot.step?.pc).toBe(2);
    await screen.press('a');
    expect(screen.text(SMALL)).toMatch(/^─\[all steps\]/m);
    await screen.press('j');
    expect(screen.controller.snapshot.step?.pc).toBe(3);
  });

  it('search source and instructions, and once more with nothing typed', async () => {
    const screen = await openScreen(UNSAFE);
    await screen.press('/', ...'count', 'Enter');
    expect(screen.controller.snapshot.step?.pc).toBe(11);
    await screen.press('/', 'Enter');
    expect(screen.controller.snapshot.step?.pc).toBe(13);
    await screen.press('/', ...'nowhere', 'Enter');
    expect(screen.text(SMALL)).toContain('"nowhere" does not occur in this function.');
  });

  it('show only what the chosen value comes from, and all again', async () => {
    const screen = await openScreen('samples/droppacket.o');
    await screen.press('g', '1', '9', 'Enter', 'Tab', 'j', 'j', 's');
    expect(screen.text(LARGE)).toMatch(/slice of r0, \d+ of \d+ /);
    expect(screen.text(LARGE)).toMatch(/r0 = bpf_map_lookup_elem/);
    expect(screen.text(LARGE)).not.toContain('r1 = be16 r1');
    await screen.press('s');
    expect(screen.text(LARGE)).toContain('r1 = be16 r1');
  });

  it('apply a fix and take it back', async () => {
    const screen = await openScreen(UNSAFE);
    await screen.press('f', 'A');
    expect(screen.text(SMALL)).toMatch(/^ DropPacket .* accepted/);
    expect(screen.text(SMALL)).toContain('Fix A is applied to the copy in memory. The program passes.');
    await screen.press('u');
    expect(screen.text(SMALL)).toMatch(/^ DropPacket .* rejected, 2 failed checks/);
  });

  it('take the path over another way into a block, and complain where there is none', async () => {
    const screen = await openScreen('samples/droppacket.o');
    await screen.press('End', '2');
    expect(screen.controller.ui.note).toBe('');
    await screen.press('9');
    expect(screen.text(SMALL)).toMatch(/There is no way 9 into this block/);
  });

  it('close what is open first, then the screen; the guide takes digits', async () => {
    const screen = await openScreen(UNSAFE);
    await screen.press('G', '1', '3');
    expect(screen.text(SMALL)).toContain('Write before line 25 of samples/droppacket_unsafe.c');
    await screen.press('q');
    expect(screen.controller.done).toBe(false);
    expect(screen.controller.ui.answer).toBeUndefined();
    await screen.press('q');
    expect(screen.controller.done).toBe(true);
  });

  it('turn the pages of help and of long answers', async () => {
    const screen = await openScreen(UNSAFE);
    await screen.press('?');
    expect(screen.text(SMALL)).toMatch(/^ j Down .*step$/m);
    await screen.press('PageDown', 'PageDown');
    expect(screen.text(SMALL)).not.toMatch(/^ j Down/m);
    expect(screen.text(SMALL)).toMatch(/^ q Esc .*back/m);
    await screen.press('q', 'f', 'PageDown');
    expect(screen.text(SMALL)).toMatch(/^─ fix ─+ lines 11-/m);
    await screen.press('Home');
    expect(screen.text(SMALL)).toMatch(/^─ fix ─+ lines 1-/m);
  });

  it('wait while a command runs', async () => {
    const screen = await openScreen(UNSAFE);
    for (const chord of ['G', 'Enter', '3']) screen.controller.press(chord);
    await screen.controller.settled;
    expect(screen.text(SMALL)).toContain('Write before line 25');
    // The panes show what the guide speaks of.
    expect(screen.controller.snapshot.step?.pc).toBe(2);
    for (const chord of ['q', 'x', 'j', 'Escape']) screen.controller.press(chord);
    await screen.controller.settled;
    expect(screen.controller.snapshot.step?.index).toBe(2);
    expect(screen.text(SMALL)).toContain('attack: stopped.');
  });

  it('run any command; one that leaves the context closes the screen', async () => {
    const screen = await openScreen(UNSAFE);
    await screen.press(':', ...'state', 'Enter');
    expect(screen.text(SMALL)).toContain('Known before instruction 0:');
    await screen.press(':', ...'nonsense', 'Enter');
    expect(screen.text(SMALL)).toContain('The following command was not found');
    await screen.press(':', '.', '.', 'Enter');
    expect(screen.controller.done).toBe(true);
  });

  it('have a command each that does the same', async () => {
    const session = newSession();
    await run(session, `ebpf debug verification ${UNSAFE}`);
    for (const line of KEYS.flatMap(({ command }) => command.split(', ')).filter((words) => words !== ''))
      expect(await run(session, line === '..' ? 'help' : line), line).not.toMatchObject({ exitCode: 2 });
    const withoutCommand = KEYS.filter(({ command }) => command === '').map(({ action }) => action);
    expect(withoutCommand).toEqual(['command', 'next-pane', 'previous-pane']);
    for (const { action, chords } of KEYS) for (const chord of chords) expect(actionOf(chord)).toBe(action);
    expect(new Set(KEYS.flatMap(({ chords }) => chords)).size).toBe(KEYS.flatMap(({ chords }) => chords).length);
  });
});

describe('a program that passes', () => {
  it('shows its path and its decisions', async () => {
    const screen = await openScreen('samples/droppacket.o');
    await screen.press('g', '7', 'Enter');
    expect(screen.text(SMALL)).toContain('The program passes. This is the path that the verifier took first.');
    expect(screen.text(LARGE)).toMatch(/─ decisions /);
    expect(screen.text(LARGE)).toContain('r3 <= r2: goes on at instruction 6');
  });
});

const UNEXPLORED = 'failures/objects/59-no-exit.bad.o';
const unexplored = corpusPath(UNEXPLORED);
if (unexplored === undefined) reportSkipped('failures', 2);

describe.skipIf(unexplored === undefined)('a program that could not be explored', () => {
  it('shows its code and what is wrong with it, and no key does harm', async () => {
    const screen = await openScreen('x.o platform=linux', { 'x.o': readFileSync(unexplored!) });
    expect(screen.text(SMALL)).toMatch(/nothing was explored$/m);
    expect(screen.text(SMALL)).toMatch(/^ Failure 1 of 1, CFG-02: /m);
    for (const { chords, action } of KEYS) {
      if (action === 'quit') continue;
      await screen.press(chords[0]!);
      expect(screen.text(SMALL)).not.toMatch(/undefined(?! behaviour)|internal error/);
      const { answer, typing } = screen.controller.ui;
      if (answer !== undefined || typing !== undefined) await screen.press('Escape');
      expect(screen.controller.done).toBe(false);
    }
  });
});

const narrow = corpusPath('failures/objects/06-packet-variable-offset.bad.o');

describe.skipIf(narrow === undefined)('a 32-bit operation', () => {
  it('says so where it stands, also where the row is cut', async () => {
    const screen = await openScreen('x.o platform=linux', { 'x.o': readFileSync(narrow!) });
    await screen.press('e');
    expect(screen.text(SMALL)).toContain('if w1 == 80 (32-bit compare) goto');
    expect(screen.text(LARGE)).toContain('w2 <<= 2 (32-bit)');
  });
});

describe('pieces', () => {
  it('name the width of what looks at half a register', () => {
    const source = { kind: 'immediate', value: 63 } as const;
    expect(widthNote({ kind: 'branch', comparison: 'gt', width: 32, dst: 6, source, offset: 1 })).toBe('32-bit compare');
    expect(widthNote({ kind: 'branch', comparison: 'gt', width: 64, dst: 6, source, offset: 1 })).toBe('');
    expect(widthNote({ kind: 'binary', operator: 'add', width: 32, dst: 6, source })).toBe('32-bit');
    expect(widthNote(undefined)).toBe('');
  });

  it('fill and cut rows by columns, not by letters', () => {
    expect(
      filled(line('ab'), 4)
        .map(({ text }) => text)
        .join(''),
    ).toBe('ab  ');
    expect(lineWidth(filled(line('漢字漢字'), 5))).toBe(5);
    expect(
      filled(line('abcdef'), 4)
        .map(({ text }) => text)
        .join(''),
    ).toBe('abc…');
    expect(
      filled(line('abcd'), 4)
        .map(({ text }) => text)
        .join(''),
    ).toBe('abcd');
  });

  it('wrap words, and break those that are longer than the row', () => {
    expect(wrapWords('one two three', 8, 2)).toEqual(['one two', '  three']);
    expect(wrapWords('abcdefghij', 4)).toEqual(['abcd', 'efgh', 'ij']);
    // The rest of a word that was broken is no word of its own.
    expect(wrapWords('a bcdefghijklm n', 10, 6)).toEqual(['a', '      bcde', '      fghi', '      jklm', '      n']);
    expect(wrapWords('bcdefghijklm n', 10, 6)).toEqual(['bcdefghijk', '      lm n']);
  });

  it('share the screen without leaving a column over', () => {
    for (let columns = 30; columns <= 250; columns++) {
      const panes = paneColumns(columns, 'source');
      expect(panes.reduce((sum, { width }) => sum + width, 3 * (panes.length - 1))).toBe(columns);
    }
  });

  it('write only rows that changed', () => {
    let written = '';
    const painter = createPainter((text) => {
      written += text;
    }, SMALL);
    const row = (text: string) => ({ text, width: text.length });
    painter.draw([row('one'), row('two')]);
    written = '';
    painter.draw([row('one'), row('2')]);
    expect(written).toBe('\u001b[?2026h\u001b[2;1H2\u001b[?2026l');
    written = '';
    painter.draw([row('one'), row('2')]);
    expect(written).toBe('');
  });
});
