/** Prints the replies of calls in both directions, a line for each call. */
export function printCalls(forward: readonly string[], back: readonly string[]): void {
  console.log('Forward calls, the dialing side to the listening side:');
  console.log(forward.map((line) => `  ${line}`).join('\n'));
  console.log('Backchannel calls, the listening side to the dialing side:');
  console.log(back.map((line) => `  ${line}`).join('\n'));
}
