/** The size of the terminal, kept up to date. */
import { useStdout } from 'ink';
import { useEffect, useState } from 'react';
import type { Size } from './frame.ts';

/** Columns and rows of `output`; 80x24 where it has no size. */
export function sizeOf(output: NodeJS.WriteStream): Size {
  return { columns: output.columns || 80, rows: output.rows || 24 };
}

/** The size of Ink's output; draws again when the window changes. */
export function useSize(): Size {
  const { stdout } = useStdout();
  const [size, setSize] = useState(() => sizeOf(stdout));
  useEffect(() => {
    const onResize = () => setSize(sizeOf(stdout));
    stdout.on('resize', onResize);
    return () => {
      stdout.off('resize', onResize);
    };
  }, [stdout]);
  return size;
}
