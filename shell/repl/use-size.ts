/** The size of the terminal, kept up to date. */
import { useStdout } from 'ink';
import { useEffect, useState } from 'react';
import type { Size } from './frame.ts';

/** Columns and rows; 80x24 where the output has no size. Draws again when the window changes. */
export function useSize(): Size {
  const { stdout } = useStdout();
  const read = (): Size => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
  const [size, setSize] = useState(read);
  useEffect(() => {
    const onResize = () => setSize({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
    stdout.on('resize', onResize);
    return () => {
      stdout.off('resize', onResize);
    };
  }, [stdout]);
  return size;
}
