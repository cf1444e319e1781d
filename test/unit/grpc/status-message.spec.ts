import { describe, expect, it } from 'vitest';
import {
  decodeStatusMessage,
  encodeStatusMessage,
} from '../../../lib/grpc/built-in/status-message.js';
import { randomOf } from '../../fixtures/grpc/random.js';

/** With each half of a character replaced by the one that stands for what cannot be shown. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}

describe('encodeStatusMessage', () => {
  it.each([
    ['', ''],
    ['all is well: ~!', 'all is well: ~!'],
    ['100%', '100%25'],
    ['%41', '%2541'],
    ['two\r\nlines\t\0', 'two%0D%0Alines%09%00'],
    ['\u007f', '%7F'],
    ['schön', 'sch%C3%B6n'],
    ['日本', '%E6%97%A5%E6%9C%AC'],
    ['🚀', '%F0%9F%9A%80'],
  ])('writes %j as %j', (message, encoded) => {
    expect(encodeStatusMessage(message)).toBe(encoded);
  });

  it.each(['\ud800', 'a\udc00b', '\ud800\ud800', 'end \ud83d'])(
    'writes half of a character as one that cannot be shown: %j',
    (message) => {
      expect(decodeStatusMessage(encodeStatusMessage(message))).toBe(wellFormed(message));
    },
  );
});

describe('encodeStatusMessage with a limit', () => {
  it.each([
    ['plain text', 20, 'plain text'],
    ['plain text', 10, 'plain text'],
    ['plain text', 8, 'plain te'],
    ['plain text', 6, 'plain'],
    ['100%', 5, '100'],
    ['schön', 8, 'sch'],
    ['schön', 9, 'sch%C3%B6'],
    ['日本', 17, '%E6%97%A5'],
    ['🚀!', 11, ''],
    ['🚀!', 12, '%F0%9F%9A%80'],
    ['text', 0, ''],
    ['text', -1, ''],
  ])('cuts %j to %i characters: %j', (message, limit, encoded) => {
    expect(encodeStatusMessage(message, limit)).toBe(encoded);
  });

  it('gives the longest beginning that fits, of any text', () => {
    const next = randomOf(7);
    const random = (below: number): number => Math.floor(next() * below);
    const characters = ['a', ' ', '%', 'é', '€', '🚀', '\n'];
    for (let round = 0; round < 2000; round += 1) {
      const message = Array.from(
        { length: random(20) },
        () => characters[random(characters.length)]!,
      ).join('');
      const limit = random(60);
      const encoded = encodeStatusMessage(message, limit);
      expect(encoded.length).toBeLessThanOrEqual(limit);
      expect(message.startsWith(decodeStatusMessage(encoded))).toBe(true);
      if (encodeStatusMessage(message).length <= limit) {
        expect(decodeStatusMessage(encoded)).toBe(message);
      }
    }
  });
});

describe('decodeStatusMessage', () => {
  it.each(['%', '50% off', '%4', '%zz', '%C3', '%E6%97', '%FF', '%C3%28', 'ok %E6%97%A5 and %'])(
    'leaves what is not encoded right as it is: %j',
    (encoded) => {
      expect(decodeStatusMessage(encoded)).toBe(encoded);
    },
  );

  it.each([
    ['%41%23%2f', 'A#/'],
    ['%c3%b6', 'ö'],
    ['a+b', 'a+b'],
  ])('reads %j as %j', (encoded, message) => {
    expect(decodeStatusMessage(encoded)).toBe(message);
  });

  it.each([1, 2, 3, 4])(
    'gives back any message, and only plain ASCII goes out (seed %i)',
    (seed) => {
      const random = randomOf(seed);
      for (let round = 0; round < 500; round += 1) {
        const units = Array.from({ length: Math.floor(random() * 20) }, () =>
          Math.floor(random() * (random() < 0.5 ? 0x80 : 0x1_0000)),
        );
        const message = String.fromCharCode(...units);
        const encoded = encodeStatusMessage(message);
        expect(encoded).toMatch(/^[ -~]*$/);
        expect(decodeStatusMessage(encoded)).toBe(wellFormed(message));
      }
    },
  );
});
