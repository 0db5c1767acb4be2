/** A terminal's rows as an SVG picture, for pages. */
import { graphemes } from '../../shell/repl/text.ts';

const CELL = { width: 8.4, height: 18 };
const PADDING = 14;
const BACKGROUND = '#16181d';
const TEXT = '#d7dae0';

/** Colors of SGR parameters (ECMA-48, 8.3.117), as dark terminals show them. */
const COLORS: Readonly<Record<string, string>> = {
  30: '#16181d',
  34: '#6ba4ff',
  36: '#56c8d8',
  90: '#7f8794',
  91: '#ff7b72',
  92: '#7ee787',
  93: '#f2cc60',
  96: '#76e3ea',
  97: '#ffffff',
};

interface Look {
  readonly color: string;
  readonly bold: boolean;
  readonly inverse: boolean;
}

const PLAIN: Look = { color: TEXT, bold: false, inverse: false };

interface Run {
  readonly text: string;
  readonly look: Look;
  readonly column: number;
  readonly columns: number;
}

/** The runs of one look in a row that was painted with SGR sequences. */
function runsOf(row: string): readonly Run[] {
  const runs: Run[] = [];
  let look = PLAIN;
  let column = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: looks begin with a control character
  for (const [, parameters, text] of row.matchAll(/(?:\u001b\[([0-9;]*)m)?([^\u001b]*)/g)) {
    if (parameters !== undefined) look = lookOf(parameters);
    const columns = graphemes(text!).reduce((sum, { width }) => sum + width, 0);
    if (text !== '') runs.push({ text: text!, look, column, columns });
    column += columns;
  }
  return runs;
}

function lookOf(parameters: string): Look {
  const codes = parameters.split(';');
  return {
    color: codes.map((code) => COLORS[code]).find((color) => color !== undefined) ?? TEXT,
    bold: codes.includes('1'),
    inverse: codes.includes('7'),
  };
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const round = (value: number) => Number(value.toFixed(1));

function runSvg({ text, look, column, columns }: Run, row: number): string {
  const x = round(PADDING + column * CELL.width);
  const width = round(columns * CELL.width);
  const bar = look.inverse
    ? `<rect x="${x}" y="${round(PADDING + row * CELL.height)}" width="${width}" height="${CELL.height}" fill="${TEXT}"/>`
    : '';
  const shown = text.trimEnd();
  if (shown === '') return bar;
  const indent = shown.length - shown.trimStart().length;
  const from = round(PADDING + (column + indent) * CELL.width);
  // Each run is stretched to its columns, so that the picture is aligned in whatever font the reader has.
  const length = round(graphemes(shown.trimStart()).reduce((sum, part) => sum + part.width, 0) * CELL.width);
  const style = `fill="${look.inverse ? BACKGROUND : look.color}"${look.bold ? ' font-weight="bold"' : ''}`;
  const y = round(PADDING + row * CELL.height + CELL.height * 0.74);
  return `${bar}<text x="${from}" y="${y}" ${style} textLength="${length}" lengthAdjust="spacingAndGlyphs" xml:space="preserve">${escapeText(shown.trimStart())}</text>`;
}

/** @param title what screen readers and search engines are told. */
export function picture(rows: readonly string[], columns: number, title: string): string {
  const width = round(columns * CELL.width + 2 * PADDING);
  const height = round(rows.length * CELL.height + 2 * PADDING);
  const lines = rows
    .map((row, index) =>
      runsOf(row)
        .map((run) => runSvg(run, index))
        .join(''),
    )
    .filter((line) => line !== '');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14">
<title>${escapeText(title)}</title>
<rect width="${width}" height="${height}" rx="8" fill="${BACKGROUND}"/>
${lines.join('\n')}
</svg>
`;
}
