import { status } from '@grpc/grpc-js';
import { handleAll } from '../harness/handle-all.js';
import { outcomeOf } from '../harness/make-call.js';
import { metadataOf } from '../harness/metadata-of.js';
import { scenario, type Scenario } from '../harness/scenario.js';
import { failed } from '../harness/expected.js';

const TEXTS = [
  'plain',
  '',
  ' spaces around ',
  'naïve café — 日本語 🚀',
  '100% sure',
  '%41%zz%',
  'two\nlines\r\nand a\ttab',
  '#?;/:@&=+$,',
  '"quoted" \\ \' <html>',
  'x'.repeat(4_000),
];

const CODES = Object.values(status).filter(
  (code) => typeof code === 'number' && code !== status.OK,
);

/** Codes and texts of a status. */
export const statusText: readonly Scenario[] = [
  ...TEXTS.map((details) =>
    scenario(
      `the text of a status arrives as it was: ${JSON.stringify(details.slice(0, 40))}`,
      async (lab) => {
        const { stub } = await lab.open({
          handlers: handleAll((_call, { fail }) => fail({ code: status.ABORTED, details })),
        });
        return { told: await outcomeOf(stub, 'unary') };
      },
      { told: failed(status.ABORTED, details, 'unary') },
    ),
  ),
  scenario(
    'every code arrives as it was',
    async (lab) => {
      const { stub } = await lab.open({
        handlers: {
          unary: (call, callback) => callback({ code: call.request, details: 'so it is' }),
        },
      });
      const outcomes = [];
      for (const code of CODES) outcomes.push(await outcomeOf(stub, 'unary', { requests: [code] }));
      return { outcomes };
    },
    { outcomes: CODES.map((code) => failed(code as number, 'so it is', 'unary')) },
  ),
  ...[0, -1, 17, 99, 1.5, NaN].map((code) =>
    scenario(
      `a code that gRPC does not know: ${code}`,
      async (lab) => {
        const { stub } = await lab.open({
          handlers: handleAll((_call, { fail }) => fail({ code, details: 'strange' })),
        });
        return { told: await outcomeOf(stub, 'unary') };
      },
      {},
    ),
  ),
  scenario(
    'binary details of a status arrive as they were',
    async (lab) => {
      const details = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
      const { stub } = await lab.open({
        handlers: handleAll((_call, { fail }) =>
          fail({
            code: status.FAILED_PRECONDITION,
            details: 'see the details',
            metadata: metadataOf(['grpc-status-details-bin', details]),
          }),
        ),
      });
      return { told: await outcomeOf(stub, 'unary') };
    },
    { told: failed(status.FAILED_PRECONDITION, 'see the details', 'unary') },
  ),
  scenario(
    'a text that is no Unicode cannot be sent',
    async (lab) => {
      let thrown: unknown;
      const { stub } = await lab.open({
        handlers: {
          unary: (_call, callback) => {
            try {
              callback({ code: status.ABORTED, details: '\ud800' });
            } catch (error) {
              thrown = (error as Error).name;
              callback({ code: status.ABORTED, details: 'second try' });
            }
          },
        },
      });
      return { told: await outcomeOf(stub, 'unary'), thrown };
    },
    {},
  ),
];
