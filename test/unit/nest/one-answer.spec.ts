import { runInNewContext } from 'node:vm';
import { Logger } from '@nestjs/common';
import { of } from 'rxjs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { answerFrom, type AnswerCallback } from '../../../lib/nest/grpc/one-answer.js';
import { thenable } from '../../fixtures/thenable.js';

const call = { once: () => {}, off: () => {} };

/** What the caller is told when a handler gives an observable of `value`. */
function toldOf(value: unknown): Promise<{ error: unknown; response: unknown }> {
  return new Promise((resolve) => {
    const tell: AnswerCallback = (error, response) => resolve({ error, response });
    answerFrom(of(value), call, 'Get', tell, () => {});
  });
}

describe('a promise in the observable of a handler', () => {
  it.each<[string, (value: unknown) => unknown]>([
    ['this realm', (value) => Promise.resolve(value)],
    ['another realm', runInNewContext('(value) => Promise.resolve(value)') as () => unknown],
    ['a library', (value) => thenable((resolve) => resolve(value))],
  ])('of %s is awaited', async (_whose, promised) => {
    expect(await toldOf(promised('hello'))).toEqual({ error: null, response: 'hello' });
  });

  it('of another realm may be rejected', async () => {
    const logged = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => {});
    onTestFinished(() => logged.mockRestore());
    const rejected = runInNewContext('Promise.reject(new Error("no"))') as unknown;
    expect(await toldOf(rejected)).toMatchObject({ error: { message: 'Internal server error' } });
  });
});
