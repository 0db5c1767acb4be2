/**
 * Milliseconds of processor time that `run` takes in this process: how long it takes by the clock is up to what else the machine does.
 */
export function processorTime(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
