/** Environment variable that makes stubs take the stack of the caller for each call. Read at the start. */
const VARIABLE = 'BACKCHANNEL_CALLER_STACKS';

/** Whether errors of calls contain the stack of the caller, which costs a stack trace for each call. */
export const TAKES_CALLER_STACKS = isTrue(process.env[VARIABLE]);

/** @throws TypeError if the text is neither `true` nor `false`. */
function isTrue(text: string | undefined): boolean {
  if (!text || text === 'false') return false;
  if (text === 'true') return true;
  throw new TypeError(`${VARIABLE} must be true or false, not ${JSON.stringify(text)}`);
}
