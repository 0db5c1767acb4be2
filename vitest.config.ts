import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    // Processes of their own: workers, WebAssembly memories and signals of one file do not reach another.
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // The end-to-end tests run the built bin; what they see does not depend on who runs them.
    env: { NO_COLOR: '1', TZ: 'UTC' },
  },
});
