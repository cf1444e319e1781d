import { wholeNumber, type Rule } from '../options/index.js';

/**
 * Longest time in milliseconds for which this side obeys the other end and stays away: 24 hours, so that a
 * faulty listening side cannot strand its dialing sides.
 */
export const MAX_STAY_AWAY_MS = 86_400_000;

/** Rule of options that are a time to stay away. */
export const STAY_AWAY_RULE: Rule<number> = wholeNumber(0, MAX_STAY_AWAY_MS);

/** A decision of the listening side about a connection, as the debug data of a GOAWAY tells it. */
export interface TextOfDecision {
  /** Reason, for humans. */
  readonly reason?: string | undefined;
  /** Milliseconds for which the dialing side is to stay away, at most `MAX_STAY_AWAY_MS`. */
  readonly reconnectAfterMs?: number | undefined;
}

/** What may stand in the brackets: no brackets, and short. */
const FORM = /^(?: \(([^()]{0,40})\))?(?:: ([^]*))?$/;
const ADVICE = /^reconnect after (0|[1-9]\d{0,7}) ms$/;

/**
 * Encodes a decision as debug data: `WORDS`, `WORDS: REASON`, `WORDS (reconnect after N ms)` or
 * `WORDS (reconnect after N ms): REASON`. The advice comes first, because the reason may be truncated.
 */
export function encodeDecision(
  words: string,
  { reason, reconnectAfterMs }: TextOfDecision,
): string {
  const advice =
    reconnectAfterMs === undefined ? '' : ` (reconnect after ${upToLimit(reconnectAfterMs)} ms)`;
  return words + advice + (reason ? `: ${reason}` : '');
}

/**
 * Decodes debug data that `encodeDecision` has made with `words`. Anything else in the brackets is ignored.
 *
 * @returns undefined for other texts.
 */
export function decodeDecision(words: string, text: string): TextOfDecision | undefined {
  if (!text.startsWith(words)) return undefined;
  const parts = FORM.exec(text.slice(words.length));
  if (parts === null) return undefined;
  const [, brackets, reason] = parts;
  const ms = brackets === undefined ? undefined : ADVICE.exec(brackets)?.[1];
  return {
    ...(reason !== undefined && { reason }),
    ...(ms !== undefined && { reconnectAfterMs: upToLimit(Number(ms)) }),
  };
}

function upToLimit(ms: number): number {
  return Math.min(Math.max(0, Math.ceil(ms)), MAX_STAY_AWAY_MS);
}
