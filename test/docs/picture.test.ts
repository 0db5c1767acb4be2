import { join } from 'node:path';
import { expect, it } from 'vitest';
import { THEMES } from '../../shell/repl/theme.ts';
import { projectRoot } from '../end-to-end/bin.ts';
import { openScreen } from '../shell/debugger-screen.ts';
import { picture } from './picture.ts';

it('docs/debugger.svg shows the debugger as it is ("npm run docs" brings it up to date)', async () => {
  const size = { columns: 104, rows: 27 };
  const screen = await openScreen('samples/droppacket_unsafe.o');
  await screen.press('j', 'j', 'x');
  const rows = screen.rows(size, THEMES.dark);
  const svg = picture(rows, size.columns, "The debugger's screen: source and state before the read that fails, and an input that goes wrong");
  await expect(svg).toMatchFileSnapshot(join(projectRoot, 'docs/debugger.svg'));
});
