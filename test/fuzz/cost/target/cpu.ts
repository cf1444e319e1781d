/** Milliseconds of processor time that this process has used so far. */
export function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
